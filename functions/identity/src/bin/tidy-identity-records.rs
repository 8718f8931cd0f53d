//! The function `tidy-identity-records`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::tidy_records())
}
