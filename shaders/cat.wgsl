// Joins rows of up to twelve tensors: each row of y has the run of the first, then that of the second, and so on.
//
// Operands x0 to x11, each rows that follow each other, and y. `ends` says where the run of each ends among the `columns` that
// they make of a row, `firsts` where their elements begin, y_offset where the first of these columns does; rows of y lie
// `width` apart.
// Elements may be complex.
// Uses the functions of `twelve`.
struct Params {
    ends: Twelve,
    firsts: Twelve,
    n: u32,
    columns: u32,
    width: u32,
    y_offset: u32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    for (var i = id.x; i < p.n; i += count.x * 256u) {
        let row = i / p.columns;
        let column = i % p.columns;
        let run = run_of(p.ends, column);
        let long = pick(p.ends, run.t) - run.start;
        let first = pick(p.firsts, run.t);
        store_y(p.y_offset + row * p.width + column, load(run.t, first + row * long + column - run.start));
    }
}
