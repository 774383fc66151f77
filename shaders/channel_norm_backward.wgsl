// The gradient of what channel_norm.wgsl normalised, from that of its result and the sums that channel_sums.wgsl made.
//
// gx = (g - sum / size - (x - mean) dot rstd^2 / size) weight rstd, where sum is that of g over the elements that share the
// mean, and dot that of g (x - mean). With GROUPED these are weighted sums already. Without TRAINING mean and spread are
// constants, and gx = g weight rstd.
struct Params {
    g_offset: u32,
    x_offset: u32,
    mean_offset: u32,
    spread_offset: u32,
    weight_offset: u32,
    sum_offset: u32,
    dot_offset: u32,
    gx_offset: u32,
    n: u32,
    channels: u32,
    inner: u32,
    per: u32,
    size: F,
    eps: F,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        let line = i / p.inner;
        let channel = line % p.channels;
        let stat = select(channel, line / p.per, GROUPED);
        var rstd = load_spread(p.spread_offset + stat);
        if VARIANCE {
            rstd = 1.0 / sqrt(rstd + p.eps);
        }
        var weight = F(1.0);
        if WEIGHTED {
            weight = load_weight(p.weight_offset + channel);
        }
        var gx = load_g(p.g_offset + i) * weight;
        if TRAINING {
            let centred = load_x(p.x_offset + i) - load_mean(p.mean_offset + stat);
            let slope = load_dot(p.dot_offset + stat) * rstd * rstd;
            let along = (load_sum(p.sum_offset + stat) + centred * slope) / p.size;
            gx -= along * select(weight, 1.0, GROUPED);
        }
        store_gx(p.gx_offset + i, gx * rstd);
    }
}
