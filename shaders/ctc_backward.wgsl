// The gradient of the log probabilities of ctc.wgsl, as if they were the result of a log-softmax, from its two tables.
//
// A thread takes a class of a step of a sequence, and adds up the alignments through the positions of that class. With
// ZERO_INFINITY a target that cannot be has no gradient.
struct Params {
    log_probs_offset: u32,
    labels_offset: u32,
    starts_offset: u32,
    lengths_offset: u32,
    steps_offset: u32,
    alpha_offset: u32,
    beta_offset: u32,
    loss_offset: u32,
    g_offset: u32,
    gx_offset: u32,
    n: u32,
    batch: u32,
    classes: u32,
    steps: u32,
    width: u32,
    blank: u32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    let never = -infinity();
    for (var at = id.x; at < p.n; at += count.x * 256u) {
        let label = at % p.classes;
        let i = at / p.classes % p.batch;
        let t = at / p.classes / p.batch;
        let loss = load_loss(p.loss_offset + i);
        var gx = F(0.0);
        if t < u32(load_steps(p.steps_offset + i)) && !(ZERO_INFINITY && loss > 3.4028234e38) {
            let start = p.labels_offset + u32(load_starts(p.starts_offset + i));
            let positions = 2u * u32(load_lengths(p.lengths_offset + i)) + 1u;
            let row = (i * p.steps + t) * p.width;
            var top = never;
            var sum = F(0.0);
            for (var s = 0u; s < positions; s++) {
                var here = p.blank;
                if s % 2u == 1u {
                    here = u32(load_labels(start + s / 2u));
                }
                if here == label {
                    let v = load_alpha(p.alpha_offset + row + s) + load_beta(p.beta_offset + row + s);
                    if v > top {
                        sum = sum * exp(top - v) + 1.0;
                        top = v;
                    } else if v > never {
                        sum += exp(v - top);
                    }
                }
            }
            let log_prob = load_log_probs(p.log_probs_offset + at);
            gx = exp(log_prob);
            if sum > 0.0 {
                gx -= exp(top + log(sum) + loss - log_prob);
            } else if loss > 3.4028234e38 {
                gx = infinity() - loss; // nan: no path has a probability that could change
            }
            gx *= load_g(p.g_offset + i);
        }
        store_gx(p.gx_offset + at, gx);
    }
}
