// Reflects columns of matrices by Householder's reflection of one of them: a step of the QR decomposition, or of forming Q.
//
// `w` has its matrices column by column. The reflection of column `step` maps what lies from the diagonal down to a multiple of
// the diagonal's unit vector, with the sign that LAPACK gives it. Columns of `y` from `first` on are reflected; where y is w
// itself (without FORM), column `step` keeps what the reflection is made of, and the diagonal of R goes to `head`.
// LANES threads share a column, and 256 / LANES columns a workgroup.
// Uses the functions of `lanes`.
struct Params {
    w_offset: u32,
    y_offset: u32,
    head_offset: u32,
    matrices: u32,
    rows: u32,
    // Columns of a matrix of w, and of y, and elements of a matrix of head.
    columns: u32,
    targets: u32,
    heads: u32,
    step: u32,
    first: u32,
    // The smallest number that has all its digits.
    tiny: F,
}

struct Shares {
    top: F,
    square: F,
    dot: F,
}
alias Acc = Shares;
fn exchanged(a: Shares, by: u32) -> Shares {
    return Shares(beside_y(a.top, by), beside_y(a.square, by), beside_y(a.dot, by));
}
fn larger(a: F, b: F) -> F {
    return select(a, b, (b > a && !is_nan(a)) || is_nan(b));
}
fn join(a: Shares, b: Shares) -> Shares {
    return Shares(larger(a.top, b.top), a.square + b.square, a.dot + b.dot);
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    let each = p.targets - p.first;
    let columns = p.matrices * each;
    for (var first = t.group.x * ROWS; first < columns; first += t.count.x * ROWS) {
        let item = first + row_of(t);
        let there = item < columns;
        let matrix = item / each;
        let column = p.first + item % each;
        let w = p.w_offset + (matrix * p.columns + p.step) * p.rows;
        let y = p.y_offset + (matrix * p.targets + column) * p.rows;
        let below = p.step + 1u + lane;
        var own = Shares(F(0.0), F(0.0), F(0.0));
        if there {
            for (var k = below; k < p.rows; k += LANES) {
                own.top = larger(own.top, abs(load_w(w + k)));
            }
        }
        let top = joined(own, t).top;
        // Nothing to map to zero: LAPACK leaves all as it is.
        let idle = top < p.tiny;
        var head = F(0.0);
        var scale = F(1.0);
        own = Shares(F(0.0), F(0.0), F(0.0));
        if there {
            head = load_w(w + p.step);
            if !idle {
                // In units of the largest number no square is too large, or too small.
                scale = larger(top, abs(head));
                for (var k = below; k < p.rows; k += LANES) {
                    let v = load_w(w + k) / scale;
                    own.square += v * v;
                    own.dot += v * load_y(y + k);
                }
            }
        }
        let all = joined(own, t);
        let h = head / scale;
        var norm = sqrt(h * h + all.square);
        norm = select(norm, -norm, h < 0.0);
        if there && !FORM && column == p.step {
            if lane == 0u {
                store_head(p.head_offset + matrix * p.heads + p.step, select(-norm * scale, head, idle));
            }
        } else if there && !idle {
            // The vector is (1, a / u) for the elements a below the head.
            let u = h + norm;
            let by = u / norm * (load_y(y + p.step) + all.dot / u);
            let by_below = by / u;
            for (var k = below; k < p.rows; k += LANES) {
                store_y(y + k, load_y(y + k) - by_below * (load_w(w + k) / scale));
            }
            // Lanes read the head before one of them writes it.
            head = by;
        }
        storageBarrier();
        if there && !idle && (FORM || column != p.step) && lane == 0u {
            store_y(y + p.step, load_y(y + p.step) - head);
        }
    }
}
