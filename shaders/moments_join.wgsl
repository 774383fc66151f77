// Means and squared deviations of parts of an operand x, joined by `lanes`: what `moments` and `layer_norm` share.

/// How many elements, their mean, and the sum of their squared deviations from it.
struct Moments {
    n: F,
    mean: F,
    m2: F,
}

alias Acc = Moments;

fn exchanged(a: Moments, by: u32) -> Moments {
    return Moments(beside_x(a.n, by), beside_x(a.mean, by), beside_x(a.m2, by));
}
/// The formula of Chan, Golub and LeVeque. Where every mean is 0, m2 is a sum of squares.
fn join(a: Moments, b: Moments) -> Moments {
    if a.n == 0.0 {
        return b;
    }
    if b.n == 0.0 {
        return a;
    }
    let n = a.n + b.n;
    let share = b.n / n;
    let d = b.mean - a.mean;
    let mean = a.mean + d * share;
    // With an infinity the mean has no distance, and the sum is nan.
    return Moments(n, mean, a.m2 + b.m2 + d * (b.mean - mean) * b.n);
}
