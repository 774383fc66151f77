// Copies matrices' lower (LOWER) or upper triangles, with zeros elsewhere.
//
// `x` is walked in RANK dims, of which the last two are a matrix's; `y` is written contiguously. `diagonal` shifts the edge.
// Elements may be complex.
// Uses the functions of `eight`.
struct Params {
    shape_low: vec4<u32>,
    shape_high: vec4<u32>,
    x_low: vec4<u32>,
    x_high: vec4<u32>,
    n: u32,
    diagonal: i32,
    x_offset: u32,
    y_offset: u32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        var rest = i;
        var x = p.x_offset;
        var row = 0;
        var column = 0;
        for (var d = RANK; d > 0u; d--) {
            let k = d - 1u;
            let size = pick(p.shape_low, p.shape_high, k);
            let c = rest % size;
            rest /= size;
            x += c * pick(p.x_low, p.x_high, k);
            if d == RANK {
                column = i32(c);
            } else if d == RANK - 1u {
                row = i32(c);
            }
        }
        // As a difference: a diagonal may lie at the ends of i32.
        let right = column - row;
        var y = Y(0);
        if select(right >= p.diagonal, right <= p.diagonal, LOWER) {
            y = Y(load_x(x));
        }
        store_y(p.y_offset + i, y);
    }
}
