//! The function `migrate-tutoring`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::migrate::use_case::<lectern_tutoring::Tutoring>(
        "migrate-tutoring",
        lectern_tutoring::migrations,
    ))
}
