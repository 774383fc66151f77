// Finds the largest element of each window of up to three dims, and its place in the plane.
//
// Operands x, y and index, contiguous planes. Of equals the first is taken, and NaN before all, the last NaN of several.
// LANES threads share a window, and 256 / LANES windows a workgroup. Constant: ADAPTIVE (windows are even shares of the
// input; kernel, stride, padding and dilation are not used), UNEVEN (each plane has in `starts` where its windows begin, along
// one dim after the other; stride, padding and dilation are 1, 0 and 1).
// Uses the functions of `lanes`.

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
    starts_offset: u32,
}

struct Found {
    value: X,
    place: u32,
}
alias Acc = Found;
fn exchanged(a: Found, by: u32) -> Found {
    return Found(beside_x(a.value, by), beside(a.place, by));
}
fn join(a: Found, b: Found) -> Found {
    let odd = vec2(is_nan(F(a.value)), is_nan(F(b.value)));
    var second = b.value > a.value || (b.value == a.value && b.place < a.place);
    if any(odd) {
        second = odd.y && (!odd.x || b.place > a.place);
    }
    if second {
        return b;
    }
    return a;
}

/// The better of what was found and the element at a later place.
fn better(found: Found, plane: u32, place: u32) -> Found {
    let v = load_x(plane + place);
    if v > found.value || is_nan(F(v)) {
        return Found(v, place);
    }
    return found;
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    for (var first = t.group.x * ROWS; first < p.planes * p.output.w; first += t.count.x * ROWS) {
        let i = first + row_of(t);
        var found = Found(X(0), 0u);
        if i < p.planes * p.output.w {
            let o = i % p.output.w;
            let at = vec3(o / (p.output.y * p.output.z), o / p.output.z % p.output.y, o % p.output.z);
            var start: vec3<u32>;
            var end: vec3<u32>;
            var step = p.dilation.xyz;
            if (ADAPTIVE) {
                start = at * p.input.xyz / p.output.xyz;
                end = ((at + 1u) * p.input.xyz + p.output.xyz - 1u) / p.output.xyz;
                step = vec3(1u);
            } else if (UNEVEN) {
                let own = p.starts_offset + i / p.output.w * (p.output.x + p.output.y + p.output.z);
                let places = own + at + vec3(0u, p.output.x, p.output.x + p.output.y);
                start = vec3<u32>(vec3(load_starts(places.x), load_starts(places.y), load_starts(places.z)));
                end = start + p.kernel.xyz;
            } else {
                // The first tap that is not in the padding.
                let corner = at * p.stride.xyz;
                let outside = max(p.padding.xyz, corner) - corner;
                start = corner + (outside + step - 1u) / step * step - p.padding.xyz;
                end = min(corner + (p.kernel.xyz - 1u) * step + 1u - p.padding.xyz, p.input.xyz);
            }
            let plane = p.x_offset + i / p.output.w * p.input.w;
            found.place = (start.x * p.input.y + start.y) * p.input.z + start.z;
            found.value = load_x(plane + found.place);
            if LANES == 1u {
                for (var d = start.x; d < end.x; d += step.x) {
                    for (var h = start.y; h < end.y; h += step.y) {
                        for (var w = start.z; w < end.z; w += step.z) {
                            found = better(found, plane, (d * p.input.y + h) * p.input.z + w);
                        }
                    }
                }
            } else {
                let size = (end - start + step - 1u) / step;
                for (var k = lane; k < size.x * size.y * size.z; k += LANES) {
                    let tap = start + vec3(k / (size.y * size.z), k / size.z % size.y, k % size.z) * step;
                    found = better(found, plane, (tap.x * p.input.y + tap.y) * p.input.z + tap.z);
                }
            }
        }
        found = joined(found, t);
        if lane == 0u && i < p.planes * p.output.w {
            store_y(p.y_offset + i, Y(found.value));
            store_index(p.index_offset + i, Index(found.place));
        }
    }
}
