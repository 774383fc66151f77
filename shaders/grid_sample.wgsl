// Reads images at the places of a grid, between their pixels.
//
// Operands x (batch, channels, image), grid (batch, places, DIMS) and y (batch, channels, places), contiguous.
// Images have three dims; two are three with a depth of 1 and a grid of (x, y). Constants: DIMS (2 or 3), MODE (0: linear,
// 1: nearest, 2: cubic), BORDER (outside there are 0: zeros, 1: the pixels of the edge, 2: the mirrored image), ALIGN (-1 and
// 1 are the centres of the outermost pixels, not the image's edges).
// Uses the functions of `grid_places`.

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
        var sum = F(0.0);
        for (var d = 0u; d < select(1u, TAPS, DIMS == 3u); d++) {
            for (var h = 0u; h < TAPS; h++) {
                for (var w = 0u; w < TAPS; w++) {
                    let pixel = vec3(ld.pixel[d], lh.pixel[h], lw.pixel[w]);
                    if (any(pixel < vec3(0)) || any(pixel >= vec3<i32>(p.image.xyz))) {
                        continue;
                    }
                    let pixel_at = (u32(pixel.x) * p.image.y + u32(pixel.y)) * p.image.z + u32(pixel.z);
                    let weight = ld.weight[d] * lh.weight[h] * lw.weight[w];
                    sum += weight * load_x(p.x_offset + plane * p.image.w + pixel_at);
                }
            }
        }
        store_y(p.y_offset + i, sum);
    }
}
