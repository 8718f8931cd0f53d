//! The function `project-reviews`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::project_reviews::use_case())
}
