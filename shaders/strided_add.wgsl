// Adds `a`, walked in RANK dims, to the places of `x` that other strides name; several may be one place.
// Uses the functions of `eight`.
struct Params {
    shape_low: vec4<u32>,
    shape_high: vec4<u32>,
    a_low: vec4<u32>,
    a_high: vec4<u32>,
    x_low: vec4<u32>,
    x_high: vec4<u32>,
    n: u32,
    a_offset: u32,
    x_offset: u32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        var rest = i;
        var a = p.a_offset;
        var x = p.x_offset;
        for (var d = RANK; d > 0u; d--) {
            let size = pick(p.shape_low, p.shape_high, d - 1u);
            let c = rest % size;
            rest /= size;
            a += c * pick(p.a_low, p.a_high, d - 1u);
            x += c * pick(p.x_low, p.x_high, d - 1u);
        }
        add_x(x, X(load_a(a)));
    }
}
