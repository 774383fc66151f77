//! Connectionist temporal classification (Graves et al., 2006): the probability of all alignments of a target to the
//! steps of a sequence, by dynamic programming on logarithms.
//!
//! The target is seen with a blank before, between and after its classes; `alpha[t][s]` is the logarithm of the probability
//! of all beginnings that end at step t in position s, `beta[t][s]` that of all ends that begin there.

/// One sequence: log probabilities of step `t` and class `c` at `log_probs[t * stride + c]`.
#[derive(Clone, Copy)]
pub struct Sequence<'a> {
    pub log_probs: &'a [f64],
    pub stride: usize,
    pub steps: usize,
    pub target: &'a [usize],
    pub blank: usize,
}

const NEVER: f64 = f64::NEG_INFINITY;

fn log_sum(v: &[f64]) -> f64 {
    let top = v.iter().copied().fold(NEVER, f64::max);
    if top == NEVER { NEVER } else { top + v.iter().map(|x| (x - top).exp()).sum::<f64>().ln() }
}

impl Sequence<'_> {
    /// Positions, blanks counted.
    pub fn positions(&self) -> usize {
        2 * self.target.len() + 1
    }
    fn class(&self, position: usize) -> usize {
        if position.is_multiple_of(2) { self.blank } else { self.target[position / 2] }
    }
    fn log_prob(&self, step: usize, position: usize) -> f64 {
        self.log_probs[step * self.stride + self.class(position)]
    }
    /// Whether the blank between two different classes may be left out on the way to `position`.
    fn may_skip(&self, position: usize) -> bool {
        position >= 2 && self.class(position - 2) != self.class(position)
    }

    /// Minus the log probability of the target; fills `alpha`, `width` values per step.
    pub fn forward(&self, alpha: &mut [f64], width: usize) -> f64 {
        let n = self.positions();
        if self.steps == 0 {
            return if self.target.is_empty() { 0.0 } else { f64::INFINITY };
        }
        for s in 0..n.min(2) {
            alpha[s] = self.log_prob(0, s);
        }
        for t in 1..self.steps {
            for s in 0..n {
                let before = |back: usize| if back <= s { alpha[(t - 1) * width + s - back] } else { NEVER };
                let skip = if self.may_skip(s) { before(2) } else { NEVER };
                alpha[t * width + s] = log_sum(&[before(0), before(1), skip]) + self.log_prob(t, s);
            }
        }
        let last = (self.steps - 1) * width;
        let end = if n > 1 { alpha[last + n - 2] } else { NEVER };
        -log_sum(&[alpha[last + n - 1], end])
    }

    /// Adds the gradient of `forward` times `g` to `out`, laid out as the log probabilities, as if those were the result
    /// of a log-softmax.
    pub fn backward(&self, alpha: &[f64], width: usize, loss: f64, g: f64, classes: usize, out: &mut [f64]) {
        let n = self.positions();
        let mut beta = vec![NEVER; n];
        let mut together = vec![NEVER; classes];
        for t in (0..self.steps).rev() {
            let later = std::mem::replace(&mut beta, vec![NEVER; n]);
            for s in 0..n {
                beta[s] = self.log_prob(t, s)
                    + if t + 1 == self.steps {
                        if s + 2 >= n { 0.0 } else { NEVER }
                    } else {
                        let next = |ahead: usize| later.get(s + ahead).copied().unwrap_or(NEVER);
                        let skip = if s + 2 < n && self.may_skip(s + 2) { next(2) } else { NEVER };
                        log_sum(&[next(0), next(1), skip])
                    };
            }
            together.fill(NEVER);
            for s in 0..n {
                let sum = &mut together[self.class(s)];
                *sum = log_sum(&[*sum, alpha[t * width + s] + beta[s]]);
            }
            for (c, sum) in together.iter().enumerate() {
                let at = t * self.stride + c;
                let p = self.log_probs[at];
                out[at] += (p.exp() - (sum + loss - p).exp()) * g;
            }
        }
    }
}
