// The gradient of the rows that layer_norm.wgsl normalised, from that of its result.
//
// With h = (x - mean) rstd and d = g weight, gx = (d - mean(d) - h mean(d h)) rstd; without CENTRE mean(d) stays in.
// Threads are laid out as there.
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

const ROWS: u32 = 256u / LANES;
var<workgroup> sums: array<vec2<F>, 256>;

fn weighted(at: u32, k: u32) -> F {
    if WEIGHTED {
        return load_g(at) * load_weight(p.weight_offset + k);
    }
    return load_g(at);
}

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) thread: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    let lane = thread % LANES;
    for (var first = group.x * ROWS; first < p.rows; first += count.x * ROWS) {
        let row = first + thread / LANES;
        let start = row * p.n;
        var mean = F(0.0);
        var rstd = F(0.0);
        var sum = vec2<F>(0.0);
        if row < p.rows {
            if CENTRE {
                mean = load_mean(p.mean_offset + row);
            }
            rstd = load_rstd(p.rstd_offset + row);
            for (var k = lane; k < p.n; k += LANES) {
                let d = weighted(p.g_offset + start + k, k);
                sum += vec2(d, d * (load_x(p.x_offset + start + k) - mean));
            }
        }
        sums[thread] = sum;
        workgroupBarrier();
        for (var half = LANES / 2u; half > 0u; half /= 2u) {
            if lane < half {
                sums[thread] += sums[thread + half];
            }
            workgroupBarrier();
        }
        sum = sums[thread - lane] / F(p.n);
        if row < p.rows {
            let level = select(0.0, sum.x, CENTRE);
            let slope = sum.y * rstd * rstd;
            for (var k = lane; k < p.n; k += LANES) {
                let d = weighted(p.g_offset + start + k, k);
                let centred = load_x(p.x_offset + start + k) - mean;
                store_gx(p.gx_offset + start + k, (d - level - centred * slope) * rstd);
            }
        }
        workgroupBarrier();
    }
}
