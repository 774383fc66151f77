// Counts the elements of each result, over any strided dims, that are not zero: whether any are, all are, or how many.
//
// Threads and parts are laid out as in reduce.wgsl. RESULT: 0 whether any, 1 whether all, 2 the count. A second call
// joins parts: those of `any` and `all` by this file again, those of counts as a sum.
// Uses the functions of `lanes`.
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

alias Acc = u32;

fn place(i: u32, sizes: vec4<u32>, strides: vec4<u32>) -> u32 {
    var rest = i;
    var at = rest % sizes.w * strides.w;
    rest /= sizes.w;
    at += rest % sizes.z * strides.z;
    rest /= sizes.z;
    at += rest % sizes.y * strides.y;
    return at + rest / sizes.y * strides.x;
}

fn exchanged(a: u32, by: u32) -> u32 {
    return beside(a, by);
}
fn join(a: u32, b: u32) -> u32 {
    return a + b;
}

fn element(base: u32, k: u32) -> bool {
    if DIMS == 2u {
        return load_x(base + k / p.folded.w * p.folded_strides.z + k % p.folded.w * p.folded_strides.w);
    }
    return load_x(base + place(k, p.folded, p.folded_strides));
}
/// The elements from k on, of which n are there.
fn four(base: u32, k: u32, n: u32) -> vec4<bool> {
    if DIMS == 1u {
        return load_four_x(base + k * p.folded_strides.w, p.folded_strides.w, n, false);
    }
    var v = vec4<bool>(element(base, k), false, false, false);
    if n > 1u { v.y = element(base, k + 1u); }
    if n > 2u { v.z = element(base, k + 2u); }
    if n > 3u { v.w = element(base, k + 3u); }
    return v;
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    let row = row_of(t);
    for (var part = t.group.y; part < p.parts; part += t.count.y) {
        let start = part * p.chunk;
        let end = min(p.n, start + p.chunk);
        for (var first = t.group.x * ROWS; first < p.outputs; first += t.count.x * ROWS) {
            let output = first + row;
            var total = 0u;
            if output < p.outputs {
                let base = p.x_offset + place(output, p.kept, p.kept_strides);
                for (var k = start + 4u * lane; k < end; k += 4u * LANES) {
                    total += dot(vec4<u32>(four(base, k, end - k)), vec4(1u));
                }
            }
            total = joined(total, t);
            if lane == 0u && output < p.outputs {
                var y = total;
                if RESULT == 0u {
                    y = u32(total > 0u);
                } else if RESULT == 1u {
                    y = u32(total == end - start);
                }
                store_y(p.y_offset + part * p.outputs + output, Y(y));
            }
        }
    }
}
