// Joins elements with what is there: x[index] = JOIN(x[index], a), a product (0), maximum (1) or minimum (2).
//
// Walk, index and constants are those of `index_get`. `x` holds f32, i32 or i64 in memory asked for as atomic: threads that
// meet in one place take turns by compare and exchange. NaN wins over every maximum and minimum.
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

fn wins(v: X) -> bool {
    return FLOAT && is_nan(f32(v));
}

fn joined(u: X, v: X) -> X {
    if JOIN == 0u {
        return u * v;
    }
    if wins(u) || wins(v) {
        return select(v, u, wins(u));
    }
    if JOIN == 1u {
        return select(v, u, u > v);
    }
    return select(v, u, u < v);
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
        if at < Index(0) || at >= Index(p.size) {
            if !LISTED {
                fault(1u);
            }
            continue;
        }
        let place = x + u32(at) * p.step;
        let v = X(load_a(a));
        var old = atomicLoad(&x_memory[place]);
        loop {
            let both = bits_x(joined(from_bits_x(old), v));
            if both == old {
                break;
            }
            let turn = atomicCompareExchangeWeak(&x_memory[place], old, both);
            if turn.exchanged {
                break;
            }
            old = turn.old_value;
        }
    }
}
