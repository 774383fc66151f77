// Writes elements: x[index] = a, where the index moves along one dim of `x` and the others are walked beside it.
//
// Walk, index and constants are those of `index_get`. Where several elements meet in one place, any of them stays: a call
// that must keep the last makes its list with `claim` and `winners`.
// Elements may be complex.
struct Params {
    shape: vec4<u32>,
    index_strides: vec4<u32>,
    a_strides: vec4<u32>,
    x_strides: vec4<u32>,
    n: u32,
    size: u32,
    step: u32,
    index_offset: u32,
    a_offset: u32,
    x_offset: u32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        var rest = i;
        var index = p.index_offset;
        var a = p.a_offset;
        var x = p.x_offset;
        for (var d = RANK; d > 0u; d--) {
            let k = d - 1u;
            let c = select(rest % p.shape[k], rest, k == 0u);
            rest /= p.shape[k];
            index += c * p.index_strides[k];
            a += c * p.a_strides[k];
            x += c * p.x_strides[k];
        }
        var at = load_index(index);
        if WRAP && at < Index(0) {
            at += Index(p.size);
        }
        if at >= Index(0) && at < Index(p.size) {
            store_x(x + u32(at) * p.step, X(load_a(a)));
        } else if !LISTED {
            fault(1u);
        }
    }
}
