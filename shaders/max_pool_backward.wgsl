// Finds the gradient of max pooling's input: each element sums the gradients of the windows that took it.
//
// Operands x (the gradient of the output), index and y (that of the input), contiguous planes; `input` and `output` are
// those of the pooling. No element is written twice, so sums have one order. Constant: ADAPTIVE, as in `max_pool`.

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
    for (var i = id.x; i < p.planes * p.input.w; i += count.x * 256u) {
        let place = i % p.input.w;
        let at = vec3(place / (p.input.y * p.input.z), place / p.input.z % p.input.y, place % p.input.z);
        // The windows that may hold the element: `first` up to `last`, without it.
        var first: vec3<u32>;
        var last: vec3<u32>;
        if (ADAPTIVE) {
            first = at * p.output.xyz / p.input.xyz;
            last = ((at + 1u) * p.output.xyz + p.input.xyz - 1u) / p.input.xyz;
        } else {
            let from_corner = at + p.padding.xyz;
            let reach = (p.kernel.xyz - 1u) * p.dilation.xyz;
            first = (from_corner - min(reach, from_corner) + p.stride.xyz - 1u) / p.stride.xyz;
            last = min(from_corner / p.stride.xyz + 1u, p.output.xyz);
        }
        let plane = i / p.input.w * p.output.w;
        var sum = Y(0);
        for (var d = first.x; d < last.x; d++) {
            for (var h = first.y; h < last.y; h++) {
                for (var w = first.z; w < last.z; w++) {
                    let o = plane + (d * p.output.y + h) * p.output.z + w;
                    if (u32(load_index(p.index_offset + o)) == place) {
                        sum += Y(load_x(p.x_offset + o));
                    }
                }
            }
        }
        store_y(p.y_offset + i, sum);
    }
}
