// Normalises contiguous rows of n elements: y = (x - mean) * rstd * weight + bias; without CENTRE by the root mean square.
//
// LANES threads share a row, and 256 / LANES rows a workgroup. A row is read twice, the second time from the cache.
// Without CENTRE the means that are joined stay 0.
// Uses the functions of `lanes`.
// Uses the functions of `moments_join`.
struct Params {
    x_offset: u32,
    weight_offset: u32,
    bias_offset: u32,
    y_offset: u32,
    mean_offset: u32,
    rstd_offset: u32,
    rows: u32,
    n: u32,
    eps: F,
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    for (var first = t.group.x * ROWS; first < p.rows; first += t.count.x * ROWS) {
        let row = first + row_of(t);
        let start = p.x_offset + row * p.n;
        var acc = Moments(0.0, 0.0, 0.0);
        if row < p.rows {
            var k = 4u * lane;
            for (; k + 3u < p.n; k += 4u * LANES) {
                let v = load_four_x(start + k, 1u, 4u, 0.0);
                let mean = select(0.0, v.x + 0.25 * ((v.y - v.x) + (v.z - v.x) + (v.w - v.x)), CENTRE);
                let d = v - mean;
                acc = join(acc, Moments(4.0, mean, dot(d, d)));
            }
            for (; k < p.n; k++) {
                let v = load_x(start + k);
                acc = join(acc, Moments(1.0, select(0.0, v, CENTRE), select(v * v, 0.0, CENTRE)));
            }
        }
        let all = joined(acc, t);
        if row < p.rows {
            let rstd = 1.0 / sqrt(all.m2 / F(p.n) + p.eps);
            if lane == 0u {
                store_mean(p.mean_offset + row, all.mean);
                store_rstd(p.rstd_offset + row, rstd);
            }
            for (var k = 4u * lane; k < p.n; k += 4u * LANES) {
                let n = p.n - k;
                var y = (load_four_x(start + k, 1u, n, 0.0) - all.mean) * rstd;
                if WEIGHTED {
                    y *= load_four_weight(p.weight_offset + k, 1u, n, 0.0);
                }
                if BIASED {
                    y += load_four_bias(p.bias_offset + k, 1u, n, 0.0);
                }
                store_four_y(p.y_offset + row * p.n + k, 1u, n, y);
            }
        }
    }
}
