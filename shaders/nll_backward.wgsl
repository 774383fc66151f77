// The gradient of the log probabilities of nll.wgsl: minus the row's factor and gradient at its class, and 0 elsewhere.
//
// With EACH every row has a gradient of its own, otherwise all share one. With MEAN it is divided by `total`, the sum of the
// factors.
struct Params {
    labels_offset: u32,
    factor_offset: u32,
    g_offset: u32,
    total_offset: u32,
    gx_offset: u32,
    n: u32,
    classes: u32,
    inner: u32,
    ignore: i32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        let line = i / p.inner;
        let row = line / p.classes * p.inner + i % p.inner;
        var gx = F(0.0);
        let label = load_labels(p.labels_offset + row);
        if label == Labels(line % p.classes) && label != Labels(p.ignore) {
            gx = -load_factor(p.factor_offset + row) * load_g(p.g_offset + select(0u, row, EACH));
            if MEAN {
                gx /= load_total(p.total_offset);
            }
        }
        store_gx(p.gx_offset + i, gx);
    }
}
