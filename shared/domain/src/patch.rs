//! Members of a JSON merge patch (RFC 7396): what isn't sent stays as it is, and `null` takes a value away
//! where that can be done. In an input both types want `#[deserr(default)]`.

use deserr::{Deserr, IntoValue, Value, ValueKind, ValuePointerRef};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::field::FieldErrors;

/// A member that can be replaced, but not taken away; `None` when it wasn't sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced<T>(pub Option<T>);

impl<T> Default for Replaced<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Deserr<FieldErrors>> Deserr<FieldErrors> for Replaced<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        if value.kind() == ValueKind::Null {
            return Err(FieldErrors::at(location, "can't be taken away"));
        }
        T::deserialize_from_value(value, location).map(|value| Self(Some(value)))
    }
}

impl<T: JsonSchema> JsonSchema for Replaced<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Replaced{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// A member that can be replaced or taken away; `None` when it wasn't sent, `Some(None)` for `null`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removable<T>(pub Option<Option<T>>);

impl<T> Default for Removable<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Deserr<FieldErrors>> Deserr<FieldErrors> for Removable<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        Option::deserialize_from_value(value, location).map(|value| Self(Some(value)))
    }
}

impl<T: JsonSchema> JsonSchema for Removable<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Removable{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Option<T>>()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::text::Line;

    #[derive(Debug, Deserr)]
    #[deserr(error = FieldErrors, deny_unknown_fields)]
    struct Changes {
        #[deserr(default)]
        name: Replaced<Line<5>>,
        #[deserr(default)]
        motto: Removable<Line<5>>,
    }

    fn read(json: serde_json::Value) -> Result<Changes, FieldErrors> {
        deserr::deserialize(json)
    }

    fn line(text: &str) -> Line<5> {
        Line::parse(text).unwrap()
    }

    #[test]
    fn what_is_not_sent_stays_and_null_takes_away() {
        let nothing = read(json!({})).unwrap();
        assert_eq!((nothing.name, nothing.motto), (Replaced(None), Removable(None)));
        assert_eq!(read(json!({ "motto": null })).unwrap().motto, Removable(Some(None)));
        let both = read(json!({ "name": "Ada", "motto": "go" })).unwrap();
        assert_eq!((both.name.0, both.motto.0), (Some(line("Ada")), Some(Some(line("go")))));
    }

    #[test]
    fn null_is_refused_where_there_must_be_something_and_every_wrong_member_is_named() {
        let errors = read(json!({ "name": null, "motto": "too long", "age": 3 })).unwrap_err();
        let mut fields: Vec<_> = errors.0.iter().map(|e| e.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["age", "motto", "name"]);
    }
}
