//! The function `get-user`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::get_user::use_case())
}
