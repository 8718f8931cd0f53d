//! The function `reinstate-user`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::reinstate_user::use_case())
}
