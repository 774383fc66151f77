// Merges neighbouring sorted runs of rows of n elements, with their places: each element finds its rank in the other run.
//
// Of equal elements those of the first run stay first. The result is written as lines that are `y_inner` apart.
struct Params {
    x_offset: u32,
    before_offset: u32,
    y_offset: u32,
    place_offset: u32,
    lines: u32,
    n: u32,
    run: u32,
    y_inner: u32,
}

fn nan(v: X) -> bool {
    return FLOAT && is_nan(F(v));
}

fn above(a: X, b: X) -> bool {
    if nan(a) || nan(b) {
        return nan(a) && !nan(b);
    }
    return a > b;
}

fn ahead(a: X, b: X) -> bool {
    if DESCENDING {
        return above(a, b);
    }
    return above(b, a);
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.lines * p.n; i += count.x * 256u) {
        let line = i / p.n;
        let k = i % p.n;
        let row = p.x_offset + line * p.n;
        let start = k / p.run / 2u * 2u * p.run;
        let middle = min(start + p.run, p.n);
        let v = load_x(row + k);
        // The number of elements of the other run that come before this one.
        var low = select(start, middle, k < middle);
        var high = select(middle, min(middle + p.run, p.n), k < middle);
        let other = low;
        while low < high {
            let at = (low + high) / 2u;
            let w = load_x(row + at);
            if select(!ahead(v, w), ahead(w, v), k < middle) {
                low = at + 1u;
            } else {
                high = at;
            }
        }
        let own = select(k - middle, k - start, k < middle);
        let rank = start + own + low - other;
        let to = (line / p.y_inner * p.n + rank) * p.y_inner + line % p.y_inner;
        store_y(p.y_offset + to, Y(v));
        store_place(p.place_offset + to, Place(load_before(p.before_offset + i)));
    }
}
