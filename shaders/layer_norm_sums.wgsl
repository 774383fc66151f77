// The gradients of weight and bias of layer_norm.wgsl: for each column the sums of g (x - mean) rstd and of g over rows.
//
// A workgroup takes 256 / LANES columns, LANES threads each; the grid's y splits the rows into parts, whose sums stand one
// part after the other.
struct Params {
    g_offset: u32,
    x_offset: u32,
    mean_offset: u32,
    rstd_offset: u32,
    gw_offset: u32,
    gb_offset: u32,
    rows: u32,
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
    let lane = thread / ROWS;
    for (var part = group.y; part < p.parts; part += count.y) {
        for (var first = group.x * ROWS; first < p.n; first += count.x * ROWS) {
            let column = first + thread % ROWS;
            var sum = vec2<F>(0.0);
            if column < p.n {
                let end = min(p.rows, (part + 1u) * p.chunk);
                for (var row = part * p.chunk + lane; row < end; row += LANES) {
                    let at = row * p.n + column;
                    let g = load_g(p.g_offset + at);
                    var x = load_x(p.x_offset + at);
                    if CENTRE {
                        x -= load_mean(p.mean_offset + row);
                    }
                    sum += vec2(g * x * load_rstd(p.rstd_offset + row), g);
                }
            }
            sums[thread] = sum;
            workgroupBarrier();
            for (var half = LANES / 2u; half > 0u; half /= 2u) {
                if lane < half {
                    sums[thread] += sums[thread + half * ROWS];
                }
                workgroupBarrier();
            }
            if lane == 0u && column < p.n {
                sum = sums[thread];
                store_gw(p.gw_offset + part * p.n + column, sum.x);
                store_gb(p.gb_offset + part * p.n + column, sum.y);
            }
            workgroupBarrier();
        }
    }
}
