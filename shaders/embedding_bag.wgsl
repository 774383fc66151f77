// Joins the rows of a table that each bag of indices names: sums (MODE 0), means (1) or maxima (2).
//
// `start` says where each of the bags begins in `index`; `starts` of them are given, and the last bag may end where the
// indices do. Rows equal to `padding` count for nothing. Besides the joined rows come, by the threads of the first column,
// the bag `of` each index and the `size` of each bag, and for maxima the row that was the `largest`. LANES threads share a
// number, each with a stretch of its bag, and neighbouring threads have neighbouring numbers (COLUMNS).
// Uses the functions of `lanes`.
struct Params {
    n: u32,
    bags: u32,
    starts: u32,
    rows: u32,
    columns: u32,
    padding: i32,
    row_step: u32,
    column_step: u32,
    weight_offset: u32,
    index_offset: u32,
    start_offset: u32,
    sample_step: u32,
    sample_offset: u32,
}

fn begin(bag: u32) -> u32 {
    if bag >= p.starts {
        return p.n;
    }
    let at = load_start(p.start_offset + bag);
    if at < Start(0) || at > Start(p.n) {
        fault(1u);
        return p.n;
    }
    return u32(at);
}

struct Bag {
    joined: F,
    largest: Largest,
    size: u32,
}
alias Acc = Bag;
fn exchanged(a: Bag, by: u32) -> Bag {
    return Bag(beside_y(a.joined, by), beside_largest(a.largest, by), beside(a.size, by));
}
fn join(a: Bag, b: Bag) -> Bag {
    if MODE != 2u {
        return Bag(a.joined + b.joined, a.largest, a.size + b.size);
    }
    if a.size == 0u || (b.size > 0u && b.joined > a.joined) {
        return Bag(b.joined, b.largest, a.size + b.size);
    }
    return Bag(a.joined, a.largest, a.size + b.size);
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    for (var first = t.group.x * ROWS; first < p.bags * p.columns; first += t.count.x * ROWS) {
        let i = first + row_of(t);
        let bag = i / p.columns;
        let column = i % p.columns;
        var acc = Bag(0.0, Largest(0), 0u);
        if i < p.bags * p.columns {
            let start = begin(bag);
            let end = begin(bag + 1u);
            let each = (max(end, start) - start + LANES - 1u) / LANES;
            let from_k = start + lane_of(t) * each;
            for (var k = from_k; k < min(end, from_k + each); k++) {
                let row = load_index(p.index_offset + k);
                if column == 0u {
                    store_of(k, Of(bag));
                }
                if row < Index(0) || row >= Index(p.rows) {
                    fault(1u);
                    continue;
                }
                if row == Index(p.padding) {
                    continue;
                }
                var v = load_weight(p.weight_offset + u32(row) * p.row_step + column * p.column_step);
                if WEIGHTED {
                    v *= load_sample(p.sample_offset + k * p.sample_step);
                }
                acc = join(acc, Bag(v, Largest(row), 1u));
            }
        }
        acc = joined(acc, t);
        if lane_of(t) == 0u && i < p.bags * p.columns {
            if MODE == 1u && acc.size > 0u {
                acc.joined /= F(acc.size);
            }
            store_y(i, acc.joined);
            if MODE == 2u {
                store_largest(i, acc.largest);
            }
            if column == 0u {
                store_size(bag, Size(acc.size));
            }
        }
    }
}
