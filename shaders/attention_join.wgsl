// Joins what `attention` made of parts of the keys: results by the shares that their parts have in the sums of exponentials.
//
// Operands y_parts (part, batch, queries, heads, values), logs_parts (maxima and then sums of each part, batch, heads, queries),
// y and logs, all contiguous.
struct Params {
    parts: u32,
    batch: u32,
    queries: u32,
    heads: u32,
    values: u32,
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    let rows = p.batch * p.heads * p.queries;
    for (var i = id.x; i < rows * p.values; i += count.x * 256u) {
        let line = i / p.values;
        let row = (line / (p.queries * p.heads) * p.heads + line % p.heads) * p.queries + line / p.heads % p.queries;
        var top = -infinity();
        for (var part = 0u; part < p.parts; part++) {
            top = max(top, load_logs_parts(part * rows + row));
        }
        var y = 0.0;
        var total = 0.0;
        for (var part = 0u; part < p.parts; part++) {
            let sum = load_logs_parts((p.parts + part) * rows + row);
            // A part that sees no key has no maximum, and no share.
            let share = select(sum * exp(load_logs_parts(part * rows + row) - top), 0.0, sum == 0.0);
            total += share;
            y += share * load_y_parts(part * rows * p.values + i);
        }
        // Where no part sees a key there is nothing, and its logarithm.
        store_y(i, select(y / total, 0.0, total == 0.0));
        if (i % p.values == 0u) {
            store_logs(row, select(top + log(total), -infinity(), total == 0.0));
        }
    }
}
