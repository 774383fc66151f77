// One of up to twelve numbers, tensors or runs of elements: what kernels that work on lists of tensors share.

struct Twelve {
    a: vec4<u32>,
    b: vec4<u32>,
    c: vec4<u32>,
}
fn pick(all: Twelve, t: u32) -> u32 {
    let k = t & 3u;
    return select(select(all.c[k], all.b[k], t < 8u), all.a[k], t < 4u);
}

// The run that an index lies in, where runs follow each other, and where it starts.
struct Run {
    t: u32,
    start: u32,
}
fn run_of(ends: Twelve, i: u32) -> Run {
    var run = Run(0u, 0u);
    for (var k = 0u; k < 11u; k++) {
        let end = pick(ends, k);
        if i >= end {
            run = Run(k + 1u, end);
        }
    }
    return run;
}

fn load(t: u32, i: u32) -> X0 {
    switch t {
        case 0u: { return load_x0(i); }
        case 1u: { return load_x1(i); }
        case 2u: { return load_x2(i); }
        case 3u: { return load_x3(i); }
        case 4u: { return load_x4(i); }
        case 5u: { return load_x5(i); }
        case 6u: { return load_x6(i); }
        case 7u: { return load_x7(i); }
        case 8u: { return load_x8(i); }
        case 9u: { return load_x9(i); }
        case 10u: { return load_x10(i); }
        default: { return load_x11(i); }
    }
}
