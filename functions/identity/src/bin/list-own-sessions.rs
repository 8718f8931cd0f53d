//! The function `list-own-sessions`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::list_own_sessions::use_case())
}
