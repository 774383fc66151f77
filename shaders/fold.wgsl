// Sums windows laid out as columns where they overlap in an image: y[plane, place] = sum of x[plane, tap, window].
//
// Operands x and y (planes, height, width), contiguous; `input` is the image's size, `output` counts the windows along each
// dim, as in `unfold`. No element is written twice, so sums have one order.

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
    let image = p.input.x * p.input.y;
    for (var i = id.x; i < p.planes * image; i += count.x * 256u) {
        let corner = vec2(i % image / p.input.y, i % p.input.y) + p.padding.xy;
        var at = p.x_offset + i / image * p.kernel.x * p.kernel.y * windows;
        var sum = Y(0);
        for (var h = 0u; h < p.kernel.x; h++) {
            for (var w = 0u; w < p.kernel.y; w++) {
                // The window whose tap (h, w) is this element, unless strides pass it over.
                let first = corner - vec2(h, w) * p.dilation.xy;
                let window = first / p.stride.xy;
                if (all(bitcast<vec2<i32>>(first) >= vec2(0)) && all(window * p.stride.xy == first) && all(window < p.output.xy)) {
                    sum += Y(load_x(at + window.x * p.output.y + window.y));
                }
                at += windows;
            }
        }
        store_y(p.y_offset + i, sum);
    }
}
