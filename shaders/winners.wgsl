// Takes out of a list (of `offsets`) the entries that are not the last of their place: at = -1 where `owner` is another.
struct Params {
    n: u32,
    at_offset: u32,
    owner_offset: u32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        let at = load_at(p.at_offset + i);
        if at >= 0 && u32(load_owner(p.owner_offset + u32(at))) != i + 1u {
            store_at(p.at_offset + i, -1);
        }
    }
}
