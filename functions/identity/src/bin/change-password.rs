//! The function `change-password`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::change_password::use_case())
}
