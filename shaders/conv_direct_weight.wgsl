// Finds the gradient of a convolution's weight for any class of numbers, a workgroup per element.
//
// For depthwise and other small groups, and for integers, which wrap around. Parameters, operands and constants are those
// of `conv` with DIRECTION 2: a is the gradient of the output, b the input, and y has `parts` weights where the sum is split.

struct Params {
    batch: u32,
    groups: u32,
    // Of one group.
    channels: u32,
    outputs: u32,
    // Sizes of the three dims, and of all.
    input: vec4<u32>,
    output: vec4<u32>,
    padding: vec4<u32>,
    dilation: vec4<u32>,
    a_offset: u32,
    b_offset: u32,
    y_offset: u32,
    bias_offset: u32,
    parts: u32,
    part_k: u32,
}

const TAPS: u32 = KD * KH * KW;
const STRIDE: vec3<u32> = vec3(SD, SH, SW);

fn tap(t: u32) -> vec3<u32> {
    return vec3(t / (KH * KW), t / KW % KH, t % KW) * p.dilation.xyz;
}

fn place(i: u32, size: vec4<u32>) -> vec3<u32> {
    return vec3(i / (size.y * size.z), i / size.z % size.y, i % size.z);
}

var<workgroup> sums: array<Y, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group_id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    let weights = p.groups * p.outputs * p.channels * TAPS;
    for (var unit = group_id.x; unit < weights * p.parts; unit += count.x) {
        let part = unit / weights;
        let i = unit % weights;
        let output = i / (p.channels * TAPS);
        let channel = output / p.outputs * p.channels + i / TAPS % p.channels;
        let shift = tap(i % TAPS) - p.padding.xyz;
        let start = part * p.part_k;
        let end = min(start + p.part_k, p.batch * p.output.w);
        var sum = Y(0);
        for (var k = start + t; k < end; k += 256u) {
            let image = k / p.output.w;
            let pixel = k % p.output.w;
            let at = place(pixel, p.output) * STRIDE + shift;
            if (all(at < p.input.xyz)) {
                let a = p.a_offset + (image * p.groups * p.outputs + output) * p.output.w + pixel;
                let b = (image * p.groups * p.channels + channel) * p.input.w;
                sum += Y(load_a(a)) * Y(load_b(p.b_offset + b + (at.x * p.input.y + at.y) * p.input.z + at.z));
            }
        }
        workgroupBarrier();
        sums[t] = sum;
        for (var half = 128u; half > 0u; half /= 2u) {
            workgroupBarrier();
            if (t < half) {
                sums[t] += sums[t + half];
            }
        }
        if (t == 0u) {
            store_y(p.y_offset + unit, sums[0]);
        }
    }
}
