// Sums of the exponentials of an operand x, joined by `lanes`: what softmax and cross entropy share.

/// A sum of exponentials, as multiple of e^top. A finite start, so that nothing and minus infinity have no difference of
/// infinities.
struct Sum {
    top: F,
    sum: F,
}

alias Acc = Sum;

fn exchanged(a: Sum, by: u32) -> Sum {
    return Sum(beside_x(a.top, by), beside_x(a.sum, by));
}
fn join(a: Sum, b: Sum) -> Sum {
    let top = max(a.top, b.top);
    return Sum(top, a.sum * exp(a.top - top) + b.sum * exp(b.top - top));
}

/// Adds four elements, of which any beyond the end are minus infinity.
fn with_four(a: Sum, v: vec4<F>) -> Sum {
    let top = max(a.top, max(max(v.x, v.y), max(v.z, v.w)));
    var sum = a.sum;
    if top > a.top {
        sum *= exp(a.top - top);
    }
    return Sum(top, sum + (exp(v.x - top) + exp(v.y - top)) + (exp(v.z - top) + exp(v.w - top)));
}
