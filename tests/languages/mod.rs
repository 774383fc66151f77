//! Translates kernels to the languages of Metal and DirectX 12, whose drivers the tests do not run on.
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{Module, back, front, valid::ModuleInfo};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

fn metal(module: &Module, info: &ModuleInfo) -> Result<String, String> {
    let options = back::msl::Options { lang_version: (3, 1), fake_missing_bindings: true, ..Default::default() };
    let text = back::msl::write_string(module, info, &options, &Default::default());
    text.map(|t| t.0).map_err(|e| format!("Metal: {e:?}"))
}

fn directx(module: &Module, info: &ModuleInfo) -> Result<String, String> {
    let place = |space| Some(back::hlsl::BindTarget { space, register: 0, ..Default::default() });
    let options = back::hlsl::Options {
        shader_model: back::hlsl::ShaderModel::V6_6,
        fake_missing_bindings: true,
        immediates_target: place(7),
        special_constants_binding: place(8),
        ..Default::default()
    };
    let mut text = String::new();
    let done = back::hlsl::Writer::new(&mut text, &options, &Default::default()).write(module, info, None);
    done.map(|_| text).map_err(|e| format!("DirectX: {e:?}"))
}

fn translate(text: &str) -> Result<(), String> {
    let module = front::wgsl::parse_str(text).map_err(|e| e.emit_to_string(text))?;
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::all());
    let info = validator.validate(&module).map_err(|e| format!("{:?}", e.into_inner()))?;
    // Metal has neither: its adapters do not offer the features that these kernels are made for.
    let beyond_metal = text.contains("f64") || text.contains("atomic<u64>");
    if !beyond_metal {
        metal(&module, &info)?;
    }
    directx(&module, &info).map(drop)
}

/// Translates every kernel in a folder that `RUSTTORCH_GPU_SOURCES` named: how many there were, and what failed.
fn translate_all(folder: &Path) -> (usize, Vec<String>) {
    let (mut count, mut failed) = (0, vec![]);
    for file in std::fs::read_dir(folder).expect("the folder is there") {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("a kernel's text");
        count += 1;
        let done = catch_unwind(AssertUnwindSafe(|| translate(&text)));
        if let Err(e) = done.unwrap_or_else(|_| Err("the translator panicked".into())) {
            failed.push(format!("{}: {e}", path.display()));
        }
    }
    (count, failed)
}

/// Runs an ignored test in a process of its own, and translates the kernels that it compiles to the languages of other
/// drivers.
pub fn run_apart(test: &str, environment: &[(&str, &str)]) {
    let folder = std::env::temp_dir().join(format!("rusttorch-kernels-{}-{test}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--ignored", "--nocapture"]).env("RUSTTORCH_GPU_SOURCES", &folder);
    let out = child.envs(environment.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    let (count, failed) = translate_all(&folder);
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(out.status.success(), "{text}");
    println!("{count} kernels are translated");
    assert!(std::env::var("OP").is_ok() || count > 1000, "only {count} kernels were compiled");
    assert!(failed.is_empty(), "{} kernels cannot be translated:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn what_is_no_kernel_is_noticed() {
    let wide = "@group(0) @binding(0) var<storage, read_write> y: array<i64>;\n\
        @compute @workgroup_size(1) fn main() { y[0] = i64(2); }";
    assert_eq!(translate(wide), Ok(()));
    assert!(translate("@compute @workgroup_size(1) fn main() { let x: i32 = 1.5; }").is_err());
}
