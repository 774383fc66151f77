//! The rules of the house, as a test: order of the layers, one sentence at the head of every file, sizes, names.
use std::fs;
use std::path::{Path, PathBuf};

/// The layers of the engine: a module uses only modules of a lower rank. `tensor` and `graph` are the one mutual pair.
const LAYERS: &[(&str, u32)] = &[
    ("error", 0),
    ("site", 0),
    ("trace", 0),
    ("dtype", 1),
    ("layout", 2),
    ("device", 2),
    ("gpu", 3),
    ("storage", 4),
    ("random", 4),
    ("cpu", 5),
    ("tensor", 6),
    ("graph", 6),
    ("ops", 7),
    ("engine", 8),
    ("python", 9),
];
/// Names of the crate's root, and the layer each belongs to.
const ROOT_NAMES: &[(&str, &str)] = &[
    ("Tensor", "tensor"),
    ("DType", "dtype"),
    ("Scalar", "dtype"),
    ("Error", "error"),
    ("Result", "error"),
    ("bail", "error"),
    ("ensure", "error"),
    ("dispatch", "dtype"),
    ("simd_kernel", "cpu"),
    ("shader", "gpu"),
    ("rows", "ops"),
    ("pointwise", "ops"),
    ("chosen", "ops"),
];
/// What one can read in one sitting.
const MAX_LINES: usize = 600;
/// Names that say nothing. PyTorch's own public paths keep theirs.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "manager", "misc"];
const PYTORCH_PATHS: &[&str] = &[
    "python/rusttorch/utils",
    "python/rusttorch/_utils.py",
    "python/rusttorch/nn/utils",
    "python/rusttorch/nn/modules/utils.py",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below these folders of the repository with one of these endings: path relative to the root, and text.
fn files(folders: &[&str], endings: &[&str]) -> Vec<(String, String)> {
    fn walk(at: &Path, endings: &[&str], out: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(at) else { return };
        for path in entries.map(|e| e.expect("a readable folder").path()) {
            if path.is_dir() {
                walk(&path, endings, out);
            } else if path.extension().is_some_and(|e| endings.iter().any(|x| e == *x)) {
                out.push(path);
            }
        }
    }
    let mut paths = vec![];
    for folder in folders {
        walk(&root().join(folder), endings, &mut paths);
    }
    paths.sort();
    let read = |p: PathBuf| {
        let name = p.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(&p).expect("text in UTF-8"))
    };
    paths.into_iter().map(read).collect()
}
fn rust() -> Vec<(String, String)> {
    files(&["src", "tests", "benches"], &["rs"])
}
fn python() -> Vec<(String, String)> {
    files(&["python", "tests", "benches", "examples"], &["py"])
}

fn finish(found: Vec<String>) {
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}

#[test]
fn layers_keep_their_order() {
    let rank = |module: &str| LAYERS.iter().find(|l| l.0 == module).map(|l| l.1);
    let mut found = vec![];
    for (path, text) in files(&["src"], &["rs"]) {
        let module = path.split(['/', '.']).nth(1).expect("a file below src");
        if module == "lib" {
            continue;
        }
        let Some(own) = rank(module) else {
            found.push(format!("{path}: give `{module}` a rank"));
            continue;
        };
        for name in names_used(&text) {
            let used = ROOT_NAMES.iter().find(|r| r.0 == name).map_or(name.as_str(), |r| r.1);
            match rank(used) {
                _ if used == module => {}
                Some(r) if r < own || (r == own && (module, used) == ("tensor", "graph")) => {}
                Some(r) if r == own && (module, used) == ("graph", "tensor") => {}
                Some(_) => found.push(format!("{path}: `{module}` must not use `{used}`")),
                None => found.push(format!("{path}: `crate::{name}` belongs to no layer that the test knows")),
            }
        }
        if module != "python" && code(&text).contains("pyo3") {
            found.push(format!("{path}: only `python` may name pyo3"));
        }
    }
    finish(found);
}

/// The first words after `crate::`, also of each item in `crate::{a, b::c}`.
fn names_used(text: &str) -> Vec<String> {
    let word = |s: &str| s.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = vec![];
    for used in code(text).replace("$crate::", "crate::").split("crate::").skip(1) {
        match used.strip_prefix('{') {
            None => names.push(word(used)),
            Some(list) => {
                let mut depth = 0;
                let mut start = true;
                for (i, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        c if start && !c.is_whitespace() => {
                            names.push(word(&list[i..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names.retain(|n| !n.is_empty());
    names
}

/// The text without line comments.
fn code(text: &str) -> String {
    text.lines().map(|l| l.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

#[test]
fn files_begin_with_what_they_are_for() {
    let mut found = vec![];
    for (path, text) in rust() {
        if !text.starts_with("//! ") {
            found.push(format!("{path}: the first line must say in one sentence, after `//!`, what the file is for"));
        }
    }
    for (path, text) in python() {
        if !text.starts_with("\"\"\"") && !text.starts_with("r\"\"\"") {
            found.push(format!("{path}: must begin with a docstring that says what the file is for"));
        }
    }
    finish(found);
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let too_long = |(path, text): (String, String)| {
        let lines = text.lines().count();
        (lines > MAX_LINES).then(|| format!("{path}: {lines} lines, {MAX_LINES} are the limit: one file, one subject"))
    };
    finish(rust().into_iter().chain(python()).filter_map(too_long).collect());
}

#[test]
fn names_say_something() {
    let mut found = vec![];
    for (path, text) in rust().into_iter().chain(python()) {
        if PYTORCH_PATHS.iter().any(|p| path.starts_with(p)) {
            continue;
        }
        if let Some(part) = path.split(['/', '.']).find(|part| EMPTY_NAMES.contains(&part.trim_matches('_'))) {
            found.push(format!("{path}: `{part}` says nothing"));
        }
        for line in text.lines() {
            let words: Vec<&str> =
                line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
            let keyword =
                words.iter().position(|w| ["fn", "mod", "struct", "trait", "enum", "def", "class"].contains(w));
            if let Some(name) = keyword.and_then(|k| words.get(k + 1))
                && EMPTY_NAMES.contains(&name.to_lowercase().trim_matches('_'))
                && !line.trim_start().starts_with(['/', '#', '"'])
            {
                found.push(format!("{path}: `{name}` says nothing"));
            }
        }
    }
    finish(found);
}

#[test]
fn unsafe_code_says_why_it_is_safe() {
    let mut found = vec![];
    for (path, text) in rust() {
        let lines: Vec<&str> = text.lines().collect();
        for (i, line) in lines.iter().enumerate() {
            let bare = line.split("//").next().unwrap_or("");
            // Blocks and impls; what an `unsafe fn` asks for, clippy wants in its documentation.
            if !["unsafe {", "unsafe impl"].iter().any(|u| bare.contains(u) && !bare.contains(&format!("\"{u}"))) {
                continue;
            }
            let reason = |l: &&str| l.contains("SAFETY:") || l.contains("# Safety");
            if !lines[i.saturating_sub(10)..=i].iter().any(reason) {
                found.push(format!("{path}:{}: no `// SAFETY:`", i + 1));
            }
        }
    }
    finish(found);
}

#[test]
fn nothing_names_a_machine() {
    let mut all = files(
        &["src", "tests", "benches", "examples", "python", "shaders", "docs", ".ci"],
        &["rs", "py", "pyi", "md", "toml", "json", "wgsl", "sh"],
    );
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "Makefile",
        "Cargo.toml",
        "pyproject.toml",
        ".ci/run",
    ] {
        all.push((name.to_string(), fs::read_to_string(root().join(name)).unwrap_or_default()));
    }
    let mut found = vec![];
    for (path, text) in all {
        // In pieces, so that this file does not name them.
        for place in ["work", "opt", "root", "home", "Users"].map(|p| format!("/{p}/")) {
            for (i, line) in text.lines().enumerate() {
                // A path at its beginning: not `a/home/b`.
                let hit = line.match_indices(&place).any(|(k, _)| {
                    !line[..k].ends_with(|c: char| c.is_alphanumeric() || "._-}$~*)".contains(c))
                        && !line[..k].contains("://")
                });
                if hit {
                    found.push(format!("{path}:{}: names a path of one machine", i + 1));
                }
            }
        }
    }
    finish(found);
}
