//! Why a value breaks its schema, in words that lead to the place.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;

/// The reasons of one error. Of alternatives none of which fits, those of the alternative that was meant.
pub fn reasons(error: &ValidationError) -> Vec<String> {
    if let ValidationErrorKind::AnyOf { context } = error.kind()
        && let Some(meant) = context.iter().max_by_key(|alternative| likeness(error, alternative))
    {
        return meant.iter().flat_map(reasons).collect();
    }
    vec![format!("{}: {}", error.instance_path(), shortened(&error.to_string()))]
}

/// An alternative whose very type or word is another was not meant; one that fails only far inside was.
fn likeness(error: &ValidationError, alternative: &[ValidationError]) -> (bool, usize) {
    let here = error.instance_path().to_string();
    let is_another = |inner: &ValidationError| {
        let at = inner.instance_path().to_string();
        let is_kind =
            matches!(inner.kind(), ValidationErrorKind::Enum { .. }) && at == format!("{here}/object");
        is_kind || at == here && matches!(inner.kind(), ValidationErrorKind::Type { .. })
    };
    let deepest = alternative.iter().map(|inner| inner.instance_path().to_string().len()).max();
    (!alternative.iter().any(is_another), deepest.unwrap_or_default())
}

/// A whole object may be in an error's words.
fn shortened(text: &str) -> String {
    const MAX: usize = 300;
    let count = text.chars().count();
    if count <= MAX {
        return text.to_owned();
    }
    let (start, end) = (text.chars().take(MAX / 2), text.chars().skip(count - MAX / 2));
    start.chain(" … ".chars()).chain(end).collect()
}
