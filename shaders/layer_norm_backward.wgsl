// The gradient of the rows that layer_norm.wgsl normalised, from that of its result.
//
// With h = (x - mean) rstd and d = g weight, gx = (d - mean(d) - h mean(d h)) rstd; without CENTRE mean(d) stays in.
// Threads are laid out as there.
// Uses the functions of `lanes`.
struct Params {
    g_offset: u32,
    x_offset: u32,
    weight_offset: u32,
    mean_offset: u32,
    rstd_offset: u32,
    gx_offset: u32,
    rows: u32,
    n: u32,
}

alias Acc = vec2<F>;

fn exchanged(a: vec2<F>, by: u32) -> vec2<F> {
    return vec2(beside_x(a.x, by), beside_x(a.y, by));
}
fn join(a: vec2<F>, b: vec2<F>) -> vec2<F> {
    return a + b;
}

/// Four of d, and of x, from column k of a row on; 0 beyond its end.
fn weighted(start: u32, k: u32) -> vec4<F> {
    let g = load_four_g(p.g_offset + start + k, 1u, p.n - k, 0.0);
    if WEIGHTED {
        return g * load_four_weight(p.weight_offset + k, 1u, p.n - k, 0.0);
    }
    return g;
}
fn centred(start: u32, k: u32, mean: F) -> vec4<F> {
    return load_four_x(p.x_offset + start + k, 1u, p.n - k, 0.0) - mean;
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    for (var first = t.group.x * ROWS; first < p.rows; first += t.count.x * ROWS) {
        let row = first + row_of(t);
        let start = row * p.n;
        var mean = F(0.0);
        var rstd = F(0.0);
        var sum = vec2<F>(0.0);
        if row < p.rows {
            if CENTRE {
                mean = load_mean(p.mean_offset + row);
            }
            rstd = load_rstd(p.rstd_offset + row);
            for (var k = 4u * lane; k < p.n; k += 4u * LANES) {
                let d = weighted(start, k);
                sum += vec2(dot(d, vec4<F>(1.0)), dot(d, centred(start, k, mean)));
            }
        }
        sum = joined(sum, t) / F(p.n);
        if row < p.rows {
            let level = select(0.0, sum.x, CENTRE);
            let slope = sum.y * rstd * rstd;
            for (var k = 4u * lane; k < p.n; k += 4u * LANES) {
                let gx = (weighted(start, k) - level - centred(start, k, mean) * slope) * rstd;
                store_four_gx(p.gx_offset + start + k, 1u, p.n - k, gx);
            }
        }
    }
}
