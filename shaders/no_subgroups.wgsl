// The threads of a workgroup of 256 where there are no subgroups: what subgroups.wgsl declares, by which each is alone.
struct Thread {
    @builtin(local_invocation_index) index: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
}

fn neighbours(t: Thread) -> u32 {
    return 1u;
}
fn number_of(t: Thread) -> u32 {
    return t.index;
}
fn beside(v: u32, by: u32) -> u32 {
    return v;
}
