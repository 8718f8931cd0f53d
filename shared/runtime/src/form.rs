//! Bodies that a page's form sends: `application/x-www-form-urlencoded`.

use deserr::{Deserr, IntoValue, Value, ValueKind, ValuePointerRef};
use lectern_domain::field::FieldErrors;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value as Json};

use crate::http::{Body, Event, media_type};
use crate::problem::{self, Problem};

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// A body that comes from a form. Read as an object like JSON: each value is a text, and a name that comes
/// more than once has an array of them ([`OneOrMany`]).
#[derive(Clone, Copy, Debug)]
pub struct Form<T>(pub T);

impl<T: Deserr<FieldErrors> + JsonSchema + Send + 'static> Body for Form<T> {
    const MEDIA_TYPE: &'static str = MEDIA_TYPE;

    fn read(event: &Event) -> Result<Result<Self, FieldErrors>, Problem> {
        let bytes = event.body_bytes()?;
        if !bytes.is_empty() && event.header("content-type").map(media_type).as_deref() != Some(MEDIA_TYPE) {
            return Err(Problem::new(&problem::UNSUPPORTED_MEDIA_TYPE)
                .detail(format!("The body must be {MEDIA_TYPE}.")));
        }
        Ok(deserr::deserialize(object(&bytes)).map(Self))
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

fn object(bytes: &[u8]) -> Json {
    let mut members = Map::new();
    for (name, value) in url::form_urlencoded::parse(bytes) {
        let value = Json::String(value.into_owned());
        match members.get_mut(name.as_ref()) {
            None => {
                members.insert(name.into_owned(), value);
            }
            Some(Json::Array(values)) => values.push(value),
            Some(first) => *first = Json::Array(vec![first.take(), value]),
        }
    }
    Json::Object(members)
}

/// The checked boxes of a group: a form sends one as a text, several as an array, and none not at all (so the
/// field wants `#[deserr(default)]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Deserr<FieldErrors>> Deserr<FieldErrors> for OneOrMany<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        if value.kind() == ValueKind::Sequence {
            return Vec::deserialize_from_value(value, location).map(Self);
        }
        T::deserialize_from_value(value, location).map(|one| Self(vec![one]))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<T>::json_schema(generator)
    }
}
