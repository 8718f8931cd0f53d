//! The binary `lectern` from a shell and as a function.
//!
//! That it is tested as a binary also makes `cargo test` compile it, with the very dependencies of the tests: `make test`
//! starts its copy of the platform with it, and compiles nothing twice.

#![allow(missing_docs, clippy::unwrap_used)]

use std::process::{Command, Output};

use serde_json::Value;

fn lectern(arguments: &[&str], handler: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lectern"));
    command.args(arguments).env_remove("_HANDLER");
    if let Some(handler) = handler {
        command.env("_HANDLER", handler);
    }
    command.output().unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "it succeeded");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_table_is_printed_as_json() {
    let output = lectern(&["use-cases"], None);
    assert!(output.status.success());
    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<_> = table.as_array().unwrap().iter().filter_map(|u| u["name"].as_str()).collect();
    assert!(names.contains(&"book-lesson") && names.contains(&"register-user"), "{names:?}");
}

#[test]
fn a_command_that_there_is_not_is_told_what_there_is() {
    for arguments in [&[][..], &["nonsense"], &["migrate"], &["migrate", "identity"]] {
        assert!(complaint(&lectern(arguments, None)).contains("usage: lectern use-cases"));
    }
    assert!(
        complaint(&lectern(&["migrate", "nowhere", "postgres://x"], None)).contains("no context \"nowhere\"")
    );
}

#[test]
fn a_handler_that_there_is_not_is_named() {
    assert!(complaint(&lectern(&[], Some("make-coffee"))).contains("there is no use case \"make-coffee\""));
}
