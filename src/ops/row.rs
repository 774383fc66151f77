//! How rows of elementwise ops are written: `pointwise!` makes the kernels, the function and the table's rows of an
//! expression, `chosen!` makes rows that choose among such by their arguments.

/// Rows of elementwise ops. Per row: doc, `name(inputs; numbers)`, the node's name where it is another, the schemas with
/// their forms, the rule, then expressions by class (`bool`, `int`, `float` and perhaps `rows_f32` and
/// `rows_f64`, loops of their own, `complex`; `_test` gives a bool,
/// `complex_real` a real), the same expressions as `wgsl` by class (`bool`, `int`, `float`, `complex`) of the GPU's language, derivatives, and the tests' samples or the domain of such. Without a schema the row is for
/// this crate's own use. `name(mask => inputs)` has a mask as its first operand.
#[macro_export]
macro_rules! pointwise {
    ($($(#[doc = $doc:literal])* $name:ident $xs:tt $(=> $node:literal)? $($schema:literal $forms:literal)* $rule:ident {
        $(check: $check:expr,)?
        $(bool: $b:expr,)? $(int: $i:expr,)? $(int_test: $it:expr,)? $(float: $f:expr, $(rows_f32: $rows:path,)? $(rows_f64: $rows_f64:path,)?)?
        $(float_test: $ft:expr,)?
        $(complex: $c:expr,)? $(complex_test: $ct:expr,)? $(complex_real: $cr:expr,)?
        $(wgsl: { $($class:ident: $wgsl:literal),* $(,)? },)?
        grad: { $($in:ident: |$g:ident $(, $used:ident)*| $grad:expr),* $(,)? },
        $(samples: |$s:ident $(, $text:ident)?| $samples:expr,)? $(domain: $domain:expr)? $(,)?
    })*) => {
        $(
            $crate::pointwise!(@function $name $xs $(#[doc = $doc])*);
            #[allow(non_camel_case_types)]
            pub enum $name {}
            $(impl $crate::cpu::pointwise::BoolFn<{ $name::N }> for $name {
                #[inline(always)]
                #[allow(unused_variables)]
                fn bool($crate::pointwise!(@pattern $xs): [bool; $name::N]) -> bool { $b }
            })?
            $(impl $crate::cpu::pointwise::IntFn<{ $name::N }> for $name {
                type Out = i64;
                #[inline(always)]
                #[allow(unused_variables)]
                fn int($crate::pointwise!(@pattern $xs): [i64; $name::N]) -> i64 { $i }
            })?
            $(impl $crate::cpu::pointwise::IntFn<{ $name::N }> for $name {
                type Out = bool;
                #[inline(always)]
                #[allow(unused_variables)]
                fn int($crate::pointwise!(@pattern $xs): [i64; $name::N]) -> bool { $it }
            })?
            $(impl $crate::cpu::pointwise::FloatFn<{ $name::N }> for $name {
                $(const BLOCK_F32: Option<$crate::cpu::pointwise::Block> = Some({
                    unsafe fn block(n: usize, ins: &[*const u8], out: *mut u8) {
                        // SAFETY: the caller gives n elements of each.
                        unsafe { $rows(n, ins[0].cast(), out.cast()) }
                    }
                    block
                });)?
                $(const BLOCK_F64: Option<$crate::cpu::pointwise::Block> = Some({
                    unsafe fn block(n: usize, ins: &[*const u8], out: *mut u8) {
                        // SAFETY: the caller gives n elements of each.
                        unsafe { $rows_f64(n, ins[0].cast(), out.cast()) }
                    }
                    block
                });)?
                #[inline(always)]
                fn float<L: $crate::cpu::simd::Level, T: $crate::cpu::float::Float<L>>(
                    $crate::pointwise!(@pattern $xs): [T; $name::N],
                ) -> T { $f }
            })?
            $(impl $crate::cpu::pointwise::FloatTest<{ $name::N }> for $name {
                #[inline(always)]
                fn test<L: $crate::cpu::simd::Level, T: $crate::cpu::float::Float<L>>(
                    $crate::pointwise!(@pattern $xs): [T; $name::N],
                ) -> bool { $ft }
            })?
            $(impl $crate::cpu::pointwise::ComplexFn<{ $name::N }> for $name {
                type Out = $crate::dtype::C64;
                #[inline(always)]
                fn complex($crate::pointwise!(@pattern $xs): [$crate::dtype::C64; $name::N]) -> $crate::dtype::C64 { $c }
            })?
            $(impl $crate::cpu::pointwise::ComplexFn<{ $name::N }> for $name {
                type Out = bool;
                #[inline(always)]
                fn complex($crate::pointwise!(@pattern $xs): [$crate::dtype::C64; $name::N]) -> bool { $ct }
            })?
            $(impl $crate::cpu::pointwise::ComplexFn<{ $name::N }> for $name {
                type Out = f64;
                #[inline(always)]
                fn complex($crate::pointwise!(@pattern $xs): [$crate::dtype::C64; $name::N]) -> f64 { $cr }
            })?
            impl $name {
                #[allow(dead_code)] // as `samples`
                const DOC: &'static str = concat!($($doc, "\n"),*);
                pub const INPUTS: &'static [&'static str] = &$crate::pointwise!(@names $xs);
                /// How many operands the kernel has.
                pub const N: usize = Self::INPUTS.len() + $crate::pointwise!(@numbers $xs);
                pub const ROW: &'static $crate::ops::elementwise::Row = &$crate::ops::elementwise::Row {
                    op: stringify!($name),
                    node: $crate::pointwise!(@node $name $($node)?),
                    names: &$crate::pointwise!(@all $xs),
                    inputs: Self::INPUTS,
                    masks: $crate::pointwise!(@masks $xs),
                    arity: Self::N,
                    kernels: $crate::cpu::pointwise::Kernels::NONE
                        $(.bool::<Self, { $crate::pointwise!(@count $b; $name) }>())?
                        $(.int::<Self, { $crate::pointwise!(@count $i; $name) }>())?
                        $(.int::<Self, { $crate::pointwise!(@count $it; $name) }>())?
                        $(.float::<Self, { $crate::pointwise!(@count $f; $name) }>())?
                        $(.float_test::<Self, { $crate::pointwise!(@count $ft; $name) }>())?
                        $(.complex::<Self, { $crate::pointwise!(@count $c; $name) }>())?
                        $(.complex::<Self, { $crate::pointwise!(@count $ct; $name) }>())?
                        $(.complex::<Self, { $crate::pointwise!(@count $cr; $name) }>())?,
                    wgsl: {
                        #[allow(clippy::needless_update)] // a row may have all of them
                        const WGSL: $crate::gpu::pointwise::Wgsl = $crate::gpu::pointwise::Wgsl {
                            $($($class: Some($wgsl),)*)?
                            ..$crate::gpu::pointwise::Wgsl::NONE
                        };
                        WGSL
                    },
                    rule: $crate::ops::elementwise::Rule::$rule,
                    check: $crate::pointwise!(@option $($check)?),
                    grads: &[$($crate::ops::elementwise::Grad {
                        input: $crate::ops::elementwise::input_number(stringify!($in), Self::INPUTS),
                        needs: &[$($crate::ops::elementwise::input_number(stringify!($used), Self::INPUTS)),*],
                        formula: |$g, saved, numbers| {
                            let [$($used),*] = saved else { unreachable!("saved by what the formula names") };
                            $crate::pointwise!(@bind numbers $xs);
                            $crate::ops::elementwise::IntoGrad::into_grad($grad)
                        },
                    }),*],
                };
                #[allow(dead_code)] // a row of this crate's own is not tried by itself
                fn samples(schema: &'static str, s: &mut $crate::ops::Samples) -> Vec<Vec<$crate::ops::Value>> {
                    $crate::pointwise!(@samples schema s $name [$(|$s $(, $text)?| $samples)?] [$($domain)?])
                }
                #[allow(dead_code)] // as above
                fn rows() -> Vec<$crate::ops::Op> {
                    vec![$($crate::ops::Op {
                        schema: $schema,
                        forms: $forms,
                        doc: Self::DOC,
                        row: Some($name::ROW),
                        call: |a| $crate::ops::elementwise::apply_args($name::ROW, a),
                        call_into: Some(|a, into| $crate::ops::elementwise::apply_args_into($name::ROW, a, into)),
                        samples: |s| $name::samples($schema, s),
                    }),*]
                }
            }
        )*
        #[allow(dead_code)] // as above
        pub(super) fn pointwise_rows() -> Vec<$crate::ops::Op> {
            [$($name::rows()),*].into_iter().flatten().filter(|op: &$crate::ops::Op| !op.schema.is_empty()).collect()
        }
    };
    (@function $name:ident ($($x:ident),* $(; $($n:ident),*)?) $(#[doc = $doc:literal])*) => {
        $crate::pointwise!(@define $name [$($x),* $($(, $n)*)?] $(#[doc = $doc])*);
    };
    (@function $name:ident ($m:ident => $($x:ident),*) $(#[doc = $doc:literal])*) => {
        $crate::pointwise!(@define $name [$m $(, $x)*] $(#[doc = $doc])*);
    };
    (@define $name:ident [$($x:ident),*] $(#[doc = $doc:literal])*) => {
        $(#[doc = $doc])*
        #[allow(clippy::needless_lifetimes, clippy::too_many_arguments)]
        pub fn $name<'a>($($x: impl Into<$crate::ops::Operand<'a>>),*) -> $crate::error::Result<$crate::Tensor> {
            $crate::ops::elementwise::apply($name::ROW, &[$($x.into()),*])
        }
    };
    (@pattern ($($x:ident),* $(; $($n:ident),*)?)) => { [$($x,)* $($($n,)*)?] };
    (@pattern ($m:ident => $($x:ident),*)) => { [$m, $($x),*] };
    (@all ($($x:ident),* $(; $($n:ident),*)?)) => { [$(stringify!($x),)* $($(stringify!($n)),*)?] };
    (@all ($m:ident => $($x:ident),*)) => { [stringify!($m), $(stringify!($x)),*] };
    (@names ($($x:ident),* $(; $($n:ident),*)?)) => { [$(stringify!($x)),*] };
    (@names ($m:ident => $($x:ident),*)) => { [stringify!($m), $(stringify!($x)),*] };
    (@numbers ($($x:ident),*)) => { 0 };
    (@numbers ($($x:ident),*; $($n:ident),*)) => { [$(stringify!($n)),*].len() };
    (@numbers ($m:ident => $($x:ident),*)) => { 0 };
    (@masks ($($x:ident),* $(; $($n:ident),*)?)) => { 0 };
    (@masks ($m:ident => $($x:ident),*)) => { 1 };
    (@bind $numbers:ident ($($x:ident),*; $($n:ident),*)) => {
        #[allow(unused_variables)]
        let &[$($n),*] = $numbers else { unreachable!("as many as the row has") };
    };
    (@bind $numbers:ident $xs:tt) => { let _ = $numbers; };
    (@node $name:ident) => { stringify!($name) };
    (@node $name:ident $node:literal) => { $node };
    (@option) => { None };
    (@option $check:expr) => { Some($check) };
    (@samples $schema:ident $all:ident $name:ident [|$s:ident| $samples:expr] []) => {{
        let (_, $s) = ($schema, $all);
        $samples
    }};
    (@samples $schema:ident $all:ident $name:ident [|$s:ident, $text:ident| $samples:expr] []) => {{
        let ($s, $text) = ($all, $schema);
        $samples
    }};
    (@samples $schema:ident $s:ident $name:ident [] [$domain:expr]) => {{
        $s.domain = $domain;
        $s.of_row($name::ROW, $schema)
    }};
    (@samples $schema:ident $s:ident $name:ident [] []) => {{
        let _ = ($schema, $s);
        vec![]
    }};
    // The number of operands; `$any` only drives the repetition.
    (@count $any:expr; $name:ident) => { $name::N };
}

/// Rows that choose among pointwise rows by their arguments: doc, schema, forms, the choice, samples for the tests.
#[macro_export]
macro_rules! chosen {
    ($($(#[doc = $doc:literal])* $schema:literal $forms:literal $(by default $row:ident)?
        |$a:ident| $choice:expr; |$s:ident| $samples:expr;)*) => {
        fn chosen_rows() -> Vec<$crate::ops::Op> {
            vec![$($crate::ops::Op {
                schema: $schema,
                forms: $forms,
                doc: concat!($($doc, "\n"),*),
                row: $crate::pointwise!(@option $($row::ROW)?),
                call: |$a| $choice?.apply(),
                call_into: Some(|$a, into| $choice?.apply_into(into)),
                samples: |$s| $samples,
            }),*]
        }
    };
}
