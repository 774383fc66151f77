// One step of Adam (Kingma and Ba, 2015) or AdamW (Loshchilov and Hutter, 2019) for up to four parameters at once.
//
// A flat index covers all of them; `ends` says where each ends in it, and the others where each tensor begins in its memory.
// The states are the averages of the gradient and of its square. `shrink` is AdamW's decay, `decay` Adam's; `step_size` and
// `root` undo the averages' bias to zero. MAXIMIZE climbs.
struct Params {
    ends: vec4<u32>,
    param: vec4<u32>,
    grad: vec4<u32>,
    average: vec4<u32>,
    square: vec4<u32>,
    step_size: f32,
    shrink: f32,
    decay: f32,
    rest1: f32,
    beta1: f32,
    rest2: f32,
    beta2: f32,
    root: f32,
    eps: f32,
}

struct One {
    param: f32,
    grad: f32,
    average: f32,
    square: f32,
}

fn loaded(t: u32, i: u32) -> One {
    var v: One;
    switch t {
        case 0u: {
            v.param = load_param0(p.param[0] + i);
            v.grad = load_grad0(p.grad[0] + i);
            v.average = load_average0(p.average[0] + i);
            v.square = load_square0(p.square[0] + i);
        }
        case 1u: {
            v.param = load_param1(p.param[1] + i);
            v.grad = load_grad1(p.grad[1] + i);
            v.average = load_average1(p.average[1] + i);
            v.square = load_square1(p.square[1] + i);
        }
        case 2u: {
            v.param = load_param2(p.param[2] + i);
            v.grad = load_grad2(p.grad[2] + i);
            v.average = load_average2(p.average[2] + i);
            v.square = load_square2(p.square[2] + i);
        }
        default: {
            v.param = load_param3(p.param[3] + i);
            v.grad = load_grad3(p.grad[3] + i);
            v.average = load_average3(p.average[3] + i);
            v.square = load_square3(p.square[3] + i);
        }
    }
    return v;
}

fn stored(t: u32, i: u32, v: One) {
    switch t {
        case 0u: {
            store_param0(p.param[0] + i, v.param);
            store_average0(p.average[0] + i, v.average);
            store_square0(p.square[0] + i, v.square);
        }
        case 1u: {
            store_param1(p.param[1] + i, v.param);
            store_average1(p.average[1] + i, v.average);
            store_square1(p.square[1] + i, v.square);
        }
        case 2u: {
            store_param2(p.param[2] + i, v.param);
            store_average2(p.average[2] + i, v.average);
            store_square2(p.square[2] + i, v.square);
        }
        default: {
            store_param3(p.param[3] + i, v.param);
            store_average3(p.average[3] + i, v.average);
            store_square3(p.square[3] + i, v.square);
        }
    }
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var all = id.x; all < p.ends[3]; all += count.x * 256u) {
        let t = select(0u, 1u, all >= p.ends[0]) + select(0u, 1u, all >= p.ends[1]) + select(0u, 1u, all >= p.ends[2]);
        let i = all - select(p.ends[max(t, 1u) - 1u], 0u, t == 0u);
        var v = loaded(t, i);
        v.param *= p.shrink;
        let g = fma(p.decay, v.param, select(v.grad, -v.grad, MAXIMIZE));
        // Linear interpolation, from the nearer end.
        let apart = g - v.average;
        v.average = select(fma(-p.beta1, apart, g), fma(p.rest1, apart, v.average), p.rest1 < 0.5);
        v.square = fma(p.rest2 * g, g, p.beta2 * v.square);
        v.param -= p.step_size * (v.average / (sqrt(v.square) / p.root + p.eps));
        stored(t, i, v);
    }
}
