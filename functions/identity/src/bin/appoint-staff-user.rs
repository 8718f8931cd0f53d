//! The function `appoint-staff-user`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::appoint_staff_user::use_case())
}
