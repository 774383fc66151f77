// Multiplies batches of strided matrices of floats, a square tile per workgroup: y = alpha a b + beta c.
//
// a is (m, k), b (k, n), y and c (m, n). A tile has 8 SIDE rows and columns, a thread 8 x 8 results: rows and columns are
// dealt to vectors LANES apart, so that neighbouring threads read and write neighbouring elements. What is summed may be
// split into parts; then y is the f32 memory (batch, part, m, n) that `matmul_join` adds up.
//
// Constants: SIDE (8 or 16), A_ALONG_K and B_ALONG_K (neighbours along k lie closest in memory), EPILOGUE (0: none,
// 1: alpha, 2: alpha and c).

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

const LANES: u32 = 2u * SIDE;
const TILE: u32 = 8u * SIDE;
const THREADS: u32 = SIDE * SIDE;

// SIDE steps of k by TILE rows or columns, four to a vector.
var<workgroup> a_tile: array<vec4<F>, LANES * SIDE>;
var<workgroup> b_tile: array<vec4<F>, LANES * SIDE>;

fn fetch_a(start: u32, row: u32, k: u32, end: u32) -> vec4<F> {
    var v = vec4<F>();
    if (k < end) {
        let at = start + row * p.a.z + k * p.a.w;
        let step = LANES * p.a.z;
        if (row < p.m) { v.x = load_a(at); }
        if (row + LANES < p.m) { v.y = load_a(at + step); }
        if (row + 2u * LANES < p.m) { v.z = load_a(at + 2u * step); }
        if (row + 3u * LANES < p.m) { v.w = load_a(at + 3u * step); }
    }
    return v;
}

fn fetch_b(start: u32, column: u32, k: u32, end: u32) -> vec4<F> {
    var v = vec4<F>();
    if (k < end) {
        let at = start + column * p.b.w + k * p.b.z;
        let step = LANES * p.b.w;
        if (column < p.n) { v.x = load_b(at); }
        if (column + LANES < p.n) { v.y = load_b(at + step); }
        if (column + 2u * LANES < p.n) { v.z = load_b(at + 2u * step); }
        if (column + 3u * LANES < p.n) { v.w = load_b(at + 3u * step); }
    }
    return v;
}

// Where the vector of step k and lane v lies: turned, so that writes along k meet distinct banks.
fn slot(k: u32, v: u32) -> u32 {
    return k * LANES + (v ^ (k & 7u));
}

fn put(row: u32, column: u32, v: F, y_at: u32, c_at: u32) {
    if (row >= p.m || column >= p.n) {
        return;
    }
    if (p.parts > 1u) {
        store_y(y_at + row * p.n + column, v);
        return;
    }
    var r = v;
    if (EPILOGUE > 0u) { r *= p.alpha; }
    if (EPILOGUE > 1u) { r += p.beta * load_c(c_at + row * p.c.z + column * p.c.w); }
    store_y(y_at + row * p.y.z + column * p.y.w, r);
}

fn put_row(row: u32, column: u32, left: vec4<F>, right: vec4<F>, y_at: u32, c_at: u32) {
    put(row, column, left.x, y_at, c_at);
    put(row, column + SIDE, right.x, y_at, c_at);
    put(row, column + LANES, left.y, y_at, c_at);
    put(row, column + LANES + SIDE, right.y, y_at, c_at);
    put(row, column + 2u * LANES, left.z, y_at, c_at);
    put(row, column + 2u * LANES + SIDE, right.z, y_at, c_at);
    put(row, column + 3u * LANES, left.w, y_at, c_at);
    put(row, column + 3u * LANES + SIDE, right.w, y_at, c_at);
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    let tx = t % SIDE;
    let ty = t / SIDE;
    // The two vectors of each operand that this thread fetches: step of k, lane.
    var a_k = vec2(t / LANES, t / LANES + SIDE / 2u);
    var a_v = vec2(t % LANES);
    if (A_ALONG_K) {
        a_k = vec2(t % SIDE);
        a_v = vec2(t / SIDE, t / SIDE + SIDE);
    }
    var b_k = vec2(t / LANES, t / LANES + SIDE / 2u);
    var b_v = vec2(t % LANES);
    if (B_ALONG_K) {
        b_k = vec2(t % SIDE);
        b_v = vec2(t / SIDE, t / SIDE + SIDE);
    }
    let across = (p.n + TILE - 1u) / TILE;
    let down = (p.m + TILE - 1u) / TILE;
    let units = across * down * p.batches * p.parts;
    for (var unit = group.x; unit < units; unit += count.x) {
        let column0 = unit % across * TILE;
        let row0 = unit / across % down * TILE;
        let slice = unit / (across * down);
        let part = slice % p.parts;
        let batch = slice / p.parts;
        let at = vec2(batch / p.inner, batch % p.inner);
        let a_at = p.a_offset + at.x * p.a.x + at.y * p.a.y;
        let b_at = p.b_offset + at.x * p.b.x + at.y * p.b.y;
        let c_at = p.c_offset + at.x * p.c.x + at.y * p.c.y;
        let y_at = p.y_offset + select(at.x * p.y.x + at.y * p.y.y, slice * p.m * p.n, p.parts > 1u);
        let start = part * p.part_k;
        let end = min(start + p.part_k, p.k);

        var y = array<vec4<F>, 16>();
        var next_a0 = fetch_a(a_at, row0 + a_v.x, start + a_k.x, end);
        var next_a1 = fetch_a(a_at, row0 + a_v.y, start + a_k.y, end);
        var next_b0 = fetch_b(b_at, column0 + b_v.x, start + b_k.x, end);
        var next_b1 = fetch_b(b_at, column0 + b_v.y, start + b_k.y, end);
        for (var k0 = start; k0 < end; k0 += SIDE) {
            workgroupBarrier();
            a_tile[slot(a_k.x, a_v.x)] = next_a0;
            a_tile[slot(a_k.y, a_v.y)] = next_a1;
            b_tile[slot(b_k.x, b_v.x)] = next_b0;
            b_tile[slot(b_k.y, b_v.y)] = next_b1;
            workgroupBarrier();
            // The next tile is on its way while this one is multiplied.
            let next = k0 + SIDE;
            next_a0 = fetch_a(a_at, row0 + a_v.x, next + a_k.x, end);
            next_a1 = fetch_a(a_at, row0 + a_v.y, next + a_k.y, end);
            next_b0 = fetch_b(b_at, column0 + b_v.x, next + b_k.x, end);
            next_b1 = fetch_b(b_at, column0 + b_v.y, next + b_k.y, end);
            for (var k = 0u; k < SIDE; k++) {
                let a0 = a_tile[slot(k, ty)];
                let a1 = a_tile[slot(k, ty + SIDE)];
                let b0 = b_tile[slot(k, tx)];
                let b1 = b_tile[slot(k, tx + SIDE)];
                y[0] = fma(a0.xxxx, b0, y[0]);
                y[1] = fma(a0.xxxx, b1, y[1]);
                y[2] = fma(a0.yyyy, b0, y[2]);
                y[3] = fma(a0.yyyy, b1, y[3]);
                y[4] = fma(a0.zzzz, b0, y[4]);
                y[5] = fma(a0.zzzz, b1, y[5]);
                y[6] = fma(a0.wwww, b0, y[6]);
                y[7] = fma(a0.wwww, b1, y[7]);
                y[8] = fma(a1.xxxx, b0, y[8]);
                y[9] = fma(a1.xxxx, b1, y[9]);
                y[10] = fma(a1.yyyy, b0, y[10]);
                y[11] = fma(a1.yyyy, b1, y[11]);
                y[12] = fma(a1.zzzz, b0, y[12]);
                y[13] = fma(a1.zzzz, b1, y[13]);
                y[14] = fma(a1.wwww, b0, y[14]);
                y[15] = fma(a1.wwww, b1, y[15]);
            }
        }
        let row = row0 + ty;
        let column = column0 + tx;
        put_row(row, column, y[0], y[1], y_at, c_at);
        put_row(row + LANES, column, y[2], y[3], y_at, c_at);
        put_row(row + 2u * LANES, column, y[4], y[5], y_at, c_at);
        put_row(row + 3u * LANES, column, y[6], y[7], y_at, c_at);
        put_row(row + SIDE, column, y[8], y[9], y_at, c_at);
        put_row(row + LANES + SIDE, column, y[10], y[11], y_at, c_at);
        put_row(row + 2u * LANES + SIDE, column, y[12], y[13], y_at, c_at);
        put_row(row + 3u * LANES + SIDE, column, y[14], y[15], y_at, c_at);
    }
}
