// Gradients of weights and scores from those of results: what the kernels of attention's gradients share.

fn rows_of_v(start: u32, row: u32, column: u32, step: u32) -> vec4<f32> {
    return vec4(
        fetch_v(start, row, column),
        fetch_v(start, row + step, column),
        fetch_v(start, row + 2u * step, column),
        fetch_v(start, row + 3u * step, column),
    );
}

fn fetch_gy(start: u32, row: u32, column: u32) -> f32 {
    if (row >= p.queries || column >= p.values) {
        return 0.0;
    }
    return load_gy(start + row * p.gy.z + column);
}

fn rows_of_gy(start: u32, row: u32, column: u32, step: u32) -> vec4<f32> {
    return vec4(
        fetch_gy(start, row, column),
        fetch_gy(start, row + step, column),
        fetch_gy(start, row + 2u * step, column),
        fetch_gy(start, row + 3u * step, column),
    );
}

// Products of the gradients of 64 results and 32 values, in the same order.
fn weight_gradients(gy_at: u32, v_at: u32, q0: u32, k0: u32, t: u32) -> mat4x4<f32> {
    var s = mat4x4<f32>();
    let k = t % 16u;
    let v = t / 16u;
    for (var c = 0u; c < p.values; c += 16u) {
        workgroupBarrier();
        row_chunk[slot(k, v)] = rows_of_gy(gy_at, q0 + v, c + k, 16u);
        row_chunk[slot(k, v + 8u)] = rows_of_gy(gy_at, q0 + v + 8u, c + k, 16u);
        column_chunk[column_slot(k, v)] = rows_of_v(v_at, k0 + v, c + k, 8u);
        workgroupBarrier();
        s = multiply(s, t % 8u, t / 8u);
    }
    return s;
}

// The weight of a score again, by the logarithm of its row's sum; 0 where it was not seen.
fn weight_of(score: f32, log: f32, query: u32, key: u32, mask_at: u32) -> f32 {
    let s = seen(score, query, key, mask_at);
    if (query >= p.queries || s < LOWEST) {
        return 0.0;
    }
    return exp(s - log);
}

// The logarithm and the delta of a query.
fn of_row(at: u32, row: u32) -> vec2<f32> {
    if (row >= p.queries) {
        return vec2<f32>();
    }
    return vec2(load_logs(at + row), load_delta(at + row));
}

// The gradients of scores, masked and scaled, of one query and the thread's four keys, from those of the weights.
fn score_gradients(
    s: vec4<f32>,
    g: vec4<f32>,
    row: vec2<f32>,
    query: u32,
    key: u32,
    mask_at: u32,
    bits_at: u32,
) -> vec4<f32> {
    let weights = vec4(
        weight_of(s.x, row.x, query, key, mask_at),
        weight_of(s.y, row.x, query, key + 8u, mask_at),
        weight_of(s.z, row.x, query, key + 16u, mask_at),
        weight_of(s.w, row.x, query, key + 24u, mask_at),
    );
    return weights * (g * keeps_keys(query, key, bits_at) - row.y);
}
