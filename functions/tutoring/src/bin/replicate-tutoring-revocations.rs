//! The function `replicate-tutoring-revocations`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::revocations::use_case::<lectern_tutoring::Tutoring>(
        "replicate-tutoring-revocations",
    ))
}
