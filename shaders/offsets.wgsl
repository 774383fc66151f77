// Makes the list of the places that index tensors name together: at = sum of index * step, in elements of the indexed one.
//
// One call per index tensor, which is walked, broadcast, in the RANK dims of the shape. The FIRST call writes, adding what
// the walk's own strides `x` say (of dims that no index moves along); later ones add. WRAP: a negative index counts from
// the end. A bad index is reported, and leaves a place of -1, which readers of the list pass over.
// Uses the functions of `eight`.
struct Params {
    shape_low: vec4<u32>,
    shape_high: vec4<u32>,
    index_low: vec4<u32>,
    index_high: vec4<u32>,
    x_low: vec4<u32>,
    x_high: vec4<u32>,
    n: u32,
    size: u32,
    step: u32,
    index_offset: u32,
    at_offset: u32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        var rest = i;
        var place = p.index_offset;
        var x = 0u;
        for (var d = RANK; d > 0u; d--) {
            let k = d - 1u;
            let size = pick(p.shape_low, p.shape_high, k);
            let c = rest % size;
            rest /= size;
            place += c * pick(p.index_low, p.index_high, k);
            x += c * pick(p.x_low, p.x_high, k);
        }
        var index = load_index(place);
        if WRAP && index < Index(0) {
            index += Index(p.size);
        }
        let bad = index < Index(0) || index >= Index(p.size);
        if bad {
            fault(1u);
        }
        let slot = p.at_offset + i;
        var at = i32(x);
        if !FIRST {
            at = load_at(slot);
        }
        if bad || at < 0 {
            store_at(slot, -1);
        } else {
            store_at(slot, at + i32(u32(index) * p.step));
        }
    }
}
