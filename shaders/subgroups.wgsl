// The threads of a workgroup of 256 where subgroups exchange values: numbered so that neighbours are in one subgroup.
struct Thread {
    @builtin(local_invocation_index) index: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(subgroup_size) size: u32,
    @builtin(num_subgroups) subgroups: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_invocation_id) place: u32,
}

/// How many neighbours are in one subgroup: 1 where subgroups are not all full, as then nobody says which threads are.
fn neighbours(t: Thread) -> u32 {
    return select(1u, t.size, t.size * t.subgroups == 256u);
}
fn number_of(t: Thread) -> u32 {
    return select(t.index, t.subgroup * t.size + t.place, neighbours(t) > 1u);
}
fn beside(v: u32, by: u32) -> u32 {
    return subgroupShuffleXor(v, by);
}
