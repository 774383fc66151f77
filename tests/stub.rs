//! The committed type stubs are what the op table says; `make stub` (`UPDATE=1 cargo test --test stub`) writes them.
use rusttorch::ops::{stub, table};
use std::fs;
use std::path::Path;

#[test]
fn stubs_are_fresh() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/rusttorch");
    let mut stale = vec![];
    for (name, text) in stub::generate(&table()) {
        let path = folder.join(&name);
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, text).expect("the stub can be written");
        } else {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "{stale:?} do not match the op table: run `make stub`");
}
