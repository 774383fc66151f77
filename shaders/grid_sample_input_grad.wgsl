// Adds to the pixels of images what `grid_sample` took of them: the gradient of its input.
//
// Operands x (the gradient of the result: batch, channels, places), grid (batch, places, DIMS) and y (batch, channels, image;
// zero before, an accumulator), contiguous.
// Images have three dims; two are three with a depth of 1 and a grid of (x, y). Constants: DIMS (2 or 3), MODE (0: linear,
// 1: nearest, 2: cubic), BORDER (outside there are 0: zeros, 1: the pixels of the edge, 2: the mirrored image), ALIGN (-1 and
// 1 are the centres of the outermost pixels, not the image's edges).

struct Params {
    batch: u32,
    channels: u32,
    // Places of the grid, per image.
    places: u32,
    x_offset: u32,
    grid_offset: u32,
    y_offset: u32,
    // Depth, height and width, and all pixels.
    image: vec4<u32>,
}

// The neighbours along one dim: pixels, their weights and the weights' derivatives for the grid.
struct Line {
    pixel: vec4<i32>,
    weight: vec4<f32>,
    slope: vec4<f32>,
}

const TAPS: u32 = select(select(4u, 1u, MODE == 1u), 2u, MODE == 0u);

// What is in no image, NaN included, lies far outside.
fn pixel_number(x: f32) -> i32 {
    if (is_nan(x) || abs(x) > 1e9) {
        return -0x40000000;
    }
    return i32(x);
}

// A coordinate that the border rule puts into the image, and the derivative of that; NaN goes to the first pixel.
fn bordered(x: f32, size: f32) -> vec2<f32> {
    if (BORDER == 0u) {
        return vec2(x, 1.0);
    }
    var at = x;
    var sign = 1.0;
    if (BORDER == 2u) {
        let low = select(-0.5, 0.0, ALIGN);
        let span = select(size, size - 1.0, ALIGN);
        if (span == 0.0) {
            return vec2(0.0, 0.0);
        }
        if (at < low) { sign = -1.0; }
        let far = abs(at - low);
        let flips = floor(far / span);
        let rest = far - flips * span;
        if (flips - 2.0 * floor(flips / 2.0) == 0.0) {
            at = rest + low;
        } else {
            at = span - rest + low;
            sign = -sign;
        }
    }
    if (is_nan(at) || at <= 0.0) {
        return vec2(0.0, 0.0);
    }
    if (at >= size - 1.0) {
        return vec2(size - 1.0, 0.0);
    }
    return vec2(at, sign);
}

// Cubic convolution (Keys, 1981): pixels at a distance up to 1, and from there to 2, and the derivatives.
const A: f32 = -0.75;
fn near(x: f32) -> f32 { return ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0; }
fn distant(x: f32) -> f32 { return ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A; }
fn near_slope(x: f32) -> f32 { return (3.0 * (A + 2.0) * x - 2.0 * (A + 3.0)) * x; }
fn distant_slope(x: f32) -> f32 { return (3.0 * A * x - 10.0 * A) * x + 8.0 * A; }

fn line_of(place: f32, pixels: u32) -> Line {
    let size = f32(pixels);
    let scale = select(size / 2.0, (size - 1.0) / 2.0, ALIGN);
    let x = select(((place + 1.0) * size - 1.0) / 2.0, (place + 1.0) / 2.0 * (size - 1.0), ALIGN);
    var line = Line();
    if (MODE == 2u) {
        let low = floor(x);
        let t = x - low;
        for (var k = 0u; k < 4u; k++) {
            // The border rule moves each neighbour, which is a whole pixel.
            line.pixel[k] = pixel_number(bordered(low + f32(k) - 1.0, size).x);
        }
        line.weight = vec4(distant(t + 1.0), near(t), near(1.0 - t), distant(2.0 - t));
        line.slope = scale * vec4(distant_slope(t + 1.0), near_slope(t), -near_slope(1.0 - t), -distant_slope(2.0 - t));
        return line;
    }
    let at = bordered(x, size);
    if (MODE == 1u) {
        line.pixel.x = pixel_number(round(at.x));
        line.weight.x = 1.0;
        return line;
    }
    let low = floor(at.x);
    let slope = at.y * scale;
    line.pixel = vec4(pixel_number(low)) + vec4(0, 1, 0, 0);
    line.weight = vec4(1.0 - (at.x - low), at.x - low, 0.0, 0.0);
    line.slope = vec4(-slope, slope, 0.0, 0.0);
    return line;
}

// The dim that a reading of depth 1 has.
fn flat_line() -> Line {
    return Line(vec4<i32>(), vec4(1.0, 0.0, 0.0, 0.0), vec4<f32>());
}

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    for (var i = id.x; i < p.batch * p.channels * p.places; i += count.x * 256u) {
        let place = i % p.places;
        let plane = i / p.places;
        let image = plane / p.channels;
        // The grid names the last dim first.
        let at = p.grid_offset + (image * p.places + place) * DIMS;
        let lw = line_of(load_grid(at), p.image.z);
        let lh = line_of(load_grid(at + 1u), p.image.y);
        var ld = flat_line();
        if (DIMS == 3u) { ld = line_of(load_grid(at + 2u), p.image.x); }
        let v = load_x(p.x_offset + i);
        for (var d = 0u; d < select(1u, TAPS, DIMS == 3u); d++) {
            for (var h = 0u; h < TAPS; h++) {
                for (var w = 0u; w < TAPS; w++) {
                    let pixel = vec3(ld.pixel[d], lh.pixel[h], lw.pixel[w]);
                    if (any(pixel < vec3(0)) || any(pixel >= vec3<i32>(p.image.xyz))) {
                        continue;
                    }
                    let pixel_at = (u32(pixel.x) * p.image.y + u32(pixel.y)) * p.image.z + u32(pixel.z);
                    let weight = ld.weight[d] * lh.weight[h] * lw.weight[w];
                    add_y(p.y_offset + plane * p.image.w + pixel_at, weight * v);
                }
            }
        }
    }
}
