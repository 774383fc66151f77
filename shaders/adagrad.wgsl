// One step of Adagrad (Duchi et al., 2011) for up to four parameters at once.
//
// A flat index covers all of them; `ends` says where each ends in it, and the others where each tensor begins in its memory.
// `sum` is the state: the sum of the gradient's squares. MAXIMIZE climbs.
struct Params {
    ends: vec4<u32>,
    param: vec4<u32>,
    grad: vec4<u32>,
    sum: vec4<u32>,
    lr: f32,
    decay: f32,
    eps: f32,
}

struct One {
    param: f32,
    grad: f32,
    sum: f32,
}

fn loaded(t: u32, i: u32) -> One {
    switch t {
        case 0u: { return One(load_param0(p.param[0] + i), load_grad0(p.grad[0] + i), load_sum0(p.sum[0] + i)); }
        case 1u: { return One(load_param1(p.param[1] + i), load_grad1(p.grad[1] + i), load_sum1(p.sum[1] + i)); }
        case 2u: { return One(load_param2(p.param[2] + i), load_grad2(p.grad[2] + i), load_sum2(p.sum[2] + i)); }
        default: { return One(load_param3(p.param[3] + i), load_grad3(p.grad[3] + i), load_sum3(p.sum[3] + i)); }
    }
}

fn stored(t: u32, i: u32, param: f32, sum: f32) {
    switch t {
        case 0u: { store_param0(p.param[0] + i, param); store_sum0(p.sum[0] + i, sum); }
        case 1u: { store_param1(p.param[1] + i, param); store_sum1(p.sum[1] + i, sum); }
        case 2u: { store_param2(p.param[2] + i, param); store_sum2(p.sum[2] + i, sum); }
        default: { store_param3(p.param[3] + i, param); store_sum3(p.sum[3] + i, sum); }
    }
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var all = id.x; all < p.ends[3]; all += count.x * 256u) {
        let t = select(0u, 1u, all >= p.ends[0]) + select(0u, 1u, all >= p.ends[1]) + select(0u, 1u, all >= p.ends[2]);
        let i = all - select(p.ends[max(t, 1u) - 1u], 0u, t == 0u);
        let old = loaded(t, i);
        let g = fma(p.decay, old.param, select(old.grad, -old.grad, MAXIMIZE));
        let sum = fma(g, g, old.sum);
        stored(t, i, old.param - p.lr * (g / (sqrt(sum) + p.eps)), sum);
    }
}
