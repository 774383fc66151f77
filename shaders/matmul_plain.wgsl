// Multiplies batches of strided matrices of any class of numbers, one result per thread: y = alpha a b + beta c.
//
// Integers wrap around. Also for floats whose matrices are too small for the tiles of `matmul`, whose parameters it has.
// Constants: EPILOGUE (0: none, 1: alpha, 2: alpha and c).

struct Params {
    m: u32,
    n: u32,
    k: u32,
    batches: u32,
    // Steps of the outer batch, the inner batch, rows and columns.
    a: vec4<u32>,
    b: vec4<u32>,
    y: vec4<u32>,
    c: vec4<u32>,
    a_offset: u32,
    b_offset: u32,
    y_offset: u32,
    c_offset: u32,
    // Size of the inner batch.
    inner: u32,
    parts: u32,
    part_k: u32,
    alpha: F,
    beta: F,
}

const SIDE: u32 = 16u;

var<workgroup> a_tile: array<array<Y, 16>, 16>;
// One column more, so that reading and writing along k meet distinct banks.
var<workgroup> b_tile: array<array<Y, 17>, 16>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    let tx = t % SIDE;
    let ty = t / SIDE;
    let across = (p.n + SIDE - 1u) / SIDE;
    let down = (p.m + SIDE - 1u) / SIDE;
    let units = across * down * p.batches * p.parts;
    // Neighbouring threads fetch what lies closest in memory.
    let turn_a = p.a.z < p.a.w;
    let turn_b = p.b.z < p.b.w;
    for (var unit = group.x; unit < units; unit += count.x) {
        let column = unit % across * SIDE + tx;
        let row = unit / across % down * SIDE + ty;
        let slice = unit / (across * down);
        let part = slice % p.parts;
        let batch = slice / p.parts;
        let at = vec2(batch / p.inner, batch % p.inner);
        let a_at = p.a_offset + at.x * p.a.x + at.y * p.a.y;
        let b_at = p.b_offset + at.x * p.b.x + at.y * p.b.y;
        let start = part * p.part_k;
        let end = min(start + p.part_k, p.k);
        // Row of a and step of k, step of k and column of b that this thread fetches.
        let a_place = vec2(row - ty, start) + select(vec2(ty, tx), vec2(tx, ty), turn_a);
        let b_place = vec2(start, column - tx) + select(vec2(ty, tx), vec2(tx, ty), turn_b);
        var sum = Y(0);
        for (var k0 = 0u; start + k0 < end; k0 += SIDE) {
            var a = Y(0);
            var b = Y(0);
            if (a_place.x < p.m && a_place.y + k0 < end) {
                a = Y(load_a(a_at + a_place.x * p.a.z + (a_place.y + k0) * p.a.w));
            }
            if (b_place.x + k0 < end && b_place.y < p.n) {
                b = Y(load_b(b_at + (b_place.x + k0) * p.b.z + b_place.y * p.b.w));
            }
            workgroupBarrier();
            if (turn_a) { a_tile[tx][ty] = a; } else { a_tile[ty][tx] = a; }
            if (turn_b) { b_tile[tx][ty] = b; } else { b_tile[ty][tx] = b; }
            workgroupBarrier();
            for (var k = 0u; k < SIDE; k++) {
                sum += a_tile[ty][k] * b_tile[k][tx];
            }
        }
        if (row < p.m && column < p.n) {
            if (p.parts > 1u) {
                store_y(p.y_offset + (slice * p.m + row) * p.n + column, sum);
            } else {
                if (EPILOGUE > 0u) { sum *= Y(p.alpha); }
                if (EPILOGUE > 1u) {
                    let c_at = p.c_offset + at.x * p.c.x + at.y * p.c.y + row * p.c.z + column * p.c.w;
                    sum += Y(p.beta) * Y(load_c(c_at));
                }
                store_y(p.y_offset + at.x * p.y.x + at.y * p.y.y + row * p.y.z + column * p.y.w, sum);
            }
        }
    }
}
