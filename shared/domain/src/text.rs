//! Short texts that people write: names, headlines, reasons.

use crate::field::Invalid;

/// A text of 1 to `MAX` characters after trimming, without control characters (line breaks and tabs are
/// allowed where `LINES` is true).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX: usize, const LINES: bool = false>(String);

/// A person's first or last name, a subject, a headline: one line.
pub type Line<const MAX: usize> = Text<MAX, false>;
/// A biography, a reason: several lines.
pub type Prose<const MAX: usize> = Text<MAX, true>;

impl<const MAX: usize, const LINES: bool> Text<MAX, LINES> {
    /// Reads a text.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let length = text.chars().count();
        if length == 0 || length > MAX {
            return Err(Invalid::new(format!("must have 1 to {MAX} characters")));
        }
        if text.chars().any(|c| c.is_control() && !(LINES && matches!(c, '\n' | '\r' | '\t'))) {
            return Err(Invalid::new("must not have control characters"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize, const LINES: bool> std::fmt::Display for Text<MAX, LINES> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize, const LINES: bool> deserr::Deserr<crate::field::FieldErrors> for Text<MAX, LINES> {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        location: deserr::ValuePointerRef<'_>,
    ) -> Result<Self, crate::field::FieldErrors> {
        let text =
            <String as deserr::Deserr<crate::field::FieldErrors>>::deserialize_from_value(value, location)?;
        Self::parse(&text).map_err(|e| crate::field::FieldErrors::at(location, e.0))
    }
}

impl<const MAX: usize, const LINES: bool> serde::Serialize for Text<MAX, LINES> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, const MAX: usize, const LINES: bool> serde::Deserialize<'de> for Text<MAX, LINES> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl<const MAX: usize, const LINES: bool> schemars::JsonSchema for Text<MAX, LINES> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Text{MAX}").into()
    }
    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX })
    }
}
