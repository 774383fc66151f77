// How the threads of a workgroup share rows, LANES to a row, and join what each has of its row.
//
// The file that uses it declares `Acc`, what a thread has of a row; `join(a, b)`, where a is of lanes before those of b;
// and `exchanged(a, by)`, what the thread has whose number differs in the bit `by`, made of the prelude's `beside_x`.
// Neighbouring threads are lanes of a row, or with COLUMNS belong to neighbouring rows.
const ROWS: u32 = 256u / LANES;
var<workgroup> accs: array<Acc, 256>;

fn lane_of(t: Thread) -> u32 {
    return select(number_of(t) % LANES, number_of(t) / ROWS, COLUMNS);
}
fn row_of(t: Thread) -> u32 {
    return select(number_of(t) / LANES, number_of(t) % ROWS, COLUMNS);
}

/// What all lanes of the thread's row have, for each of them. All threads of a workgroup call it together.
fn joined(own: Acc, t: Thread) -> Acc {
    if LANES == 1u {
        return own;
    }
    let size = neighbours(t);
    if COLUMNS || size == 1u {
        return joined_in_memory(own, t);
    }
    let lane = lane_of(t);
    let first = number_of(t) - lane;
    var acc = own;
    // So many shares of a row are left: at first each lane has one, then the lanes have them over and over.
    var shares = LANES;
    loop {
        let beside = min(shares, size);
        if beside > 1u { acc = met(acc, lane, 1u); }
        if beside > 2u { acc = met(acc, lane, 2u); }
        if beside > 4u { acc = met(acc, lane, 4u); }
        if beside > 8u { acc = met(acc, lane, 8u); }
        if beside > 16u { acc = met(acc, lane, 16u); }
        if beside > 32u { acc = met(acc, lane, 32u); }
        if beside > 64u { acc = met(acc, lane, 64u); }
        if beside == shares {
            break;
        }
        workgroupBarrier();
        if lane < shares && lane % beside == 0u {
            accs[first + lane / beside] = acc;
        }
        workgroupBarrier();
        shares /= beside;
        acc = accs[first + lane % shares];
    }
    return acc;
}
fn met(acc: Acc, lane: u32, by: u32) -> Acc {
    let other = exchanged(acc, by);
    if (lane & by) == 0u {
        return join(acc, other);
    }
    return join(other, acc);
}

fn joined_in_memory(own: Acc, t: Thread) -> Acc {
    let thread = number_of(t);
    let lane = lane_of(t);
    let apart = select(1u, ROWS, COLUMNS);
    workgroupBarrier();
    accs[thread] = own;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            accs[thread] = join(accs[thread], accs[thread + half * apart]);
        }
    }
    workgroupBarrier();
    return accs[select(thread - lane, row_of(t), COLUMNS)];
}
