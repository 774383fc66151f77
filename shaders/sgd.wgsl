// One step of stochastic gradient descent. `buffer` is the momentum's, which a FIRST step fills, where there is MOMENTUM.
// Uses the functions of `parameters`.
fn step(old: One) -> One {
    var v = old;
    if MOMENTUM {
        v.buffer = select(fma(p.momentum, v.buffer, p.keep * v.grad), v.grad, FIRST);
        v.grad = select(v.buffer, fma(p.momentum, v.buffer, v.grad), NESTEROV);
    }
    v.param = fma(-p.lr, v.grad, v.param);
    return v;
}
