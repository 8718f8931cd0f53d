//! What of `identity` has served its time, for `tidy-identity-records`. Each statement takes one parameter,
//! the moment.

/// Deletes what has expired.
pub const STATEMENTS: &[&str] = &[
    // The refresh token is good no more. Also of whoever was erased at the very moment of a sign-in.
    "DELETE FROM sessions WHERE expires_at < $1
         OR user_id IN (SELECT id FROM users WHERE status = 'erased')",
    // The object itself is deleted by the bucket long before; the row still says for a month that there was
    // one.
    "DELETE FROM exports WHERE status <> 'pending' AND coalesce(expires_at, finished_at, requested_at)
         < $1 - interval '30 days'",
];
