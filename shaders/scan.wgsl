// Running sums, products and logarithms of sums of exponentials along contiguous lines of n elements, `inner` apart.
//
// LANES threads share a line, and 256 / LANES lines a workgroup; with COLUMNS (inner > 1) neighbouring threads take
// neighbouring lines. A tile of four elements per thread is scanned in workgroup memory, then the next one. Few long lines
// are split into parts by three calls: with TOTALS only each part's total is written, at line * parts + part; these are
// scanned; with CARRY each part goes on from the scanned totals before it.
//
// FOLD: 0 sum, 1 product, 2 log(e^a + e^b). REVERSE starts from the end. EXCLUSIVE leaves out the element itself.
struct Params {
    x_offset: u32,
    carry_offset: u32,
    y_offset: u32,
    lines: u32,
    n: u32,
    inner: u32,
    parts: u32,
    chunk: u32,
}

const ROWS: u32 = 256u / LANES;
const RUN: u32 = 4u;
const TILE: u32 = LANES * RUN;
var<workgroup> tile: array<X, 1024>;
var<workgroup> totals: array<X, 256>;

fn neutral() -> X {
    if FOLD == 2u {
        return X(-infinity());
    }
    return X(FOLD);
}

fn log_add(a: F, b: F) -> F {
    if is_nan(a) || is_nan(b) {
        return select(b, a, is_nan(a));
    }
    let top = max(a, b);
    let low = min(a, b);
    if low == top && abs(top) > 3.4028234e38 {
        return top;
    }
    // log(1 + e) without what rounding 1 + e takes away.
    let e = exp(low - top);
    let u = 1.0 + e;
    return top + select(log(u) * e / (u - 1.0), e, u == 1.0);
}

fn join(a: X, b: X) -> X {
    switch FOLD {
        case 1u: { return a * b; }
        case 2u: { return X(log_add(F(a), F(b))); }
        default: { return a + b; }
    }
}

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) thread: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    let lane = select(thread % LANES, thread / ROWS, COLUMNS);
    let row = select(thread / LANES, thread % ROWS, COLUMNS);
    let apart = select(1u, ROWS, COLUMNS);
    // Where this thread's run begins in the tile, and the last lane of its line.
    let run = select(row * TILE + lane * RUN, lane * RUN * ROWS + row, COLUMNS);
    let last = select(row * LANES + LANES - 1u, (LANES - 1u) * ROWS + row, COLUMNS);
    for (var part = group.y; part < p.parts; part += count.y) {
        let end = min(p.n, (part + 1u) * p.chunk);
        for (var first = group.x * ROWS; first < p.lines; first += count.x * ROWS) {
            let line = first + row;
            var carry = neutral();
            if CARRY && part > 0u && line < p.lines {
                carry = load_carry(p.carry_offset + line * p.parts + part - 1u);
            }
            for (var begin = part * p.chunk; begin < end; begin += TILE) {
                for (var slot = thread; slot < 1024u; slot += 256u) {
                    let r = first + select(slot / TILE, slot % ROWS, COLUMNS);
                    let k = begin + select(slot % TILE, slot / ROWS, COLUMNS);
                    var v = neutral();
                    if r < p.lines && k < end {
                        let at = select(k, p.n - 1u - k, REVERSE);
                        v = load_x(p.x_offset + (r / p.inner * p.n + at) * p.inner + r % p.inner);
                    }
                    tile[slot] = v;
                }
                workgroupBarrier();
                var total = tile[run];
                for (var j = 1u; j < RUN; j++) {
                    total = join(total, tile[run + j * apart]);
                }
                totals[thread] = total;
                workgroupBarrier();
                for (var step = 1u; step < LANES; step *= 2u) {
                    if lane >= step {
                        total = join(totals[thread - step * apart], total);
                    }
                    workgroupBarrier();
                    totals[thread] = total;
                    workgroupBarrier();
                }
                if !TOTALS {
                    var acc = carry;
                    if lane > 0u {
                        acc = join(carry, totals[thread - apart]);
                    }
                    for (var j = 0u; j < RUN; j++) {
                        let next = join(acc, tile[run + j * apart]);
                        if EXCLUSIVE {
                            tile[run + j * apart] = acc;
                        } else {
                            tile[run + j * apart] = next;
                        }
                        acc = next;
                    }
                }
                carry = join(carry, totals[last]);
                workgroupBarrier();
                for (var slot = thread; !TOTALS && slot < 1024u; slot += 256u) {
                    let r = first + select(slot / TILE, slot % ROWS, COLUMNS);
                    let k = begin + select(slot % TILE, slot / ROWS, COLUMNS);
                    if r < p.lines && k < end {
                        let at = select(k, p.n - 1u - k, REVERSE);
                        store_y(p.y_offset + (r / p.inner * p.n + at) * p.inner + r % p.inner, Y(tile[slot]));
                    }
                }
                workgroupBarrier();
            }
            if TOTALS && lane == 0u && line < p.lines {
                store_y(p.y_offset + line * p.parts + part, Y(carry));
            }
        }
    }
}
