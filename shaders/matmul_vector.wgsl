// Multiplies batches of strided matrices by vectors, and vectors by each other: y = alpha a b + beta c with one column.
//
// The parameters are those of `matmul`, n is 1. LANES threads share a row; they read neighbours along k where ALONG_K, or
// neighbouring rows. Constants: LANES (a power of two up to 256), ALONG_K, EPILOGUE (0: none, 1: alpha, 2: alpha and c).

struct Params {
    m: u32,
    n: u32,
    k: u32,
    batches: u32,
    // Steps of the outer batch, the inner batch, rows and columns.
    a: vec4<u32>,
    b: vec4<u32>,
    y: vec4<u32>,
    c: vec4<u32>,
    a_offset: u32,
    b_offset: u32,
    y_offset: u32,
    c_offset: u32,
    // Size of the inner batch.
    inner: u32,
    parts: u32,
    part_k: u32,
    alpha: F,
    beta: F,
}

const THREADS: u32 = 256u;
const ROWS: u32 = THREADS / LANES;

var<workgroup> sums: array<Y, THREADS>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) t: u32,
) {
    var lane = t / ROWS;
    var line = t % ROWS;
    if (ALONG_K) {
        lane = t % LANES;
        line = t / LANES;
    }
    let down = (p.m + ROWS - 1u) / ROWS;
    let units = down * p.batches * p.parts;
    for (var unit = group.x; unit < units; unit += count.x) {
        let row = unit % down * ROWS + line;
        let slice = unit / down;
        let part = slice % p.parts;
        let batch = slice / p.parts;
        let at = vec2(batch / p.inner, batch % p.inner);
        let start = part * p.part_k;
        let end = min(start + p.part_k, p.k);
        var sum = Y(0);
        if (row < p.m) {
            let a_at = p.a_offset + at.x * p.a.x + at.y * p.a.y + row * p.a.z;
            let b_at = p.b_offset + at.x * p.b.x + at.y * p.b.y;
            // Four sums at a time keep more reads in flight.
            var k = start + lane;
            var more = array<Y, 3>(Y(0), Y(0), Y(0));
            for (; k + 3u * LANES < end; k += 4u * LANES) {
                sum += Y(load_a(a_at + k * p.a.w)) * Y(load_b(b_at + k * p.b.z));
                let k1 = k + LANES;
                more[0] += Y(load_a(a_at + k1 * p.a.w)) * Y(load_b(b_at + k1 * p.b.z));
                let k2 = k1 + LANES;
                more[1] += Y(load_a(a_at + k2 * p.a.w)) * Y(load_b(b_at + k2 * p.b.z));
                let k3 = k2 + LANES;
                more[2] += Y(load_a(a_at + k3 * p.a.w)) * Y(load_b(b_at + k3 * p.b.z));
            }
            for (; k < end; k += LANES) {
                sum += Y(load_a(a_at + k * p.a.w)) * Y(load_b(b_at + k * p.b.z));
            }
            sum = (sum + more[0]) + (more[1] + more[2]);
        }
        workgroupBarrier();
        sums[line * LANES + lane] = sum;
        for (var half = LANES / 2u; half > 0u; half /= 2u) {
            workgroupBarrier();
            if (lane < half) {
                sums[line * LANES + lane] += sums[line * LANES + lane + half];
            }
        }
        if (lane == 0u && row < p.m) {
            sum = sums[line * LANES];
            if (p.parts > 1u) {
                store_y(p.y_offset + slice * p.m + row, sum);
            } else {
                if (EPILOGUE > 0u) { sum *= Y(p.alpha); }
                if (EPILOGUE > 1u) {
                    sum += Y(p.beta) * Y(load_c(p.c_offset + at.x * p.c.x + at.y * p.c.y + row * p.c.z));
                }
                store_y(p.y_offset + at.x * p.y.x + at.y * p.y.y + row * p.y.z, sum);
            }
        }
    }
}
