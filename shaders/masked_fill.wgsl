// Writes one number into the memory of `x` where a mask is set; both are walked in RANK dims of one shape.
// Elements may be complex.
// Uses the functions of `eight`.
struct Params {
    shape_low: vec4<u32>,
    shape_high: vec4<u32>,
    x_low: vec4<u32>,
    x_high: vec4<u32>,
    mask_low: vec4<u32>,
    mask_high: vec4<u32>,
    n: u32,
    x_offset: u32,
    mask_offset: u32,
    value_offset: u32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    let value = X(load_value(p.value_offset));
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        var rest = i;
        var x = p.x_offset;
        var mask = p.mask_offset;
        for (var d = RANK; d > 0u; d--) {
            let size = pick(p.shape_low, p.shape_high, d - 1u);
            let c = rest % size;
            rest /= size;
            x += c * pick(p.x_low, p.x_high, d - 1u);
            mask += c * pick(p.mask_low, p.mask_high, d - 1u);
        }
        if load_mask(mask) {
            store_x(x, value);
        }
    }
}
