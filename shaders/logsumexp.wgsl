// Takes the logarithm of the sum of exponentials of each result's elements over any strided dims.
//
// Threads and parts are laid out as in reduce.wgsl; the same call joins parts, whose elements are logarithms themselves.
struct Params {
    kept: vec4<u32>,
    kept_strides: vec4<u32>,
    folded: vec4<u32>,
    folded_strides: vec4<u32>,
    x_offset: u32,
    y_offset: u32,
    outputs: u32,
    n: u32,
    parts: u32,
    chunk: u32,
}

/// A sum of exponentials, as multiple of e^top. A finite start, so that nothing and minus infinity have no difference of
/// infinities.
struct Sum {
    top: F,
    sum: F,
}

const ROWS: u32 = 256u / LANES;
var<workgroup> accs: array<Sum, 256>;

fn place(i: u32, sizes: vec4<u32>, strides: vec4<u32>) -> u32 {
    var rest = i;
    var at = rest % sizes.w * strides.w;
    rest /= sizes.w;
    at += rest % sizes.z * strides.z;
    rest /= sizes.z;
    at += rest % sizes.y * strides.y;
    return at + rest / sizes.y * strides.x;
}

fn element(base: u32, k: u32) -> F {
    if DIMS == 1u {
        return load_x(base + k * p.folded_strides.w);
    }
    if DIMS == 2u {
        let at = k / p.folded.w * p.folded_strides.z + k % p.folded.w * p.folded_strides.w;
        return load_x(base + at);
    }
    return load_x(base + place(k, p.folded, p.folded_strides));
}

fn meet(a: Sum, b: Sum) -> Sum {
    let top = max(a.top, b.top);
    // Equal ones, which may be infinite, count once each.
    let x = a.sum * select(exp(a.top - top), 1.0, a.top == top);
    let y = b.sum * select(exp(b.top - top), 1.0, b.top == top);
    return Sum(top, x + y);
}

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) thread: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    let lane = select(thread % LANES, thread / ROWS, COLUMNS);
    let row = select(thread / LANES, thread % ROWS, COLUMNS);
    let apart = select(1u, ROWS, COLUMNS);
    for (var part = group.y; part < p.parts; part += count.y) {
        for (var first = group.x * ROWS; first < p.outputs; first += count.x * ROWS) {
            let output = first + row;
            var acc = Sum(LOWEST, 0.0);
            if output < p.outputs {
                let base = p.x_offset + place(output, p.kept, p.kept_strides);
                let end = min(p.n, (part + 1u) * p.chunk);
                for (var k = part * p.chunk + lane; k < end; k += LANES) {
                    let v = element(base, k);
                    if is_nan(v) {
                        acc.sum = v;
                    } else if v > acc.top {
                        acc = Sum(v, acc.sum * exp(acc.top - v) + 1.0);
                    } else {
                        acc.sum += select(exp(v - acc.top), 1.0, v == acc.top);
                    }
                }
            }
            accs[thread] = acc;
            workgroupBarrier();
            for (var half = LANES / 2u; half > 0u; half /= 2u) {
                if lane < half {
                    accs[thread] = meet(accs[thread], accs[thread + half * apart]);
                }
                workgroupBarrier();
            }
            if lane == 0u && output < p.outputs {
                acc = accs[thread];
                store_y(p.y_offset + part * p.outputs + output, acc.top + log(acc.sum));
            }
            workgroupBarrier();
        }
    }
}
