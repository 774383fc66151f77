// Scales the rows of a table that are `named` to a norm of at most `max_norm`: a workgroup per row.
//
// NORM: 2 (root of squares), 1 (sum of magnitudes), 0 (largest magnitude) or 3 (the norm of order `power`).
// Uses the functions of `powers`.
struct Params {
    rows: u32,
    columns: u32,
    row_step: u32,
    column_step: u32,
    x_offset: u32,
    named_offset: u32,
    max_norm: F,
    power: F,
}

var<workgroup> parts: array<F, 256>;

fn term(v: F) -> F {
    switch NORM {
        case 2u: { return v * v; }
        case 3u: { return raised(abs(v), p.power); }
        default: { return abs(v); }
    }
}

fn both(a: F, b: F) -> F {
    if NORM == 0u {
        return select(max(a, b), a, is_nan(a));
    }
    return a + b;
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    for (var row = group.x; row < p.rows; row += groups.x) {
        let first = p.x_offset + row * p.row_step;
        let named = load_named(p.named_offset + row);
        var own = F(0.0);
        if named {
            for (var c = t; c < p.columns; c += 256u) {
                own = both(own, term(load_x(first + c * p.column_step)));
            }
        }
        parts[t] = own;
        workgroupBarrier();
        for (var half = 128u; half > 0u; half /= 2u) {
            if t < half {
                parts[t] = both(parts[t], parts[t + half]);
            }
            workgroupBarrier();
        }
        var norm = parts[0];
        if NORM == 2u {
            norm = sqrt(norm);
        } else if NORM == 3u {
            norm = raised(norm, 1.0 / p.power);
        }
        if named && norm > p.max_norm {
            let scale = p.max_norm / (norm + 1e-7);
            for (var c = t; c < p.columns; c += 256u) {
                store_x(first + c * p.column_step, load_x(first + c * p.column_step) * scale);
            }
        }
        workgroupBarrier();
    }
}
