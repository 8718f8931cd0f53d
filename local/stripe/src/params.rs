//! Form parameters with nested keys (`metadata[tutor_id]=…`, `expand[]=…`), read as strictly as Stripe reads them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::Failure;

/// Free key-value pairs on an object.
pub type Metadata = BTreeMap<String, String>;

const METADATA_KEYS_MAX: usize = 50;
const METADATA_KEY_CHARACTERS_MAX: usize = 40;
const METADATA_VALUE_CHARACTERS_MAX: usize = 500;

/// The parameters of one request, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Params {
    pairs: Vec<Pair>,
}

#[derive(Clone, Debug)]
struct Pair {
    /// `a[b][]` is `["a", "b", ""]`.
    path: Vec<String>,
    name: String,
    value: String,
}

impl Params {
    /// Reads `application/x-www-form-urlencoded` text: a body or a query.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(text)
            .map(|(name, value)| Pair {
                path: path(&name),
                name: name.into_owned(),
                value: value.into_owned(),
            })
            .collect();
        Self { pairs }
    }

    /// Removes a parameter and gives its value.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.pairs.iter().position(|pair| pair.name == name)?;
        Some(self.pairs.remove(at).value)
    }

    /// Gives a parameter, and all below it, another name.
    pub fn rename(&mut self, from: &str, to: &str) {
        for pair in self.pairs.iter_mut().filter(|pair| pair.path.first().is_some_and(|first| first == from))
        {
            pair.name = pair.name.replacen(from, to, 1);
            pair.path = path(&pair.name);
        }
    }

    /// One more.
    pub fn add(&mut self, name: &str, value: &str) {
        self.pairs.push(Pair { path: path(name), name: name.to_owned(), value: value.to_owned() });
    }

    /// The same text for the same parameters in whatever order: what an idempotency key is compared by.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut sorted: Vec<_> = self.pairs.iter().map(|pair| (&pair.name, &pair.value)).collect();
        sorted.sort();
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(sorted).finish()
    }

    /// Refuses every parameter that is neither `expand[]` nor matches one of `allowed`. A pattern is a name
    /// (`amount`), nested (`automatic_payment_methods[enabled]`), an array (`expand[]`), any key (`metadata[*]`)
    /// or anything below (`settings[**]`).
    ///
    /// # Errors
    /// [`Failure::UnknownParameters`], all of them at once.
    pub fn only(&self, allowed: &[&str]) -> Result<(), Failure> {
        let patterns: Vec<_> = allowed.iter().chain(&["expand[]"]).map(|pattern| path(pattern)).collect();
        let unknown: Vec<_> = self
            .pairs
            .iter()
            .filter(|pair| !patterns.iter().any(|pattern| matches(pattern, &pair.path)))
            .map(|pair| pair.name.clone())
            .collect();
        if unknown.is_empty() { Ok(()) } else { Err(Failure::UnknownParameters(unknown)) }
    }

    /// A text, if given.
    ///
    /// # Errors
    /// It is given but empty.
    pub fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.raw(name) {
            Some("") => Err(Failure::EmptyParameter(name.to_owned())),
            given => Ok(given.map(str::to_owned)),
        }
    }

    /// A text that may be unset: `Some(None)` when given and empty.
    #[must_use]
    pub fn clearable(&self, name: &str) -> Option<Option<String>> {
        self.raw(name).map(|value| (!value.is_empty()).then(|| value.to_owned()))
    }

    /// A text.
    ///
    /// # Errors
    /// It is missing or empty.
    pub fn required_text(&self, name: &str) -> Result<String, Failure> {
        self.text(name)?.ok_or_else(|| Failure::MissingParameter(name.to_owned()))
    }

    /// One of a few words, if given.
    ///
    /// # Errors
    /// It is another word.
    pub fn choice(&self, name: &str, choices: &[&str]) -> Result<Option<String>, Failure> {
        let Some(given) = self.text(name)? else { return Ok(None) };
        if choices.contains(&given.as_str()) {
            return Ok(Some(given));
        }
        let list = match choices {
            [] => String::new(),
            [only] => (*only).to_owned(),
            [first, second] => format!("{first} or {second}"),
            [first @ .., last] => format!("{}, or {last}", first.join(", ")),
        };
        Err(Failure::invalid(name, format!("Invalid {name}: must be one of {list}")))
    }

    /// A whole number of at least 1 (an amount), if given.
    ///
    /// # Errors
    /// It is no whole number, or too small.
    pub fn positive(&self, name: &str) -> Result<Option<i64>, Failure> {
        let Some(value) = self.integer(name)? else { return Ok(None) };
        if value >= 1 {
            return Ok(Some(value));
        }
        Err(invalid_integer(name, "This value must be greater than or equal to 1.".to_owned()))
    }

    /// A whole number, if given.
    ///
    /// # Errors
    /// It is no whole number.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Failure> {
        let Some(given) = self.text(name)? else { return Ok(None) };
        match given.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(invalid_integer(name, format!("Invalid integer: {given}"))),
        }
    }

    /// `true` or `false`, if given.
    ///
    /// # Errors
    /// It is neither.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(other) => Err(Failure::invalid(name, format!("Invalid boolean: {other}"))),
        }
    }

    /// The elements of an array: `name[]=a&name[]=b` or `name[0]=a`.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        let pattern = path(&format!("{name}[]"));
        self.pairs
            .iter()
            .filter(|pair| matches(&pattern, &pair.path))
            .map(|pair| pair.value.clone())
            .collect()
    }

    /// The direct keys below a name and their values: `created[gte]=1`.
    #[must_use]
    pub fn entries(&self, name: &str) -> Vec<(String, String)> {
        let below = |pair: &&Pair| pair.path.len() == 2 && pair.path[0] == name;
        self.pairs.iter().filter(below).map(|pair| (pair.path[1].clone(), pair.value.clone())).collect()
    }

    /// The keys of nested objects below a name that have `leaf`: of `capabilities[transfers][requested]=true`.
    #[must_use]
    pub fn nested(&self, name: &str, leaf: &str) -> Vec<(String, String)> {
        let below = |pair: &&Pair| pair.path.len() == 3 && pair.path[0] == name && pair.path[2] == leaf;
        self.pairs.iter().filter(below).map(|pair| (pair.path[1].clone(), pair.value.clone())).collect()
    }

    /// The keys and values of an object in an object: of `subscription_data[metadata][a]=b`.
    #[must_use]
    pub fn nested_map(&self, name: &str, inner: &str) -> Metadata {
        let below = |pair: &&Pair| pair.path.len() == 3 && pair.path[0] == name && pair.path[1] == inner;
        self.pairs.iter().filter(below).map(|pair| (pair.path[2].clone(), pair.value.clone())).collect()
    }

    /// Whether anything below `name` is given.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|pair| pair.path.first().is_some_and(|first| first == name))
    }

    /// All of them as one value: what has keys is an object, what has none or numbers an array, all else is text.
    #[must_use]
    pub fn tree(&self) -> Value {
        let mut root = Tree::default();
        for pair in &self.pairs {
            root.put(&pair.path, &pair.value);
        }
        root.into_value("")
    }

    /// Applies `metadata[key]=value` to what an object has: an empty value removes its key, an empty `metadata`
    /// removes all.
    ///
    /// # Errors
    /// More or longer keys or values than Stripe keeps.
    pub fn change_metadata(&self, metadata: &mut Metadata) -> Result<(), Failure> {
        if self.raw("metadata") == Some("") {
            metadata.clear();
        }
        for (key, value) in self.entries("metadata") {
            if value.is_empty() {
                metadata.remove(&key);
                continue;
            }
            check_metadata(&key, &value)?;
            metadata.insert(key, value);
        }
        if metadata.len() > METADATA_KEYS_MAX {
            let message = format!("You can only specify up to {METADATA_KEYS_MAX} metadata keys per object.");
            return Err(Failure::invalid("metadata", message));
        }
        Ok(())
    }

    fn raw(&self, name: &str) -> Option<&str> {
        let wanted = path(name);
        self.pairs.iter().rev().find(|pair| pair.path == wanted).map(|pair| pair.value.as_str())
    }
}

/// Parameters on their way to one value.
#[derive(Default)]
struct Tree {
    text: Option<String>,
    below: Vec<(String, Tree)>,
}

impl Tree {
    fn put(&mut self, path: &[String], value: &str) {
        let Some((first, rest)) = path.split_first() else {
            self.text = Some(value.to_owned());
            return;
        };
        // `a[]=1&a[]=2` are two elements; so are `a[][b]=1&a[][b]=2`, but not `a[][b]=1&a[][c]=2`.
        let has =
            |tree: &Self| rest.first().is_none_or(|next| tree.below.iter().any(|(name, _)| name == next));
        let at =
            self.below.iter().rposition(|(name, tree)| name == first && !(first.is_empty() && has(tree)));
        let at = at.unwrap_or_else(|| {
            self.below.push((first.clone(), Self::default()));
            self.below.len() - 1
        });
        self.below[at].1.put(rest, value);
    }

    fn into_value(self, name: &str) -> Value {
        if self.below.is_empty() {
            return self.text.map_or_else(|| Value::Object(Map::new()), Value::String);
        }
        let is_number = |key: &String| key.bytes().all(|byte| byte.is_ascii_digit());
        // Metadata may have a number as its key.
        if name != "metadata" && self.below.iter().all(|(key, _)| is_number(key)) {
            return self.below.into_iter().map(|(key, tree)| tree.into_value(&key)).collect();
        }
        let members = self.below.into_iter().map(|(key, tree)| {
            let value = tree.into_value(&key);
            (key, value)
        });
        Value::Object(members.collect())
    }
}

fn check_metadata(key: &str, value: &str) -> Result<(), Failure> {
    let (length, length_max, what, shown) = if key.chars().count() > METADATA_KEY_CHARACTERS_MAX {
        (key.chars().count(), METADATA_KEY_CHARACTERS_MAX, "key", key)
    } else {
        (value.chars().count(), METADATA_VALUE_CHARACTERS_MAX, "value", value)
    };
    if length <= length_max {
        return Ok(());
    }
    let message = format!(
        "Metadata {what}s can have up to {length_max} characters, but you passed in a {what} that is {length} \
         characters. Invalid {what}: {shown}"
    );
    Err(Failure::invalid(&format!("metadata[{key}]"), message))
}

fn invalid_integer(param: &str, message: String) -> Failure {
    Failure::InvalidParameter { param: param.to_owned(), code: Some("parameter_invalid_integer"), message }
}

/// `a[b][]` is `["a", "b", ""]`.
fn path(name: &str) -> Vec<String> {
    let Some((first, rest)) = name.split_once('[') else { return vec![name.to_owned()] };
    let mut path = vec![first.to_owned()];
    path.extend(rest.split('[').map(|part| part.trim_end_matches(']').to_owned()));
    path
}

fn matches(pattern: &[String], path: &[String]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((wanted, _)), Some(_)) if wanted == "**" => true,
        (Some((wanted, pattern)), Some((given, path))) => {
            let fits = match wanted.as_str() {
                "*" => !given.is_empty(),
                "" => given.is_empty() || given.bytes().all(|byte| byte.is_ascii_digit()),
                _ => wanted == given,
            };
            fits && matches(pattern, path)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_keys_arrays_and_wildcards_are_allowed_by_pattern_only() {
        let params = Params::parse(b"amount=1&metadata[a]=b&expand[]=x&expand[1]=y&settings[a][b][c]=1");
        assert!(params.only(&["amount", "metadata[*]", "settings[**]"]).is_ok());
        assert!(params.only(&["amount", "metadata[*]"]).is_err());
        assert_eq!(params.list("expand"), ["x", "y"]);
        let nested = Params::parse(b"amount[x]=1&metadata[a][b]=1");
        assert!(nested.only(&["amount"]).is_err());
        assert!(nested.only(&["amount[x]", "metadata[*]"]).is_err());
    }

    #[test]
    fn nested_keys_become_objects_and_numbered_or_empty_ones_arrays() {
        let text =
            b"a=1&b[c]=2&b[d][]=3&b[d][]=4&e[0][f]=5&e[0][g]=6&e[1][f]=7&h[][i]=8&h[][j]=9&metadata[1]=x";
        let wanted = serde_json::json!({
            "a": "1", "b": { "c": "2", "d": ["3", "4"] }, "e": [{ "f": "5", "g": "6" }, { "f": "7" }],
            "h": [{ "i": "8", "j": "9" }], "metadata": { "1": "x" },
        });
        assert_eq!(Params::parse(text).tree(), wanted);
    }

    #[test]
    fn an_empty_metadata_value_removes_its_key_and_empty_metadata_removes_all() {
        let mut metadata =
            Metadata::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        Params::parse(b"metadata[a]=").change_metadata(&mut metadata).unwrap();
        assert_eq!(metadata.len(), 1);
        Params::parse(b"metadata=").change_metadata(&mut metadata).unwrap();
        assert!(metadata.is_empty());
    }

    #[test]
    fn the_order_of_parameters_does_not_matter_to_the_comparison() {
        assert_eq!(Params::parse(b"a=1&b=2").canonical(), Params::parse(b"b=2&a=1").canonical());
        assert_ne!(Params::parse(b"a=1&b=2").canonical(), Params::parse(b"a=1&b=3").canonical());
    }
}
