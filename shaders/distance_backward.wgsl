// The gradient of the rows of `a` in distance.wgsl, from the distances y and their gradients g; 0 where a distance is 0.
//
// With ACROSS the roles are swapped: the rows of `a` are the second ones of the pairs. NORM as there.
struct Params {
    a_offset: u32,
    b_offset: u32,
    g_offset: u32,
    y_offset: u32,
    ga_offset: u32,
    size: u32,
    rows: u32,
    others: u32,
    n: u32,
    order: F,
}

fn slope(difference: F, y: F) -> F {
    let d = abs(difference);
    switch NORM {
        case 0u: { return 0.0; }
        case 1u: { return sign(difference); }
        case 2u: { return difference / y; }
        case 3u: { return select(0.0, sign(difference), d == y); }
        default: {
            if d == 0.0 || is_nan(d) {
                return d;
            }
            return sign(difference) * pow(d / y, p.order - 1.0);
        }
    }
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.size; i += count.x * 256u) {
        let row = i / p.n;
        let batch = row / p.rows;
        let a = load_a(p.a_offset + i);
        var sum = F(0.0);
        for (var j = 0u; j < p.others; j++) {
            var pair = row * p.others + j;
            if ACROSS {
                pair = (batch * p.others + j) * p.rows + row % p.rows;
            }
            let y = load_y(p.y_offset + pair);
            if y != 0.0 {
                let b = load_b(p.b_offset + (batch * p.others + j) * p.n + i % p.n);
                sum += load_g(p.g_offset + pair) * slope(a - b, y);
            }
        }
        store_ga(p.ga_offset + i, sum);
    }
}
