// One expression for each of four neighbouring elements, which a thread loads and stores together: `values(w)` is made
// for the op and its layouts by `src/gpu/pointwise.rs`.
// Elements may be complex.
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var w = id.x; w < (p.n + 3u) / 4u; w += count.x * 256u) {
        store4_y(p.y_offset / 4u + w, values(w));
    }
}
