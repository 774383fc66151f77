// Finds the largest element of each window of up to three dims, and its place in the plane.
//
// Operands x, y and index, contiguous planes. Of equals the first is taken, and NaN before all, the last NaN of several.
// Constant: ADAPTIVE (windows are even shares of the input; kernel, stride, padding and dilation are not used).

struct Params {
    planes: u32,
    x_offset: u32,
    y_offset: u32,
    index_offset: u32,
    // Sizes of the three dims, and of all.
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
    for (var i = id.x; i < p.planes * p.output.w; i += count.x * 256u) {
        let o = i % p.output.w;
        let at = vec3(o / (p.output.y * p.output.z), o / p.output.z % p.output.y, o % p.output.z);
        var start: vec3<u32>;
        var end: vec3<u32>;
        var step = p.dilation.xyz;
        if (ADAPTIVE) {
            start = at * p.input.xyz / p.output.xyz;
            end = ((at + 1u) * p.input.xyz + p.output.xyz - 1u) / p.output.xyz;
            step = vec3(1u);
        } else {
            // The first tap that is not in the padding.
            let corner = at * p.stride.xyz;
            let outside = max(p.padding.xyz, corner) - corner;
            start = corner + (outside + step - 1u) / step * step - p.padding.xyz;
            end = min(corner + (p.kernel.xyz - 1u) * step + 1u - p.padding.xyz, p.input.xyz);
        }
        let plane = p.x_offset + i / p.output.w * p.input.w;
        var best = (start.x * p.input.y + start.y) * p.input.z + start.z;
        var largest = load_x(plane + best);
        for (var d = start.x; d < end.x; d += step.x) {
            for (var h = start.y; h < end.y; h += step.y) {
                for (var w = start.z; w < end.z; w += step.z) {
                    let place = (d * p.input.y + h) * p.input.z + w;
                    let v = load_x(plane + place);
                    if (v > largest || is_nan(F(v))) {
                        largest = v;
                        best = place;
                    }
                }
            }
        }
        store_y(p.y_offset + i, Y(largest));
        store_index(p.index_offset + i, Index(best));
    }
}
