//! The function `create-staff-user`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::create_staff_user::use_case())
}
