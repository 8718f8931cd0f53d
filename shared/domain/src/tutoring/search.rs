//! What a search for tutors is asked: words, stars, an order; and the name under which a tutor is found.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};

use crate::field::{FieldErrors, Invalid};

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

/// The words of a text the way that they are searched for. `c++` and `c#` are words: the marks belong to them.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mark = |c: char| matches!(c, '+' | '#');
    let parts = text.split(move |c: char| !c.is_alphanumeric() && !mark(c));
    parts
        .map(move |part| part.trim_start_matches(mark))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

crate::words! {
    /// In which order tutors are listed.
    pub enum TutorSort {
        /// The best first: rating (as for `rating`), and half a star for who has every word of the search in name,
        /// headline or subjects.
        Relevance = "relevance",
        /// The cheapest first, in the currency that is asked for.
        Price = "price",
        /// The best rated first. Counted with ten ratings of 4.3 stars, so that new tutors stand in the middle.
        Rating = "rating",
        /// The last approved first.
        Newest = "newest",
    }
}

/// A number of stars from 1 to 5, to the tenth: `4.5`. Kept in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stars(i32);

impl Stars {
    /// Reads `4` or `4.5`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("must be 1 to 5 stars, like 4.5");
        let (whole, tenths) = text.split_once('.').unwrap_or((text, "0"));
        let digit = |s: &str| if s.len() == 1 { s.parse::<i32>().ok() } else { None };
        let thousandths = digit(whole).zip(digit(tenths)).map(|(whole, tenths)| whole * 1_000 + tenths * 100);
        thousandths.filter(|n| (1_000..=5_000).contains(n)).map(Self).ok_or_else(invalid)
    }

    /// Thousandths of a star.
    pub const fn thousandths(self) -> i32 {
        self.0
    }
}

impl Deserr<FieldErrors> for Stars {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        let text = String::deserialize_from_value(value, location)?;
        Self::parse(&text).map_err(|e| FieldErrors::at(location, e.0))
    }
}

impl schemars::JsonSchema for Stars {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Stars".into()
    }
    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "minimum": 1, "maximum": 5, "multipleOf": 0.1 })
    }
}

/// A name as everybody may see it: of each further name the initial (product.md: a surname never beyond it). What
/// follows a title (`Dr.`) is still the first name. Like `public_name` of the database, by which search finds it.
pub fn public_name(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    let mut whole = true;
    for word in name.split_whitespace() {
        if !shown.is_empty() {
            shown.push(' ');
        }
        match word.chars().next().filter(|c| !whole && c.is_alphabetic()) {
            Some(initial) => shown.extend([initial, '.']),
            None => shown.push_str(word),
        }
        let letters = word.trim_end_matches('.').chars().rev().take(2);
        whole = word.ends_with('.') && letters.filter(|c| c.is_alphabetic()).count() == 2;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_and_case_do_not_matter() {
        assert_eq!(SearchWords::parse("  Linear-ALGEBRA, Ada!").unwrap().to_string(), "linear algebra ada");
    }

    #[test]
    fn marks_belong_to_the_names_of_languages() {
        assert_eq!(SearchWords::parse("C++, c# and +F#!").unwrap().to_string(), "c++ c# and f#");
    }

    #[test]
    fn of_a_surname_only_the_initial_is_public() {
        let cases = [
            ("Ada Lovelace", "Ada L."),
            ("Ada L.", "Ada L."),
            ("Ada", "Ada"),
            ("Maria da Silva", "Maria d. S."),
            ("Dr. Ada Lovelace", "Dr. Ada L."),
            ("Prof. Dr. Émilie du Châtelet", "Prof. Dr. Émilie d. C."),
            ("Tara T. Smith", "Tara T. S."),
            ("Jean-Luc Picard", "Jean-Luc P."),
            ("Tutor 3", "Tutor 3"),
            ("山田 太郎", "山田 太."),
        ];
        for (name, shown) in cases {
            assert_eq!(public_name(name), shown);
        }
    }

    #[test]
    fn stars_are_read_to_the_tenth() {
        let read = |text| Stars::parse(text).map(Stars::thousandths).ok();
        assert_eq!(
            (read("4"), read("4.5"), read("1.0"), read("5")),
            (Some(4_000), Some(4_500), Some(1_000), Some(5_000))
        );
        for wrong in ["0.9", "5.1", "4.55", "", ".", "4.", "-1", "+4", "four", "1e1"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_query_without_a_word_is_refused() {
        assert!(SearchWords::parse(" ++ ").is_err());
        assert!(SearchWords::parse("").is_err());
        assert!(SearchWords::parse(&"a".repeat(101)).is_err());
        assert!(SearchWords::parse("a b c d e f g h i").is_err());
    }
}
