//! The numbers of `identity`.

use jiff::SignedDuration;

/// Ages and times of `identity` (product.md, Identity).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityPolicy {
    /// Below it a person is a child in the sense of COPPA, whose parent must consent first.
    pub child_below_years: u8,
    /// From it on a person is of age: may teach, and needs no parent's email.
    pub adult_from_years: u8,
    /// How long a parent has for an answer; then the child's data is erased.
    pub consent_open: SignedDuration,
    /// How long an account whose email was never verified is kept.
    pub unverified_kept: SignedDuration,
    /// Life of an access token: what the user pool's clients say (template.yaml).
    pub access_token_life: SignedDuration,
    /// Life of a refresh token, and so of a session: what the user pool's clients say.
    pub session_life: SignedDuration,
    /// How long an export can be fetched; the bucket's lifecycle rule deletes it then.
    pub export_kept: SignedDuration,
    /// Life of a link to an export.
    pub export_link_life: SignedDuration,
    /// After it an export that isn't ready counts as failed: longer than its queue tries (five times, with the
    /// queue's pauses in between), so that nobody waits for what has been given up.
    pub export_overdue: SignedDuration,
}

impl Default for IdentityPolicy {
    fn default() -> Self {
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        Self {
            child_below_years: 13,
            adult_from_years: 18,
            consent_open: days(14),
            unverified_kept: days(7),
            access_token_life: SignedDuration::from_mins(15),
            session_life: days(30),
            export_kept: days(7),
            export_link_life: SignedDuration::from_mins(15),
            export_overdue: SignedDuration::from_hours(2),
        }
    }
}
