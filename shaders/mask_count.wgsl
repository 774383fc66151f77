// Counts the elements that are set in each block of a contiguous mask: count[b] for block b.
//
// A workgroup takes a block of 4096 elements at a time, a thread 16 neighbours.
struct Params {
    n: u32,
    blocks: u32,
    mask_offset: u32,
}

const EACH: u32 = 16u;
const BLOCK: u32 = 4096u;
var<workgroup> sums: array<u32, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    for (var b = group.x; b < p.blocks; b += groups.x) {
        let first = b * BLOCK + t * EACH;
        var own = 0u;
        for (var k = first; k < min(first + EACH, p.n); k++) {
            own += select(0u, 1u, load_mask(p.mask_offset + k));
        }
        sums[t] = own;
        workgroupBarrier();
        for (var half = 128u; half > 0u; half /= 2u) {
            if t < half {
                sums[t] += sums[t + half];
            }
            workgroupBarrier();
        }
        if t == 0u {
            store_count(b, i32(sums[0]));
        }
        workgroupBarrier();
    }
}
