// Takes every element of up to four parameters through one step of an optimizer: the entry point of the files with such a step.
//
// A flat index covers all of them: `ends` says where each ends in it. What depends on the states' number and names is made
// for the call (`src/gpu/optimizer.rs`): `Params`; `One`, which has an element's `param`, `grad` and states; `loaded` and
// `stored`. `decay` is the weight decay that is part of the gradient, `shrink` the factor of the one that is not. MAXIMIZE climbs.

// The way from `a` to `b` by a share, from the nearer end.
fn towards(a: F, b: F, share: F) -> F {
    return select(fma(share - 1.0, b - a, b), fma(share, b - a, a), share < 0.5);
}

// The larger one, or the one that is no number.
fn larger(a: F, b: F) -> F {
    return select(a, b, !is_nan(a) && (b > a || is_nan(b)));
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var all = id.x; all < p.ends[3]; all += count.x * 256u) {
        let t = select(0u, 1u, all >= p.ends[0]) + select(0u, 1u, all >= p.ends[1]) + select(0u, 1u, all >= p.ends[2]);
        let i = all - select(p.ends[max(t, 1u) - 1u], 0u, t == 0u);
        var v = loaded(t, i);
        v.grad = fma(p.decay, v.param, select(v.grad, -v.grad, MAXIMIZE));
        v.param *= p.shrink;
        stored(t, i, step(v));
    }
}
