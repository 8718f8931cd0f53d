//! How much of a student's goal a tutor speaks of: the words that both use, without small words and endings.

use std::collections::{BTreeMap, BTreeSet};

use super::{MatchPart, ScoredPart};

/// So many words of the goal are enough for all points: whoever writes more doesn't make it harder.
const ENOUGH: usize = 5;
/// Words that a reason names.
const NAMED_MAX: usize = 5;
/// Shortest word that says something.
const LENGTH_MIN: usize = 3;
/// What is left of a word at least when an ending is taken off.
const STEM_MIN: usize = 4;

/// Endings that don't change what a word is about, the longer first. English, as the catalogue is; a word of
/// another language is compared as it is, or loses the same ending on both sides.
const ENDINGS: [&str; 8] = ["ings", "ing", "ies", "es", "ed", "s", "e", "y"];

/// Words that say nothing of a goal.
const SMALL: [&str; 76] = [
    "about",
    "again",
    "all",
    "also",
    "and",
    "any",
    "are",
    "because",
    "been",
    "before",
    "better",
    "but",
    "can",
    "could",
    "did",
    "does",
    "don",
    "for",
    "from",
    "get",
    "good",
    "had",
    "has",
    "have",
    "help",
    "her",
    "him",
    "his",
    "how",
    "into",
    "just",
    "know",
    "learn",
    "learning",
    "lesson",
    "lessons",
    "like",
    "make",
    "more",
    "much",
    "must",
    "need",
    "not",
    "now",
    "one",
    "our",
    "out",
    "please",
    "really",
    "she",
    "should",
    "some",
    "student",
    "teach",
    "teacher",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "they",
    "this",
    "tutor",
    "understand",
    "very",
    "want",
    "was",
    "well",
    "what",
    "when",
    "will",
    "with",
    "would",
    "you",
];

/// The words of a goal, each by its stem, with how it was written first.
pub struct Goal(BTreeMap<String, String>);

impl Goal {
    /// Out of what the student wrote.
    pub fn of(text: &str) -> Self {
        let mut words = BTreeMap::new();
        for word in words_of(text) {
            words.entry(stem(&word).to_owned()).or_insert(word);
        }
        Self(words)
    }

    /// The part of the score, by what the tutor says.
    pub fn part(&self, text: &str) -> ScoredPart {
        let part = MatchPart::Goal;
        if self.0.is_empty() {
            return ScoredPart::new(part, 0, "Your goal names nothing that could be looked for.");
        }
        let theirs: BTreeSet<String> = words_of(text).map(|word| stem(&word).to_owned()).collect();
        let shared: Vec<&str> =
            self.0.iter().filter(|(stem, _)| theirs.contains(*stem)).map(|(_, word)| word.as_str()).collect();
        if shared.is_empty() {
            return ScoredPart::new(part, 0, "Does not mention what your goal names.");
        }
        let enough = self.0.len().min(ENOUGH);
        let points =
            usize::try_from(part.points_max()).unwrap_or_default() * shared.len().min(enough) / enough;
        let named = shared.get(..NAMED_MAX).unwrap_or(&shared).join(", ");
        let more = if shared.len() > NAMED_MAX { " and more of your goal" } else { "" };
        ScoredPart::new(part, u32::try_from(points).unwrap_or_default(), format!("Speaks of {named}{more}."))
    }
}

/// The words that say something, in lower case.
fn words_of(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    words.filter(|word| word.chars().count() >= LENGTH_MIN && !SMALL.contains(&word.as_str()))
}

fn stem(word: &str) -> &str {
    // The `s` of `class` is no ending.
    let fits =
        |rest: &&str| rest.chars().count() >= STEM_MIN && !(rest.ends_with('s') && word.ends_with("ss"));
    ENDINGS.iter().find_map(|ending| word.strip_suffix(ending).filter(fits)).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_case_and_small_words_do_not_matter() {
        let part =
            Goal::of("I need help with Derivatives and INTEGRALS!").part("The derivative, the integral");
        assert_eq!((part.points, part.reason.as_str()), (10, "Speaks of derivatives, integrals."));
        assert_eq!(Goal::of("proofs").part("I teach how to prove").points, 0);
        assert_eq!(Goal::of("exam").part("exams lose their terror").points, 10);
        assert_eq!(Goal::of("classes, categories").part("a category in class").points, 10);
    }

    #[test]
    fn five_shared_words_are_enough_however_long_the_goal_is() {
        let text = "vectors matrices eigenvalues determinants spaces";
        let goal = Goal::of(&format!("{text} kernels images ranks traces"));
        assert_eq!(goal.part(text).points, 10);
        assert_eq!(goal.part("vectors and matrices").points, 4);
    }

    #[test]
    fn a_goal_without_words_says_so() {
        assert_eq!(
            Goal::of("I want to !").part("anything").reason,
            "Your goal names nothing that could be looked for."
        );
        assert_eq!(Goal::of("chess").part("algebra").reason, "Does not mention what your goal names.");
    }

    #[test]
    fn the_small_words_are_in_order_and_said_once() {
        assert!(SMALL.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
