// Softmax, or with LOG its logarithm, of contiguous lines of n elements that are `inner` apart.
//
// LANES threads share a line, and 256 / LANES lines a workgroup; with COLUMNS (inner > 1) neighbouring threads take
// neighbouring lines. A line is read twice: for its largest element and sum, and to write the result.
// Uses the functions of `lanes`.
// Uses the functions of `exponential_sums`.
struct Params {
    x_offset: u32,
    y_offset: u32,
    lines: u32,
    n: u32,
    inner: u32,
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    let row = row_of(t);
    for (var first = t.group.x * ROWS; first < p.lines; first += t.count.x * ROWS) {
        let line = first + row;
        let start = line / p.inner * p.n * p.inner + line % p.inner;
        var acc = Sum(LOWEST, 0.0);
        let beyond = -infinity();
        if line < p.lines {
            for (var k = 4u * lane; k < p.n; k += 4u * LANES) {
                acc = with_four(acc, load_four_x(p.x_offset + start + k * p.inner, p.inner, p.n - k, beyond));
            }
        }
        let all = joined(acc, t);
        if line < p.lines {
            let log_sum = log(all.sum);
            let share = 1.0 / all.sum;
            for (var k = 4u * lane; k < p.n; k += 4u * LANES) {
                let at = start + k * p.inner;
                var y = load_four_x(p.x_offset + at, p.inner, p.n - k, beyond) - all.top;
                if LOG {
                    y -= log_sum;
                } else {
                    y = vec4<F>(exp(y.x), exp(y.y), exp(y.z), exp(y.w)) * share;
                }
                store_four_y(p.y_offset + at, p.inner, p.n - k, y);
            }
        }
    }
}
