// Finds the gradient of attention's mask of numbers by blocks, summed over what the mask is broadcast along.
//
// Operands q, k, v, mask, gy, logs and delta as for `attention_query_grad`, and gm (part, batch, heads, rows, columns): a
// workgroup has a block of 64 rows and 32 columns. Along batch and heads gm has 1, where OVER_BATCH or OVER_HEADS says that
// the mask is broadcast; along queries (OVER_QUERIES) it has 64 and along keys (OVER_KEYS) 32, which are left to be summed.
// Uses the functions of `attention_tiles`.
// Uses the functions of `attention_gradients`.

fn put(at: u32, row: u32, rows: u32, column: u32, columns: u32, g: f32) {
    if (row < rows && column < columns) {
        store_gm(at + row * columns + column, g);
    }
}
fn put_row(at: u32, row: u32, rows: u32, column: u32, columns: u32, g: vec4<f32>) {
    put(at, row, rows, column, columns, g.x);
    put(at, row, rows, column + 8u, columns, g.y);
    put(at, row, rows, column + 16u, columns, g.z);
    put(at, row, rows, column + 24u, columns, g.w);
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    let tx = t % 8u;
    let ty = t / 8u;
    let query_blocks = (p.queries + ROWS - 1u) / ROWS;
    let key_blocks = (p.keys + COLUMNS - 1u) / COLUMNS;
    // What gm has, and what is summed, of batch, heads, blocks of queries and blocks of keys.
    let all = vec4(p.batch, p.heads, query_blocks, key_blocks);
    let over = vec4<bool>(OVER_BATCH, OVER_HEADS, OVER_QUERIES, OVER_KEYS);
    let kept = select(all, vec4(1u), over);
    let summed = select(vec4(1u), all, over);
    let rows = select(p.queries, ROWS, OVER_QUERIES);
    let columns = select(p.keys, COLUMNS, OVER_KEYS);
    for (var unit = group.x; unit < kept.x * kept.y * kept.z * kept.w; unit += count.x) {
        let own = vec4(
            unit / (kept.w * kept.z * kept.y),
            unit / (kept.w * kept.z) % kept.y,
            unit / kept.w % kept.z,
            unit % kept.w,
        );
        var sum = mat4x4<f32>();
        let end = min(summed.x * summed.y * summed.z * summed.w, (group.y + 1u) * p.part);
        for (var i = group.y * p.part; i < end; i++) {
            let b = own.x + i / (summed.w * summed.z * summed.y);
            let h = own.y + i / (summed.w * summed.z) % summed.y;
            let q0 = (own.z + i / summed.w % summed.z) * ROWS;
            let k0 = (own.w + i % summed.w) * COLUMNS;
            let q_at = p.q.w + b * p.q.x + h * p.q.y;
            let k_at = p.k.w + b * p.k.x + h / p.group * p.k.y;
            let v_at = p.v.w + b * p.v.x + h / p.group * p.v.y;
            let gy_at = p.gy.w + b * p.gy.x + h * p.gy.y;
            let mask_at = p.mask_offset + b * p.mask.x + h * p.mask.y;
            let bits_at = bits_of(b, h);
            let rows_at = (b * p.heads + h) * p.queries;
            let s = scores(q_at, k_at, q0, k0, t);
            let g = weight_gradients(gy_at, v_at, q0, k0, t);
            let row = q0 + ty;
            let key = k0 + tx;
            sum += mat4x4(
                score_gradients(s[0], g[0], of_row(rows_at, row), row, key, mask_at, bits_at),
                score_gradients(s[1], g[1], of_row(rows_at, row + 16u), row + 16u, key, mask_at, bits_at),
                score_gradients(s[2], g[2], of_row(rows_at, row + 32u), row + 32u, key, mask_at, bits_at),
                score_gradients(s[3], g[3], of_row(rows_at, row + 48u), row + 48u, key, mask_at, bits_at),
            );
        }
        let at = ((group.y * kept.x + own.x) * kept.y + own.y) * rows * columns;
        let row = own.z * ROWS + ty;
        let column = own.w * COLUMNS + tx;
        put_row(at, row, rows, column, columns, sum[0]);
        put_row(at, row + 16u, rows, column, columns, sum[1]);
        put_row(at, row + 32u, rows, column, columns, sum[2]);
        put_row(at, row + 48u, rows, column, columns, sum[3]);
    }
}
