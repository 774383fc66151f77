// Cross entropy of rows of scores against classes, in one pass: no logarithm of probabilities is stored.
//
// Of each row the loss, already weighted, the logarithm of its sum of exponentials, and its factor: the weight of its class, 0
// where it is ignored. LANES threads share a row, and 256 / LANES rows a workgroup. A class out of range is a fault.
struct Params {
    x_offset: u32,
    labels_offset: u32,
    weight_offset: u32,
    loss_offset: u32,
    log_sum_offset: u32,
    factor_offset: u32,
    rows: u32,
    n: u32,
    ignore: i32,
}

/// A sum of exponentials, as multiple of e^top.
struct Sum {
    top: F,
    sum: F,
}

const ROWS: u32 = 256u / LANES;
var<workgroup> accs: array<Sum, 256>;

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
        var acc = Sum(LOWEST, 0.0);
        if row < p.rows {
            for (var k = lane; k < p.n; k += LANES) {
                let v = load_x(start + k);
                if v > acc.top {
                    acc = Sum(v, acc.sum * exp(acc.top - v) + 1.0);
                } else {
                    acc.sum += exp(v - acc.top);
                }
            }
        }
        accs[thread] = acc;
        workgroupBarrier();
        for (var half = LANES / 2u; half > 0u; half /= 2u) {
            if lane < half {
                let a = accs[thread];
                let b = accs[thread + half];
                let top = max(a.top, b.top);
                accs[thread] = Sum(top, a.sum * exp(a.top - top) + b.sum * exp(b.top - top));
            }
            workgroupBarrier();
        }
        if lane == 0u && row < p.rows {
            acc = accs[thread];
            let log_sum = log(acc.sum);
            let label = i32(load_labels(p.labels_offset + row));
            var factor = F(0.0);
            var loss = F(0.0);
            if label != p.ignore {
                if label < 0 || u32(label) >= p.n {
                    fault(1u);
                } else {
                    factor = 1.0;
                    if WEIGHTED {
                        factor = load_weight(p.weight_offset + u32(label));
                    }
                    // A weight of 0 hides even an infinite loss.
                    if factor != 0.0 {
                        loss = (log_sum + (acc.top - load_x(start + u32(label)))) * factor;
                    }
                }
            }
            store_loss(p.loss_offset + row, loss);
            store_log_sum(p.log_sum_offset + row, acc.top + log_sum);
            store_factor(p.factor_offset + row, factor);
        }
        workgroupBarrier();
    }
}
