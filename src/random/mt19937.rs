//! The Mersenne Twister MT19937 as PyTorch's CPU generator runs it: 624 words, twisted only when the next word is asked for.
//!
//! Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudo-random number
//! generator", ACM TOMACS 8(1), 1998. When the twist happens does not change the numbers, but it shows in the saved
//! state: a freshly seeded engine holds untwisted words, with `left` = 1 and `next` = 0.

/// Calls a method in a copy that is compiled for the processor's vectors; the numbers are the same.
macro_rules! wider {
    ($this:ident.$method:ident($arg:ident: $t:ty)) => {{
        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
            fn v4(this: &mut Mt19937, $arg: $t) {
                this.$method($arg)
            }
            #[target_feature(enable = "avx2")]
            fn v3(this: &mut Mt19937, $arg: $t) {
                this.$method($arg)
            }
            if super::has_avx512() {
                // SAFETY: the processor has these features.
                return unsafe { v4($this, $arg) };
            }
            if super::has_avx2_fma() {
                // SAFETY: as above.
                return unsafe { v3($this, $arg) };
            }
        }
        $this.$method($arg)
    }};
}

/// Words of state.
pub(super) const WORDS: usize = 624;
/// Distance between the two words that make a new one.
const SHIFT: usize = 397;

#[derive(Clone)]
pub(super) struct Mt19937 {
    pub(super) seed: u64,
    /// Draws until the next twist, counting the one that causes it.
    pub(super) left: usize,
    /// Index of the next word to hand out.
    pub(super) next: usize,
    pub(super) state: [u32; WORDS],
}

impl Mt19937 {
    /// The engine after seeding; only the low 32 bits of the seed reach the state, all 64 are remembered.
    pub(super) fn new(seed: u64) -> Self {
        let mut state = [0u32; WORDS];
        let mut word = seed as u32;
        state[0] = word;
        for (i, slot) in state.iter_mut().enumerate().skip(1) {
            word = 1_812_433_253u32.wrapping_mul(word ^ (word >> 30)).wrapping_add(i as u32);
            *slot = word;
        }
        Mt19937 { seed, left: 1, next: 0, state }
    }

    /// An engine from saved fields, if they can come from an engine.
    pub(super) fn from_parts(seed: u64, left: u64, next: u64, state: [u32; WORDS]) -> Option<Self> {
        // The sum bounds the reads before the next twist: left - 1 words from next on must exist.
        let valid = (1..=WORDS as u64).contains(&left) && next <= WORDS as u64 && next + left <= WORDS as u64 + 1;
        valid.then_some(Mt19937 { seed, left: left as usize, next: next as usize, state })
    }

    /// The next 32 bits.
    #[inline]
    pub(super) fn next_u32(&mut self) -> u32 {
        self.left -= 1;
        if self.left == 0 {
            self.twist();
        }
        let word = self.state[self.next];
        self.next += 1;
        temper(word)
    }

    /// Fills `out` with consecutive draws.
    pub(super) fn fill(&mut self, out: &mut [u32]) {
        wider!(self.fill_lanes(out: &mut [u32]))
    }

    /// Goes on by `n` draws that nobody looks at.
    pub(super) fn skip(&mut self, n: usize) {
        wider!(self.skip_lanes(n: usize))
    }

    #[inline(always)]
    fn skip_lanes(&mut self, mut n: usize) {
        while n > 0 {
            if self.left == 1 {
                self.twist();
                self.left += 1;
            }
            let count = n.min(self.left - 1);
            self.left -= count;
            self.next += count;
            n -= count;
        }
    }

    #[inline(always)]
    fn fill_lanes(&mut self, mut out: &mut [u32]) {
        while !out.is_empty() {
            if self.left == 1 {
                self.twist();
                // The draw that caused the twist is still to be counted.
                self.left += 1;
            }
            let count = out.len().min(self.left - 1);
            let (now, later) = out.split_at_mut(count);
            for (slot, &word) in now.iter_mut().zip(&self.state[self.next..]) {
                *slot = temper(word);
            }
            self.left -= count;
            self.next += count;
            out = later;
        }
    }

    /// Makes the next 624 words in place, in runs whose sources are already final (so that the loops vectorise).
    #[inline(always)]
    fn twist(&mut self) {
        const HEAD: usize = WORDS - SHIFT;
        let (head, tail) = self.state.split_at_mut(SHIFT);
        for i in 0..HEAD {
            head[i] = tail[i] ^ mix(head[i], head[i + 1]);
        }
        let (new, old) = self.state.split_at_mut(HEAD);
        for i in 0..HEAD {
            old[i] = new[i] ^ mix(old[i], old[i + 1]);
        }
        let (new, old) = self.state.split_at_mut(2 * HEAD);
        for i in 0..old.len() - 1 {
            old[i] = new[HEAD + i] ^ mix(old[i], old[i + 1]);
        }
        self.state[WORDS - 1] = self.state[SHIFT - 1] ^ mix(self.state[WORDS - 1], self.state[0]);
        self.left = WORDS;
        self.next = 0;
    }
}

/// The top bit of `a` before the other bits of `b`, times the twist matrix.
#[inline(always)]
fn mix(a: u32, b: u32) -> u32 {
    let joined = (a & 0x8000_0000) | (b & 0x7fff_ffff);
    (joined >> 1) ^ ((b & 1).wrapping_neg() & 0x9908_b0df)
}

/// Turns a state word into the number handed out.
#[inline(always)]
fn temper(word: u32) -> u32 {
    let word = word ^ (word >> 11);
    let word = word ^ ((word << 7) & 0x9d2c_5680);
    let word = word ^ ((word << 15) & 0xefc6_0000);
    word ^ (word >> 18)
}
