//! `docs/errors.md` lists every kind of error.

use std::collections::BTreeSet;

use lectern_runtime::problem;

use super::read;

#[test]
fn the_list_of_errors_names_every_problem_type_with_its_status_and_title_and_nothing_else() {
    let text = read("docs/errors.md");
    let rows: Vec<[String; 3]> = text.lines().filter_map(row).collect();
    let listed: BTreeSet<_> = rows.iter().cloned().collect();
    assert_eq!(listed.len(), rows.len(), "a row is there twice");
    let all = problem::ALL.iter().map(|kind| [kind.urn(), kind.status.to_string(), kind.title.to_owned()]);
    assert_eq!(listed, all.collect());
}

/// The first three cells of a row of the table: urn, status, title.
fn row(line: &str) -> Option<[String; 3]> {
    let cells: Vec<_> = line.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect();
    match cells.as_slice() {
        [_, urn, status, title, _, _, _] if urn.starts_with("urn:") => {
            Some([urn.clone(), status.clone(), title.clone()])
        }
        _ => None,
    }
}
