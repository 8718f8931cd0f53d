//! Rules of `identity`: who may have an account, and what state it is in (product.md, Identity).

mod audit;
mod consent;
mod export;
mod notice;
mod policy;
mod profile;
mod registration;
mod staff;
mod user;

pub use audit::Checkpoint;
pub use consent::{Consent, ConsentError, ConsentScope, ConsentStatus, LinkPurpose};
pub use export::{Export, ExportState, ExportStatus};
pub use notice::{NOTICE, NOTICE_VERSION, NoticeItem};
pub use policy::IdentityPolicy;
pub use profile::{Avatar, ProfileChanges, SKILLS_MAX};
pub use registration::{AgeGroup, Registration, SignUpRole};
pub use staff::{Appointment, StaffRole};
pub use user::{Changed, Suspension, User, UserError, UserStatus};
