// The pixels around a place of a grid and their weights: what the three kernels of grid sampling share.

// The neighbours along one dim: pixels, their weights and the weights' derivatives for the grid.
struct Line {
    pixel: vec4<i32>,
    weight: vec4<F>,
    slope: vec4<F>,
}

const TAPS: u32 = select(select(4u, 1u, MODE == 1u), 2u, MODE == 0u);

// What is in no image, NaN included, lies far outside.
fn pixel_number(x: F) -> i32 {
    if (is_nan(x) || abs(x) > 1e9) {
        return -0x40000000;
    }
    return i32(x);
}

// A coordinate that the border rule puts into the image, and the derivative of that; NaN goes to the first pixel.
fn bordered(x: F, size: F) -> vec2<F> {
    if (BORDER == 0u) {
        return vec2(x, 1.0);
    }
    var at = x;
    var sign = F(1.0);
    if (BORDER == 2u) {
        let low = select(F(-0.5), 0.0, ALIGN);
        let span = select(size, size - 1.0, ALIGN);
        if (span == 0.0) {
            return vec2<F>(0.0, 0.0);
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
        return vec2<F>(0.0, 0.0);
    }
    if (at >= size - 1.0) {
        return vec2(size - 1.0, 0.0);
    }
    return vec2(at, sign);
}

// Cubic convolution (Keys, 1981): pixels at a distance up to 1, and from there to 2, and the derivatives.
const A: F = -0.75;
fn near(x: F) -> F { return ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0; }
fn distant(x: F) -> F { return ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A; }
fn near_slope(x: F) -> F { return (3.0 * (A + 2.0) * x - 2.0 * (A + 3.0)) * x; }
fn distant_slope(x: F) -> F { return (3.0 * A * x - 10.0 * A) * x + 8.0 * A; }

fn line_of(place: F, pixels: u32) -> Line {
    let size = F(pixels);
    let scale = select(size / 2.0, (size - 1.0) / 2.0, ALIGN);
    let x = select(((place + 1.0) * size - 1.0) / 2.0, (place + 1.0) / 2.0 * (size - 1.0), ALIGN);
    var line = Line();
    if (MODE == 2u) {
        let low = floor(x);
        let t = x - low;
        for (var k = 0u; k < 4u; k++) {
            // The border rule moves each neighbour, which is a whole pixel.
            line.pixel[k] = pixel_number(bordered(low + F(k) - 1.0, size).x);
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
    return Line(vec4<i32>(), vec4<F>(1.0, 0.0, 0.0, 0.0), vec4<F>());
}
