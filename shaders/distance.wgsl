// Distances by a p-norm of each row of `a` to each row of `b`, in every instance of a batch.
//
// NORM: 0 how many elements differ, 1 sum, 2 root of the squares, 3 largest, 4 any order.
// LANES threads share a pair, and 256 / LANES pairs a workgroup.
// Uses the functions of `lanes`.
// Uses the functions of `powers`.
struct Params {
    a_offset: u32,
    b_offset: u32,
    y_offset: u32,
    pairs: u32,
    rows: u32,
    others: u32,
    n: u32,
    order: F,
}

alias Acc = F;
fn exchanged(a: F, by: u32) -> F {
    return beside_y(a, by);
}
fn join(a: F, b: F) -> F {
    if NORM == 3u {
        return select(a, b, (b > a && !is_nan(a)) || is_nan(b));
    }
    return a + b;
}

/// What four differences add to a distance; one of 0 adds nothing.
fn terms(d: vec4<F>) -> F {
    switch NORM {
        case 0u: { return dot(select(vec4<F>(1.0), vec4<F>(0.0), d == vec4<F>(0.0)), vec4<F>(1.0)); }
        case 1u: { return dot(d, vec4<F>(1.0)); }
        case 2u: { return dot(d, d); }
        case 3u: { return join(join(d.x, d.y), join(d.z, d.w)); }
        default: {
            return (raised(d.x, p.order) + raised(d.y, p.order)) + (raised(d.z, p.order) + raised(d.w, p.order));
        }
    }
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    for (var first = t.group.x * ROWS; first < p.pairs; first += t.count.x * ROWS) {
        let pair = first + row_of(t);
        let row = pair / p.others;
        let a = p.a_offset + row * p.n;
        let b = p.b_offset + (row / p.rows * p.others + pair % p.others) * p.n;
        var sum = F(0.0);
        if pair < p.pairs {
            for (var k = 4u * lane_of(t); k < p.n; k += 4u * LANES) {
                let d = load_four_a(a + k, 1u, p.n - k, 0.0) - load_four_b(b + k, 1u, p.n - k, 0.0);
                sum = join(sum, terms(abs(d)));
            }
        }
        sum = joined(sum, t);
        if NORM == 2u {
            sum = sqrt(sum);
        } else if NORM == 4u {
            sum = raised(sum, 1.0 / p.order);
        }
        if lane_of(t) == 0u && pair < p.pairs {
            store_y(p.y_offset + pair, sum);
        }
    }
}
