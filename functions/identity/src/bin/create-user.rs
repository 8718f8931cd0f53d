//! The function `create-user`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::create_user::use_case())
}
