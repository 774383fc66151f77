// Marks with 1 each of n elements that differs from the one before it; nan differs from everything.
struct Params {
    x_offset: u32,
    y_offset: u32,
    n: u32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        var differs = false;
        if i > 0u {
            // Not `!=`, which is false of nan on many devices.
            let v = load_x(p.x_offset + i);
            differs = !(v == load_x(p.x_offset + i - 1u));
        }
        store_y(p.y_offset + i, Y(u32(differs)));
    }
}
