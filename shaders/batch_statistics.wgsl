// Turns the mean and sum of squared deviations of each channel into its reciprocal deviation, and moves running statistics.
//
// running = momentum new + (1 - momentum) running, where the variance is the unbiased one; RUNNING says that there are any.
struct Params {
    mean_offset: u32,
    m2_offset: u32,
    rstd_offset: u32,
    running_mean_offset: u32,
    running_var_offset: u32,
    channels: u32,
    size: F,
    momentum: F,
    eps: F,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var c = id.x; c < p.channels; c += count.x * 256u) {
        let m2 = load_m2(p.m2_offset + c);
        store_rstd(p.rstd_offset + c, 1.0 / sqrt(m2 / p.size + p.eps));
        if RUNNING {
            let old_mean = load_running_mean(p.running_mean_offset + c);
            let old_var = load_running_var(p.running_var_offset + c);
            let mean = p.momentum * load_mean(p.mean_offset + c) + (1.0 - p.momentum) * old_mean;
            let variance = p.momentum * (m2 / (p.size - 1.0)) + (1.0 - p.momentum) * old_var;
            store_running_mean(p.running_mean_offset + c, mean);
            store_running_var(p.running_var_offset + c, variance);
        }
    }
}
