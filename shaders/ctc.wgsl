// Connectionist temporal classification: for each sequence the logarithms of the probabilities of all beginnings of alignments,
// or with REVERSE of all ends, by step and position.
//
// The target is seen with a blank before, between and after its classes. A workgroup takes a sequence, its threads the
// positions of a step. A class out of range is a fault. Forward, `loss` is minus the log probability of the target.
struct Params {
    log_probs_offset: u32,
    labels_offset: u32,
    starts_offset: u32,
    lengths_offset: u32,
    steps_offset: u32,
    table_offset: u32,
    loss_offset: u32,
    batch: u32,
    classes: u32,
    steps: u32,
    width: u32,
    blank: u32,
}

fn never() -> F {
    return -infinity();
}

fn log_sum(a: F, b: F, c: F) -> F {
    let top = max(a, max(b, c));
    if top < LOWEST {
        return never();
    }
    return top + log(exp(a - top) + exp(b - top) + exp(c - top));
}

fn class_of(start: u32, position: u32) -> u32 {
    if position % 2u == 0u {
        return p.blank;
    }
    let label = i32(load_labels(p.labels_offset + start + position / 2u));
    if label < 0 || u32(label) >= p.classes {
        fault(1u);
        return 0u;
    }
    return u32(label);
}

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) thread: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    for (var i = group.x; i < p.batch; i += count.x) {
        let start = u32(load_starts(p.starts_offset + i));
        let positions = 2u * u32(load_lengths(p.lengths_offset + i)) + 1u;
        let steps = u32(load_steps(p.steps_offset + i));
        let table = p.table_offset + i * p.steps * p.width;
        for (var k = 0u; k < p.steps; k++) {
            let t = select(k, p.steps - 1u - k, REVERSE);
            let first = t == select(0u, steps - 1u, REVERSE);
            let before = select(t - 1u, t + 1u, REVERSE);
            for (var s = thread; s < p.width; s += 256u) {
                var value = never();
                if s < positions && t < steps {
                    // Counted from the end that the recursion begins at.
                    let from_end = select(s, positions - 1u - s, REVERSE);
                    let own = class_of(start, s);
                    if first {
                        value = select(never(), 0.0, from_end < 2u);
                    } else {
                        let row = table + before * p.width;
                        var one = never();
                        var two = never();
                        if from_end >= 1u {
                            one = load_table(row + select(s - 1u, s + 1u, REVERSE));
                        }
                        if from_end >= 2u {
                            // The blank between two different classes may be left out.
                            let other = select(s - 2u, s + 2u, REVERSE);
                            if class_of(start, other) != own {
                                two = load_table(row + other);
                            }
                        }
                        value = log_sum(load_table(row + s), one, two);
                    }
                    value += load_log_probs(p.log_probs_offset + (t * p.batch + i) * p.classes + own);
                }
                store_table(table + t * p.width + s, value);
            }
            storageBarrier();
        }
        if !REVERSE && thread == 0u {
            var loss = -never();
            if steps > 0u {
                let row = table + (steps - 1u) * p.width + positions - 1u;
                var other = never();
                if positions > 1u {
                    other = load_table(row - 1u);
                }
                loss = -log_sum(load_table(row), other, never());
            } else if positions == 1u {
                loss = 0.0;
            }
            store_loss(p.loss_offset + i, loss);
        }
    }
}
