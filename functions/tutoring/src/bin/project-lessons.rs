//! The function `project-lessons`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::project_lessons::use_case())
}
