// Takes the norms of pieces of up to twelve tensors: y[tensor * 64 + piece], of each tensor 64 pieces.
//
// The grid has 64 workgroups for each tensor; a piece is every 64th run of 256 elements. ORDER: 2 (root of squares), 1 (sum of
// magnitudes) or 0 (largest magnitude). `sizes` and `firsts` say how many elements each tensor has, and where they begin.
// LANES is 256, COLUMNS false.
// Uses the functions of `lanes`.
// Uses the functions of `twelve`.
struct Params {
    sizes: Twelve,
    firsts: Twelve,
    tensors: u32,
    y_offset: u32,
}

const PIECES: u32 = 64u;
alias Acc = F;

fn exchanged(a: F, by: u32) -> F {
    return beside_y(a, by);
}
fn join(a: F, b: F) -> F {
    if ORDER == 0u {
        return select(max(a, b), a + b, is_nan(a) || is_nan(b));
    }
    return a + b;
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    for (var job = t.group.x; job < p.tensors * PIECES; job += t.count.x) {
        let tensor = job / PIECES;
        let size = pick(p.sizes, tensor);
        let first = pick(p.firsts, tensor);
        var own = F(0.0);
        for (var i = job % PIECES * 256u + lane_of(t); i < size; i += PIECES * 256u) {
            let v = abs(load(tensor, first + i));
            own = join(own, select(v, v * v, ORDER == 2u));
        }
        own = joined(own, t);
        if lane_of(t) == 0u {
            store_y(p.y_offset + job, select(own, sqrt(own), ORDER == 2u));
        }
    }
}
