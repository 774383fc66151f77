// Notes for each place of a list (of `offsets`) the last entry that names it, counted from one: owner = max(owner, i + 1).
//
// `owner`, in memory asked for as atomic, has a zero for each place. Together with `winners` this makes a list in which no
// place comes twice, so that of several writes to one place the last stays.
struct Params {
    n: u32,
    at_offset: u32,
    owner_offset: u32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        let at = load_at(p.at_offset + i);
        if at >= 0 {
            atomicMax(&owner_memory[p.owner_offset + u32(at)], i + 1u);
        }
    }
}
