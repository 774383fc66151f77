// One expression per element, where several elements share a word: a thread computes and writes whole words.
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    let words = (p.n + PER_Y - 1u) / PER_Y;
    for (var w = id.x; w < words; w += count.x * 256u) {
        var word = 0u;
        for (var k = 0u; k < PER_Y; k += 1u) {
            let i = w * PER_Y + k;
            if (i < p.n) {
                word |= bits_y(value(i)) << (k * (32u / PER_Y));
            }
        }
        y_memory[p.y_offset / PER_Y + w] = word;
    }
}
