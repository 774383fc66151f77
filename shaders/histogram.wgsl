// Counts elements, or adds their weights, in bins: with RANGE in equal ones from `low` to `high`, otherwise element i in bin i.
//
// Both ends of the range are inside; what is outside is left out.
struct Params {
    x_offset: u32,
    weight_offset: u32,
    y_offset: u32,
    n: u32,
    bins: u32,
    low: F,
    high: F,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        let v = load_x(p.x_offset + i);
        var bin = p.bins;
        if RANGE {
            let x = F(v);
            if x >= p.low && x <= p.high && !is_nan(x) {
                bin = min(u32((x - p.low) * F(p.bins) / (p.high - p.low)), p.bins - 1u);
            }
        } else if v >= X(0) {
            bin = u32(v);
        }
        if bin < p.bins {
            var weight = Y(1);
            if WEIGHTED {
                weight = Y(load_weight(p.weight_offset + i));
            }
            add_y(p.y_offset + bin, weight);
        }
    }
}
