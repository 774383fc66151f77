//! One pass of an optimizer's update over a parameter, its gradient and its state.
use super::parallel::parallel_for;
use crate::dtype::Class;
use std::ops::Range;

/// The numbers of stochastic gradient descent.
#[derive(Clone, Copy)]
pub struct Sgd {
    pub lr: f64,
    pub weight_decay: f64,
    pub momentum: f64,
    pub dampening: f64,
    pub nesterov: bool,
    pub maximize: bool,
    /// The buffer has no value yet.
    pub first: bool,
}

/// The numbers of Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019) at one step.
#[derive(Clone, Copy)]
pub struct Adam {
    pub lr: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub weight_decay: f64,
    pub eps: f64,
    pub step: f64,
    pub maximize: bool,
    /// AdamW: the decay is not part of the gradient.
    pub decoupled: bool,
}

/// The numbers of Adagrad (Duchi et al., 2011) at one step.
#[derive(Clone, Copy)]
pub struct Adagrad {
    pub lr: f64,
    pub lr_decay: f64,
    pub weight_decay: f64,
    pub eps: f64,
    pub step: f64,
    pub maximize: bool,
}

const GRAIN: usize = 16_384;

/// Flat memory of a parameter, its gradient and its state, all of one type; states that are not in use are null.
#[derive(Clone, Copy)]
pub struct Memory {
    pub param: *mut u8,
    pub grad: *const u8,
    pub state: [*mut u8; 3],
}
// SAFETY: threads work on disjoint ranges.
unsafe impl Sync for Memory {}
// SAFETY: as above.
unsafe impl Send for Memory {}

impl Memory {
    fn split<T>(&self) -> (*mut T, *const T, [*mut T; 3]) {
        (self.param.cast(), self.grad.cast(), self.state.map(|s| s.cast()))
    }
}

macro_rules! updates {
    ($t:ident, $fma:ident, $sgd:ident, $adam:ident, $adagrad:ident) => {
        crate::simd_kernel! {
            unsafe fn $sgd<L>(r: Range<usize>, m: Memory, o: Sgd) {
                let (param, grad, [buffer, ..]) = m.split::<$t>();
                let (lr, decay, momentum) = (o.lr as $t, o.weight_decay as $t, o.momentum as $t);
                let (keep, sign) = ((1.0 - o.dampening) as $t, if o.maximize { -1.0 } else { 1.0 });
                // SAFETY: the range lies inside the memory, as the caller of `sgd` says.
                unsafe {
                    // A loop each, for the compiler makes no vectors of one that asks for the buffer.
                    if buffer.is_null() {
                        for i in r {
                            let p = *param.add(i);
                            let g = L::$fma(decay, p, sign * *grad.add(i));
                            *param.add(i) = L::$fma(-lr, g, p);
                        }
                        return;
                    }
                    for i in r {
                        let p = *param.add(i);
                        let g = L::$fma(decay, p, sign * *grad.add(i));
                        let b = if o.first { g } else { L::$fma(momentum, *buffer.add(i), keep * g) };
                        *buffer.add(i) = b;
                        let g = if o.nesterov { L::$fma(momentum, b, g) } else { b };
                        *param.add(i) = L::$fma(-lr, g, p);
                    }
                }
            }
            unsafe fn $adam<L>(r: Range<usize>, m: Memory, o: Adam) {
                let (param, grad, [average, square, largest]) = m.split::<$t>();
                let sign = if o.maximize { -1.0 } else { 1.0 };
                let shrink = if o.decoupled { (1.0 - o.lr * o.weight_decay) as $t } else { 1.0 };
                let decay = if o.decoupled { 0.0 } else { o.weight_decay as $t };
                let (beta1, beta2, eps) = (o.beta1 as $t, o.beta2 as $t, o.eps as $t);
                let (rest1, rest2) = ((1.0 - o.beta1) as $t, (1.0 - o.beta2) as $t);
                let step_size = (o.lr / (1.0 - o.beta1.powf(o.step))) as $t;
                let root = (1.0 - o.beta2.powf(o.step)).sqrt() as $t;
                let moments = |g: $t, a: $t, s: $t| {
                    // Linear interpolation, from the nearer end.
                    let a = if rest1 < 0.5 { L::$fma(rest1, g - a, a) } else { L::$fma(-beta1, g - a, g) };
                    (a, L::$fma(rest2 * g, g, beta2 * s))
                };
                // SAFETY: as above.
                unsafe {
                    // As above: a loop each.
                    if largest.is_null() {
                        for i in r {
                            let p = *param.add(i) * shrink;
                            let g = L::$fma(decay, p, sign * *grad.add(i));
                            let (a, s) = moments(g, *average.add(i), *square.add(i));
                            *average.add(i) = a;
                            *square.add(i) = s;
                            *param.add(i) = p - step_size * (a / (s.sqrt() / root + eps));
                        }
                        return;
                    }
                    for i in r {
                        let p = *param.add(i) * shrink;
                        let g = L::$fma(decay, p, sign * *grad.add(i));
                        let (a, s) = moments(g, *average.add(i), *square.add(i));
                        *average.add(i) = a;
                        *square.add(i) = s;
                        let old = *largest.add(i);
                        let high = if old > s || old.is_nan() { old } else { s };
                        *largest.add(i) = high;
                        *param.add(i) = p - step_size * (a / (high.sqrt() / root + eps));
                    }
                }
            }
            unsafe fn $adagrad<L>(r: Range<usize>, m: Memory, o: Adagrad) {
                let (param, grad, [sum, ..]) = m.split::<$t>();
                let sign = if o.maximize { -1.0 } else { 1.0 };
                let (decay, eps) = (o.weight_decay as $t, o.eps as $t);
                let lr = (o.lr / (1.0 + (o.step - 1.0) * o.lr_decay)) as $t;
                // SAFETY: as above.
                unsafe {
                    for i in r {
                        let p = *param.add(i);
                        let g = L::$fma(decay, p, sign * *grad.add(i));
                        let s = L::$fma(g, g, *sum.add(i));
                        *sum.add(i) = s;
                        *param.add(i) = p - lr * (g / (s.sqrt() + eps));
                    }
                }
            }
        }
    };
}
updates!(f32, fma32, sgd_f32, adam_f32, adagrad_f32);
updates!(f64, fma64, sgd_f64, adam_f64, adagrad_f64);

macro_rules! update {
    ($(#[$meta:meta])* $name:ident, $options:ty, $f32:ident, $f64:ident) => {
        $(#[$meta])*
        ///
        /// # Safety
        /// The memory must be good for `n` elements of the class, float32 or float64, and its parts must not overlap.
        pub unsafe fn $name(class: Class, n: usize, m: Memory, o: $options) {
            parallel_for(n, GRAIN, &|r: Range<usize>| {
                // SAFETY: passed on; the class names the type.
                unsafe { if class == Class::F32 { $f32(r, m, o) } else { $f64(r, m, o) } }
            });
        }
    };
}
update! {
    /// Stochastic gradient descent; the first state is the momentum's buffer.
    sgd, Sgd, sgd_f32, sgd_f64
}
update! {
    /// Adam; the states are the averages of the gradient and of its square, and the largest of the latter.
    adam, Adam, adam_f32, adam_f64
}
update! {
    /// Adagrad; the first state is the sum of squares.
    adagrad, Adagrad, adagrad_f32, adagrad_f64
}
