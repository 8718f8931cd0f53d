//! The function `put-rates`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::put_rates::use_case())
}
