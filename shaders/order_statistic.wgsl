// Picks one element of each ascending row, and its place: the k-th, the lower of the two in the middle, or the most frequent.
//
// WHICH: 0 element k; 1 the middle one, or the first nan if there is one; 2 the middle one of those that are not nan; 3 the
// smallest of the most frequent ones, in its last place. A workgroup takes a row; only WHICH 3 needs all its threads.
struct Params {
    x_offset: u32,
    before_offset: u32,
    y_offset: u32,
    place_offset: u32,
    lines: u32,
    n: u32,
    k: u32,
}

var<workgroup> runs: array<u32, 256>;
var<workgroup> ends: array<u32, 256>;

fn nan(v: X) -> bool {
    return FLOAT && is_nan(F(v));
}

/// The first of the first `n` elements of a row that is nan, or not less than `v`.
fn first_from(row: u32, n: u32, v: X) -> u32 {
    var low = 0u;
    var high = n;
    while low < high {
        let middle = (low + high) / 2u;
        let w = load_x(row + middle);
        if nan(w) || (!nan(v) && w >= v) {
            high = middle;
        } else {
            low = middle + 1u;
        }
    }
    return low;
}

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) thread: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    for (var line = group.x; line < p.lines; line += count.x) {
        let row = p.x_offset + line * p.n;
        var at = p.k;
        if WHICH == 3u {
            var best = 0u;
            at = 0u;
            for (var k = thread; k < p.n; k += 256u) {
                let v = load_x(row + k);
                // An element that another of its kind follows is not the end of its run; nan equals nothing.
                if nan(v) || k + 1u == p.n || !(load_x(row + k + 1u) == v) {
                    var run = 1u;
                    if !nan(v) {
                        run = k + 1u - first_from(row, k, v);
                    }
                    if run > best {
                        best = run;
                        at = k;
                    }
                }
            }
            runs[thread] = best;
            ends[thread] = at;
            workgroupBarrier();
            for (var half = 128u; half > 0u; half /= 2u) {
                if thread < half {
                    let other = thread + half;
                    let longer = runs[other] > runs[thread];
                    if longer || (runs[other] == runs[thread] && ends[other] < ends[thread]) {
                        runs[thread] = runs[other];
                        ends[thread] = ends[other];
                    }
                }
                workgroupBarrier();
            }
            at = ends[0];
            workgroupBarrier();
        } else if WHICH > 0u && thread == 0u {
            var known = p.n;
            if nan(load_x(row + p.n - 1u)) {
                known = first_from(row, p.n, load_x(row + p.n - 1u));
            }
            at = (max(known, 1u) - 1u) / 2u;
            if WHICH == 1u {
                at = select(known, (p.n - 1u) / 2u, known == p.n);
            }
        }
        if thread == 0u {
            store_y(p.y_offset + line, Y(load_x(row + at)));
            store_place(p.place_offset + line, Place(load_before(p.before_offset + row - p.x_offset + at)));
        }
    }
}
