// Joins elements with what is there, in the order of the index: a product (0), maximum (1) or minimum (2).
//
// For elements that the adapter cannot compare and exchange, two words wide as they are. One thread takes a line along the indexed dim, so that nothing meets; the walk
// covers the other dims, RANK of `shape`, and `along` elements of the index lie behind each of its places, the steps
// between them being those with `_step`.
struct Params {
    shape: vec4<u32>,
    index_strides: vec4<u32>,
    a_strides: vec4<u32>,
    x_strides: vec4<u32>,
    n: u32,
    along: u32,
    size: u32,
    index_step: u32,
    a_step: u32,
    x_step: u32,
    index_offset: u32,
    a_offset: u32,
    x_offset: u32,
}

fn nan(v: X) -> bool {
    return FLOAT && is_nan(F(v));
}

fn joined(u: X, v: X) -> X {
    switch JOIN {
        case 0u: { return u * v; }
        case 1u: { return select(u, v, (v > u && !nan(u)) || nan(v)); }
        default: { return select(u, v, (v < u && !nan(u)) || nan(v)); }
    }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 64u) {
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
        for (var j = 0u; j < p.along; j++) {
            let at = load_index(index + j * p.index_step);
            if at < Index(0) || at >= Index(p.size) {
                fault(1u);
                continue;
            }
            let place = x + u32(at) * p.x_step;
            store_x(place, joined(load_x(place), X(load_a(a + j * p.a_step))));
        }
    }
}
