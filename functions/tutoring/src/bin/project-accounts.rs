//! The function `project-accounts`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::project_accounts::use_case())
}
