// Adds up the parts of a product whose sums were split: y = alpha (sum of x over its parts) + beta c.
//
// x is the memory (batch, part, m, n) that `matmul`, `matmul_plain` and `matmul_vector` leave; the parameters are theirs,
// b is not used and `a_offset` is that of x. Constants: EPILOGUE (0: none, 1: alpha, 2: alpha and c).

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

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    let plane = p.m * p.n;
    for (var i = id.x; i < p.batches * plane; i += count.x * 256u) {
        let batch = i / plane;
        let place = i % plane;
        let row = place / p.n;
        let column = place % p.n;
        var x_at = p.a_offset + batch * p.parts * plane + place;
        var sum = Y(0);
        for (var part = 0u; part < p.parts; part++) {
            sum += Y(load_x(x_at));
            x_at += plane;
        }
        let at = vec2(batch / p.inner, batch % p.inner);
        if (EPILOGUE > 0u) { sum *= Y(p.alpha); }
        if (EPILOGUE > 1u) {
            let c_at = p.c_offset + at.x * p.c.x + at.y * p.c.y + row * p.c.z + column * p.c.w;
            sum += Y(p.beta) * Y(load_c(c_at));
        }
        store_y(p.y_offset + at.x * p.y.x + at.y * p.y.y + row * p.y.z + column * p.y.w, sum);
    }
}
