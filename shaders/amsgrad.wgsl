// One step of AMSGrad (Reddi et al., 2018), Adam with the largest square so far, for up to three parameters at once.
//
// A flat index covers all of them; `ends` says where each ends in it, and the others where each tensor begins in its memory.
// As `adam`, with one state more, `largest`.
struct Params {
    ends: vec4<u32>,
    param: vec4<u32>,
    grad: vec4<u32>,
    average: vec4<u32>,
    square: vec4<u32>,
    largest: vec4<u32>,
    step_size: f32,
    shrink: f32,
    decay: f32,
    rest1: f32,
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
    largest: f32,
}

fn loaded(t: u32, i: u32) -> One {
    var v: One;
    switch t {
        case 0u: {
            v.param = load_param0(p.param[0] + i);
            v.grad = load_grad0(p.grad[0] + i);
            v.average = load_average0(p.average[0] + i);
            v.square = load_square0(p.square[0] + i);
            v.largest = load_largest0(p.largest[0] + i);
        }
        case 1u: {
            v.param = load_param1(p.param[1] + i);
            v.grad = load_grad1(p.grad[1] + i);
            v.average = load_average1(p.average[1] + i);
            v.square = load_square1(p.square[1] + i);
            v.largest = load_largest1(p.largest[1] + i);
        }
        default: {
            v.param = load_param2(p.param[2] + i);
            v.grad = load_grad2(p.grad[2] + i);
            v.average = load_average2(p.average[2] + i);
            v.square = load_square2(p.square[2] + i);
            v.largest = load_largest2(p.largest[2] + i);
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
            store_largest0(p.largest[0] + i, v.largest);
        }
        case 1u: {
            store_param1(p.param[1] + i, v.param);
            store_average1(p.average[1] + i, v.average);
            store_square1(p.square[1] + i, v.square);
            store_largest1(p.largest[1] + i, v.largest);
        }
        default: {
            store_param2(p.param[2] + i, v.param);
            store_average2(p.average[2] + i, v.average);
            store_square2(p.square[2] + i, v.square);
            store_largest2(p.largest[2] + i, v.largest);
        }
    }
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var all = id.x; all < p.ends[2]; all += count.x * 256u) {
        let t = select(0u, 1u, all >= p.ends[0]) + select(0u, 1u, all >= p.ends[1]);
        let i = all - select(p.ends[max(t, 1u) - 1u], 0u, t == 0u);
        var v = loaded(t, i);
        v.param *= p.shrink;
        let g = fma(p.decay, v.param, select(v.grad, -v.grad, MAXIMIZE));
        // Linear interpolation, from the nearer end.
        let apart = g - v.average;
        v.average = select(fma(p.rest1 - 1.0, apart, g), fma(p.rest1, apart, v.average), p.rest1 < 0.5);
        v.square = fma(p.rest2 * g, g, p.beta2 * v.square);
        if !is_nan(v.largest) && (v.square > v.largest || is_nan(v.square)) {
            v.largest = v.square;
        }
        v.param -= p.step_size * (v.average / (sqrt(v.largest) / p.root + p.eps));
        stored(t, i, v);
    }
}
