//! Lists of an input whose items differ from one another.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::field::FieldErrors;

/// An item of a [`Distinct`] list.
pub trait Distinguished {
    /// The item's field that no other item may have too; empty when the item itself is meant.
    const FIELD: &'static str = "";
    /// Whether both stand for the same thing.
    fn same(&self, other: &Self) -> bool;
}

/// 1 to `MAX` items, no two of them the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Distinct<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> Distinct<T, MAX> {
    /// The items, in the order in which they were given.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }
}

impl<T: Deserr<FieldErrors> + Distinguished, const MAX: usize> Deserr<FieldErrors> for Distinct<T, MAX> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        let items = Vec::<T>::deserialize_from_value(value, location)?;
        if items.is_empty() || items.len() > MAX {
            return Err(FieldErrors::at(location, format!("must have 1 to {MAX} items")));
        }
        let mut errors = FieldErrors::default();
        for (index, item) in items.iter().enumerate() {
            if items.iter().take(index).any(|earlier| earlier.same(item)) {
                let at = location.push_index(index);
                let field = at.push_key(T::FIELD);
                let at = if T::FIELD.is_empty() { at } else { field };
                errors.0.extend(FieldErrors::at(at, "is there twice").0);
            }
        }
        errors.into_result().map(|()| Self(items))
    }
}

impl<T: JsonSchema, const MAX: usize> JsonSchema for Distinct<T, MAX> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}List{MAX}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "minItems": 1, "maxItems": MAX, "items": item })
    }
}
