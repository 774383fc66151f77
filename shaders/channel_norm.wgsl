// Normalises elements of shape (outer, channels, inner): y = (x - mean) * rstd * weight + bias, as batch and group norm do.
//
// Weight and bias belong to channels. So do mean and spread; with GROUPED they belong to `per` neighbouring channels of one
// instance. With VARIANCE the spread is a variance, otherwise the reciprocal deviation.
struct Params {
    x_offset: u32,
    mean_offset: u32,
    spread_offset: u32,
    weight_offset: u32,
    bias_offset: u32,
    y_offset: u32,
    n: u32,
    channels: u32,
    inner: u32,
    per: u32,
    eps: F,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        let line = i / p.inner;
        let channel = line % p.channels;
        let stat = select(channel, line / p.per, GROUPED);
        var scale = load_spread(p.spread_offset + stat);
        if VARIANCE {
            scale = 1.0 / sqrt(scale + p.eps);
        }
        if WEIGHTED {
            scale *= load_weight(p.weight_offset + channel);
        }
        var y = (load_x(p.x_offset + i) - load_mean(p.mean_offset + stat)) * scale;
        if BIASED {
            y += load_bias(p.bias_offset + channel);
        }
        store_y(p.y_offset + i, y);
    }
}
