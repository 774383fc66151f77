// One step of Adadelta (Zeiler, 2012). The states are the averages of the squares of the gradient and of the change.
// Uses the functions of `parameters`.
fn step(old: One) -> One {
    var v = old;
    v.square = fma(p.rest * v.grad, v.grad, p.rho * v.square);
    let change = sqrt(v.changes + p.eps) / sqrt(v.square + p.eps) * v.grad;
    v.changes = fma(p.rest * change, change, p.rho * v.changes);
    v.param -= p.lr * change;
    return v;
}
