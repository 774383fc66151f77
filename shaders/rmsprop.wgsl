// One step of RMSprop (Tieleman and Hinton, 2012); CENTERED (Graves, 2013), or with MOMENTUM's buffer.
// Uses the functions of `parameters`.
//
// The states are the averages of the gradient's square and of the gradient, and the buffer.
fn step(old: One) -> One {
    var v = old;
    v.square = fma(p.rest * v.grad, v.grad, p.alpha * v.square);
    var spread = v.square;
    if CENTERED {
        v.average = towards(v.average, v.grad, p.rest);
        spread -= v.average * v.average;
        // Never negative, but for rounding.
        spread = select(spread, 0.0, spread < 0.0);
    }
    var change = v.grad / (sqrt(spread) + p.eps);
    if MOMENTUM {
        v.buffer = fma(p.momentum, v.buffer, change);
        change = v.buffer;
    }
    v.param -= p.lr * change;
    return v;
}
