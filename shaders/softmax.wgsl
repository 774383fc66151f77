// Softmax, or with LOG its logarithm, of contiguous lines of n elements that are `inner` apart.
//
// LANES threads share a line, and 256 / LANES lines a workgroup; with COLUMNS (inner > 1) neighbouring threads take
// neighbouring lines. A line is read twice: for its largest element and sum, and to write the result.
struct Params {
    x_offset: u32,
    y_offset: u32,
    lines: u32,
    n: u32,
    inner: u32,
}

/// A sum of exponentials, as multiple of e^top. A finite start, so that nothing and minus infinity have no difference of
/// infinities.
struct Sum {
    top: F,
    sum: F,
}

const ROWS: u32 = 256u / LANES;
var<workgroup> accs: array<Sum, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) thread: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    let lane = select(thread % LANES, thread / ROWS, COLUMNS);
    let row = select(thread / LANES, thread % ROWS, COLUMNS);
    let apart = select(1u, ROWS, COLUMNS);
    for (var first = group.x * ROWS; first < p.lines; first += count.x * ROWS) {
        let line = first + row;
        let start = line / p.inner * p.n * p.inner + line % p.inner;
        var acc = Sum(LOWEST, 0.0);
        if line < p.lines {
            for (var k = lane; k < p.n; k += LANES) {
                let v = load_x(p.x_offset + start + k * p.inner);
                if v > acc.top {
                    acc = Sum(v, acc.sum * exp(acc.top - v) + 1.0);
                } else {
                    acc.sum += exp(v - acc.top);
                }
            }
        }
        accs[thread] = acc;
        workgroupBarrier();
        for (var half = LANES / 2u; half > 0u; half /= 2u) {
            if lane < half {
                let a = accs[thread];
                let b = accs[thread + half * apart];
                let top = max(a.top, b.top);
                accs[thread] = Sum(top, a.sum * exp(a.top - top) + b.sum * exp(b.top - top));
            }
            workgroupBarrier();
        }
        let all = accs[select(thread - lane, row, COLUMNS)];
        if line < p.lines {
            if LOG {
                let log_sum = log(all.sum);
                for (var k = lane; k < p.n; k += LANES) {
                    let at = start + k * p.inner;
                    store_y(p.y_offset + at, load_x(p.x_offset + at) - all.top - log_sum);
                }
            } else {
                let share = 1.0 / all.sum;
                for (var k = lane; k < p.n; k += LANES) {
                    let at = start + k * p.inner;
                    store_y(p.y_offset + at, exp(load_x(p.x_offset + at) - all.top) * share);
                }
            }
        }
        workgroupBarrier();
    }
}
