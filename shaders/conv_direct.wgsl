// Convolves up to three dims of any class of numbers, or finds the gradient of the input, one element per thread.
//
// For depthwise and other small groups, and for integers, which wrap around. Parameters, operands and constants are those
// of `conv`, with DIRECTION 0 or 1. What is summed may be split into parts; then y is the memory (batch, part, channels,
// places) that `matmul_join` adds up.

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

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    // What the result has (`to`) and what is summed (`source`): channels of a group, and sizes.
    var to = vec2(p.outputs, p.output.w);
    var source = vec2(p.channels, p.input.w);
    if (DIRECTION == 1u) {
        to = vec2(p.channels, p.input.w);
        source = vec2(p.outputs, p.output.w);
    }
    let of_image = p.groups * to.x * to.y;
    for (var i = id.x; i < p.batch * p.parts * of_image; i += count.x * 256u) {
        let channel = i / to.y % to.x;
        let group = i % of_image / (to.y * to.x);
        let part = i / of_image % p.parts;
        let unit = i / (of_image * p.parts) * p.groups + group;
        let b_at = p.b_offset + unit * source.x * source.y;
        var sum = Y(0);
        if (DIRECTION == 0u && HAS_BIAS) {
            sum = Y(load_bias(p.bias_offset + group * to.x + channel));
        }
        var a_at = p.a_offset + (group * p.outputs + channel) * p.channels * TAPS;
        var a_step = TAPS;
        var corner = place(i % to.y, p.output) * STRIDE - p.padding.xyz;
        if (DIRECTION == 1u) {
            a_at = p.a_offset + (group * p.outputs * p.channels + channel) * TAPS;
            a_step = p.channels * TAPS;
            corner = place(i % to.y, p.input) + p.padding.xyz;
        }
        // Of a tap, all channels, or those that a part begins or ends with.
        let begin = min(part * p.part_k, TAPS * source.x);
        var from_channel = begin % source.x;
        var left = min(p.part_k, TAPS * source.x - begin);
        for (var t = begin / source.x; left > 0u; t++) {
            let to_channel = min(source.x, from_channel + left);
            var at = corner + tap(t);
            var size = p.input.xyz;
            var reads = true;
            if (DIRECTION == 1u) {
                let first = corner - tap(t);
                at = first / STRIDE;
                size = p.output.xyz;
                // Strides may pass the place over, and windows begin before the image.
                reads = all(at * STRIDE == first) && all(bitcast<vec3<i32>>(first) >= vec3(0));
            }
            if (reads && all(at < size)) {
                let b = b_at + (at.x * size.y + at.y) * size.z + at.z;
                for (var c = from_channel; c < to_channel; c++) {
                    sum += Y(load_a(a_at + t + c * a_step)) * Y(load_b(b + c * source.y));
                }
            }
            left -= to_channel - from_channel;
            from_channel = 0u;
        }
        store_y(p.y_offset + i, sum);
    }
}
