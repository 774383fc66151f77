// Turns columns of matrices in pairs until all are orthogonal: the singular value decomposition by one-sided Jacobi rotations
// (Hestenes, 1958; Golub and Van Loan, "Matrix Computations", 8.6.3; Demmel and Veselic, "Jacobi's method is more accurate than
// QR", 1992).
//
// `w` has matrices column by column, none of whose elements is much above 1; `v`, identities at first, is turned likewise (with
// VECTORS). The columns meet as players of a tournament, by turning all seats of a circle but one: in a round all pairs are of
// different columns, and after `players` - 1 rounds, a sweep, each has met each. The call plays the rounds `begin` up to `end`;
// more than one only where all pairs of a matrix are in one workgroup. `turned` has for each matrix the number of the
// last sweep that turned a pair, counted from 1: after a sweep that turned none, nothing is done.
// LANES threads share a pair; a workgroup has `block` pairs.
// Uses the functions of `lanes`.
struct Params {
    w_offset: u32,
    v_offset: u32,
    turned_offset: u32,
    matrices: u32,
    rows: u32,
    columns: u32,
    // The columns, and one that does not exist where they are odd in number.
    players: u32,
    block: u32,
    begin: u32,
    end: u32,
    // The cosine of the angle between columns that count as orthogonal, and the length of those that count as zero.
    cosine: F,
    zero: F,
}

// The squared lengths of two columns, and their product.
struct Products {
    a: F,
    b: F,
    ab: F,
}
alias Acc = Products;
fn exchanged(a: Products, by: u32) -> Products {
    return Products(beside_w(a.a, by), beside_w(a.b, by), beside_w(a.ab, by));
}
fn join(a: Products, b: Products) -> Products {
    return Products(a.a + b.a, a.b + b.b, a.ab + b.ab);
}

/// The column on a seat in a round.
fn player(seat: u32, round: u32) -> u32 {
    return select(1u + (seat - 1u + round) % (p.players - 1u), 0u, seat == 0u);
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    let row = row_of(t);
    let each = p.players / 2u;
    for (var first = t.group.x * p.block; first < p.matrices * each; first += t.count.x * p.block) {
        let item = first + row;
        let there = row < p.block && item < p.matrices * each;
        let matrix = item / each;
        for (var number = p.begin; number < p.end; number++) {
            let sweep = number / (p.players - 1u);
            let round = number % (p.players - 1u);
            let i = player(item % each, round);
            let j = player(p.players - 1u - item % each, round);
            var playing = there && i < p.columns && j < p.columns;
            if playing {
                playing = atomicLoad(&turned_memory[p.turned_offset + matrix]) >= sweep;
            }
            let x = p.w_offset + (matrix * p.columns + i) * p.rows;
            let y = p.w_offset + (matrix * p.columns + j) * p.rows;
            var own = Products(F(0.0), F(0.0), F(0.0));
            if playing {
                for (var k = lane; k < p.rows; k += LANES) {
                    let a = load_w(x + k);
                    let b = load_w(y + k);
                    own.a += a * a;
                    own.b += b * b;
                    own.ab += a * b;
                }
            }
            let all = joined(own, t);
            // NaN turns nothing.
            let lengths = sqrt(all.a) * sqrt(all.b);
            if playing && min(all.a, all.b) > p.zero * p.zero && abs(all.ab) > p.cosine * lengths {
                let zeta = (all.b - all.a) / (2.0 * all.ab);
                let tangent = select(F(1.0), F(-1.0), zeta < 0.0) / (abs(zeta) + sqrt(1.0 + zeta * zeta));
                let c = 1.0 / sqrt(1.0 + tangent * tangent);
                let s = c * tangent;
                // c a - s b as a less a small part of it: what rounding does to c would add up over many turns (Rutishauser, 1966).
                let half = s / (1.0 + c);
                for (var k = lane; k < p.rows; k += LANES) {
                    let a = load_w(x + k);
                    let b = load_w(y + k);
                    store_w(x + k, a - s * (b + half * a));
                    store_w(y + k, b + s * (a - half * b));
                }
                let vx = p.v_offset + (matrix * p.columns + i) * p.columns;
                let vy = p.v_offset + (matrix * p.columns + j) * p.columns;
                for (var k = lane; VECTORS && k < p.columns; k += LANES) {
                    let a = load_v(vx + k);
                    let b = load_v(vy + k);
                    store_v(vx + k, a - s * (b + half * a));
                    store_v(vy + k, b + s * (a - half * b));
                }
                if lane == 0u {
                    atomicMax(&turned_memory[p.turned_offset + matrix], sweep + 1u);
                }
            }
            storageBarrier();
        }
    }
}
