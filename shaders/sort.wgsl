// Sorts blocks of SEGMENT elements of contiguous lines, and their places with them: a whole line where it is no longer.
//
// A bitonic network over 1024 elements in workgroup memory, which hold 1024 / SEGMENT blocks. Places make equal elements
// differ, so the order is that of a stable sort; nan counts as largest. The first `keep` elements of each block are
// written, one block's after the other's. Longer lines are finished by sort_merge.wgsl, or, where only the first `keep` are
// wanted, by calls with AGAIN, for which `before` has the places of the elements.
struct Params {
    x_offset: u32,
    before_offset: u32,
    y_offset: u32,
    place_offset: u32,
    lines: u32,
    n: u32,
    inner: u32,
    blocks: u32,
    keep: u32,
    y_n: u32,
    y_inner: u32,
}

const NONE: u32 = 0xffffffffu;
var<workgroup> values: array<X, 1024>;
var<workgroup> places: array<u32, 1024>;

fn nan(v: X) -> bool {
    return FLOAT && is_nan(F(v));
}

fn above(a: X, b: X) -> bool {
    if nan(a) || nan(b) {
        return nan(a) && !nan(b);
    }
    return a > b;
}

/// Whether the element in slot `b` comes before that in slot `a`. What lies beyond the line comes last.
fn swapped(a: u32, b: u32) -> bool {
    if places[a] == NONE || places[b] == NONE {
        return places[b] != NONE;
    }
    let larger = above(values[a], values[b]);
    let smaller = above(values[b], values[a]);
    if larger || smaller {
        return select(larger, smaller, DESCENDING);
    }
    return places[b] < places[a];
}

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) thread: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    const BLOCKS: u32 = 1024u / SEGMENT;
    for (var first = group.x * BLOCKS; first < p.lines * p.blocks; first += count.x * BLOCKS) {
        for (var slot = thread; slot < 1024u; slot += 256u) {
            let block = first + slot / SEGMENT;
            let line = block / p.blocks;
            let k = block % p.blocks * SEGMENT + slot % SEGMENT;
            var place = NONE;
            if line < p.lines && k < p.n {
                let at = (line / p.inner * p.n + k) * p.inner + line % p.inner;
                values[slot] = load_x(p.x_offset + at);
                place = k;
                if AGAIN {
                    place = u32(load_before(p.before_offset + at));
                }
            }
            places[slot] = place;
        }
        workgroupBarrier();
        for (var size = 2u; size <= SEGMENT; size *= 2u) {
            for (var stride = size / 2u; stride > 0u; stride /= 2u) {
                for (var pair = thread; pair < 512u; pair += 256u) {
                    let low = 2u * pair - (pair & (stride - 1u));
                    let high = low + stride;
                    let up = (low % SEGMENT & size) == 0u || size == SEGMENT;
                    // Unlike elements, so one of the two is true.
                    if swapped(low, high) == up && (places[low] != NONE || places[high] != NONE) {
                        let value = values[low];
                        values[low] = values[high];
                        values[high] = value;
                        let place = places[low];
                        places[low] = places[high];
                        places[high] = place;
                    }
                }
                workgroupBarrier();
            }
        }
        for (var slot = thread; slot < 1024u; slot += 256u) {
            let block = first + slot / SEGMENT;
            let line = block / p.blocks;
            let k = slot % SEGMENT;
            if line < p.lines && k < p.keep && places[slot] != NONE {
                let to = block % p.blocks * p.keep + k;
                let at = (line / p.y_inner * p.y_n + to) * p.y_inner + line % p.y_inner;
                store_y(p.y_offset + at, Y(values[slot]));
                store_place(p.place_offset + at, Place(places[slot]));
            }
        }
        workgroupBarrier();
    }
}
