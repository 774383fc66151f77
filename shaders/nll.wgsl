// Minus the log probability of each row's class, weighted, of elements of shape (outer, classes, inner).
//
// `factor` is the weight of the row's class, 0 where it is ignored. A class out of range is a fault.
struct Params {
    x_offset: u32,
    labels_offset: u32,
    weight_offset: u32,
    loss_offset: u32,
    factor_offset: u32,
    rows: u32,
    classes: u32,
    inner: u32,
    ignore: i32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var row = id.x; row < p.rows; row += count.x * 256u) {
        let label = load_labels(p.labels_offset + row);
        var factor = F(0.0);
        var loss = F(0.0);
        if label != Labels(p.ignore) {
            if label < 0 || label >= Labels(p.classes) {
                fault(1u);
            } else {
                factor = 1.0;
                if WEIGHTED {
                    factor = load_weight(p.weight_offset + u32(label));
                }
                let at = (row / p.inner * p.classes + u32(label)) * p.inner + row % p.inner;
                loss = -load_x(p.x_offset + at) * factor;
            }
        }
        store_loss(p.loss_offset + row, loss);
        store_factor(p.factor_offset + row, factor);
    }
}
