// Finds each value's place in an ascending row of `edges`: the number of those below it, or with RIGHT not above it.
//
// `per` values share a row of n edges. With SORTED the edges are read in the order that `sorter` gives. With MEMBER the result
// is whether the value is among the edges, or with INVERT whether it is not. A nan comes after all edges and is no member.
struct Params {
    edges_offset: u32,
    sorter_offset: u32,
    x_offset: u32,
    y_offset: u32,
    count: u32,
    per: u32,
    n: u32,
}

fn nan(v: X) -> bool {
    return FLOAT && is_nan(F(v));
}

fn edge(row: u32, k: u32) -> X {
    if SORTED {
        return X(load_edges(p.edges_offset + row + u32(load_sorter(p.sorter_offset + row + k))));
    }
    return X(load_edges(p.edges_offset + row + k));
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.count; i += count.x * 256u) {
        let row = i / p.per * p.n;
        let v = load_x(p.x_offset + i);
        var low = 0u;
        var high = p.n;
        while low < high {
            let middle = (low + high) / 2u;
            let e = edge(row, middle);
            // Where nan edges stand last, so does a nan. PyTorch's search goes past a nan edge, whatever it looks for.
            if nan(v) || (!MEMBER && nan(e)) || (!nan(e) && select(e < v, e <= v, RIGHT)) {
                low = middle + 1u;
            } else {
                high = middle;
            }
        }
        if MEMBER {
            let found = low < p.n && edge(row, min(low, p.n - 1u)) == v && !nan(v);
            store_y(p.y_offset + i, Y(u32(found != INVERT)));
        } else {
            store_y(p.y_offset + i, Y(low));
        }
    }
}
