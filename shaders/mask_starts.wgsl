// Turns the counts of `mask_count` into where each block's results begin, in place; behind them comes the total.
//
// One workgroup does all: a block has 4096 elements, so there are few counts.
struct Params {
    blocks: u32,
}

var<workgroup> sums: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) t: u32) {
    if group.x != 0u {
        return;
    }
    var before = 0u;
    for (var base = 0u; base < p.blocks; base += 256u) {
        var own = 0u;
        if base + t < p.blocks {
            own = u32(load_count(base + t));
        }
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
        if base + t < p.blocks {
            store_count(base + t, i32(before + sums[t] - own));
        }
        before += sums[255];
        workgroupBarrier();
    }
    if t == 0u {
        store_count(p.blocks, i32(before));
    }
}
