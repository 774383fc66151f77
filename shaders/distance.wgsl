// Distances by a p-norm of each row of `a` to each row of `b`, in every instance of a batch.
//
// NORM: 0 how many elements differ, 1 sum, 2 root of the squares, 3 largest, 4 any order.
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

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.pairs; i += count.x * 256u) {
        let row = i / p.others;
        let a = p.a_offset + row * p.n;
        let b = p.b_offset + (row / p.rows * p.others + i % p.others) * p.n;
        var sum = F(0.0);
        for (var k = 0u; k < p.n; k++) {
            let d = abs(load_a(a + k) - load_b(b + k));
            switch NORM {
                case 0u: { sum += select(F(1.0), 0.0, d == 0.0); }
                case 1u: { sum += d; }
                case 2u: { sum += d * d; }
                case 3u: { sum = select(sum, d, (d > sum && !is_nan(sum)) || is_nan(d)); }
                default: { sum += pow(d, p.order); }
            }
        }
        if NORM == 2u {
            sum = sqrt(sum);
        } else if NORM == 4u {
            sum = pow(sum, 1.0 / p.order);
        }
        store_y(p.y_offset + i, sum);
    }
}
