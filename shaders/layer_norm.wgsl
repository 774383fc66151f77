// Normalises contiguous rows of n elements: y = (x - mean) * rstd * weight + bias; without CENTRE by the root mean square.
//
// LANES threads share a row, and 256 / LANES rows a workgroup. A row is read twice, the second time from the cache.
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

struct Moments {
    n: F,
    mean: F,
    m2: F,
}

const ROWS: u32 = 256u / LANES;
var<workgroup> accs: array<Moments, 256>;

/// Chan, Golub and LeVeque's formula. Without CENTRE the mean stays 0, and m2 is the sum of squares.
fn meet(a: Moments, b: Moments) -> Moments {
    if a.n == 0.0 {
        return b;
    }
    let n = a.n + b.n;
    let share = b.n / n;
    let d = b.mean - a.mean;
    return Moments(n, a.mean + d * share, a.m2 + b.m2 + d * d * a.n * share);
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
        let start = p.x_offset + row * p.n;
        var acc = Moments(0.0, 0.0, 0.0);
        if row < p.rows {
            var k = lane;
            for (; k + 3u * LANES < p.n; k += 4u * LANES) {
                let v = vec4(
                    load_x(start + k),
                    load_x(start + k + LANES),
                    load_x(start + k + 2u * LANES),
                    load_x(start + k + 3u * LANES),
                );
                let mean = select(0.0, v.x + 0.25 * ((v.y - v.x) + (v.z - v.x) + (v.w - v.x)), CENTRE);
                let d = v - mean;
                acc = meet(acc, Moments(4.0, mean, dot(d, d)));
            }
            for (; k < p.n; k += LANES) {
                let v = load_x(start + k);
                acc = meet(acc, Moments(1.0, select(0.0, v, CENTRE), select(v * v, 0.0, CENTRE)));
            }
        }
        accs[thread] = acc;
        workgroupBarrier();
        for (var half = LANES / 2u; half > 0u; half /= 2u) {
            if lane < half && accs[thread + half].n > 0.0 {
                accs[thread] = meet(accs[thread], accs[thread + half]);
            }
            workgroupBarrier();
        }
        let all = accs[thread - lane];
        if row < p.rows {
            let rstd = 1.0 / sqrt(all.m2 / F(p.n) + p.eps);
            if lane == 0u {
                store_mean(p.mean_offset + row, all.mean);
                store_rstd(p.rstd_offset + row, rstd);
            }
            for (var k = lane; k < p.n; k += LANES) {
                var y = (load_x(start + k) - all.mean) * rstd;
                if WEIGHTED {
                    y *= load_weight(p.weight_offset + k);
                }
                if BIASED {
                    y += load_bias(p.bias_offset + k);
                }
                store_y(p.y_offset + row * p.n + k, y);
            }
        }
        workgroupBarrier();
    }
}
