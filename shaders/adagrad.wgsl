// One step of Adagrad (Duchi et al., 2011). `sum` is the state: the sum of the gradient's squares.
// Uses the functions of `parameters`.
fn step(old: One) -> One {
    var v = old;
    v.sum = fma(v.grad, v.grad, v.sum);
    v.param -= p.lr * (v.grad / (sqrt(v.sum) + p.eps));
    return v;
}
