//! The parts of a score that are a comparison of two values.

use std::collections::BTreeMap;

use super::{MatchPart, ScoredPart};
use crate::money::Money;
use crate::tutoring::catalogue::{Catalogue, SubjectEntry};
use crate::tutoring::profile::{
    LanguageLevel, LanguageTag, Profile, SpokenLanguage, SubjectId, TaughtSubject, TeachingLevel,
};
use crate::tutoring::standing::Standing;

/// How a subject that is taught stands to the one that is wanted, in the skill graph; the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kinship {
    /// It is the one.
    Same,
    /// A part of it, directly or indirectly.
    Part,
    /// It is a part of this one: who teaches the whole knows the part, but may be no specialist.
    Whole,
    /// Needed to learn it: counts a little.
    Prerequisite,
    /// Related to it: counts less.
    Related,
}

impl Kinship {
    /// Points at the wanted level.
    const fn points(self) -> u32 {
        match self {
            Self::Same => MatchPart::Subject.points_max(),
            Self::Part => 24,
            Self::Whole => 18,
            Self::Prerequisite => 9,
            Self::Related => 6,
        }
    }
}

/// The subjects that count for a wish.
pub struct Subjects<'a> {
    catalogue: &'a Catalogue,
    wanted: &'a SubjectId,
    level: TeachingLevel,
    kin: BTreeMap<SubjectId, Kinship>,
}

impl<'a> Subjects<'a> {
    /// Those near the wanted one.
    pub fn new(catalogue: &'a Catalogue, wanted: &'a SubjectId, level: TeachingLevel) -> Self {
        let related = catalogue.get(wanted).map(|entry| entry.related_to.clone()).unwrap_or_default();
        let all = [
            (Kinship::Same, vec![wanted.clone()]),
            (Kinship::Part, catalogue.parts_of(wanted).into_iter().collect()),
            (Kinship::Whole, catalogue.wholes_of(wanted).into_iter().collect()),
            (Kinship::Prerequisite, catalogue.needed_for(wanted).into_iter().collect()),
            (Kinship::Related, related),
        ];
        let mut kin = BTreeMap::new();
        for (kinship, subjects) in all {
            for subject in subjects {
                kin.entry(subject).or_insert(kinship);
            }
        }
        Self { catalogue, wanted, level, kin }
    }

    /// The part of the score, by what is taught; `None` when none of it is near.
    pub fn part(&self, taught: &[TaughtSubject]) -> Option<ScoredPart> {
        let weighed = taught.iter().filter_map(|subject| {
            let kinship = *self.kin.get(&subject.subject)?;
            let steps = subject.levels.as_slice().iter().map(|level| self.steps(*level)).min()?;
            let share = match steps {
                0 => 100,
                1 => 60,
                _ => 30,
            };
            // The best for the student; of equals the nearer one, then the smaller id.
            let points = kinship.points() * share / 100;
            Some((std::cmp::Reverse(points), kinship, steps, &subject.subject))
        });
        let (std::cmp::Reverse(points), kinship, steps, subject) = weighed.min()?;
        let (name, wanted, level) = (self.name(subject), self.name(self.wanted), self.level);
        let which = match kinship {
            Kinship::Same if steps > 0 => ",".to_owned(),
            Kinship::Same => String::new(),
            Kinship::Part => format!(", a part of {wanted},"),
            Kinship::Whole => format!(", of which {wanted} is a part,"),
            Kinship::Prerequisite => format!(", which {wanted} builds on,"),
            Kinship::Related => format!(", which is related to {wanted},"),
        };
        let at = if steps == 0 { format!("at {level} level") } else { format!("but not at {level} level") };
        Some(ScoredPart::new(MatchPart::Subject, points, format!("Teaches {name}{which} {at}.")))
    }

    /// How far a level is from the wanted one.
    fn steps(&self, level: TeachingLevel) -> usize {
        let place = |level| TeachingLevel::ALL.iter().position(|l| *l == level).unwrap_or_default();
        place(level).abs_diff(place(self.level))
    }

    fn name<'b>(&'b self, id: &'b SubjectId) -> &'b str {
        self.catalogue.get(id).map_or(id.as_str(), |entry: &SubjectEntry| entry.name.as_str())
    }

    /// Everything in words that a tutor says of the teaching: headline, biography, subjects by all their
    /// names.
    pub fn text_of(&self, profile: &Profile) -> String {
        let mut text = format!("{} {}", profile.headline, profile.bio);
        for taught in profile.subjects.as_slice() {
            if let Some(entry) = self.catalogue.get(&taught.subject) {
                for name in std::iter::once(&entry.name).chain(&entry.other_names) {
                    text.push(' ');
                    text.push_str(name.as_str());
                }
            }
        }
        text
    }
}

/// Whether an hour is within the budget: two thirds of the points at the budget itself, all at half of it and
/// less, none at half as much again. Never more points for a higher price.
pub fn price(price: Money, budget: Money) -> ScoredPart {
    let part = MatchPart::Price;
    if price.currency != budget.currency {
        let reason =
            format!("{price} an hour, which can't be compared with a budget in {}.", budget.currency);
        return ScoredPart::new(part, 0, reason);
    }
    let max = i64::from(part.points_max());
    let (at_budget, whole) = (max * 2 / 3, budget.amount.max(1));
    let below = whole - price.amount;
    let (points, where_) = match below.signum() {
        0 => (at_budget, "exactly your budget".to_owned()),
        1 => {
            let more = (max - at_budget) * 2 * below / whole;
            (at_budget + more, format!("{} below your budget", Money::new(below, price.currency)))
        }
        _ => {
            let over = -below;
            let less = (at_budget * 2 * over + whole - 1) / whole;
            (at_budget - less, format!("{} above your budget", Money::new(over, price.currency)))
        }
    };
    let points = u32::try_from(points.clamp(0, max)).unwrap_or_default();
    ScoredPart::new(part, points, format!("{price} an hour, {where_}."))
}

/// The language that the tutor speaks best of those that the student can be taught in, whatever the region.
pub fn language(spoken: &[SpokenLanguage], wanted: &[LanguageTag]) -> ScoredPart {
    let part = MatchPart::Language;
    let shared = spoken.iter().filter(|s| wanted.iter().any(|tag| tag.language() == s.language.language()));
    let best = shared.max_by(|a, b| {
        (a.level, std::cmp::Reverse(a.language.to_string()))
            .cmp(&(b.level, std::cmp::Reverse(b.language.to_string())))
    });
    let Some(best) = best else {
        return ScoredPart::new(part, 0, "Teaches in none of your languages.");
    };
    let points = match best.level {
        LanguageLevel::Basic => 3,
        LanguageLevel::Conversational => 7,
        LanguageLevel::Fluent | LanguageLevel::Native => part.points_max(),
    };
    ScoredPart::new(part, points, format!("Teaches in {} ({}).", best.language, best.level))
}

/// The mean of the ratings together with ten of 4.3 stars: nothing at 3.5 stars, all at 5.
pub fn rating(standing: &Standing) -> ScoredPart {
    let part = MatchPart::Rating;
    let above = (standing.quality() - 3_500).max(0);
    let points = u32::try_from(i64::from(part.points_max()) * above / 1_500).unwrap_or_default();
    let (stars, count) = (standing.rating_sum, i64::from(standing.rating_count));
    // To the nearest hundredth, as the rating is shown.
    let reason = match (stars * 100 + count / 2).checked_div(count) {
        None => "Not rated yet.".to_owned(),
        Some(mean) => {
            let ratings = if count == 1 { "rating" } else { "ratings" };
            format!("{}.{:02} stars in {count} {ratings}.", mean / 100, mean % 100)
        }
    };
    ScoredPart::new(part, points, reason)
}

/// How long students wait for an answer; who was never asked stands in the middle.
pub fn reply_time(minutes: Option<u32>) -> ScoredPart {
    let part = MatchPart::ReplyTime;
    let Some(minutes) = minutes else {
        return ScoredPart::new(part, 3, "Has not been asked in the last months.");
    };
    let (points, words) = match minutes {
        0..=60 => (5, "within an hour".to_owned()),
        61..=360 => (4, format!("within {} hours", minutes.div_ceil(60))),
        361..=720 => (3, format!("within {} hours", minutes.div_ceil(60))),
        721..=1_440 => (2, "within a day".to_owned()),
        1_441..=2_160 => (1, "within a day and a half".to_owned()),
        _ => (0, "later than a day and a half, if at all".to_owned()),
    };
    ScoredPart::new(part, points, format!("Usually answers {words}."))
}
