// The gradient of softmax, or with LOG of its logarithm, from its output y and the gradient g of that.
//
// Threads are laid out as in softmax.wgsl: gx = (g - sum(g y)) y, or g - e^y sum(g).
struct Params {
    g_offset: u32,
    y_offset: u32,
    gx_offset: u32,
    lines: u32,
    n: u32,
    inner: u32,
}

const ROWS: u32 = 256u / LANES;
var<workgroup> sums: array<F, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) thread: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    let lane = select(thread % LANES, thread / ROWS, COLUMNS);
    let row = select(thread / LANES, thread % ROWS, COLUMNS);
    let apart = select(1u, ROWS, COLUMNS);
    for (var first = group.x * ROWS; first < p.lines; first += count.x * ROWS) {
        let line = first + row;
        let start = line / p.inner * p.n * p.inner + line % p.inner;
        var sum = F(0.0);
        if line < p.lines {
            for (var k = lane; k < p.n; k += LANES) {
                let at = start + k * p.inner;
                let g = load_g(p.g_offset + at);
                if LOG {
                    sum += g;
                } else {
                    sum += g * load_y(p.y_offset + at);
                }
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
        sum = sums[select(thread - lane, row, COLUMNS)];
        if line < p.lines {
            for (var k = lane; k < p.n; k += LANES) {
                let at = start + k * p.inner;
                let g = load_g(p.g_offset + at);
                let y = load_y(p.y_offset + at);
                store_gx(p.gx_offset + at, select((g - sum) * y, g - exp(y) * sum, LOG));
            }
        }
        workgroupBarrier();
    }
}
