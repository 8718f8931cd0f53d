//! The function `check-tutoring-health`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::health::use_case::<lectern_tutoring::Tutoring>(
        "check-tutoring-health",
    ))
}
