//! Words that a search looks for.

use crate::field::Invalid;

/// Most characters of a query.
const LENGTH_MAX: usize = 100;
/// Most words of a query.
const WORDS_MAX: usize = 8;

/// What somebody typed to find a tutor: at least one word, lower-cased, without punctuation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchWords(Vec<String>);

impl SearchWords {
    /// Reads what was typed.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.chars().count() > LENGTH_MAX {
            return Err(Invalid::new(format!("must have at most {LENGTH_MAX} characters")));
        }
        let words: Vec<_> = words(text).collect();
        if words.is_empty() {
            return Err(Invalid::new("must have at least one letter or digit"));
        }
        if words.len() > WORDS_MAX {
            return Err(Invalid::new(format!("must have at most {WORDS_MAX} words")));
        }
        Ok(Self(words))
    }

    /// The words, in the order in which they were typed.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl std::fmt::Display for SearchWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

crate::text_value!(SearchWords, "SearchWords", { "type": "string", "minLength": 1, "maxLength": 100 });

/// The words of a text the way that they are searched for.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_and_case_do_not_matter() {
        assert_eq!(SearchWords::parse("  Linear-ALGEBRA, Ada!").unwrap().to_string(), "linear algebra ada");
    }

    #[test]
    fn a_query_without_a_word_is_refused() {
        assert!(SearchWords::parse(" ++ ").is_err());
        assert!(SearchWords::parse("").is_err());
        assert!(SearchWords::parse(&"a".repeat(101)).is_err());
        assert!(SearchWords::parse("a b c d e f g h i").is_err());
    }
}
