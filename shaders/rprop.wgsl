// One step of Rprop (Riedmiller and Braun, 1993). The states are the gradient before and the size of the element's steps.
// Uses the functions of `parameters`.
fn step(old: One) -> One {
    var v = old;
    let agreement = v.grad * v.before;
    let factor = select(select(1.0, p.shrinks, agreement < 0.0), p.grows, agreement > 0.0);
    v.size = clamp(v.size * factor, p.smallest, p.largest);
    v.grad = select(v.grad, 0.0, agreement < 0.0);
    v.param -= select(0.0, v.size, v.grad > 0.0) - select(0.0, v.size, v.grad < 0.0);
    v.before = v.grad;
    return v;
}
