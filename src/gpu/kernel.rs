//! One call of a shader file: operands, constants, numbers and a grid.
use super::functions;
use super::pipeline::{Key, Role};
use super::pool::Slice;
use super::prelude::{Constant, Type, has_fours, prelude};
use super::queue::{Dispatch, Gpu};
use crate::dtype::DType;
use crate::error::Result;
use crate::layout::Dims;
use smallvec::SmallVec;
use std::sync::Arc;

/// A shader file and its text.
pub struct Shader {
    pub name: &'static str,
    pub text: &'static str,
    /// The files of functions that it uses.
    pub functions: &'static [&'static str],
    /// Whether it stays inside its operands and ends its loops whatever they hold, so that no check need slow it down.
    pub guarded: bool,
    /// Whether it computes in float32 only: it says `f32`, where others leave the type open.
    pub narrow: bool,
    /// Whether its elements may be complex: it says so, for most would multiply or compare the parts.
    pub complex: bool,
}
/// The line by which a file says that.
const COMPLEX: &str = "\n// Elements may be complex.\n";
/// Whether a line that is no comment says `f32`.
pub const fn says_f32(text: &str) -> bool {
    let b = text.as_bytes();
    let (mut i, mut begun, mut comment) = (0, false, false);
    while i + 2 < b.len() {
        if b[i] == b'\n' {
            (begun, comment) = (false, false);
        } else if !begun && b[i] != b' ' {
            begun = true;
            comment = b[i] == b'/' && b[i + 1] == b'/';
        }
        if !comment && b[i] == b'f' && b[i + 1] == b'3' && b[i + 2] == b'2' {
            return true;
        }
        i += 1;
    }
    false
}
pub const fn says_complex(text: &str) -> bool {
    let (b, line) = (text.as_bytes(), COMPLEX.as_bytes());
    let mut i = 0;
    while i + line.len() <= b.len() {
        let mut k = 0;
        while k < line.len() && b[i + k] == line[k] {
            k += 1;
        }
        if k == line.len() {
            return true;
        }
        i += 1;
    }
    false
}
/// The file of this name in `shaders/`, after those of functions that it uses.
#[macro_export]
macro_rules! shader {
    ($name:literal $(with $($functions:literal),+)?) => {
        $crate::shader!(@ $name [$($($functions)+)?] false)
    };
    ($name:literal $(with $($functions:literal),+)? guarded) => {
        $crate::shader!(@ $name [$($($functions)+)?] true)
    };
    (@ $name:literal [$($functions:literal)*] $guarded:literal) => {
        const {
            const TEXT: &str = concat!(
                $(include_str!(concat!("../../shaders/", $functions, ".wgsl")), "\n",)*
                include_str!(concat!("../../shaders/", $name, ".wgsl"))
            );
            &$crate::gpu::Shader {
                name: $name,
                functions: &[$($functions),*],
                text: TEXT,
                guarded: $guarded,
                narrow: $crate::gpu::kernel::says_f32(TEXT),
                complex: $crate::gpu::kernel::says_complex(TEXT),
            }
        }
    };
}

/// Memory on the device as a kernel sees it.
#[derive(Clone)]
pub struct Memory<'a> {
    pub slice: Arc<Slice>,
    pub dtype: DType,
    pub strides: &'a [usize],
    /// In elements.
    pub offset: usize,
}
impl Memory<'_> {
    /// Complex numbers as what they are in memory, pairs of real ones along a dim of stride 1 after the others: what is linear
    /// is done to the parts alike. `strides` are those of the pairs.
    pub fn pairs<'b>(&self, strides: &'b [usize]) -> Memory<'b> {
        Memory { slice: self.slice.clone(), dtype: self.dtype.to_real(), strides, offset: 2 * self.offset }
    }
    pub fn pair_strides(&self) -> Dims {
        self.strides.iter().map(|s| 2 * s).chain([1]).collect()
    }
}

/// A call under construction.
pub struct Call {
    gpu: &'static Gpu,
    shader: &'static Shader,
    names: SmallVec<[&'static str; 6]>,
    slices: SmallVec<[Arc<Slice>; 6]>,
    key: Key,
    params: SmallVec<[u32; 32]>,
    may_fault: bool,
    has_floats: bool,
}

/// Threads in a workgroup of the kernels that run over elements.
pub const GROUP: u32 = 256;

impl Call {
    pub fn new(gpu: &'static Gpu, shader: &'static Shader) -> Self {
        let key = Key {
            file: shader.name,
            guarded: shader.guarded,
            wide: false,
            expression: None,
            operands: SmallVec::new(),
            constants: SmallVec::new(),
        };
        Self {
            gpu,
            shader,
            names: SmallVec::new(),
            slices: SmallVec::new(),
            key,
            params: SmallVec::new(),
            may_fault: false,
            has_floats: false,
        }
    }
    /// The next binding. Its offset and strides are for `param` to pass. Where any is float64, floats are computed in float64.
    pub fn operand(&mut self, name: &'static str, slice: &Arc<Slice>, dtype: DType, ty: Type, role: Role) -> &mut Self {
        let ty = if ty == Type::F32 && dtype == DType::F64 { Type::F64 } else { ty };
        if ty.is_wide() && !self.key.wide {
            debug_assert!(!self.has_floats, "{}: floats were passed before the operand {name}", self.shader.name);
            self.widen();
        }
        let ty = if ty == Type::F32 && self.key.wide { Type::F64 } else { ty };
        self.names.push(name);
        self.slices.push(slice.clone());
        self.key.operands.push((dtype, ty, role));
        self
    }
    pub fn read(&mut self, name: &'static str, memory: &Memory, ty: Type) -> &mut Self {
        self.operand(name, &memory.slice, memory.dtype, ty, Role::Read)
    }
    pub fn write(&mut self, name: &'static str, memory: &Memory, ty: Type) -> &mut Self {
        self.operand(name, &memory.slice, memory.dtype, ty, Role::Write)
    }
    /// As `read`, by units of four elements where these are lines of whole units (`even`) from the offset on.
    pub fn read_lines(&mut self, name: &'static str, memory: &Memory, ty: Type, even: bool) -> &mut Self {
        let role = if even && self.has_units(memory) { Role::ReadFours } else { Role::Read };
        self.operand(name, &memory.slice, memory.dtype, ty, role)
    }
    pub fn write_lines(&mut self, name: &'static str, memory: &Memory, ty: Type, even: bool) -> &mut Self {
        let role = if even && self.has_units(memory) { Role::WriteFours } else { Role::Write };
        self.operand(name, &memory.slice, memory.dtype, ty, role)
    }
    fn has_units(&self, memory: &Memory) -> bool {
        memory.offset.is_multiple_of(4) && has_fours(memory.dtype, &self.gpu.abilities)
    }
    /// Lets the kernel report bad input.
    pub fn faults(&mut self) -> Result<&mut Self> {
        let gpu = self.gpu;
        self.names.push("fault");
        self.key.operands.push((DType::I32, Type::I32, Role::Add));
        self.may_fault = true;
        self.slices.push(gpu.fault()?);
        Ok(self)
    }
    pub fn constant(&mut self, name: &'static str, value: impl Into<Constant>) -> &mut Self {
        self.key.constants.push((name, value.into()));
        self
    }
    /// From here on floats are computed in float64.
    pub(super) fn widen(&mut self) {
        self.key.wide = true;
        self.key.operands.iter_mut().filter(|o| o.1 == Type::F32).for_each(|o| o.1 = Type::F64);
    }
    pub(super) fn expression(&mut self, expression: &'static str, names: &'static [&'static str]) -> &mut Self {
        self.key.expression = Some((expression, names));
        self
    }
    pub fn param(&mut self, word: u32) -> &mut Self {
        self.params.push(word);
        self
    }
    /// A float64 as two words.
    pub(super) fn words(&mut self, v: f64) -> &mut Self {
        self.param(v.to_bits() as u32).param((v.to_bits() >> 32) as u32)
    }
    pub fn params(&mut self, words: impl IntoIterator<Item = usize>) -> &mut Self {
        self.params.extend(words.into_iter().map(|w| w as u32));
        self
    }
    /// A number of the type `F`, which all operands must be known for. One of two words begins at an even one.
    pub fn float(&mut self, v: f64) -> &mut Self {
        self.has_floats = true;
        if !self.key.wide {
            self.params.push((v as f32).to_bits());
            return self;
        }
        while !self.params.len().is_multiple_of(2) {
            self.params.push(0);
        }
        let bits = v.to_bits();
        self.params.extend([bits as u32, (bits >> 32) as u32]);
        self
    }
    /// Up to four numbers as a `vec4`, which begins at a multiple of four words.
    pub fn vec4(&mut self, words: &[usize], rest: u32) -> &mut Self {
        while !self.params.len().is_multiple_of(4) {
            self.params.push(0);
        }
        self.params.extend((0..4).map(|k| words.get(k).map_or(rest, |w| *w as u32)));
        self
    }
    pub fn gpu(&self) -> &'static Gpu {
        self.gpu
    }

    /// Runs it over `n` elements.
    pub fn over(&mut self, n: usize) -> Result<()> {
        self.over_with(n, &|| String::new())
    }
    pub(super) fn over_with(&mut self, n: usize, text: &dyn Fn() -> String) -> Result<()> {
        let groups = n.div_ceil(GROUP as usize).min(self.gpu.abilities.max_groups as usize);
        self.grid_with([groups as u32, 1, 1], text)
    }
    /// Runs it with a workgroup for each of `n` rows, or as many as a grid may have.
    pub fn rows(&mut self, n: usize) -> Result<()> {
        self.grid([n.min(self.gpu.abilities.max_groups as usize) as u32, 1, 1])
    }
    pub fn grid(&mut self, groups: [u32; 3]) -> Result<()> {
        self.grid_with(groups, &|| String::new())
    }
    /// Refuses what this kernel or this device cannot do in float64.
    fn check_wide(&self) -> Result<()> {
        let adds = self.key.operands.iter().any(|o| o.1 == Type::F64 && matches!(o.2, Role::Add | Role::Atomic));
        let lack = match () {
            _ if self.shader.narrow => "its kernel computes in float32",
            _ if adds && !self.gpu.abilities.int64_atomics => {
                "this GPU adds no float64 atomically (feature shader-int64-atomic-all-ops)"
            }
            _ => return Ok(()),
        };
        let (op, on) = (crate::device::op(), crate::device::Device::Gpu(self.gpu.index));
        bail!(
            NotImplemented,
            "The operator '{op}' is not implemented for the device '{on}' and {}: {lack}. Move its tensors with .cpu()",
            DType::F64.name()
        )
    }
    /// Refuses complex numbers where the kernel is not made for them.
    fn check_complex(&self) -> Result<()> {
        let unfit = |(dtype, ty, _): &(DType, Type, Role)| ty.is_complex() || dtype.is_complex() && *ty != Type::Bool;
        let Some((dtype, ..)) = self.key.operands.iter().find(|o| unfit(o)).filter(|_| !self.shader.complex) else {
            return Ok(());
        };
        let (op, on) = (crate::device::op(), crate::device::Device::Gpu(self.gpu.index));
        bail!(
            NotImplemented,
            "The operator '{op}' is not implemented for the device '{on}' and {}: its kernel computes with real numbers. \
             Move its tensors with .cpu()",
            if dtype.is_complex() { *dtype } else { DType::C64 }.name()
        )
    }
    /// Refuses to write a copy of what lies elsewhere: the result would be lost.
    fn check_results(&self) -> Result<()> {
        for ((slice, (.., role)), name) in self.slices.iter().zip(&self.key.operands).zip(&self.names) {
            ensure!(
                matches!(role, Role::Read | Role::ReadFours) || !slice.copied,
                "{}: expected what it writes to be on wgpu:{}, but '{name}' of the kernel '{}' lies on another device",
                crate::device::op(),
                self.gpu.index,
                self.shader.name
            );
        }
        Ok(())
    }
    /// With text made for this call put before the file.
    pub(super) fn grid_with(&mut self, groups: [u32; 3], text: &dyn Fn() -> String) -> Result<()> {
        if groups.contains(&0) {
            return Ok(());
        }
        if self.key.wide {
            self.check_wide()?;
        }
        self.check_complex()?;
        self.check_results()?;
        debug_assert!(self.params.len() <= 32, "{}: {} words of numbers", self.shader.name, self.params.len());
        let (shader, names, abilities, key) = (self.shader, &self.names, &self.gpu.abilities, &self.key);
        let has_params = !self.params.is_empty();
        let source = || {
            let extra = text();
            let has_params = has_params && (shader.text.contains("struct Params") || extra.contains("struct Params"));
            let lanes = shader.functions.contains(&"lanes");
            let functions = if key.wide { functions::in_place_of_built_in(shader.text) } else { String::new() };
            format!("{}{functions}{extra}{}", prelude(key, names, has_params, lanes, abilities), shader.text)
        };
        self.gpu.dispatch(Dispatch {
            key: &self.key,
            source: &source,
            slices: self.slices.iter().map(|s| &**s).collect(),
            params: &self.params,
            groups,
            may_fault: self.may_fault,
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{says_complex, says_f32};

    #[test]
    fn comments_do_not_say_that_a_file_is_of_float32() {
        assert!(!says_f32("// of f32\nfn a(v: F) -> F {\n    // f32\n}"));
        assert!(says_f32("// of F\nfn a(v: F) -> f32 {}") && says_f32("f32"));
    }
    #[test]
    fn a_line_of_its_own_says_that_elements_may_be_complex() {
        assert!(says_complex("// Moves.\n// Elements may be complex.\nfn a() {}"));
        assert!(!says_complex("// No Elements may be complex.\n") && !says_complex("// Elements may be complex, not."));
    }
}
