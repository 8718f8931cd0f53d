//! The numbers of `identity`.

/// Ages at which something becomes possible (product.md, Identity).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityPolicy {
    /// Below it a person is a child in the sense of COPPA, whose parent must consent first.
    pub child_below_years: u8,
    /// Youngest age of a tutor.
    pub tutor_from_years: u8,
}

impl Default for IdentityPolicy {
    fn default() -> Self {
        Self { child_below_years: 13, tutor_from_years: 18 }
    }
}
