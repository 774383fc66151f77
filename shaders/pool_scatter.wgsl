// Adds elements to the places of their planes that an index names: pooling's gradient where windows lie unevenly.
//
// Operands x and index (the places of each plane), y (planes, zero before, an accumulator), contiguous, and fault.

struct Params {
    planes: u32,
    // Elements of a plane of y, and of index and x.
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
            add_y(p.y_offset + i / p.places * p.plane + u32(at), Y(load_x(p.x_offset + i)));
        }
    }
}
