// Copies `x` with its elements in another order along dims: turned round (a bit of `turned`) or moved by `shift`, cyclically.
//
// `y` is written contiguously in RANK dims of the shape; `x` has strides.
// Elements may be complex.
// Uses the functions of `eight`.
struct Params {
    shape_low: vec4<u32>,
    shape_high: vec4<u32>,
    x_low: vec4<u32>,
    x_high: vec4<u32>,
    shift_low: vec4<u32>,
    shift_high: vec4<u32>,
    n: u32,
    turned: u32,
    x_offset: u32,
    y_offset: u32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        var rest = i;
        var x = p.x_offset;
        for (var d = RANK; d > 0u; d--) {
            let k = d - 1u;
            let size = pick(p.shape_low, p.shape_high, k);
            let c = rest % size;
            rest /= size;
            // Element c comes from c - shift, a shift being less than the size.
            let shift = pick(p.shift_low, p.shift_high, k);
            let moved = select(c + size - shift, c - shift, c >= shift);
            let source = select(moved, size - 1u - c, (p.turned >> k & 1u) == 1u);
            x += source * pick(p.x_low, p.x_high, k);
        }
        store_y(p.y_offset + i, Y(load_x(x)));
    }
}
