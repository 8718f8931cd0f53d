//! The function `refresh-session`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::refresh_session::use_case())
}
