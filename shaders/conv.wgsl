// Convolves up to three dims of floats, or finds the gradient of input or weight, as a product of matrices made on the way.
//
// Groups are separate products (m, k) by (k, n), with T taps and P places:
//   DIRECTION 0, the output:              m outputs,  n batch P of the output, k channels T;   a = weight, b = input
//   DIRECTION 1, the input's gradient:    m channels, n batch P of the input,  k outputs T;    a = weight, b = gradient
//                (in each phase of the strides, whose places all have the same taps: P and T by the strides fewer)
//   DIRECTION 2, the weight's gradient:   m outputs,  n channels T,            k batch P;      a = gradient, b = input
// All are contiguous. A tile has 64 rows and columns, a thread 8 x 8 results, as in `matmul`. What is summed may be split
// into parts; then y is f32 memory with a dim of parts behind the batch (before the weight), that `matmul_join` adds up.
//
// Constants: DIRECTION, HAS_BIAS, and per dim the kernel's size KD, KH, KW and the stride SD, SH, SW. In DIRECTION 1 no dim
// has both a stride and a dilation.

struct Params {
    batch: u32,
    groups: u32,
    // Of one group.
    channels: u32,
    outputs: u32,
    // Sizes of the three dims, and of all.
    input: vec4<u32>,
    output: vec4<u32>,
    padding: vec4<u32>,
    dilation: vec4<u32>,
    a_offset: u32,
    b_offset: u32,
    y_offset: u32,
    bias_offset: u32,
    parts: u32,
    part_k: u32,
}

const SIDE: u32 = 8u;
const LANES: u32 = 16u;
const TILE: u32 = 64u;
const TAPS: u32 = KD * KH * KW;
const KERNEL: vec3<u32> = vec3(KD, KH, KW);
const STRIDE: vec3<u32> = vec3(SD, SH, SW);
// Of one phase of the strides.
const PHASE_D: u32 = (KD + SD - 1u) / SD;
const PHASE_H: u32 = (KH + SH - 1u) / SH;
const PHASE_W: u32 = (KW + SW - 1u) / SW;
const PHASE_TAPS: u32 = PHASE_D * PHASE_H * PHASE_W;
const PHASES: u32 = SD * SH * SW;
// A coordinate that no image has, whatever a tap adds or takes away.
const FAR: u32 = 0xc0000000u;
const NONE: u32 = 0xffffffffu;

var<workgroup> a_tile: array<vec4<F>, 128>;
var<workgroup> b_tile: array<vec4<F>, 128>;

fn tap(t: u32) -> vec3<u32> {
    return vec3(t / (KH * KW), t / KW % KH, t % KW) * p.dilation.xyz;
}

fn phase_place(t: u32) -> vec3<u32> {
    return vec3(t / (PHASE_H * PHASE_W), t / PHASE_W % PHASE_H, t % PHASE_W);
}

fn place(i: u32, size: vec4<u32>) -> vec3<u32> {
    return vec3(i / (size.y * size.z), i / size.z % size.y, i % size.z);
}

// The places of a phase along each dim; the last may lie behind the input.
fn phase_size() -> vec4<u32> {
    let size = (p.input.xyz + STRIDE - 1u) / STRIDE;
    return vec4(size, size.x * size.y * size.z);
}

// The first tap of a phase: the others follow a stride apart.
fn first_tap(phase: vec3<u32>) -> vec3<u32> {
    return (phase + p.padding.xyz) % STRIDE;
}

// A column of b: the start of its channel or image, and where its window begins (DIRECTION 1: the window that its first tap
// belongs to).
fn column_of(i: u32, group: u32, phase: vec3<u32>) -> vec4<u32> {
    if (DIRECTION == 0u) {
        if (i >= p.batch * p.output.w) {
            return vec4(FAR);
        }
        let start = (i / p.output.w * p.groups + group) * p.channels * p.input.w;
        return vec4(start, place(i % p.output.w, p.output) * STRIDE - p.padding.xyz);
    }
    if (DIRECTION == 1u) {
        let size = phase_size();
        if (i >= p.batch * size.w) {
            return vec4(FAR);
        }
        let start = (i / size.w * p.groups + group) * p.outputs * p.output.w;
        return vec4(start, (place(i % size.w, size) * STRIDE + phase + p.padding.xyz - first_tap(phase)) / STRIDE);
    }
    if (i >= p.channels * TAPS) {
        return vec4(FAR);
    }
    return vec4((group * p.channels + i / TAPS) * p.input.w, tap(i % TAPS) - p.padding.xyz);
}

// A row of b: what it adds to the start and to the place of every column.
fn row_of(k: u32) -> vec4<u32> {
    if (DIRECTION == 0u) {
        return vec4(k / TAPS * p.input.w, tap(k % TAPS));
    }
    if (DIRECTION == 1u) {
        return vec4(k / PHASE_TAPS * p.output.w, phase_place(k % PHASE_TAPS) * p.dilation.xyz);
    }
    return vec4(k / p.output.w * p.groups * p.channels * p.input.w, place(k % p.output.w, p.output) * STRIDE);
}

fn fetch(row: vec4<u32>, column: vec4<u32>) -> F {
    let start = p.b_offset + row.x + column.x;
    if (DIRECTION == 1u) {
        let at = column.yzw - row.yzw;
        if (any(at >= p.output.xyz)) {
            return 0.0;
        }
        return load_b(start + (at.x * p.output.y + at.y) * p.output.z + at.z);
    }
    let at = row.yzw + column.yzw;
    if (any(at >= p.input.xyz)) {
        return 0.0;
    }
    return load_b(start + (at.x * p.input.y + at.y) * p.input.z + at.z);
}

struct Columns {
    x: vec4<u32>,
    y: vec4<u32>,
    z: vec4<u32>,
    w: vec4<u32>,
}

fn columns_of(i: u32, group: u32, phase: vec3<u32>) -> Columns {
    return Columns(
        column_of(i, group, phase),
        column_of(i + LANES, group, phase),
        column_of(i + 2u * LANES, group, phase),
        column_of(i + 3u * LANES, group, phase),
    );
}

fn fetch_b(c: Columns, k: u32, end: u32) -> vec4<F> {
    if (k >= end) {
        return vec4<F>();
    }
    let row = row_of(k);
    return vec4(fetch(row, c.x), fetch(row, c.y), fetch(row, c.z), fetch(row, c.w));
}

fn fetch_a(group: u32, phase: vec3<u32>, row: u32, rows: u32, k: u32, end: u32) -> vec4<F> {
    var v = vec4<F>();
    if (k >= end) {
        return v;
    }
    var at = p.a_offset;
    var step = 0u;
    if (DIRECTION == 0u) {
        step = p.channels * TAPS;
        at += group * p.outputs * step + k;
    } else if (DIRECTION == 1u) {
        let tap = first_tap(phase) + phase_place(k % PHASE_TAPS) * STRIDE;
        if (any(tap >= KERNEL)) {
            return v;
        }
        step = TAPS;
        at += (group * p.outputs + k / PHASE_TAPS) * p.channels * TAPS + (tap.x * KH + tap.y) * KW + tap.z;
    } else {
        step = p.output.w;
        at += (k / step * p.groups + group) * p.outputs * step + k % step;
    }
    at += row * step;
    step *= LANES;
    if (row < rows) { v.x = load_a(at); }
    if (row + LANES < rows) { v.y = load_a(at + step); }
    if (row + 2u * LANES < rows) { v.z = load_a(at + 2u * step); }
    if (row + 3u * LANES < rows) { v.w = load_a(at + 3u * step); }
    return v;
}

// Where the vector of step k and lane v lies: turned, so that writes along k meet distinct banks.
fn slot(k: u32, v: u32) -> u32 {
    return k * LANES + (v ^ k);
}

// Where the result of the first row and column i lies, and the step to the next row in `row_step`.
fn result_of(i: u32, group: u32, part: u32, phase: vec3<u32>) -> u32 {
    if (DIRECTION == 2u) {
        let size = p.channels * TAPS;
        let start = (part * p.groups + group) * p.outputs * size;
        return select(NONE, p.y_offset + start + i, i < size);
    }
    if (DIRECTION == 1u) {
        let size = phase_size();
        let at = place(i % size.w, size) * STRIDE + phase;
        let start = ((i / size.w * p.parts + part) * p.groups + group) * p.channels * p.input.w;
        let inside = i < p.batch * size.w && all(at < p.input.xyz);
        return select(NONE, p.y_offset + start + (at.x * p.input.y + at.y) * p.input.z + at.z, inside);
    }
    let start = ((i / p.output.w * p.parts + part) * p.groups + group) * p.outputs * p.output.w;
    return select(NONE, p.y_offset + start + i % p.output.w, i < p.batch * p.output.w);
}

fn results_of(i: u32, group: u32, part: u32, phase: vec3<u32>) -> vec4<u32> {
    return vec4(
        result_of(i, group, part, phase),
        result_of(i + LANES, group, part, phase),
        result_of(i + 2u * LANES, group, part, phase),
        result_of(i + 3u * LANES, group, part, phase),
    );
}

fn row_step() -> u32 {
    if (DIRECTION == 0u) { return p.output.w; }
    if (DIRECTION == 1u) { return p.input.w; }
    return p.channels * TAPS;
}

fn put(row: u32, rows: u32, group: u32, at: array<vec4<u32>, 2>, left: vec4<F>, right: vec4<F>) {
    if (row >= rows) {
        return;
    }
    var bias = F(0.0);
    if (HAS_BIAS) {
        bias = F(load_bias(p.bias_offset + group * rows + row));
    }
    let step = row * row_step();
    if (at[0].x != NONE) { store_y(at[0].x + step, left.x + bias); }
    if (at[1].x != NONE) { store_y(at[1].x + step, right.x + bias); }
    if (at[0].y != NONE) { store_y(at[0].y + step, left.y + bias); }
    if (at[1].y != NONE) { store_y(at[1].y + step, right.y + bias); }
    if (at[0].z != NONE) { store_y(at[0].z + step, left.z + bias); }
    if (at[1].z != NONE) { store_y(at[1].z + step, right.z + bias); }
    if (at[0].w != NONE) { store_y(at[0].w + step, left.w + bias); }
    if (at[1].w != NONE) { store_y(at[1].w + step, right.w + bias); }
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group_id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    var m = p.outputs;
    var n = p.batch * p.output.w;
    var total = p.channels * TAPS;
    if (DIRECTION == 1u) {
        m = p.channels;
        n = p.batch * phase_size().w;
        total = p.outputs * PHASE_TAPS;
    } else if (DIRECTION == 2u) {
        n = p.channels * TAPS;
        total = p.batch * p.output.w;
    }
    let tx = t % SIDE;
    let ty = t / SIDE;
    // The two vectors of each operand that this thread fetches: step of k, lane. Neighbours fetch what lies side by side.
    let a_k = vec2(t % SIDE);
    let a_v = vec2(t / SIDE, t / SIDE + SIDE);
    var b_k = vec2(t / LANES, t / LANES + SIDE / 2u);
    var b_v = vec2(t % LANES);
    if (DIRECTION == 2u) {
        b_k = a_k;
        b_v = a_v;
    }
    let across = (n + TILE - 1u) / TILE;
    let down = (m + TILE - 1u) / TILE;
    let phases = select(1u, PHASES, DIRECTION == 1u);
    let units = across * down * p.groups * p.parts * phases;
    for (var unit = group_id.x; unit < units; unit += count.x) {
        // Tiles that share columns come one after the other: those of b are dearer to make.
        let row0 = unit % down * TILE;
        let column0 = unit / down % across * TILE;
        let group = unit / (down * across) % p.groups;
        let part = unit / (down * across * p.groups) % p.parts;
        let turn = unit / (down * across * p.groups * p.parts);
        let phase = vec3(turn / (SH * SW), turn / SW % SH, turn % SW);
        let start = part * p.part_k;
        let end = min(start + p.part_k, total);
        let columns0 = columns_of(column0 + b_v.x, group, phase);
        let columns1 = columns_of(column0 + b_v.y, group, phase);

        var y = array<vec4<F>, 16>();
        var next_a0 = fetch_a(group, phase, row0 + a_v.x, m, start + a_k.x, end);
        var next_a1 = fetch_a(group, phase, row0 + a_v.y, m, start + a_k.y, end);
        var next_b0 = fetch_b(columns0, start + b_k.x, end);
        var next_b1 = fetch_b(columns1, start + b_k.y, end);
        for (var k0 = start; k0 < end; k0 += SIDE) {
            workgroupBarrier();
            a_tile[slot(a_k.x, a_v.x)] = next_a0;
            a_tile[slot(a_k.y, a_v.y)] = next_a1;
            b_tile[slot(b_k.x, b_v.x)] = next_b0;
            b_tile[slot(b_k.y, b_v.y)] = next_b1;
            workgroupBarrier();
            // The next tile is on its way while this one is multiplied.
            let next = k0 + SIDE;
            next_a0 = fetch_a(group, phase, row0 + a_v.x, m, next + a_k.x, end);
            next_a1 = fetch_a(group, phase, row0 + a_v.y, m, next + a_k.y, end);
            next_b0 = fetch_b(columns0, next + b_k.x, end);
            next_b1 = fetch_b(columns1, next + b_k.y, end);
            for (var k = 0u; k < SIDE; k++) {
                let a0 = a_tile[slot(k, ty)];
                let a1 = a_tile[slot(k, ty + SIDE)];
                let b0 = b_tile[slot(k, tx)];
                let b1 = b_tile[slot(k, tx + SIDE)];
                y[0] = fma(a0.xxxx, b0, y[0]);
                y[1] = fma(a0.xxxx, b1, y[1]);
                y[2] = fma(a0.yyyy, b0, y[2]);
                y[3] = fma(a0.yyyy, b1, y[3]);
                y[4] = fma(a0.zzzz, b0, y[4]);
                y[5] = fma(a0.zzzz, b1, y[5]);
                y[6] = fma(a0.wwww, b0, y[6]);
                y[7] = fma(a0.wwww, b1, y[7]);
                y[8] = fma(a1.xxxx, b0, y[8]);
                y[9] = fma(a1.xxxx, b1, y[9]);
                y[10] = fma(a1.yyyy, b0, y[10]);
                y[11] = fma(a1.yyyy, b1, y[11]);
                y[12] = fma(a1.zzzz, b0, y[12]);
                y[13] = fma(a1.zzzz, b1, y[13]);
                y[14] = fma(a1.wwww, b0, y[14]);
                y[15] = fma(a1.wwww, b1, y[15]);
            }
        }
        let at = array(results_of(column0 + tx, group, part, phase), results_of(column0 + tx + SIDE, group, part, phase));
        let row = row0 + ty;
        put(row, m, group, at, y[0], y[1]);
        put(row + LANES, m, group, at, y[2], y[3]);
        put(row + 2u * LANES, m, group, at, y[4], y[5]);
        put(row + 3u * LANES, m, group, at, y[6], y[7]);
        put(row + SIDE, m, group, at, y[8], y[9]);
        put(row + LANES + SIDE, m, group, at, y[10], y[11]);
        put(row + 2u * LANES + SIDE, m, group, at, y[12], y[13]);
        put(row + 3u * LANES + SIDE, m, group, at, y[14], y[15]);
    }
}
