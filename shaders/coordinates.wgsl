// Turns a list of places in a contiguous tensor into coordinates: one column per dim, each of `n` numbers.
// Uses the functions of `eight`.
struct Params {
    shape_low: vec4<u32>,
    shape_high: vec4<u32>,
    n: u32,
    at_offset: u32,
    column_offset: u32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        var rest = u32(load_at(p.at_offset + i));
        for (var d = RANK; d > 0u; d--) {
            let size = pick(p.shape_low, p.shape_high, d - 1u);
            store_column(p.column_offset + (d - 1u) * p.n + i, Column(rest % size));
            rest /= size;
        }
    }
}
