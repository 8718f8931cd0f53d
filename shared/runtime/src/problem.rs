//! Errors as RFC 9457 `application/problem+json`: one stable type per kind of error, all in one table.
//!
//! `docs/errors.md` lists the table; a test compares the two.

use lectern_domain::field::{FieldError, FieldErrors};
use serde_json::{Map, Value, json};

/// A kind of error that a client can tell apart.
#[derive(Debug, PartialEq, Eq)]
pub struct ProblemType {
    /// The last part of the type URN; never changes.
    pub slug: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The same words each time.
    pub title: &'static str,
}

impl ProblemType {
    /// The `type` member.
    pub fn urn(&self) -> String {
        format!("urn:lectern:problem:{}", self.slug)
    }
}

macro_rules! problem_types {
    ($($(#[$meta:meta])* $name:ident = $status:literal $slug:literal $title:literal;)+) => {
        $($(#[$meta])* pub const $name: ProblemType = ProblemType { slug: $slug, status: $status, title: $title };)+
        /// Every kind of error.
        pub const ALL: &[&ProblemType] = &[$(&$name),+];
    };
}

problem_types! {
    /// The request could not be read at all: not JSON, no body, a bad header.
    MALFORMED = 400 "malformed" "The request could not be read";
    /// The `Idempotency-Key` header is missing where it is required.
    IDEMPOTENCY_KEY_MISSING = 400 "idempotency-key-missing" "An Idempotency-Key header is required";
    /// A webhook's signature is missing, wrong or too old.
    BAD_SIGNATURE = 400 "bad-signature" "The signature is not valid";
    /// No token, or one that isn't good.
    UNAUTHENTICATED = 401 "unauthenticated" "Sign in first";
    /// Email and password, or refresh token, are not good.
    SIGN_IN_FAILED = 401 "sign-in-failed" "Sign-in failed";
    /// Signed in, but this isn't for that role.
    FORBIDDEN = 403 "forbidden" "This is not yours to do";
    /// Unknown, or not the caller's to know.
    NOT_FOUND = 404 "not-found" "There is no such thing";
    /// The thing is in a state in which this can't be done.
    WRONG_STATE = 409 "wrong-state" "This can't be done in its present state";
    /// Somebody else changed the same thing at the same moment.
    CONCURRENT_CHANGE = 409 "concurrent-change" "It was changed by somebody else at the same moment";
    /// The email has an account, and the caller is one who may know.
    EMAIL_TAKEN = 409 "email-taken" "This email has an account already";
    /// The time is already taken.
    SLOT_TAKEN = 409 "slot-taken" "This time is already taken";
    /// The same idempotency key is being worked on right now.
    IDEMPOTENCY_IN_PROGRESS = 409 "idempotency-in-progress" "The same request is being worked on";
    /// `If-Match` names another version than the present one.
    PRECONDITION_FAILED = 412 "precondition-failed" "It has changed since you read it";
    /// The body is larger than is taken.
    TOO_LARGE = 413 "too-large" "The body is too large";
    /// By its content type the body isn't what the route takes: JSON, or a form.
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported-media-type" "The body is of a type that is not taken here";
    /// One or more fields are not as they should be; all are named.
    INVALID_FIELDS = 422 "invalid-fields" "Some fields are not valid";
    /// The idempotency key was used before with another body.
    IDEMPOTENCY_KEY_REUSED = 422 "idempotency-key-reused" "This Idempotency-Key was used with another request";
    /// The tutor can't be booked at this time.
    SLOT_NOT_BOOKABLE = 422 "slot-not-bookable" "The tutor can't be booked at this time";
    /// The emailed code is wrong or has expired.
    CODE_MISMATCH = 422 "code-mismatch" "The code is wrong or has expired";
    /// `If-Match` is required.
    PRECONDITION_REQUIRED = 428 "precondition-required" "An If-Match header is required";
    /// Too many requests.
    RATE_LIMITED = 429 "rate-limited" "Too many requests";
    /// Something of ours broke; it has been logged.
    INTERNAL = 500 "internal" "Something went wrong on our side";
    /// Something that we need can't be reached.
    UNAVAILABLE = 503 "unavailable" "The service can't be reached right now";
}

/// An error on its way to the client. Boxed: every use case carries one in its result.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    kind: &'static ProblemType,
    detail: Option<String>,
    errors: Vec<FieldError>,
    extra: Map<String, Value>,
    retry_after_seconds: Option<u32>,
    cause: Option<String>,
}

impl Problem {
    /// A problem of a kind.
    pub fn new(kind: &'static ProblemType) -> Self {
        Self(Box::new(Parts {
            kind,
            detail: None,
            errors: Vec::new(),
            extra: Map::new(),
            retry_after_seconds: None,
            cause: None,
        }))
    }

    /// Nothing of that name, or not the caller's.
    pub fn not_found(what: &str) -> Self {
        Self::new(&NOT_FOUND).detail(format!("There is no such {what}, or it is not yours."))
    }

    /// Something of ours broke. `cause` goes to the log and never to the client.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new(&INTERNAL).cause(cause)
    }

    /// Something that we need can't be reached. `cause` goes to the log and never to the client.
    pub fn unavailable(cause: impl std::fmt::Display) -> Self {
        let mut problem = Self::new(&UNAVAILABLE).cause(cause);
        problem.0.retry_after_seconds = Some(2);
        problem
    }

    /// Says what happened this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds a member of the problem's own.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.extra.insert(name.to_owned(), value);
        self
    }

    /// What really happened, for the log only.
    #[must_use]
    pub fn cause(mut self, cause: impl std::fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// When to come back.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    /// Its kind.
    pub fn kind(&self) -> &'static ProblemType {
        self.0.kind
    }

    /// What really happened; for the log.
    pub fn cause_text(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The detail, if there is one.
    pub fn detail_text(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// What is wrong with which field.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// `Retry-After`, in seconds.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.0.retry_after_seconds
    }

    /// The body (product.md, HTTP conventions).
    pub fn body(&self, instance: &str, request_id: &str, timestamp: jiff::Timestamp) -> Value {
        let mut body = json!({
            "type": self.0.kind.urn(),
            "title": self.0.kind.title,
            "status": self.0.kind.status,
            "detail": self.0.detail.as_deref().unwrap_or(self.0.kind.title),
            "instance": instance,
            "success": false,
            "errors": self.0.errors,
            "timestamp": timestamp,
            "requestId": request_id,
        });
        if let Some(members) = body.as_object_mut() {
            members.extend(self.0.extra.clone());
        }
        body
    }
}

impl From<FieldErrors> for Problem {
    fn from(errors: FieldErrors) -> Self {
        let mut problem = Self::new(&INVALID_FIELDS);
        problem.0.errors = errors.0;
        problem
    }
}
