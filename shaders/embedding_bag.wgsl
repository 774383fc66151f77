// Joins the rows of a table that each bag of indices names: sums (MODE 0), means (1) or maxima (2), a thread per number.
//
// `start` says where each of the bags begins in `index`; `starts` of them are given, and the last bag may end where the
// indices do. Rows equal to `padding` count for nothing. Besides the joined rows come, by the threads of the first column,
// the bag `of` each index and the `size` of each bag, and for maxima the row that was the `largest`.
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

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.bags * p.columns; i += count.x * 256u) {
        let bag = i / p.columns;
        let column = i % p.columns;
        let end = begin(bag + 1u);
        var joined = F(0.0);
        var largest = Largest(0);
        var size = 0u;
        for (var k = begin(bag); k < end; k++) {
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
            if MODE != 2u {
                joined += v;
            } else if size == 0u || v > joined {
                joined = v;
                largest = Largest(row);
            }
            size++;
        }
        if MODE == 1u && size > 0u {
            joined /= F(size);
        }
        store_y(i, joined);
        if MODE == 2u {
            store_largest(i, largest);
        }
        if column == 0u {
            store_size(bag, Size(size));
        }
    }
}
