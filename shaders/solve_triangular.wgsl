// Solves systems of equations with triangular matrices by substitution, some rows of every system at a time.
//
// `a` has square matrices row by row, of which one triangle is read (UPPER), without its diagonal where that is ones (UNIT).
// `x` has a matrix of right sides for each, which solutions replace. The rows `begin` up to `end`, counted from the one with
// a single unknown, are solved; those before them are. LANES threads share a right side, and 256 / LANES of these a workgroup.
// Uses the functions of `lanes`.
struct Params {
    a_offset: u32,
    x_offset: u32,
    // Right sides of all matrices, and of each.
    systems: u32,
    sides: u32,
    n: u32,
    begin: u32,
    end: u32,
}

alias Acc = F;
fn exchanged(a: F, by: u32) -> F {
    return beside_x(a, by);
}
fn join(a: F, b: F) -> F {
    return a + b;
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    for (var first = t.group.x * ROWS; first < p.systems; first += t.count.x * ROWS) {
        let system = first + row_of(t);
        let there = system < p.systems;
        let matrix = system / p.sides;
        let x = p.x_offset + matrix * p.n * p.sides + system % p.sides;
        for (var step = p.begin; step < p.end; step++) {
            let i = select(step, p.n - 1u - step, UPPER);
            let row = p.a_offset + (matrix * p.n + i) * p.n;
            var sum = F(0.0);
            if there {
                for (var k = lane; k < step; k += LANES) {
                    let j = select(k, p.n - 1u - k, UPPER);
                    sum += load_a(row + j) * load_x(x + j * p.sides);
                }
            }
            sum = joined(sum, t);
            if there && lane == 0u {
                var v = load_x(x + i * p.sides) - sum;
                if !UNIT {
                    v /= load_a(row + i);
                }
                store_x(x + i * p.sides, v);
            }
            storageBarrier();
        }
    }
}
