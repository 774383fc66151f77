// One step of NAdam (Dozat, 2016). The states are the averages of the gradient and of its square.
// Uses the functions of `parameters`.
//
// The step goes along the gradient and its average, by a size for each. `bias` is what the second average lacks to be unbiased.
fn step(old: One) -> One {
    var v = old;
    v.average = towards(v.average, v.grad, p.rest1);
    v.square = fma(p.rest2 * v.grad, v.grad, p.beta2 * v.square);
    let root = sqrt(v.square / p.bias) + p.eps;
    v.param -= p.size_of_grad * (v.grad / root);
    v.param -= p.size_of_average * (v.average / root);
    return v;
}
