// One step of Adam (Kingma and Ba, 2015), AdamW (Loshchilov and Hutter, 2019) or, with AMSGRAD, of Reddi et al. (2018).
// Uses the functions of `parameters`.
//
// The states are the averages of the gradient and of its square, and the largest of the latter. `step_size` and `root` undo the
// averages' bias to zero.
fn step(old: One) -> One {
    var v = old;
    v.average = towards(v.average, v.grad, p.rest1);
    v.square = fma(p.rest2 * v.grad, v.grad, p.beta2 * v.square);
    var high = v.square;
    if AMSGRAD {
        high = larger(v.largest, v.square);
        v.largest = high;
    }
    v.param -= p.step_size * (v.average / (sqrt(high) / p.root + p.eps));
    return v;
}
