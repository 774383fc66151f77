//! Elementwise kernels on the GPU: an op's expression, its operands' dtypes and layouts.

/// An op's expressions in WGSL, by compute class: of its operands by their names, where `T` is the class's type (`f32`;
/// `i32` or `i64`; `bool`). `None` where the op is not defined for a class, or not on the GPU.
#[derive(Clone, Copy)]
pub struct Wgsl {
    pub bool: Option<&'static str>,
    pub int: Option<&'static str>,
    pub float: Option<&'static str>,
}
impl Wgsl {
    pub const NONE: Wgsl = Wgsl { bool: None, int: None, float: None };
}
