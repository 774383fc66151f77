// Multiplies up to twelve tensors, in place, by one number that lies on the device.
//
// A flat index covers all of them; `ends` says where each ends in it, `firsts` where each begins in its memory.
struct Params {
    ends_a: vec4<u32>,
    ends_b: vec4<u32>,
    ends_c: vec4<u32>,
    firsts_a: vec4<u32>,
    firsts_b: vec4<u32>,
    firsts_c: vec4<u32>,
    by_offset: u32,
}

fn pick(a: vec4<u32>, b: vec4<u32>, c: vec4<u32>, t: u32) -> u32 {
    let k = t & 3u;
    return select(select(c[k], b[k], t < 8u), a[k], t < 4u);
}

fn scale(t: u32, i: u32, by: F) {
    switch t {
        case 0u: { store_x0(i, load_x0(i) * by); }
        case 1u: { store_x1(i, load_x1(i) * by); }
        case 2u: { store_x2(i, load_x2(i) * by); }
        case 3u: { store_x3(i, load_x3(i) * by); }
        case 4u: { store_x4(i, load_x4(i) * by); }
        case 5u: { store_x5(i, load_x5(i) * by); }
        case 6u: { store_x6(i, load_x6(i) * by); }
        case 7u: { store_x7(i, load_x7(i) * by); }
        case 8u: { store_x8(i, load_x8(i) * by); }
        case 9u: { store_x9(i, load_x9(i) * by); }
        case 10u: { store_x10(i, load_x10(i) * by); }
        default: { store_x11(i, load_x11(i) * by); }
    }
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    let by = load_by(p.by_offset);
    for (var all = id.x; all < p.ends_c[3]; all += count.x * 256u) {
        var t = 0u;
        var start = 0u;
        for (var k = 0u; k < 11u; k++) {
            let end = pick(p.ends_a, p.ends_b, p.ends_c, k);
            if all >= end {
                t = k + 1u;
                start = end;
            }
        }
        scale(t, pick(p.firsts_a, p.firsts_b, p.firsts_c, t) + all - start, by);
    }
}
