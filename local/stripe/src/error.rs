//! Everything that the API refuses, in Stripe's shape and words.

use serde_json::{Map, Value, json};

/// A refusal.
#[derive(Clone, Debug)]
pub enum Failure {
    /// A parameter that the endpoint doesn't know.
    UnknownParameters(Vec<String>),
    /// A parameter that the endpoint can't do without.
    MissingParameter(String),
    /// A parameter that was given but empty, and can't be unset.
    EmptyParameter(String),
    /// A parameter whose value isn't acceptable, with Stripe's code and words.
    InvalidParameter {
        /// Its name, as sent.
        param: String,
        /// Stripe's code, where it has one.
        code: Option<&'static str>,
        /// Stripe's words.
        message: String,
    },
    /// An object that doesn't exist.
    NoSuch {
        /// What was looked for, in Stripe's word.
        what: &'static str,
        /// The id.
        id: String,
        /// The parameter that named it.
        param: &'static str,
        /// Whether it was part of the path (404) or of the parameters (400).
        in_path: bool,
    },
    /// A connected account that doesn't exist or isn't ours.
    NoAccess(String),
    /// The request itself is malformed: body, version, header.
    Malformed(String),
    /// No such route.
    UnknownRoute {
        /// The method.
        method: String,
        /// The path.
        path: String,
    },
    /// No key or a wrong one, with Stripe's words.
    Unauthenticated(String),
    /// The publishable key where only the secret key will do.
    SecretKeyRequired,
    /// The same idempotency key with other parameters or another endpoint, with Stripe's words.
    IdempotencyMismatch(String),
    /// The same idempotency key while the first request is still under way.
    IdempotencyInProgress(String),
    /// Too many requests.
    RateLimited,
    /// Stripe itself failed.
    Internal,
    /// The state of an object, or the balance, forbids it.
    Refused {
        /// Stripe's code, where it has one.
        code: Option<&'static str>,
        /// The parameter to blame, where there is one.
        param: Option<&'static str>,
        /// Stripe's words.
        message: String,
        /// The payment intent that refused, rendered.
        payment_intent: Option<Box<Value>>,
    },
    /// The card was declined: the error as Stripe shows it.
    CardDeclined(Box<Value>),
}

impl Failure {
    /// A refusal because of an object's state, with Stripe's code and words.
    #[must_use]
    pub fn refused(code: Option<&'static str>, message: String) -> Self {
        Self::Refused { code, param: None, message, payment_intent: None }
    }

    /// An unacceptable value without a code of its own.
    #[must_use]
    pub fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self::InvalidParameter { param: param.to_owned(), code: None, message: message.into() }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NoSuch { in_path: true, .. } | Self::UnknownRoute { .. } => 404,
            Self::NoAccess(_) | Self::SecretKeyRequired => 403,
            Self::Unauthenticated(_) => 401,
            Self::IdempotencyInProgress(_) => 409,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::CardDeclined(_) => 402,
            _ => 400,
        }
    }

    /// Whether the endpoint had begun its work, so that the answer is kept under the idempotency key. What fails
    /// before (keys, parameters, limits) may be sent again with the same key.
    #[must_use]
    pub fn is_remembered(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::CardDeclined(_) | Self::Internal)
    }

    /// The body: `{"error": …}`.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut error = match self {
            Self::CardDeclined(error) => return json!({ "error": error }),
            other => other.members(),
        };
        if let Some(Value::String(code)) = error.get("code") {
            let page = format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"));
            error.insert("doc_url".to_owned(), Value::String(page));
        }
        json!({ "error": error })
    }

    fn members(&self) -> Map<String, Value> {
        match self {
            Self::UnknownParameters(names) => {
                let words = if names.len() == 1 { "parameter" } else { "parameters" };
                let message = format!("Received unknown {words}: {}", names.join(", "));
                invalid_request(Some("parameter_unknown"), names.first().map(String::as_str), &message)
            }
            Self::MissingParameter(name) => {
                let message = format!("Missing required param: {name}.");
                invalid_request(Some("parameter_missing"), Some(name), &message)
            }
            Self::EmptyParameter(name) => {
                let message = format!(
                    "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a \
                     parameter; however '{name}' cannot be unset. You should remove '{name}' from your request or \
                     supply a non-empty value."
                );
                invalid_request(Some("parameter_invalid_empty"), Some(name), &message)
            }
            Self::InvalidParameter { param, code, message } => invalid_request(*code, Some(param), message),
            Self::NoSuch { what, id, param, .. } => {
                let message = format!("No such {what}: '{id}'");
                invalid_request(Some("resource_missing"), Some(param), &message)
            }
            Self::Refused { code, param, message, payment_intent } => {
                let mut members = invalid_request(*code, *param, message);
                if let Some(intent) = payment_intent {
                    members.insert("payment_intent".to_owned(), intent.as_ref().clone());
                }
                members
            }
            Self::CardDeclined(_) => Map::new(),
            _ => self.members_before_work(),
        }
    }

    /// Of what fails before any endpoint is reached.
    fn members_before_work(&self) -> Map<String, Value> {
        match self {
            Self::NoAccess(id) => {
                let message = format!(
                    "The provided key 'sk_test_***' does not have access to account '{id}' (or that account does not \
                     exist). Application access may have been revoked."
                );
                invalid_request(Some("account_invalid"), None, &message)
            }
            Self::UnknownRoute { method, path } => {
                let message = format!(
                    "Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help \
                     at https://support.stripe.com/."
                );
                invalid_request(None, None, &message)
            }
            Self::SecretKeyRequired => {
                let message = "This API call cannot be made with a publishable API key. Please use a secret API key. \
                               You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.";
                invalid_request(Some("secret_key_required"), None, message)
            }
            Self::IdempotencyMismatch(message) => members("idempotency_error", None, None, message),
            Self::IdempotencyInProgress(key) => {
                let message = format!(
                    "There is currently another in-progress request using this Idempotent Key (that probably means \
                     you submitted twice, and the other request is still going through): {key}. Please try again \
                     later."
                );
                members("idempotency_error", Some("idempotency_key_in_use"), None, &message)
            }
            Self::RateLimited => {
                let message = "Request rate limit exceeded. Learn more about rate limits here \
                               https://stripe.com/docs/rate-limits.";
                invalid_request(Some("rate_limit"), None, message)
            }
            Self::Malformed(message) | Self::Unauthenticated(message) => invalid_request(None, None, message),
            _ => {
                let message =
                    "An unknown error occurred. Please try again; it is safe with the same idempotency key.";
                members("api_error", None, None, message)
            }
        }
    }
}

fn invalid_request(code: Option<&str>, param: Option<&str>, message: &str) -> Map<String, Value> {
    members("invalid_request_error", code, param, message)
}

fn members(kind: &str, code: Option<&str>, param: Option<&str>, message: &str) -> Map<String, Value> {
    let mut members = Map::new();
    if let Some(code) = code {
        members.insert("code".to_owned(), code.into());
    }
    members.insert("message".to_owned(), message.into());
    if let Some(param) = param {
        members.insert("param".to_owned(), param.into());
    }
    members.insert("type".to_owned(), kind.into());
    members
}
