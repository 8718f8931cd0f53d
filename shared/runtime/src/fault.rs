//! Why a function that isn't answering HTTP (a consumer, a step, a schedule) could not do its work.

/// A failure, with the name by which a state machine or an operator tells it from others.
#[derive(Debug)]
pub struct Fault {
    /// What the `ErrorEquals` of a state machine matches: `Transient`, or a word of the use case's own.
    pub kind: &'static str,
    /// For the operator; no personal data.
    pub message: String,
}

impl Fault {
    /// The kind of everything that may go away by itself: a database that restarts, a time-out, throttling.
    pub const TRANSIENT: &'static str = "Transient";
    /// The kind of an input that can never be worked on.
    pub const BAD_INPUT: &'static str = "BadInput";

    /// Try again later.
    pub fn transient(message: impl std::fmt::Display) -> Self {
        Self { kind: Self::TRANSIENT, message: message.to_string() }
    }

    /// Never again with this input.
    pub fn bad_input(message: impl std::fmt::Display) -> Self {
        Self { kind: Self::BAD_INPUT, message: message.to_string() }
    }

    /// A failure that the state machine knows by name.
    pub fn named(kind: &'static str, message: impl std::fmt::Display) -> Self {
        Self { kind, message: message.to_string() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for lambda_runtime::Diagnostic {
    fn from(fault: Fault) -> Self {
        Self { error_type: fault.kind.to_owned(), error_message: fault.message }
    }
}
