// Tiles of queries, keys and values, their products and what a mask hides: what the kernels of attention share.

struct Params {
    batch: u32,
    heads: u32,
    queries: u32,
    keys: u32,
    // Columns of queries and keys, and of values.
    width: u32,
    values: u32,
    scale: f32,
    mask_offset: u32,
    // Steps of batch, heads and rows, and the offset; columns lie side by side.
    q: vec4<u32>,
    k: vec4<u32>,
    v: vec4<u32>,
    gy: vec4<u32>,
    // Steps of batch, heads, rows and columns.
    mask: vec4<u32>,
    // Heads of queries that share a head of keys and values.
    group: u32,
    // Blocks of COLUMNS that a workgroup goes over: the grid's y splits them into parts.
    part: u32,
    // What the weights that dropout keeps are multiplied by.
    kept: f32,
}

// Tiles of 64 rows by 32 columns, a thread 4 x 4 elements: the rows of lane v are v + 16 i, its columns v + 8 i.
const ROWS: u32 = 64u;
const COLUMNS: u32 = 32u;
const THREADS: u32 = 128u;
// Columns of the result that a workgroup makes, in vectors of four that lie LANES apart.
const LANES: u32 = 8u * WIDE;
const SLICE: u32 = 4u * LANES;

var<workgroup> row_chunk: array<vec4<f32>, 256>;
var<workgroup> column_chunk: array<vec4<f32>, 128>;
var<workgroup> tile: array<vec4<f32>, 512>;

// Where the rows of lane v at step k lie: turned, so that writes along k meet distinct banks.
fn slot(k: u32, v: u32) -> u32 {
    return k * 16u + (v ^ (k & 7u));
}
fn column_slot(k: u32, v: u32) -> u32 {
    return k * 8u + (v ^ (k & 7u));
}

fn add_outer(m: mat4x4<f32>, a: vec4<f32>, b: vec4<f32>) -> mat4x4<f32> {
    return mat4x4(
        fma(a.xxxx, b, m[0]),
        fma(a.yyyy, b, m[1]),
        fma(a.zzzz, b, m[2]),
        fma(a.wwww, b, m[3]),
    );
}

// Adds the products of 16 steps that both chunks hold.
fn multiply(m: mat4x4<f32>, tx: u32, ty: u32) -> mat4x4<f32> {
    var s = m;
    for (var k = 0u; k < 16u; k++) {
        s = add_outer(s, row_chunk[slot(k, ty)], column_chunk[column_slot(k, tx)]);
    }
    return s;
}

fn fetch_q(start: u32, row: u32, column: u32) -> f32 {
    if (row >= p.queries || column >= p.width) {
        return 0.0;
    }
    return load_q(start + row * p.q.z + column);
}
fn rows_of_q(start: u32, row: u32, column: u32, step: u32) -> vec4<f32> {
    return vec4(
        fetch_q(start, row, column),
        fetch_q(start, row + step, column),
        fetch_q(start, row + 2u * step, column),
        fetch_q(start, row + 3u * step, column),
    );
}

fn fetch_k(start: u32, row: u32, column: u32) -> f32 {
    if (row >= p.keys || column >= p.width) {
        return 0.0;
    }
    return load_k(start + row * p.k.z + column);
}
fn rows_of_k(start: u32, row: u32, column: u32, step: u32) -> vec4<f32> {
    return vec4(
        fetch_k(start, row, column),
        fetch_k(start, row + step, column),
        fetch_k(start, row + 2u * step, column),
        fetch_k(start, row + 3u * step, column),
    );
}

fn fetch_v(start: u32, row: u32, column: u32) -> f32 {
    if (row >= p.keys || column >= p.values) {
        return 0.0;
    }
    return load_v(start + row * p.v.z + column);
}

// The score as the softmax sees it: -inf where the query does not see the key, and only there, or where the mask says so. A
// mask's lowest finite number is a score as any: a row that has nothing else weighs all keys alike.
fn seen(score: f32, query: u32, key: u32, mask_at: u32) -> f32 {
    if (key >= p.keys || (CAUSAL && key > query)) {
        return -infinity();
    }
    let s = score * p.scale;
    if (MASK != 0u && query < p.queries) {
        let m = f32(load_mask(mask_at + query * p.mask.z + key * p.mask.w));
        if (MASK == 1u) {
            return select(-infinity(), s, m != 0.0);
        }
        return s + m;
    }
    return s;
}

// Products of 64 queries and 32 keys; in the column i of the matrix are those of the thread's query i.
fn scores(q_at: u32, k_at: u32, q0: u32, k0: u32, t: u32) -> mat4x4<f32> {
    var s = mat4x4<f32>();
    let k = t % 16u;
    let v = t / 16u;
    for (var c = 0u; c < p.width; c += 16u) {
        workgroupBarrier();
        row_chunk[slot(k, v)] = rows_of_q(q_at, q0 + v, c + k, 16u);
        row_chunk[slot(k, v + 8u)] = rows_of_q(q_at, q0 + v + 8u, c + k, 16u);
        column_chunk[column_slot(k, v)] = rows_of_k(k_at, k0 + v, c + k, 8u);
        workgroupBarrier();
        s = multiply(s, t % 8u, t / 8u);
    }
    return s;
}

// What dropout multiplies a weight by. `bits` has one for each weight, whole words for each query.
fn keeps(query: u32, key: u32, bits_at: u32) -> f32 {
    if (!DROPOUT || query >= p.queries || key >= p.keys) {
        return 1.0;
    }
    let word = u32(load_bits(bits_at + query * ((p.keys + 31u) / 32u) + key / 32u));
    return select(0.0, p.kept, ((word >> (key % 32u)) & 1u) != 0u);
}
// Of one query and the thread's four keys.
fn keeps_keys(query: u32, key: u32, bits_at: u32) -> vec4<f32> {
    return vec4(
        keeps(query, key, bits_at),
        keeps(query, key + 8u, bits_at),
        keeps(query, key + 16u, bits_at),
        keeps(query, key + 24u, bits_at),
    );
}
fn bits_of(b: u32, h: u32) -> u32 {
    return (b * p.heads + h) * p.queries * ((p.keys + 31u) / 32u);
}

// Adds the product of the tile's rows and 8 rows of the chunk, a slice wide.
fn accumulate(
    rows: u32,
    tx: u32,
    ty: u32,
    y0: ptr<function, mat4x4<f32>>,
    y1: ptr<function, mat4x4<f32>>,
    y2: ptr<function, mat4x4<f32>>,
    y3: ptr<function, mat4x4<f32>>,
) {
    for (var k = 0u; k < 8u; k++) {
        let w = tile[slot(rows + k, ty)];
        let at = k * LANES + tx;
        *y0 = add_outer(*y0, w, row_chunk[at]);
        if (WIDE > 1u) { *y1 = add_outer(*y1, w, row_chunk[at + 8u]); }
        if (WIDE > 2u) {
            *y2 = add_outer(*y2, w, row_chunk[at + 16u]);
            *y3 = add_outer(*y3, w, row_chunk[at + 24u]);
        }
    }
}
