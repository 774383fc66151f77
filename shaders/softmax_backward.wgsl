// The gradient of softmax, or with LOG of its logarithm, from its output y and the gradient g of that.
//
// Threads are laid out as in softmax.wgsl: gx = (g - sum(g y)) y, or g - e^y sum(g).
// Uses the functions of `lanes`.
struct Params {
    g_offset: u32,
    y_offset: u32,
    gx_offset: u32,
    lines: u32,
    n: u32,
    inner: u32,
}

alias Acc = F;

fn exchanged(a: F, by: u32) -> F {
    return beside_y(a, by);
}
fn join(a: F, b: F) -> F {
    return a + b;
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    let row = row_of(t);
    for (var first = t.group.x * ROWS; first < p.lines; first += t.count.x * ROWS) {
        let line = first + row;
        let start = line / p.inner * p.n * p.inner + line % p.inner;
        var sum = F(0.0);
        if line < p.lines {
            for (var k = 4u * lane; k < p.n; k += 4u * LANES) {
                let at = start + k * p.inner;
                let g = load_four_g(p.g_offset + at, p.inner, p.n - k, 0.0);
                if LOG {
                    sum += dot(g, vec4<F>(1.0));
                } else {
                    sum += dot(g, load_four_y(p.y_offset + at, p.inner, p.n - k, 0.0));
                }
            }
        }
        sum = joined(sum, t);
        if line < p.lines {
            for (var k = 4u * lane; k < p.n; k += 4u * LANES) {
                let at = start + k * p.inner;
                let g = load_four_g(p.g_offset + at, p.inner, p.n - k, 0.0);
                let y = load_four_y(p.y_offset + at, p.inner, p.n - k, 0.0);
                var gx = (g - sum) * y;
                if LOG {
                    gx = g - vec4<F>(exp(y.x), exp(y.y), exp(y.z), exp(y.w)) * sum;
                }
                store_four_gx(p.gx_offset + at, p.inner, p.n - k, gx);
            }
        }
    }
}
