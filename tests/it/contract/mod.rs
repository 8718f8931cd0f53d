//! Everything that is made from the table of use cases, or is written beside it, agrees with it. Needs no platform.

mod architecture;
mod buckets;
mod errors;
mod events;
mod failures;
mod openapi;
mod policies;
mod readme;
mod template;
mod triggers;

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A file of the repository.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file under a directory of the repository that ends like this, by its path from the root.
pub fn files(directory: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut left: Vec<PathBuf> = vec![root().join(directory)];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let hidden = name.starts_with('.') || name == "target" || name == "__pycache__";
            if entry.file_type().unwrap().is_dir() {
                left.extend((!hidden).then(|| entry.path()));
            } else if name.ends_with(ending) {
                let path = entry.path();
                found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Fails with every complaint at once.
#[track_caller]
pub fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n  {}\n", complaints.join("\n  "));
}

/// The texts between quotes in Rust's source (not raw ones with quotes in them: there are none).
pub fn literals(source: &str) -> Vec<String> {
    let source = source.replace("'\"'", "''").replace("\\\"", "'");
    source.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}
