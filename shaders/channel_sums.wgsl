// For elements of shape (outer, channels, inner), the sums of g and of g (x - mean) over each channel, or over each line.
//
// With LINES a result is one channel of one instance, and `per` neighbouring channels share a mean, as in group norm;
// otherwise it is a channel of all instances, as in batch norm. Threads and parts are laid out as in reduce.wgsl.
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

const ROWS: u32 = 256u / LANES;
var<workgroup> sums: array<vec2<F>, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) thread: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    let lane = select(thread % LANES, thread / ROWS, COLUMNS);
    let row = select(thread / LANES, thread % ROWS, COLUMNS);
    let apart = select(1u, ROWS, COLUMNS);
    for (var part = group.y; part < p.parts; part += count.y) {
        for (var first = group.x * ROWS; first < p.outputs; first += count.x * ROWS) {
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
            sums[thread] = sum;
            workgroupBarrier();
            for (var half = LANES / 2u; half > 0u; half /= 2u) {
                if lane < half {
                    sums[thread] += sums[thread + half * apart];
                }
                workgroupBarrier();
            }
            if lane == 0u && output < p.outputs {
                sum = sums[thread];
                let to = part * p.outputs + output;
                store_sum(p.sum_offset + to, sum.x);
                store_dot(p.dot_offset + to, sum.y);
            }
            workgroupBarrier();
        }
    }
}
