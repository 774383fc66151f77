// One expression per element: `value(i)` and `place(i)` are made for the op and its layouts by `src/gpu/pointwise.rs`.
// Elements may be complex.
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        store_y(place(i), value(i));
    }
}
