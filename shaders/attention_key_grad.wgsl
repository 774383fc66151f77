// Finds the gradients of attention's keys and values by blocks, making the weights again from the logarithms of their sums.
//
// Operands q, k, v, mask as for `attention`, gy (the gradient of y: batch, heads, queries, values), logs, delta (the sums of
// gy y over each row: batch, heads, queries), gk (batch, keys, heads, width) and gv (batch, keys, heads, values), contiguous. A
// workgroup has 64 keys and goes over the queries of all heads that share them; the results of parts stand one after the other,
// to be summed. Constants as for `attention`; slices are of the wider of both results.
// Uses the functions of `attention_tiles`.
// Uses the functions of `attention_gradients`.

fn columns_of_q(start: u32, row: u32, column: u32) -> vec4<f32> {
    return vec4(
        fetch_q(start, row, column),
        fetch_q(start, row, column + LANES),
        fetch_q(start, row, column + 2u * LANES),
        fetch_q(start, row, column + 3u * LANES),
    );
}
fn columns_of_gy(start: u32, row: u32, column: u32) -> vec4<f32> {
    return vec4(
        fetch_gy(start, row, column),
        fetch_gy(start, row, column + LANES),
        fetch_gy(start, row, column + 2u * LANES),
        fetch_gy(start, row, column + 3u * LANES),
    );
}

// Products of 64 keys and 32 queries; in the column i of the matrix are those of the thread's key i.
fn scores_of_keys(k_at: u32, q_at: u32, k0: u32, q0: u32, t: u32) -> mat4x4<f32> {
    var s = mat4x4<f32>();
    let k = t % 16u;
    let v = t / 16u;
    for (var c = 0u; c < p.width; c += 16u) {
        workgroupBarrier();
        row_chunk[slot(k, v)] = rows_of_k(k_at, k0 + v, c + k, 16u);
        row_chunk[slot(k, v + 8u)] = rows_of_k(k_at, k0 + v + 8u, c + k, 16u);
        column_chunk[column_slot(k, v)] = rows_of_q(q_at, q0 + v, c + k, 8u);
        workgroupBarrier();
        s = multiply(s, t % 8u, t / 8u);
    }
    return s;
}

// Products of 64 values and the gradients of 32 results, in the same order.
fn weight_gradients_of_keys(v_at: u32, gy_at: u32, k0: u32, q0: u32, t: u32) -> mat4x4<f32> {
    var s = mat4x4<f32>();
    let k = t % 16u;
    let v = t / 16u;
    for (var c = 0u; c < p.values; c += 16u) {
        workgroupBarrier();
        row_chunk[slot(k, v)] = rows_of_v(v_at, k0 + v, c + k, 16u);
        row_chunk[slot(k, v + 8u)] = rows_of_v(v_at, k0 + v + 8u, c + k, 16u);
        column_chunk[column_slot(k, v)] = rows_of_gy(gy_at, q0 + v, c + k, 8u);
        workgroupBarrier();
        s = multiply(s, t % 8u, t / 8u);
    }
    return s;
}

// Columns of one result row: those of a vector lie LANES apart.
fn put_gk(start: u32, row: u32, column: u32, v: vec4<f32>) {
    if (row >= p.keys) {
        return;
    }
    let at = start + row * (p.heads / p.group) * p.width;
    if (column < p.width) { store_gk(at + column, v.x); }
    if (column + LANES < p.width) { store_gk(at + column + LANES, v.y); }
    if (column + 2u * LANES < p.width) { store_gk(at + column + 2u * LANES, v.z); }
    if (column + 3u * LANES < p.width) { store_gk(at + column + 3u * LANES, v.w); }
}
fn put_rows_gk(start: u32, row: u32, column: u32, y: mat4x4<f32>) {
    put_gk(start, row, column, y[0]);
    put_gk(start, row + 16u, column, y[1]);
    put_gk(start, row + 32u, column, y[2]);
    put_gk(start, row + 48u, column, y[3]);
}

// Columns of one result row: those of a vector lie LANES apart.
fn put_gv(start: u32, row: u32, column: u32, v: vec4<f32>) {
    if (row >= p.keys) {
        return;
    }
    let at = start + row * (p.heads / p.group) * p.values;
    if (column < p.values) { store_gv(at + column, v.x); }
    if (column + LANES < p.values) { store_gv(at + column + LANES, v.y); }
    if (column + 2u * LANES < p.values) { store_gv(at + column + 2u * LANES, v.z); }
    if (column + 3u * LANES < p.values) { store_gv(at + column + 3u * LANES, v.w); }
}
fn put_rows_gv(start: u32, row: u32, column: u32, y: mat4x4<f32>) {
    put_gv(start, row, column, y[0]);
    put_gv(start, row + 16u, column, y[1]);
    put_gv(start, row + 32u, column, y[2]);
    put_gv(start, row + 48u, column, y[3]);
}

// The logarithms and deltas of the thread's four queries.
fn of_queries(at: u32, query: u32) -> mat2x4<f32> {
    var m = mat2x4<f32>();
    if (query < p.queries) {
        m[0].x = load_logs(at + query);
        m[1].x = load_delta(at + query);
    }
    if (query + 8u < p.queries) {
        m[0].y = load_logs(at + query + 8u);
        m[1].y = load_delta(at + query + 8u);
    }
    if (query + 16u < p.queries) {
        m[0].z = load_logs(at + query + 16u);
        m[1].z = load_delta(at + query + 16u);
    }
    if (query + 24u < p.queries) {
        m[0].w = load_logs(at + query + 24u);
        m[1].w = load_delta(at + query + 24u);
    }
    return m;
}

fn weights_of(s: vec4<f32>, logs: vec4<f32>, query: u32, key: u32, mask_at: u32) -> vec4<f32> {
    return vec4(
        weight_of(s.x, logs.x, query, key, mask_at),
        weight_of(s.y, logs.y, query + 8u, key, mask_at),
        weight_of(s.z, logs.z, query + 16u, key, mask_at),
        weight_of(s.w, logs.w, query + 24u, key, mask_at),
    );
}

// Of the thread's four queries and one key.
fn keeps_queries(query: u32, key: u32, bits_at: u32) -> vec4<f32> {
    return vec4(
        keeps(query, key, bits_at),
        keeps(query + 8u, key, bits_at),
        keeps(query + 16u, key, bits_at),
        keeps(query + 24u, key, bits_at),
    );
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    let tx = t % 8u;
    let ty = t / 8u;
    let blocks = (p.keys + ROWS - 1u) / ROWS;
    let slices = (max(p.width, p.values) + SLICE - 1u) / SLICE;
    let key_heads = p.heads / p.group;
    let query_blocks = (p.queries + COLUMNS - 1u) / COLUMNS;
    for (var unit = group.x; unit < blocks * slices * key_heads * p.batch; unit += count.x) {
        let k0 = unit % blocks * ROWS;
        let slice = unit / blocks % slices * SLICE;
        let key_head = unit / (blocks * slices) % key_heads;
        let b = unit / (blocks * slices * key_heads);
        let k_at = p.k.w + b * p.k.x + key_head * p.k.y;
        let v_at = p.v.w + b * p.v.x + key_head * p.v.y;
        let at = (group.y * p.batch + b) * p.keys * key_heads + key_head;
        let gk_at = at * p.width;
        let gv_at = at * p.values;
        let key = k0 + ty;

        var k_y0 = mat4x4<f32>();
        var k_y1 = mat4x4<f32>();
        var k_y2 = mat4x4<f32>();
        var k_y3 = mat4x4<f32>();
        var v_y0 = mat4x4<f32>();
        var v_y1 = mat4x4<f32>();
        var v_y2 = mat4x4<f32>();
        var v_y3 = mat4x4<f32>();
        let end = min(p.group * query_blocks, (group.y + 1u) * p.part);
        for (var i = group.y * p.part; i < end; i++) {
            let h = key_head * p.group + i / query_blocks;
            let q0 = i % query_blocks * COLUMNS;
            if (CAUSAL && q0 + COLUMNS <= k0) {
                // Queries before the first key do not see the block.
                continue;
            }
            let q_at = p.q.w + b * p.q.x + h * p.q.y;
            let gy_at = p.gy.w + b * p.gy.x + h * p.gy.y;
            let mask_at = p.mask_offset + b * p.mask.x + h * p.mask.y;
            let bits_at = bits_of(b, h);
            let rows_at = (b * p.heads + h) * p.queries;
            let s = scores_of_keys(k_at, q_at, k0, q0, t);
            let query = q0 + tx;
            let rows = of_queries(rows_at, query);
            let w = mat4x4(
                weights_of(s[0], rows[0], query, key, mask_at),
                weights_of(s[1], rows[0], query, key + 16u, mask_at),
                weights_of(s[2], rows[0], query, key + 32u, mask_at),
                weights_of(s[3], rows[0], query, key + 48u, mask_at),
            );
            let kept = mat4x4(
                keeps_queries(query, key, bits_at),
                keeps_queries(query, key + 16u, bits_at),
                keeps_queries(query, key + 32u, bits_at),
                keeps_queries(query, key + 48u, bits_at),
            );
            let d = mat4x4(w[0] * kept[0], w[1] * kept[1], w[2] * kept[2], w[3] * kept[3]);
            tile[slot(tx + 0u, ty)] = vec4(d[0].x, d[1].x, d[2].x, d[3].x);
            tile[slot(tx + 8u, ty)] = vec4(d[0].y, d[1].y, d[2].y, d[3].y);
            tile[slot(tx + 16u, ty)] = vec4(d[0].z, d[1].z, d[2].z, d[3].z);
            tile[slot(tx + 24u, ty)] = vec4(d[0].w, d[1].w, d[2].w, d[3].w);
            for (var c = 0u; c < COLUMNS; c += 8u) {
                workgroupBarrier();
                for (var f = t; f < 8u * LANES; f += THREADS) {
                    row_chunk[f] = columns_of_gy(gy_at, q0 + c + f / LANES, slice + f % LANES);
                }
                workgroupBarrier();
                accumulate(c, tx, ty, &v_y0, &v_y1, &v_y2, &v_y3);
            }
            let g = weight_gradients_of_keys(v_at, gy_at, k0, q0, t);
            let gs = mat4x4(
                w[0] * (g[0] * kept[0] - rows[1]) * p.scale,
                w[1] * (g[1] * kept[1] - rows[1]) * p.scale,
                w[2] * (g[2] * kept[2] - rows[1]) * p.scale,
                w[3] * (g[3] * kept[3] - rows[1]) * p.scale,
            );
            tile[slot(tx + 0u, ty)] = vec4(gs[0].x, gs[1].x, gs[2].x, gs[3].x);
            tile[slot(tx + 8u, ty)] = vec4(gs[0].y, gs[1].y, gs[2].y, gs[3].y);
            tile[slot(tx + 16u, ty)] = vec4(gs[0].z, gs[1].z, gs[2].z, gs[3].z);
            tile[slot(tx + 24u, ty)] = vec4(gs[0].w, gs[1].w, gs[2].w, gs[3].w);
            for (var c = 0u; c < COLUMNS; c += 8u) {
                workgroupBarrier();
                for (var f = t; f < 8u * LANES; f += THREADS) {
                    row_chunk[f] = columns_of_q(q_at, q0 + c + f / LANES, slice + f % LANES);
                }
                workgroupBarrier();
                accumulate(c, tx, ty, &k_y0, &k_y1, &k_y2, &k_y3);
            }
        }
        put_rows_gk(gk_at, k0 + ty, slice + tx, k_y0);
        if (WIDE > 1u) { put_rows_gk(gk_at, k0 + ty, slice + tx + 8u, k_y1); }
        if (WIDE > 2u) {
            put_rows_gk(gk_at, k0 + ty, slice + tx + 16u, k_y2);
            put_rows_gk(gk_at, k0 + ty, slice + tx + 24u, k_y3);
        }
        put_rows_gv(gv_at, k0 + ty, slice + tx, v_y0);
        if (WIDE > 1u) { put_rows_gv(gv_at, k0 + ty, slice + tx + 8u, v_y1); }
        if (WIDE > 2u) {
            put_rows_gv(gv_at, k0 + ty, slice + tx + 16u, v_y2);
            put_rows_gv(gv_at, k0 + ty, slice + tx + 24u, v_y3);
        }
    }
}
