// The linear recurrence y[k] = g[k] + x[k + 1] y[k + 1] from the end of contiguous lines: what gradients of running products need.
//
// A stretch of elements is the map y -> factor y + term of what comes before it, and maps are joined as in scan.wgsl.
struct Params {
    x_offset: u32,
    g_offset: u32,
    y_offset: u32,
    lines: u32,
    n: u32,
    inner: u32,
}

const ROWS: u32 = 256u / LANES;
const RUN: u32 = 4u;
const TILE: u32 = LANES * RUN;
/// Maps as (factor, term).
var<workgroup> tile: array<vec2<F>, 1024>;
var<workgroup> totals: array<vec2<F>, 256>;

/// First `a`, then `b`.
fn join(a: vec2<F>, b: vec2<F>) -> vec2<F> {
    return vec2(a.x * b.x, a.y * b.x + b.y);
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
    for (var first = group.x * ROWS; first < p.lines; first += count.x * ROWS) {
        // What the recurrence has reached before the tile.
        var reached = F(0.0);
        for (var begin = 0u; begin < p.n; begin += TILE) {
            for (var slot = thread; slot < 1024u; slot += 256u) {
                let r = first + select(slot / TILE, slot % ROWS, COLUMNS);
                let k = begin + select(slot % TILE, slot / ROWS, COLUMNS);
                var map = vec2<F>(1.0, 0.0);
                if r < p.lines && k < p.n {
                    let at = (r / p.inner * p.n + p.n - 1u - k) * p.inner + r % p.inner;
                    map = vec2(0.0, load_g(p.g_offset + at));
                    if k > 0u {
                        map.x = load_x(p.x_offset + at + p.inner);
                    }
                }
                tile[slot] = map;
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
            var y = reached;
            if lane > 0u {
                y = totals[thread - apart].x * reached + totals[thread - apart].y;
            }
            for (var j = 0u; j < RUN; j++) {
                let map = tile[run + j * apart];
                y = map.x * y + map.y;
                tile[run + j * apart].y = y;
            }
            reached = totals[last].x * reached + totals[last].y;
            workgroupBarrier();
            for (var slot = thread; slot < 1024u; slot += 256u) {
                let r = first + select(slot / TILE, slot % ROWS, COLUMNS);
                let k = begin + select(slot % TILE, slot / ROWS, COLUMNS);
                if r < p.lines && k < p.n {
                    let at = (r / p.inner * p.n + p.n - 1u - k) * p.inner + r % p.inner;
                    store_y(p.y_offset + at, tile[slot].y);
                }
            }
            workgroupBarrier();
        }
    }
}
