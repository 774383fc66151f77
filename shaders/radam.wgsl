// One step of RAdam (Liu et al., 2020). The states are the averages of the gradient and of its square.
// Uses the functions of `parameters`.
//
// `factor` rectifies the variance of the second average and undoes its bias; early steps, which are not RECTIFIED, do without.
fn step(old: One) -> One {
    var v = old;
    v.average = towards(v.average, v.grad, p.rest1);
    v.square = fma(p.rest2 * v.grad, v.grad, p.beta2 * v.square);
    var change = p.step_size * v.average;
    if RECTIFIED {
        change *= p.factor / (sqrt(v.square) + p.eps);
    }
    v.param -= change;
    return v;
}
