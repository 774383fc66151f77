// Lists the places where a contiguous mask is set, in order, as offsets by given strides.
//
// Blocks and threads are those of `mask_count`; `count` says where each block's part of the list begins. RANK dims of the
// mask's shape.
// Uses the functions of `eight`.
struct Params {
    shape_low: vec4<u32>,
    shape_high: vec4<u32>,
    strides_low: vec4<u32>,
    strides_high: vec4<u32>,
    n: u32,
    blocks: u32,
    mask_offset: u32,
    at_offset: u32,
}

const EACH: u32 = 16u;
const BLOCK: u32 = 4096u;
var<workgroup> sums: array<u32, 256>;

fn place(i: u32) -> u32 {
    var rest = i;
    var at = 0u;
    for (var d = RANK; d > 0u; d--) {
        let size = pick(p.shape_low, p.shape_high, d - 1u);
        at += rest % size * pick(p.strides_low, p.strides_high, d - 1u);
        rest /= size;
    }
    return at;
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    for (var b = group.x; b < p.blocks; b += groups.x) {
        let first = b * BLOCK + t * EACH;
        var bits = 0u;
        for (var k = 0u; k < EACH && first + k < p.n; k++) {
            bits |= select(0u, 1u, load_mask(p.mask_offset + first + k)) << k;
        }
        let own = countOneBits(bits);
        sums[t] = own;
        workgroupBarrier();
        for (var step = 1u; step < 256u; step *= 2u) {
            var left = 0u;
            if t >= step {
                left = sums[t - step];
            }
            workgroupBarrier();
            sums[t] += left;
            workgroupBarrier();
        }
        var next = p.at_offset + u32(load_count(b)) + sums[t] - own;
        while bits != 0u {
            store_at(next, i32(place(first + firstTrailingBit(bits))));
            bits &= bits - 1u;
            next++;
        }
        workgroupBarrier();
    }
}
