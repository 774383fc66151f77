// One step of Adamax (Kingma and Ba, 2015, section 7). The states are the gradient's average and its infinity norm.
// Uses the functions of `parameters`.
fn step(old: One) -> One {
    var v = old;
    v.average = towards(v.average, v.grad, p.rest1);
    v.norm = larger(p.beta2 * v.norm, abs(v.grad) + p.eps);
    v.param -= p.step_size * (v.average / v.norm);
    return v;
}
