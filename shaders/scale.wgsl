// Multiplies up to twelve tensors, in place, by one number that lies on the device.
//
// A flat index covers all of them; `ends` says where each ends in it, `firsts` where each begins in its memory.
// Uses the functions of `twelve`.
struct Params {
    ends: Twelve,
    firsts: Twelve,
    by_offset: u32,
}

fn store(t: u32, i: u32, v: X0) {
    switch t {
        case 0u: { store_x0(i, v); }
        case 1u: { store_x1(i, v); }
        case 2u: { store_x2(i, v); }
        case 3u: { store_x3(i, v); }
        case 4u: { store_x4(i, v); }
        case 5u: { store_x5(i, v); }
        case 6u: { store_x6(i, v); }
        case 7u: { store_x7(i, v); }
        case 8u: { store_x8(i, v); }
        case 9u: { store_x9(i, v); }
        case 10u: { store_x10(i, v); }
        default: { store_x11(i, v); }
    }
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    let by = load_by(p.by_offset);
    for (var i = id.x; i < p.ends.c[3]; i += count.x * 256u) {
        let run = run_of(p.ends, i);
        let at = pick(p.firsts, run.t) + i - run.start;
        store(run.t, at, load(run.t, at) * by);
    }
}
