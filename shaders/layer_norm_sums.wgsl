// The gradients of weight and bias of layer_norm.wgsl: for each column the sums of g (x - mean) rstd and of g over rows.
//
// A workgroup takes 256 / LANES columns, LANES threads each; the grid's y splits the rows into parts, whose sums stand one
// part after the other.
// Uses the functions of `lanes`.
struct Params {
    g_offset: u32,
    x_offset: u32,
    mean_offset: u32,
    rstd_offset: u32,
    gw_offset: u32,
    gb_offset: u32,
    rows: u32,
    n: u32,
    parts: u32,
    chunk: u32,
}

alias Acc = vec2<F>;

fn exchanged(a: vec2<F>, by: u32) -> vec2<F> {
    return vec2(beside_x(a.x, by), beside_x(a.y, by));
}
fn join(a: vec2<F>, b: vec2<F>) -> vec2<F> {
    return a + b;
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    for (var part = t.group.y; part < p.parts; part += t.count.y) {
        for (var first = t.group.x * ROWS; first < p.n; first += t.count.x * ROWS) {
            let column = first + row_of(t);
            var sum = vec2<F>(0.0);
            if column < p.n {
                let end = min(p.rows, (part + 1u) * p.chunk);
                for (var row = part * p.chunk + lane; row < end; row += LANES) {
                    let at = row * p.n + column;
                    let g = load_g(p.g_offset + at);
                    var x = load_x(p.x_offset + at);
                    if CENTRE {
                        x -= load_mean(p.mean_offset + row);
                    }
                    sum += vec2(g * x * load_rstd(p.rstd_offset + row), g);
                }
            }
            sum = joined(sum, t);
            if lane == 0u && column < p.n {
                store_gw(p.gw_offset + part * p.n + column, sum.x);
                store_gb(p.gb_offset + part * p.n + column, sum.y);
            }
        }
    }
}
