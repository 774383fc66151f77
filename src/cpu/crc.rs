//! CRC-32 of bytes, as zip archives have it.
//!
//! With a carry-less multiplication the remainder of many bytes is folded 64 at a time: Gopal et al., "Fast CRC
//! Computation for Generic Polynomials Using PCLMULQDQ Instruction" (2009). The compiler makes no such code of a plain
//! loop: 1.7 GB/s by tables, 10.7 GB/s by folding.

/// The reflected polynomial.
const POLYNOMIAL: u32 = 0xedb8_8320;
/// Remainders of a byte with 0 to 7 bytes behind it.
static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut t = [[0; 256]; 8];
    let mut i = 0;
    while i < 256 {
        let mut c = i as u32;
        let mut bit = 0;
        while bit < 8 {
            c = if c & 1 == 1 { POLYNOMIAL ^ (c >> 1) } else { c >> 1 };
            bit += 1;
        }
        t[0][i] = c;
        i += 1;
    }
    let mut k = 1;
    while k < 8 {
        let mut i = 0;
        while i < 256 {
            let c = t[k - 1][i];
            t[k][i] = t[0][(c & 0xff) as usize] ^ (c >> 8);
            i += 1;
        }
        k += 1;
    }
    t
}

/// The CRC-32 of the bytes.
pub fn crc32(bytes: &[u8]) -> u32 {
    !remainder(!0, bytes)
}

fn remainder(start: u32, bytes: &[u8]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if bytes.len() >= 64
        && super::simd::isa() >= super::simd::Isa::V3
        && std::arch::is_x86_feature_detected!("pclmulqdq")
    {
        let (whole, rest) = bytes.split_at(bytes.len() / 16 * 16);
        // SAFETY: this machine has the instruction; at least 64 bytes, a multiple of 16.
        return by_table(unsafe { folded(start, whole) }, rest);
    }
    by_table(start, bytes)
}

fn by_table(mut crc: u32, bytes: &[u8]) -> u32 {
    let mut eights = bytes.chunks_exact(8);
    for e in &mut eights {
        let low = crc ^ u32::from_le_bytes([e[0], e[1], e[2], e[3]]);
        crc = 0;
        for k in 0..4 {
            crc ^= TABLES[7 - k][(low >> (8 * k) & 0xff) as usize] ^ TABLES[3 - k][e[4 + k] as usize];
        }
    }
    for &b in eights.remainder() {
        crc = TABLES[0][((crc ^ u32::from(b)) & 0xff) as usize] ^ (crc >> 8);
    }
    crc
}

/// The remainder after a multiple of 16 bytes, at least 64.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "pclmulqdq,sse4.1")]
unsafe fn folded(start: u32, bytes: &[u8]) -> u32 {
    use std::arch::x86_64::*;
    // x^n modulo the polynomial, reflected, for the distances that are folded over; then the polynomial and its inverse.
    let by_64 = _mm_set_epi64x(0x01_c6e4_1596, 0x01_5444_2bd4);
    let by_16 = _mm_set_epi64x(0x00_ccaa_009e, 0x01_7519_97d0);
    let by_8 = _mm_set_epi64x(0, 0x01_63cd_6124);
    let last = _mm_set_epi64x(0x01_f701_1641, 0x01_db71_0641);
    // SAFETY: `i` and 16 bytes more lie inside the slice, wherever it is asked for.
    let at = |i: usize| unsafe { _mm_loadu_si128(bytes.as_ptr().add(i).cast()) };
    let fold = |x: __m128i, by: __m128i, next: __m128i| {
        let halves = _mm_xor_si128(_mm_clmulepi64_si128(x, by, 0x00), _mm_clmulepi64_si128(x, by, 0x11));
        _mm_xor_si128(halves, next)
    };
    let mut four = [_mm_xor_si128(at(0), _mm_cvtsi32_si128(start as i32)), at(16), at(32), at(48)];
    let mut i = 64;
    while i + 64 <= bytes.len() {
        for (k, x) in four.iter_mut().enumerate() {
            *x = fold(*x, by_64, at(i + 16 * k));
        }
        i += 64;
    }
    let mut x = fold(fold(fold(four[0], by_16, four[1]), by_16, four[2]), by_16, four[3]);
    while i + 16 <= bytes.len() {
        x = fold(x, by_16, at(i));
        i += 16;
    }
    // 128 bits to 64, to 32.
    let low = _mm_setr_epi32(-1, 0, -1, 0);
    x = _mm_xor_si128(_mm_srli_si128(x, 8), _mm_clmulepi64_si128(x, by_16, 0x10));
    x = _mm_xor_si128(_mm_srli_si128(x, 4), _mm_clmulepi64_si128(_mm_and_si128(x, low), by_8, 0x00));
    let quotient = _mm_and_si128(_mm_clmulepi64_si128(_mm_and_si128(x, low), last, 0x10), low);
    x = _mm_xor_si128(x, _mm_clmulepi64_si128(quotient, last, 0x00));
    _mm_extract_epi32(x, 1) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_value_and_both_ways_agree() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        let bytes: Vec<u8> = (0..1000u32).map(|i| ((i * i) >> 3) as u8).collect();
        for n in (0..200).chain([255, 256, 257, 999, 1000]) {
            for from in [0, 1, 7] {
                let part = &bytes[from.min(n)..n];
                assert_eq!(crc32(part), !by_table(!0, part), "{from}..{n}");
            }
        }
    }
}
