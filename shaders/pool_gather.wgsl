// Takes from planes the elements at the places that an index names: what unpooling's gradient is, and pooling's second one.
//
// Operands x (planes), index and y (the places of each plane), contiguous, and fault. `plane` counts the elements of x.

struct Params {
    planes: u32,
    // Elements of a plane of x, and of index and y.
    plane: u32,
    places: u32,
    x_offset: u32,
    y_offset: u32,
    index_offset: u32,
}

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    for (var i = id.x; i < p.planes * p.places; i += count.x * 256u) {
        let at = load_index(p.index_offset + i);
        if (at < Index(0) || at >= Index(p.plane)) {
            fault(1u);
        } else {
            store_y(p.y_offset + i, Y(load_x(p.x_offset + i / p.places * p.plane + u32(at))));
        }
    }
}
