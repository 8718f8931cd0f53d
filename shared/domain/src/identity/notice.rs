//! The notice that a parent reads before consenting (COPPA, 16 CFR 312.4): what is collected and why, by scope.
//!
//! A change of meaning is a new version; each decision keeps the version that it was made on.

use super::ConsentScope;

/// Version of [`NOTICE`].
pub const NOTICE_VERSION: &str = "2026-11-21";

/// What is collected under one scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeItem {
    /// The scope that allows it.
    pub scope: ConsentScope,
    /// What is collected, or given to whom.
    pub what: &'static str,
    /// What for.
    pub why: &'static str,
}

/// Everything that a parent is told.
pub const NOTICE: &[NoticeItem] = &[
    NoticeItem {
        scope: ConsentScope::Collection,
        what: "Names, date of birth, email, time zone, language, and what the child writes about itself",
        why: "To have an account, to sign in, and to show lesson times correctly",
    },
    NoticeItem {
        scope: ConsentScope::Collection,
        what: "Lessons booked, taken and paid for, messages with tutors, course progress and results",
        why: "To teach, and so that you can see what happens; you may read all of it",
    },
    NoticeItem {
        scope: ConsentScope::Collection,
        what: "When and with what kind of device the child signed in",
        why: "To keep strangers out of the account",
    },
    NoticeItem {
        scope: ConsentScope::ThirdParties,
        what: "The child's first name and picture and sound of a lesson, to the provider of video rooms",
        why: "To take lessons face to face; without it lessons have no video",
    },
    NoticeItem {
        scope: ConsentScope::ThirdParties,
        what: "The child's questions, without its name, to the provider of the learning assistant",
        why: "To answer questions between lessons; without it the assistant is off",
    },
    NoticeItem {
        scope: ConsentScope::Recording,
        what: "Recordings of lessons, kept for 30 days",
        why: "To watch a lesson again, and to settle complaints; without it nothing is recorded",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_is_explained() {
        for scope in ConsentScope::ALL {
            assert!(NOTICE.iter().any(|item| item.scope == *scope), "{scope} is not explained");
        }
    }
}
