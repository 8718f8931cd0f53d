//! Errors of input fields, all of them at once.
//!
//! Input types are read with `deserr`, which goes on after an error. What it and our own types complain about
//! ends here, as a list of (field, message) that the API answers with status 422.

use std::convert::Infallible;
use std::ops::ControlFlow;

use deserr::errors::helpers::did_you_mean;
use deserr::errors::json::value_kinds_description_json;
use deserr::{DeserializeError, ErrorKind, IntoValue, MergeWithError, ValuePointerRef};
use schemars::JsonSchema;
use serde::Serialize;

/// What is wrong with one field of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// The field, as a path in the input: `email`, `subjects[1].levels`.
    pub field: String,
    /// What is expected of it, as a sentence for people.
    pub message: String,
}

/// Everything that is wrong with an input. Never empty when it is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(pub Vec<FieldError>);

impl FieldErrors {
    /// One error, of one field.
    pub fn one(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// One error at a place in the input that is being read.
    pub fn at(location: ValuePointerRef<'_>, message: impl Into<String>) -> Self {
        Self::one(path(location), message)
    }

    /// Adds one more error.
    pub fn push(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError { field: field.into(), message: message.into() });
    }

    /// `Ok` when nothing was found wrong.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

/// Says what a text should have been; what the parsers of our own types give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl Invalid {
    /// From a sentence for people.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

fn path(location: ValuePointerRef<'_>) -> String {
    match location {
        ValuePointerRef::Origin => String::new(),
        ValuePointerRef::Key { key, prev } => {
            let parent = path(*prev);
            if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
        }
        ValuePointerRef::Index { index, prev } => format!("{}[{index}]", path(*prev)),
    }
}

fn child(location: ValuePointerRef<'_>, key: &str) -> String {
    path(ValuePointerRef::Key { key, prev: &location })
}

impl DeserializeError for FieldErrors {
    fn error<V: IntoValue>(
        so_far: Option<Self>,
        error: ErrorKind<'_, V>,
        location: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        let mut errors = so_far.unwrap_or_default();
        match error {
            ErrorKind::MissingField { field } => errors.push(child(location, field), "is required"),
            ErrorKind::IncorrectValueKind { accepted, .. } => {
                errors.push(path(location), format!("must be {}", value_kinds_description_json(accepted)));
            }
            ErrorKind::UnknownKey { key, accepted } => {
                let hint = did_you_mean(key, accepted);
                errors.push(child(location, key), format!("is not a field of this input. {hint}").trim_end());
            }
            ErrorKind::UnknownValue { accepted, .. } => {
                errors.push(path(location), format!("must be one of: {}", accepted.join(", ")));
            }
            ErrorKind::BadSequenceLen { expected, .. } => {
                errors.push(path(location), format!("must have {expected} items"));
            }
            ErrorKind::Unexpected { msg } => errors.push(path(location), msg),
        }
        ControlFlow::Continue(errors)
    }
}

impl MergeWithError<Self> for FieldErrors {
    fn merge(so_far: Option<Self>, other: Self, _at: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let mut errors = so_far.unwrap_or_default();
        errors.0.extend(other.0);
        ControlFlow::Continue(errors)
    }
}

impl MergeWithError<Invalid> for FieldErrors {
    fn merge(so_far: Option<Self>, other: Invalid, at: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let mut errors = so_far.unwrap_or_default();
        errors.push(path(at), other.0);
        ControlFlow::Continue(errors)
    }
}

impl MergeWithError<Infallible> for FieldErrors {
    fn merge(_so_far: Option<Self>, other: Infallible, _at: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        match other {}
    }
}

/// Makes a type that is parsed from a text usable in inputs and outputs: read with `deserr` (the parser's
/// complaint becomes the field's error), written and read as a JSON string, described in the API contract.
///
/// The type needs `fn parse(&str) -> Result<Self, Invalid>` and `Display`.
#[macro_export]
macro_rules! text_value {
    ($type:ty, $name:expr, $schema:tt) => {
        impl deserr::Deserr<$crate::field::FieldErrors> for $type {
            fn deserialize_from_value<V: deserr::IntoValue>(
                value: deserr::Value<V>,
                location: deserr::ValuePointerRef<'_>,
            ) -> Result<Self, $crate::field::FieldErrors> {
                let text = <String as deserr::Deserr<$crate::field::FieldErrors>>::deserialize_from_value(
                    value, location,
                )?;
                Self::parse(&text).map_err(|e| $crate::field::FieldErrors::at(location, e.0))
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::field::Invalid;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}

/// Makes a closed list of words (an enum without data) usable like [`text_value!`], and gives it `ALL`,
/// `as_str` and `parse`.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $type:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $type { $($(#[$vmeta])* $variant),+ }

        impl $type {
            /// Every value, in the order of their definition.
            $vis const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that stands for it in JSON and in the database.
            $vis const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word.
            $vis fn parse(word: &str) -> Result<Self, $crate::field::Invalid> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::field::Invalid::new(
                        concat!("must be one of: ", $($word, ", "),+).trim_end_matches(", "),
                    )),
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        $crate::text_value!($type, stringify!($type), { "type": "string", "enum": [$($word),+] });
    };
}
