//! The function `list-users`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::list_users::use_case())
}
