// Lays the windows of images out as columns: y[plane, tap, window] = x[plane, place], zero in the padding.
//
// Operands x (planes, height, width) and y, contiguous. `output` counts the windows along each dim.

struct Params {
    // Images times channels.
    planes: u32,
    x_offset: u32,
    y_offset: u32,
    // Height and width.
    input: vec4<u32>,
    output: vec4<u32>,
    kernel: vec4<u32>,
    stride: vec4<u32>,
    padding: vec4<u32>,
    dilation: vec4<u32>,
}

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    let windows = p.output.x * p.output.y;
    let taps = p.kernel.x * p.kernel.y;
    for (var i = id.x; i < p.planes * taps * windows; i += count.x * 256u) {
        let window = i % windows;
        let tap = i / windows % taps;
        let plane = i / (windows * taps);
        let at = vec2(window / p.output.y, window % p.output.y) * p.stride.xy
            + vec2(tap / p.kernel.y, tap % p.kernel.y) * p.dilation.xy
            - p.padding.xy;
        var v = Y(0);
        if (all(at < p.input.xy)) {
            v = Y(load_x(p.x_offset + (plane * p.input.x + at.x) * p.input.y + at.y));
        }
        store_y(p.y_offset + i, v);
    }
}
