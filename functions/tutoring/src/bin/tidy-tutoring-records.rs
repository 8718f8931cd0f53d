//! The function `tidy-tutoring-records`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::tidy::use_case::<lectern_tutoring::Tutoring>(
        "tidy-tutoring-records",
    ))
}
