//! The README lists what the API can do.

use lectern_runtime::use_case::Trigger;

use super::{none, read};

#[test]
fn the_readme_lists_every_route() {
    let readme = read("README.md");
    let functions = lectern_local::all();
    let routes = functions.iter().filter_map(|f| match &f.meta.trigger {
        Trigger::Http(http) => Some(format!("`{} {}`", http.method.as_str(), http.path)),
        _ => None,
    });
    none(
        &routes
            .filter(|route| !readme.contains(route))
            .map(|r| format!("README.md lacks {r}"))
            .collect::<Vec<_>>(),
    );
}
