// One step of stochastic gradient descent for up to four parameters at once.
//
// A flat index covers all of them; `ends` says where each ends in it, and the others where each tensor begins in its memory.
// MOMENTUM: there are buffers, which a FIRST step fills. NESTEROV looks ahead along the buffer, MAXIMIZE climbs.
struct Params {
    ends: vec4<u32>,
    param: vec4<u32>,
    grad: vec4<u32>,
    buffer: vec4<u32>,
    lr: f32,
    decay: f32,
    momentum: f32,
    keep: f32,
}

struct One {
    param: f32,
    grad: f32,
    buffer: f32,
}

fn loaded(t: u32, i: u32) -> One {
    switch t {
        case 0u: { return One(load_param0(p.param[0] + i), load_grad0(p.grad[0] + i), load_buffer0(p.buffer[0] + i)); }
        case 1u: { return One(load_param1(p.param[1] + i), load_grad1(p.grad[1] + i), load_buffer1(p.buffer[1] + i)); }
        case 2u: { return One(load_param2(p.param[2] + i), load_grad2(p.grad[2] + i), load_buffer2(p.buffer[2] + i)); }
        default: { return One(load_param3(p.param[3] + i), load_grad3(p.grad[3] + i), load_buffer3(p.buffer[3] + i)); }
    }
}

fn store_param(t: u32, i: u32, v: f32) {
    switch t {
        case 0u: { store_param0(p.param[0] + i, v); }
        case 1u: { store_param1(p.param[1] + i, v); }
        case 2u: { store_param2(p.param[2] + i, v); }
        default: { store_param3(p.param[3] + i, v); }
    }
}

fn store_buffer(t: u32, i: u32, v: f32) {
    switch t {
        case 0u: { store_buffer0(p.buffer[0] + i, v); }
        case 1u: { store_buffer1(p.buffer[1] + i, v); }
        case 2u: { store_buffer2(p.buffer[2] + i, v); }
        default: { store_buffer3(p.buffer[3] + i, v); }
    }
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var all = id.x; all < p.ends[3]; all += count.x * 256u) {
        let t = select(0u, 1u, all >= p.ends[0]) + select(0u, 1u, all >= p.ends[1]) + select(0u, 1u, all >= p.ends[2]);
        let i = all - select(p.ends[max(t, 1u) - 1u], 0u, t == 0u);
        let old = loaded(t, i);
        var g = fma(p.decay, old.param, select(old.grad, -old.grad, MAXIMIZE));
        if MOMENTUM {
            let b = select(fma(p.momentum, old.buffer, p.keep * g), g, FIRST);
            store_buffer(t, i, b);
            g = select(b, fma(p.momentum, b, g), NESTEROV);
        }
        store_param(t, i, fma(-p.lr, g, old.param));
    }
}
