// Running largest (or smallest) elements along contiguous lines, and their places: the last of equal ones, or the last nan.
//
// Laid out and split into parts as scan.wgsl. With AGAIN the elements are totals of parts, and `before` has their places;
// with CARRY it has those of the scanned totals.
struct Params {
    x_offset: u32,
    carry_offset: u32,
    before_offset: u32,
    y_offset: u32,
    place_offset: u32,
    lines: u32,
    n: u32,
    inner: u32,
    parts: u32,
    chunk: u32,
}

struct Best {
    value: X,
    place: u32,
}
const NONE: u32 = 0xffffffffu;

const ROWS: u32 = 256u / LANES;
const RUN: u32 = 4u;
const TILE: u32 = LANES * RUN;
var<workgroup> values: array<X, 1024>;
var<workgroup> places: array<u32, 1024>;
var<workgroup> total_values: array<X, 256>;
var<workgroup> total_places: array<u32, 256>;

fn nan(v: X) -> bool {
    return FLOAT && is_nan(F(v));
}

/// Of two neighbouring stretches, the second one's unless the first one's is strictly ahead.
fn join(a: Best, b: Best) -> Best {
    if a.place == NONE || nan(b.value) && b.place != NONE {
        return b;
    }
    if b.place == NONE || nan(a.value) {
        return a;
    }
    var later = b.value <= a.value;
    if LARGEST {
        later = b.value >= a.value;
    }
    if later {
        return b;
    }
    return a;
}

fn in_tile(i: u32) -> Best {
    return Best(values[i], places[i]);
}

fn total_of(i: u32) -> Best {
    return Best(total_values[i], total_places[i]);
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
    let run = select(row * TILE + lane * RUN, lane * RUN * ROWS + row, COLUMNS);
    let last = select(row * LANES + LANES - 1u, (LANES - 1u) * ROWS + row, COLUMNS);
    for (var part = group.y; part < p.parts; part += count.y) {
        let end = min(p.n, (part + 1u) * p.chunk);
        for (var first = group.x * ROWS; first < p.lines; first += count.x * ROWS) {
            let line = first + row;
            var carry = Best(X(0), NONE);
            if CARRY && part > 0u && line < p.lines {
                let begin = line * p.parts + part - 1u;
                carry = Best(load_carry(p.carry_offset + begin), u32(load_before(p.before_offset + begin)));
            }
            for (var begin = part * p.chunk; begin < end; begin += TILE) {
                for (var slot = thread; slot < 1024u; slot += 256u) {
                    let r = first + select(slot / TILE, slot % ROWS, COLUMNS);
                    let k = begin + select(slot % TILE, slot / ROWS, COLUMNS);
                    var v = Best(X(0), NONE);
                    if r < p.lines && k < end {
                        let at = (r / p.inner * p.n + k) * p.inner + r % p.inner;
                        v = Best(load_x(p.x_offset + at), k);
                        if AGAIN {
                            v.place = u32(load_before(p.before_offset + at));
                        }
                    }
                    values[slot] = v.value;
                    places[slot] = v.place;
                }
                workgroupBarrier();
                var total = in_tile(run);
                for (var j = 1u; j < RUN; j++) {
                    total = join(total, in_tile(run + j * apart));
                }
                total_values[thread] = total.value;
                total_places[thread] = total.place;
                workgroupBarrier();
                for (var step = 1u; step < LANES; step *= 2u) {
                    if lane >= step {
                        total = join(total_of(thread - step * apart), total);
                    }
                    workgroupBarrier();
                    total_values[thread] = total.value;
                    total_places[thread] = total.place;
                    workgroupBarrier();
                }
                if !TOTALS {
                    var acc = carry;
                    if lane > 0u {
                        acc = join(carry, total_of(thread - apart));
                    }
                    for (var j = 0u; j < RUN; j++) {
                        acc = join(acc, in_tile(run + j * apart));
                        values[run + j * apart] = acc.value;
                        places[run + j * apart] = acc.place;
                    }
                }
                carry = join(carry, total_of(last));
                workgroupBarrier();
                for (var slot = thread; !TOTALS && slot < 1024u; slot += 256u) {
                    let r = first + select(slot / TILE, slot % ROWS, COLUMNS);
                    let k = begin + select(slot % TILE, slot / ROWS, COLUMNS);
                    if r < p.lines && k < end {
                        let at = (r / p.inner * p.n + k) * p.inner + r % p.inner;
                        store_y(p.y_offset + at, Y(values[slot]));
                        store_place(p.place_offset + at, Place(places[slot]));
                    }
                }
                workgroupBarrier();
            }
            if TOTALS && lane == 0u && line < p.lines {
                store_y(p.y_offset + line * p.parts + part, Y(carry.value));
                store_place(p.place_offset + line * p.parts + part, Place(carry.place));
            }
        }
    }
}
