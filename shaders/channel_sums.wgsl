// For elements of shape (outer, channels, inner), the sums of g and of g (x - mean) over each channel, or over each line.
//
// With LINES a result is one channel of one instance, and `per` neighbouring channels share a mean, as in group norm;
// otherwise it is a channel of all instances, as in batch norm. Threads and parts are laid out as in reduce.wgsl.
// Uses the functions of `lanes`.
struct Params {
    g_offset: u32,
    x_offset: u32,
    mean_offset: u32,
    sum_offset: u32,
    dot_offset: u32,
    outputs: u32,
    channels: u32,
    inner: u32,
    per: u32,
    n: u32,
    parts: u32,
    chunk: u32,
}

alias Acc = vec2<F>;

fn exchanged(a: vec2<F>, by: u32) -> vec2<F> {
    return vec2(beside_x(a.x, by), beside_x(a.y, by));
}
fn join(a: vec2<F>, b: vec2<F>) -> vec2<F> {
    return a + b;
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    let row = row_of(t);
    for (var part = t.group.y; part < p.parts; part += t.count.y) {
        for (var first = t.group.x * ROWS; first < p.outputs; first += t.count.x * ROWS) {
            let output = first + row;
            var sum = vec2<F>(0.0);
            if output < p.outputs {
                let mean = load_mean(p.mean_offset + select(output, output / p.per, LINES));
                let end = min(p.n, (part + 1u) * p.chunk);
                for (var k = part * p.chunk + lane; k < end; k += LANES) {
                    var at = output * p.inner + k;
                    if !LINES {
                        at = (k / p.inner * p.channels + output) * p.inner + k % p.inner;
                    }
                    let g = load_g(p.g_offset + at);
                    sum += vec2(g, g * (load_x(p.x_offset + at) - mean));
                }
            }
            sum = joined(sum, t);
            if lane == 0u && output < p.outputs {
                let to = part * p.outputs + output;
                store_sum(p.sum_offset + to, sum.x);
                store_dot(p.dot_offset + to, sum.y);
            }
        }
    }
}
