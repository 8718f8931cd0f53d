//! The function `sweep-tutor-files`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::sweep_tutor_files::use_case())
}
