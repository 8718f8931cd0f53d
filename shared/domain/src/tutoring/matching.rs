//! Matching: what a student looks for, and how well each tutor fits it (product.md, Tutoring).
//!
//! A score of 0 to 100 is the sum of named parts, each a whole number of points with its reason in words. It
//! depends on the request, the catalogue, the tutor and the moment, and on nothing else: the same gives the
//! same. Of two with one score the cheaper comes first, then the better rated, then who teaches longer at the
//! student's times, then the smaller id; so whoever is better in one of these and otherwise equal never comes
//! after.

mod goal;
pub mod invitation;
mod parts;
mod schedule;
mod wish;

use std::cmp::Reverse;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use invitation::{Invitation, InvitationStatus, MatchRequest};
pub use parts::Kinship;
pub use wish::{WeeklyTimes, Wish};

use super::availability::Availability;
use super::catalogue::Catalogue;
use super::overrides::Overrides;
use super::policy::MATCHES_MAX;
use super::profile::Profile;
use super::standing::Standing;
use crate::id::UserId;

crate::words! {
    /// What a score is made of.
    pub enum MatchPart {
        /// Whether the subject is taught, or one near it, at the wanted level.
        Subject = "subject",
        /// How much of the student's goal the tutor speaks of.
        Goal = "goal",
        /// The price of an hour beside the budget.
        Price = "price",
        /// How much of the student's times the tutor teaches at.
        Schedule = "schedule",
        /// Whether they share a language.
        Language = "language",
        /// How the tutor is rated.
        Rating = "rating",
        /// How fast the tutor answers.
        ReplyTime = "reply_time",
    }
}

impl MatchPart {
    /// Most points of the part; 100 in all.
    pub const fn points_max(self) -> u32 {
        match self {
            Self::Subject => 30,
            Self::Schedule => 20,
            Self::Price => 15,
            Self::Goal | Self::Language | Self::Rating => 10,
            Self::ReplyTime => 5,
        }
    }
}

/// A part of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScoredPart {
    /// Which.
    pub part: MatchPart,
    /// Points, 0 to `outOf`.
    pub points: u32,
    /// Most points of this part.
    pub out_of: u32,
    /// Why, in words.
    pub reason: String,
}

impl ScoredPart {
    /// `points` of `part`, never more than it has.
    fn new(part: MatchPart, points: u32, reason: impl Into<String>) -> Self {
        let out_of = part.points_max();
        Self { part, points: points.min(out_of), out_of, reason: reason.into() }
    }
}

/// How well a tutor fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Match {
    /// The tutor.
    pub tutor_id: UserId,
    /// The sum of the parts' points: 0 to 100.
    pub score: u32,
    /// Every part once, in a fixed order.
    pub parts: Vec<ScoredPart>,
}

/// A tutor who is weighed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The tutor.
    pub id: UserId,
    /// What students see.
    pub profile: Profile,
    /// The hours; `None` until the tutor has set them.
    pub availability: Option<Availability>,
    /// Dates with other hours.
    pub overrides: Overrides,
    /// What is known of the tutor's teaching.
    pub standing: Standing,
}

/// The best of the candidates for a wish, the best first, at most [`MATCHES_MAX`]. Who teaches neither the
/// subject nor anything near it is no match.
pub fn rank(wish: &Wish, catalogue: &Catalogue, candidates: &[Candidate], now: Timestamp) -> Vec<Match> {
    let weighing = Weighing::new(wish, catalogue, now);
    let mut matches: Vec<_> = candidates.iter().filter_map(|c| weighing.weigh(c)).collect();
    matches.sort_by_key(|(key, _)| *key);
    matches.into_iter().take(MATCHES_MAX).map(|(_, found)| found).collect()
}

/// What a match is sorted by; the smallest is the best.
type Key = (Reverse<u32>, (bool, i64), Reverse<i64>, Reverse<i64>, UserId);

/// What is worked out of a wish once, for all candidates.
struct Weighing<'a> {
    wish: &'a Wish,
    subjects: parts::Subjects<'a>,
    goal: goal::Goal,
    times: schedule::Times,
}

impl<'a> Weighing<'a> {
    fn new(wish: &'a Wish, catalogue: &'a Catalogue, now: Timestamp) -> Self {
        Self {
            wish,
            subjects: parts::Subjects::new(catalogue, &wish.subject, wish.level),
            goal: goal::Goal::of(wish.goal.as_str()),
            times: schedule::Times::new(&wish.weekly_times, &wish.time_zone, now),
        }
    }

    fn weigh(&self, candidate: &Candidate) -> Option<(Key, Match)> {
        let (profile, standing) = (&candidate.profile, &candidate.standing);
        let price = profile.hourly_rate.get();
        let shared = self.times.shared_minutes(candidate);
        let parts = vec![
            self.subjects.part(profile.subjects.as_slice())?,
            self.goal.part(&self.subjects.text_of(profile)),
            parts::price(price, self.wish.budget.get()),
            self.times.part(candidate.availability.is_some(), shared),
            parts::language(profile.languages.as_slice(), self.wish.languages.as_slice()),
            parts::rating(standing),
            parts::reply_time(standing.response_minutes),
        ];
        let score = parts.iter().map(|part| part.points).sum();
        let other_currency = price.currency != self.wish.budget.get().currency;
        let key = (
            Reverse(score),
            (other_currency, price.amount),
            Reverse(standing.quality()),
            Reverse(shared),
            candidate.id,
        );
        Some((key, Match { tutor_id: candidate.id, score, parts }))
    }
}

#[cfg(test)]
mod tests;
