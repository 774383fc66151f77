// A positive power of a number that is not negative: 0 and NaN stay what they are, which `pow` does not promise.

fn raised(v: F, power: F) -> F {
    return select(pow(v, power), v, v == 0.0 || is_nan(v));
}
