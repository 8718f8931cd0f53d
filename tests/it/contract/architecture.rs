//! The rules of the house that a compiler doesn't know.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::{files, literals, none, read, root};

/// The most lines of one file.
const LINES_MAX: usize = 500;
/// What the pure rules must not know: our own crates around them, and everything that talks to somebody.
const NOT_IN_DOMAIN: [&str; 9] = [
    "lectern-runtime",
    "lectern-postgres",
    "tokio",
    "tokio-postgres",
    "reqwest",
    "aws-config",
    "lambda_runtime",
    "axum",
    "rand",
];

/// Each of our crates with everything that it depends on (for tests alone not counted).
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let asked = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let metadata: Value = serde_json::from_slice(&asked.stdout).unwrap();
    let package = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let ours = dependencies
            .filter(|dependency| dependency["kind"] != "dev")
            .map(|dependency| dependency["name"].as_str().unwrap().to_owned());
        (package["name"].as_str().unwrap().to_owned(), ours.collect())
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

fn contexts() -> BTreeSet<String> {
    lectern_local::all().iter().map(|f| format!("lectern-{}", f.context)).collect()
}

#[test]
fn contexts_never_depend_on_each_other() {
    let (dependencies, contexts) = (dependencies(), contexts());
    assert!(contexts.len() >= 5);
    for context in &contexts {
        let others: Vec<_> = dependencies[context].intersection(&contexts).collect();
        assert!(others.is_empty(), "{context} depends on {others:?}");
    }
}

#[test]
fn shared_crates_do_not_know_the_contexts_and_the_domain_knows_nobody() {
    let (dependencies, contexts) = (dependencies(), contexts());
    for shared in ["lectern-domain", "lectern-runtime", "lectern-postgres"] {
        let upward: Vec<_> = dependencies[shared].intersection(&contexts).collect();
        assert!(upward.is_empty(), "{shared} depends on {upward:?}");
    }
    let domain = &dependencies["lectern-domain"];
    let known = |name: &&String| NOT_IN_DOMAIN.contains(&name.as_str()) || name.starts_with("aws-sdk-");
    let outside: Vec<_> = domain.iter().filter(known).collect();
    assert!(outside.is_empty(), "the domain depends on {outside:?}");
}

#[test]
fn the_domain_asks_no_clock_and_throws_no_dice() {
    let mut complaints = Vec::new();
    for path in files("shared/domain/src", ".rs") {
        let text = read(&path);
        let code = text.split("#[cfg(test)]").next().unwrap();
        for forbidden in
            ["Timestamp::now", "Zoned::now", "SystemTime", "now_v7", "new_v4", "std::env", "std::fs"]
        {
            if code.contains(forbidden) {
                complaints.push(format!("{path}: {forbidden}"));
            }
        }
    }
    none(&complaints);
}

#[test]
fn sql_is_written_only_in_stores() {
    let mut complaints = Vec::new();
    for path in files("functions", ".rs") {
        let is_test = path.split('/').any(|part| part == "tests");
        if path.contains("/store/") || is_test {
            continue;
        }
        let literals = literals(&read(&path)).into_iter();
        complaints.extend(literals.filter(|text| is_sql(text)).map(|text| format!("{path}: {text}")));
    }
    none(&complaints);
}

/// A statement, or the head of one: keywords are written in capitals here.
fn is_sql(text: &str) -> bool {
    let words: Vec<_> = text.split_whitespace().collect();
    let has = |word: &str| words.contains(&word);
    (has("SELECT") && has("FROM"))
        || words.windows(2).any(|two| matches!(two, ["INSERT", "INTO"] | ["DELETE", "FROM"]))
        || (has("UPDATE") && has("SET"))
}

#[test]
fn the_search_for_sql_finds_it() {
    assert!(is_sql("\n  WITH a AS (SELECT 1)\n  SELECT * FROM a"));
    assert!(is_sql("UPDATE lessons SET status = $1") && is_sql("INSERT INTO lessons VALUES ($1)"));
    assert!(!is_sql("Select a tutor from the list"));
}

/// Rust and Python. Templates, lock files and what is generated (openapi.yaml) are as long as they have to be:
/// nobody reads them from top to bottom.
#[test]
fn no_source_file_is_too_long() {
    let sources = files(".", ".rs").into_iter().chain(files(".", ".py"));
    let long = sources.filter_map(|path| {
        let lines = read(&path).lines().count();
        (lines > LINES_MAX).then(|| format!("{path} has {lines} lines"))
    });
    none(&long.collect::<Vec<_>>());
}

#[test]
fn every_use_case_has_one_thin_binary_and_every_thin_binary_is_a_use_case() {
    let mut binaries = BTreeSet::new();
    for path in files("functions", ".rs").iter().filter(|path| path.contains("/src/bin/")) {
        let name = path.rsplit('/').next().unwrap().trim_end_matches(".rs");
        let context = path.split('/').nth(1).unwrap();
        binaries.insert((context.to_owned(), name.to_owned()));
        let lines = read(path).lines().count();
        assert!(lines <= 10, "{path} has {lines} lines, and is to be thin");
    }
    let table = lectern_local::all();
    let table: BTreeSet<_> = table.iter().map(|f| (f.context.to_owned(), f.meta.name.to_owned())).collect();
    assert_eq!(binaries, table);
}

/// One file each, named like the use case. The few that every context has alike are made by `lectern-postgres`.
#[test]
fn every_use_case_is_written_in_one_file_of_its_own_name() {
    let sources = files("functions", ".rs");
    let mut complaints = Vec::new();
    for function in lectern_local::all() {
        let (context, name) = (function.context, function.meta.name);
        let common =
            ["relay", "tidy", "migrate", "check", "replicate"].map(|word| format!("{word}-{context}"));
        if common.iter().any(|common| name.starts_with(common.as_str())) {
            continue;
        }
        let file = format!("/{}.rs", name.replace('-', "_"));
        let here = format!("functions/{context}/src/");
        let is_binary = |path: &str| path.starts_with(&format!("{here}bin/"));
        let of_its_name = sources.iter().filter(|p| p.starts_with(&here) && p.ends_with(&file));
        let found: Vec<_> = of_its_name.filter(|path| !is_binary(path)).collect();
        if found.len() != 1 {
            complaints.push(format!("{name} is written in {found:?}"));
        }
    }
    none(&complaints);
}
