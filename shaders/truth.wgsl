// Counts the elements of each result, over any strided dims, that are not zero: whether any are, all are, or how many.
//
// Threads and parts are laid out as in reduce.wgsl. RESULT: 0 whether any, 1 whether all, 2 the count. A second call
// joins parts: those of `any` and `all` by this file again, those of counts as a sum.
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

const ROWS: u32 = 256u / LANES;
var<workgroup> counts: array<u32, 256>;

fn place(i: u32, sizes: vec4<u32>, strides: vec4<u32>) -> u32 {
    var rest = i;
    var at = rest % sizes.w * strides.w;
    rest /= sizes.w;
    at += rest % sizes.z * strides.z;
    rest /= sizes.z;
    at += rest % sizes.y * strides.y;
    return at + rest / sizes.y * strides.x;
}

fn element(base: u32, k: u32) -> u32 {
    if DIMS == 1u {
        return u32(load_x(base + k * p.folded_strides.w));
    }
    if DIMS == 2u {
        let at = k / p.folded.w * p.folded_strides.z + k % p.folded.w * p.folded_strides.w;
        return u32(load_x(base + at));
    }
    return u32(load_x(base + place(k, p.folded, p.folded_strides)));
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
        let start = part * p.chunk;
        let end = min(p.n, start + p.chunk);
        for (var first = group.x * ROWS; first < p.outputs; first += count.x * ROWS) {
            let output = first + row;
            var total = 0u;
            if output < p.outputs {
                let base = p.x_offset + place(output, p.kept, p.kept_strides);
                var k = start + lane;
                for (; k + 3u * LANES < end; k += 4u * LANES) {
                    let two = element(base, k) + element(base, k + LANES);
                    total += two + element(base, k + 2u * LANES) + element(base, k + 3u * LANES);
                }
                for (; k < end; k += LANES) {
                    total += element(base, k);
                }
            }
            counts[thread] = total;
            workgroupBarrier();
            for (var half = LANES / 2u; half > 0u; half /= 2u) {
                if lane < half {
                    counts[thread] += counts[thread + half * apart];
                }
                workgroupBarrier();
            }
            if lane == 0u && output < p.outputs {
                let found = counts[thread];
                var y = found;
                if RESULT == 0u {
                    y = u32(found > 0u);
                } else if RESULT == 1u {
                    y = u32(found == end - start);
                }
                store_y(p.y_offset + part * p.outputs + output, Y(y));
            }
            workgroupBarrier();
        }
    }
}
