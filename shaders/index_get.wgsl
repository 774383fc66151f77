// Picks elements: a = x[index], where the index moves along one dim of `x` and the others are walked beside it.
//
// The walk covers RANK dims of `shape`. An element's place in `x` is what the walk's strides say plus index * step, where
// the index lies in 0..size. WRAP: a negative index counts from the end. LISTED: the index is a list that `offsets` or
// `winners` made, in which negative entries are to be passed over.
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
            store_a(a, A(load_x(x + u32(at) * p.step)));
            continue;
        }
        if !LISTED {
            fault(1u);
        }
        store_a(a, A(0));
    }
}
