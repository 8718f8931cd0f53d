//! The README lists what the API can do, and docs/use-cases.md says of each who may and what it does.

use lectern_runtime::use_case::Trigger;

use super::{none, read};

#[test]
fn the_readme_and_the_table_list_every_route() {
    let (readme, table) = (read("README.md"), read("docs/use-cases.md"));
    let functions = lectern_local::all();
    let routes = functions.iter().filter_map(|f| match &f.meta.trigger {
        Trigger::Http(http) => Some(format!("`{} {}`", http.method.as_str(), http.path)),
        _ => None,
    });
    let mut complaints = Vec::new();
    for route in routes {
        if !readme.contains(&route) {
            complaints.push(format!("README.md lacks {route}"));
        }
        if !table.contains(&format!("| {route}")) {
            complaints.push(format!("docs/use-cases.md lacks a row of {route}"));
        }
    }
    none(&complaints);
}
