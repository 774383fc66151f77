// Writes each distinct element, how many there are of it, and which of them each element is, from sorted groups.
//
// `x` is in order, `before` has the place that each element came from, and `number` the ascending number of its group: the
// running sum of what unique_edges.wgsl marks.
struct Params {
    x_offset: u32,
    before_offset: u32,
    number_offset: u32,
    y_offset: u32,
    inverse_offset: u32,
    counts_offset: u32,
    n: u32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        let number = load_number(p.number_offset + i);
        store_inverse(p.inverse_offset + u32(load_before(p.before_offset + i)), Inverse(number));
        if i + 1u == p.n || load_number(p.number_offset + i + 1u) != number {
            // The last of a group finds the first.
            var low = 0u;
            var high = i;
            while low < high {
                let middle = (low + high) / 2u;
                if load_number(p.number_offset + middle) < number {
                    low = middle + 1u;
                } else {
                    high = middle;
                }
            }
            store_y(p.y_offset + u32(number), Y(load_x(p.x_offset + low)));
            store_counts(p.counts_offset + u32(number), Counts(i + 1u - low));
        }
    }
}
