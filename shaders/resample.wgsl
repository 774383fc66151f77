// Maps up to three dims linearly, each by a sparse matrix: averages over windows, interpolation, padding and their gradients.
//
// Operands x and y, contiguous planes, and table: for each dim, from `starts` on, where each output's taps begin (and one
// more), then from `taps` on the inputs' places; `weight` has their weights, from where the first dim's taps begin
// (`taps.w`). Constants: WEIGHTED (weights are read), MOVES (every output is one input, unchanged).

struct Params {
    planes: u32,
    x_offset: u32,
    y_offset: u32,
    // Sizes of the three dims, and of all.
    input: vec4<u32>,
    output: vec4<u32>,
    starts: vec4<u32>,
    taps: vec4<u32>,
}

fn entry(i: u32) -> u32 {
    return u32(load_table(i));
}

fn weight(tap: u32) -> F {
    return F(load_weight(tap - p.taps.w));
}

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    for (var i = id.x; i < p.planes * p.output.w; i += count.x * 256u) {
        let o = i % p.output.w;
        let at = vec3(o / (p.output.y * p.output.z), o / p.output.z % p.output.y, o % p.output.z);
        let start = p.starts.xyz + at;
        let first = p.taps.xyz + vec3(entry(start.x), entry(start.y), entry(start.z));
        let plane = p.x_offset + i / p.output.w * p.input.w;
        if (MOVES) {
            let place = (entry(first.x) * p.input.y + entry(first.y)) * p.input.z + entry(first.z);
            store_y(p.y_offset + i, Y(load_x(plane + place)));
            continue;
        }
        let last = p.taps.xyz + vec3(entry(start.x + 1u), entry(start.y + 1u), entry(start.z + 1u));
        var sum = Y(0);
        for (var d = first.x; d < last.x; d++) {
            for (var h = first.y; h < last.y; h++) {
                let row = plane + (entry(d) * p.input.y + entry(h)) * p.input.z;
                var line = Y(0);
                for (var w = first.z; w < last.z; w++) {
                    let v = Y(load_x(row + entry(w)));
                    if (WEIGHTED) { line += v * Y(weight(w)); } else { line += v; }
                }
                if (WEIGHTED) { sum += line * Y(weight(d) * weight(h)); } else { sum += line; }
            }
        }
        store_y(p.y_offset + i, sum);
    }
}
