//! The function `refresh-free-times`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::refresh_free_times::use_case())
}
