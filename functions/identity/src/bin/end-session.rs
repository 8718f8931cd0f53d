//! The function `end-session`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::end_session::use_case())
}
