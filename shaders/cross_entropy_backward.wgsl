// The gradient of the scores of cross_entropy.wgsl: softmax less 1 at the row's class, times the row's factor and gradient.
//
// With EACH every row has a gradient of its own, otherwise all share one. With MEAN it is divided by `total`, the sum of the
// factors.
struct Params {
    x_offset: u32,
    labels_offset: u32,
    log_sum_offset: u32,
    factor_offset: u32,
    g_offset: u32,
    total_offset: u32,
    gx_offset: u32,
    rows: u32,
    n: u32,
    ignore: i32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.rows * p.n; i += count.x * 256u) {
        let row = i / p.n;
        let label = load_labels(p.labels_offset + row);
        var gx = F(0.0);
        if label != Labels(p.ignore) {
            var scale = load_factor(p.factor_offset + row) * load_g(p.g_offset + select(0u, row, EACH));
            if MEAN {
                scale /= load_total(p.total_offset);
            }
            let here = label == Labels(i % p.n);
            let share = exp(load_x(p.x_offset + i) - load_log_sum(p.log_sum_offset + row));
            gx = (share - select(F(0.0), 1.0, here)) * scale;
        }
        store_gx(p.gx_offset + i, gx);
    }
}
