// Attends by blocks of queries and keys, without a matrix of scores: y = softmax(scale q k^T, masked) v, and its logarithms.
//
// Operands q, k, v (batch, heads, rows, columns), mask, y (batch, queries, heads, values, contiguous) and logs (batch, heads,
// queries): the logarithms of the sums of exponentials, -inf where a query sees no key, and y is then 0. A running maximum and
// sum per query rescale what was summed before. Values wider than a slice are made slice by slice, each with its own scores.
//
// The grid's y splits the keys into parts; then y is that of each part, one part after the other, and logs has the maxima of
// all parts and after them their sums, which `attention_join` joins. Constants: WIDE (1, 2 or 4: slices of 32 WIDE values), CAUSAL (query i sees keys up to i), MASK (0:
// none, 1: true where a key is seen, 2: added to the scores), DROPOUT (the operand `bits` says which weights are kept).
// Uses the functions of `attention_tiles`.

var<workgroup> shared_rows: array<vec4<f32>, 128>;

fn columns_of_v(start: u32, row: u32, column: u32) -> vec4<f32> {
    return vec4(
        fetch_v(start, row, column),
        fetch_v(start, row, column + LANES),
        fetch_v(start, row, column + 2u * LANES),
        fetch_v(start, row, column + 3u * LANES),
    );
}

// Columns of one result row: those of a vector lie LANES apart.
fn put_y(start: u32, row: u32, column: u32, v: vec4<f32>) {
    if (row >= p.queries) {
        return;
    }
    let at = start + row * p.heads * p.values;
    if (column < p.values) { store_y(at + column, v.x); }
    if (column + LANES < p.values) { store_y(at + column + LANES, v.y); }
    if (column + 2u * LANES < p.values) { store_y(at + column + 2u * LANES, v.z); }
    if (column + 3u * LANES < p.values) { store_y(at + column + 3u * LANES, v.w); }
}
fn put_rows_y(start: u32, row: u32, column: u32, y: mat4x4<f32>) {
    put_y(start, row, column, y[0]);
    put_y(start, row + 16u, column, y[1]);
    put_y(start, row + 32u, column, y[2]);
    put_y(start, row + 48u, column, y[3]);
}

fn put_logs(at: u32, row: u32, v: vec4<f32>) {
    if (row < p.queries) { store_logs(at, v.x); }
    if (row + 16u < p.queries) { store_logs(at + 16u, v.y); }
    if (row + 32u < p.queries) { store_logs(at + 32u, v.z); }
    if (row + 48u < p.queries) { store_logs(at + 48u, v.w); }
}

// The sum or the maximum of a row's shares, which 8 threads have.
fn total_of(v: vec4<f32>, tx: u32, ty: u32) -> vec4<f32> {
    workgroupBarrier();
    shared_rows[tx * 16u + ty] = v;
    workgroupBarrier();
    var total = vec4<f32>();
    for (var i = 0u; i < 8u; i++) {
        total += shared_rows[i * 16u + ty];
    }
    return total;
}
fn largest_of(v: vec4<f32>, tx: u32, ty: u32) -> vec4<f32> {
    workgroupBarrier();
    shared_rows[tx * 16u + ty] = v;
    workgroupBarrier();
    var largest = vec4(-infinity());
    for (var i = 0u; i < 8u; i++) {
        largest = max(largest, shared_rows[i * 16u + ty]);
    }
    return largest;
}

fn largest_element(v: vec4<f32>) -> f32 {
    return max(max(v.x, v.y), max(v.z, v.w));
}
fn weigh(s: vec4<f32>, top: f32) -> vec4<f32> {
    return select(exp(s - top), vec4<f32>(), s < vec4(LOWEST));
}
fn scale_rows(y: mat4x4<f32>, by: vec4<f32>) -> mat4x4<f32> {
    return mat4x4(y[0] * by.x, y[1] * by.y, y[2] * by.z, y[3] * by.w);
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
    let slices = (p.values + SLICE - 1u) / SLICE;
    for (var unit = group.x; unit < blocks * slices * p.heads * p.batch; unit += count.x) {
        // Blocks late in the sequence see most keys and go first.
        let q0 = (blocks - 1u - unit % blocks) * ROWS;
        let slice = unit / blocks % slices * SLICE;
        let h = unit / (blocks * slices) % p.heads;
        let b = unit / (blocks * slices * p.heads);
        let q_at = p.q.w + b * p.q.x + h * p.q.y;
        let k_at = p.k.w + b * p.k.x + h / p.group * p.k.y;
        let v_at = p.v.w + b * p.v.x + h / p.group * p.v.y;
        let mask_at = p.mask_offset + b * p.mask.x + h * p.mask.y;
        let bits_at = bits_of(b, h);
        let y_at = ((group.y * p.batch + b) * p.queries * p.heads + h) * p.values;
        let start = group.y * p.part * COLUMNS;
        let end = min(select(p.keys, min(p.keys, q0 + ROWS), CAUSAL), start + p.part * COLUMNS);
        let row = q0 + ty;

        var y0 = mat4x4<f32>();
        var y1 = mat4x4<f32>();
        var y2 = mat4x4<f32>();
        var y3 = mat4x4<f32>();
        var top = vec4(-infinity());
        // This thread's share of the sums.
        var sum = vec4<f32>();
        for (var k0 = start; k0 < end; k0 += COLUMNS) {
            var s = scores(q_at, k_at, q0, k0, t);
            let key = k0 + tx;
            s[0] = vec4(
                seen(s[0].x, row, key, mask_at),
                seen(s[0].y, row, key + 8u, mask_at),
                seen(s[0].z, row, key + 16u, mask_at),
                seen(s[0].w, row, key + 24u, mask_at),
            );
            s[1] = vec4(
                seen(s[1].x, row + 16u, key, mask_at),
                seen(s[1].y, row + 16u, key + 8u, mask_at),
                seen(s[1].z, row + 16u, key + 16u, mask_at),
                seen(s[1].w, row + 16u, key + 24u, mask_at),
            );
            s[2] = vec4(
                seen(s[2].x, row + 32u, key, mask_at),
                seen(s[2].y, row + 32u, key + 8u, mask_at),
                seen(s[2].z, row + 32u, key + 16u, mask_at),
                seen(s[2].w, row + 32u, key + 24u, mask_at),
            );
            s[3] = vec4(
                seen(s[3].x, row + 48u, key, mask_at),
                seen(s[3].y, row + 48u, key + 8u, mask_at),
                seen(s[3].z, row + 48u, key + 16u, mask_at),
                seen(s[3].w, row + 48u, key + 24u, mask_at),
            );
            let block_top = vec4(largest_element(s[0]), largest_element(s[1]), largest_element(s[2]), largest_element(s[3]));
            let new_top = max(top, largest_of(block_top, tx, ty));
            let shrink = select(exp(top - new_top), vec4<f32>(), top < vec4(LOWEST));
            top = new_top;
            s = mat4x4(weigh(s[0], top.x), weigh(s[1], top.y), weigh(s[2], top.z), weigh(s[3], top.w));
            sum = sum * shrink + vec4<f32>(1.0) * s;
            if (DROPOUT) {
                s = mat4x4(
                    s[0] * keeps_keys(row, key, bits_at),
                    s[1] * keeps_keys(row + 16u, key, bits_at),
                    s[2] * keeps_keys(row + 32u, key, bits_at),
                    s[3] * keeps_keys(row + 48u, key, bits_at),
                );
            }
            tile[slot(tx + 0u, ty)] = vec4(s[0].x, s[1].x, s[2].x, s[3].x);
            tile[slot(tx + 8u, ty)] = vec4(s[0].y, s[1].y, s[2].y, s[3].y);
            tile[slot(tx + 16u, ty)] = vec4(s[0].z, s[1].z, s[2].z, s[3].z);
            tile[slot(tx + 24u, ty)] = vec4(s[0].w, s[1].w, s[2].w, s[3].w);
            y0 = scale_rows(y0, shrink);
            if (WIDE > 1u) { y1 = scale_rows(y1, shrink); }
            if (WIDE > 2u) {
                y2 = scale_rows(y2, shrink);
                y3 = scale_rows(y3, shrink);
            }
            for (var c = 0u; c < COLUMNS; c += 8u) {
                workgroupBarrier();
                for (var f = t; f < 8u * LANES; f += THREADS) {
                    row_chunk[f] = columns_of_v(v_at, k0 + c + f / LANES, slice + f % LANES);
                }
                workgroupBarrier();
                accumulate(c, tx, ty, &y0, &y1, &y2, &y3);
            }
        }
        let total = total_of(sum, tx, ty);
        let inverse = select(1.0 / total, vec4<f32>(), total == vec4<f32>());
        y0 = scale_rows(y0, inverse);
        if (WIDE > 1u) { y1 = scale_rows(y1, inverse); }
        if (WIDE > 2u) {
            y2 = scale_rows(y2, inverse);
            y3 = scale_rows(y3, inverse);
        }
        put_rows_y(y_at, q0 + ty, slice + tx, y0);
        if (WIDE > 1u) { put_rows_y(y_at, q0 + ty, slice + tx + 8u, y1); }
        if (WIDE > 2u) {
            put_rows_y(y_at, q0 + ty, slice + tx + 16u, y2);
            put_rows_y(y_at, q0 + ty, slice + tx + 24u, y3);
        }
        if (slice == 0u && tx == 0u) {
            let logs_at = ((group.y * p.batch + b) * p.heads + h) * p.queries + row;
            if (count.y == 1u) {
                put_logs(logs_at, row, select(top + log(total), vec4(-infinity()), total == vec4<f32>()));
            } else {
                put_logs(logs_at, row, top);
                put_logs(logs_at + count.y * p.batch * p.heads * p.queries, row, total);
            }
        }
    }
}
