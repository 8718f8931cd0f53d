//! Rules of `identity`: who may have an account, and what state it is in (product.md, Identity).

mod policy;
mod user;

pub use policy::IdentityPolicy;
pub use user::{Appointment, Registration, SignUpRole, StaffRole, User, UserError, UserStatus};
