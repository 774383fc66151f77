// One step of averaged stochastic gradient descent (Polyak and Juditsky, 1992). The state is the average of the parameters.
// Uses the functions of `parameters`.
fn step(old: One) -> One {
    var v = old;
    v.param = fma(-p.lr, v.grad, v.param);
    v.average = select(fma(v.param - v.average, p.share, v.average), v.param, p.share == 1.0);
    return v;
}
