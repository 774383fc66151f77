// Applies a linear map along each of the last three dims: every output is a sum of inputs, weighted if WEIGHTED.
//
// `map` holds for each axis where the taps of its outputs begin (one more than outputs, from `starts` on), and the input
// that each tap shows (from `taps` on); `weight` has a number per tap, from `weights` on. `x` and `y` are contiguous.
struct Params {
    inputs: vec4<u32>,
    outputs: vec4<u32>,
    starts: vec4<u32>,
    taps: vec4<u32>,
    weights: vec4<u32>,
    n: u32,
    x_offset: u32,
    y_offset: u32,
}

fn begin(axis: u32, o: u32) -> u32 {
    return u32(load_map(p.starts[axis] + o));
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        let w = i % p.outputs[2];
        let h = i / p.outputs[2] % p.outputs[1];
        let d = i / (p.outputs[2] * p.outputs[1]) % p.outputs[0];
        let plane = i / (p.outputs[2] * p.outputs[1] * p.outputs[0]);
        var sum = X(0);
        let last = vec3(begin(0u, d + 1u), begin(1u, h + 1u), begin(2u, w + 1u));
        for (var td = begin(0u, d); td < last[0]; td++) {
            let slice = (plane * p.inputs[0] + u32(load_map(p.taps[0] + td))) * p.inputs[1];
            for (var th = begin(1u, h); th < last[1]; th++) {
                let row = (slice + u32(load_map(p.taps[1] + th))) * p.inputs[2];
                for (var tw = begin(2u, w); tw < last[2]; tw++) {
                    var v = load_x(p.x_offset + row + u32(load_map(p.taps[2] + tw)));
                    if WEIGHTED {
                        let of_rows = load_weight(p.weights[0] + td) * load_weight(p.weights[1] + th);
                        v *= X(of_rows * load_weight(p.weights[2] + tw));
                    }
                    sum += v;
                }
            }
        }
        store_y(p.y_offset + i, Y(sum));
    }
}
