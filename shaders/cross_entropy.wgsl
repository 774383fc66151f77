// Cross entropy of rows of scores against classes, in one pass: no logarithm of probabilities is stored.
//
// Of each row the loss, already weighted, the logarithm of its sum of exponentials, and its factor: the weight of its class, 0
// where it is ignored. LANES threads share a row, and 256 / LANES rows a workgroup. A class out of range is a fault.
// Uses the functions of `lanes`.
// Uses the functions of `exponential_sums`.
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

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    for (var first = t.group.x * ROWS; first < p.rows; first += t.count.x * ROWS) {
        let row = first + row_of(t);
        let start = p.x_offset + row * p.n;
        var acc = Sum(LOWEST, 0.0);
        let beyond = -infinity();
        if row < p.rows {
            for (var k = 4u * lane; k < p.n; k += 4u * LANES) {
                acc = with_four(acc, load_four_x(start + k, 1u, p.n - k, beyond));
            }
        }
        acc = joined(acc, t);
        if lane == 0u && row < p.rows {
            let log_sum = log(acc.sum);
            let label = load_labels(p.labels_offset + row);
            var factor = F(0.0);
            var loss = F(0.0);
            if label != Labels(p.ignore) {
                if label < 0 || label >= Labels(p.n) {
                    fault(1u);
                } else {
                    factor = 1.0;
                    if WEIGHTED {
                        factor = load_weight(p.weight_offset + u32(label));
                    }
                    loss = (log_sum + (acc.top - load_x(start + u32(label)))) * factor;
                }
            }
            store_loss(p.loss_offset + row, loss);
            store_log_sum(p.log_sum_offset + row, acc.top + log_sum);
            store_factor(p.factor_offset + row, factor);
        }
    }
}
