// One of up to eight numbers, which lie in two vectors: what kernels that walk as many dims share.

fn pick(low: vec4<u32>, high: vec4<u32>, k: u32) -> u32 {
    return select(high[k & 3u], low[k & 3u], k < 4u);
}
