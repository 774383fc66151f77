// Finds the gradient of attention's queries by blocks, making the weights again from the logarithms of their sums.
//
// Operands q, k, v, mask as for `attention`, gy (the gradient of y: batch, heads, queries, values), logs, delta (the sums of
// gy y over each row: batch, heads, queries) and gq (batch, queries, heads, width, contiguous). A workgroup has 64 queries and
// goes over the keys; the results of parts stand one after the other, to be summed. Constants as for `attention`; slices are
// of the queries' width.
// Uses the functions of `attention_tiles`.
// Uses the functions of `attention_gradients`.

fn columns_of_k(start: u32, row: u32, column: u32) -> vec4<f32> {
    return vec4(
        fetch_k(start, row, column),
        fetch_k(start, row, column + LANES),
        fetch_k(start, row, column + 2u * LANES),
        fetch_k(start, row, column + 3u * LANES),
    );
}
// Columns of one result row: those of a vector lie LANES apart.
fn put_gq(start: u32, row: u32, column: u32, v: vec4<f32>) {
    if (row >= p.queries) {
        return;
    }
    let at = start + row * p.heads * p.width;
    if (column < p.width) { store_gq(at + column, v.x); }
    if (column + LANES < p.width) { store_gq(at + column + LANES, v.y); }
    if (column + 2u * LANES < p.width) { store_gq(at + column + 2u * LANES, v.z); }
    if (column + 3u * LANES < p.width) { store_gq(at + column + 3u * LANES, v.w); }
}
fn put_rows_gq(start: u32, row: u32, column: u32, y: mat4x4<f32>) {
    put_gq(start, row, column, y[0]);
    put_gq(start, row + 16u, column, y[1]);
    put_gq(start, row + 32u, column, y[2]);
    put_gq(start, row + 48u, column, y[3]);
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    let tx = t % 8u;
    let ty = t / 8u;
    let blocks = (p.queries + ROWS - 1u) / ROWS;
    let slices = (p.width + SLICE - 1u) / SLICE;
    for (var unit = group.x; unit < blocks * slices * p.heads * p.batch; unit += count.x) {
        // Blocks late in the sequence see most keys and go first.
        let q0 = (blocks - 1u - unit % blocks) * ROWS;
        let slice = unit / blocks % slices * SLICE;
        let h = unit / (blocks * slices) % p.heads;
        let b = unit / (blocks * slices * p.heads);
        let q_at = p.q.w + b * p.q.x + h * p.q.y;
        let k_at = p.k.w + b * p.k.x + h / p.group * p.k.y;
        let v_at = p.v.w + b * p.v.x + h / p.group * p.v.y;
        let gy_at = p.gy.w + b * p.gy.x + h * p.gy.y;
        let mask_at = p.mask_offset + b * p.mask.x + h * p.mask.y;
        let bits_at = bits_of(b, h);
        let gq_at = ((group.y * p.batch + b) * p.queries * p.heads + h) * p.width;
        let row = q0 + ty;
        let rows_at = (b * p.heads + h) * p.queries;
        let row0 = of_row(rows_at, row);
        let row1 = of_row(rows_at, row + 16u);
        let row2 = of_row(rows_at, row + 32u);
        let row3 = of_row(rows_at, row + 48u);
        let start = group.y * p.part * COLUMNS;
        let end = min(select(p.keys, min(p.keys, q0 + ROWS), CAUSAL), start + p.part * COLUMNS);

        var y0 = mat4x4<f32>();
        var y1 = mat4x4<f32>();
        var y2 = mat4x4<f32>();
        var y3 = mat4x4<f32>();
        for (var k0 = start; k0 < end; k0 += COLUMNS) {
            let s = scores(q_at, k_at, q0, k0, t);
            let g = weight_gradients(gy_at, v_at, q0, k0, t);
            let key = k0 + tx;
            let gs = mat4x4(
                score_gradients(s[0], g[0], row0, row, key, mask_at, bits_at) * p.scale,
                score_gradients(s[1], g[1], row1, row + 16u, key, mask_at, bits_at) * p.scale,
                score_gradients(s[2], g[2], row2, row + 32u, key, mask_at, bits_at) * p.scale,
                score_gradients(s[3], g[3], row3, row + 48u, key, mask_at, bits_at) * p.scale,
            );
            tile[slot(tx + 0u, ty)] = vec4(gs[0].x, gs[1].x, gs[2].x, gs[3].x);
            tile[slot(tx + 8u, ty)] = vec4(gs[0].y, gs[1].y, gs[2].y, gs[3].y);
            tile[slot(tx + 16u, ty)] = vec4(gs[0].z, gs[1].z, gs[2].z, gs[3].z);
            tile[slot(tx + 24u, ty)] = vec4(gs[0].w, gs[1].w, gs[2].w, gs[3].w);
            for (var c = 0u; c < COLUMNS; c += 8u) {
                workgroupBarrier();
                for (var f = t; f < 8u * LANES; f += THREADS) {
                    row_chunk[f] = columns_of_k(k_at, k0 + c + f / LANES, slice + f % LANES);
                }
                workgroupBarrier();
                accumulate(c, tx, ty, &y0, &y1, &y2, &y3);
            }
        }
        put_rows_gq(gq_at, q0 + ty, slice + tx, y0);
        if (WIDE > 1u) { put_rows_gq(gq_at, q0 + ty, slice + tx + 8u, y1); }
        if (WIDE > 2u) {
            put_rows_gq(gq_at, q0 + ty, slice + tx + 16u, y2);
            put_rows_gq(gq_at, q0 + ty, slice + tx + 24u, y3);
        }
    }
}
