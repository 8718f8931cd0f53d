//! The function `lift-suspensions`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::lift_suspensions::use_case())
}
