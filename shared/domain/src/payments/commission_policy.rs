//! Which share the platform takes: a table of rules in versions, each valid from a moment on (product.md, Payments).
//!
//! A version is never changed or deleted. Of those that are valid already, the one that became so last is in force; of
//! two that became so at the same moment, the one that was made later. So a mistake is mended by another version, even
//! before it is in force, and what was in force at any moment of the past stays known.

use std::collections::BTreeSet;

use deserr::Deserr;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::commission::{Commission, Purpose};
use crate::field::FieldErrors;
use crate::id::UserId;
use crate::money::BasisPoints;
use crate::time::{Bounded, Instant};

/// Most rules of a version.
const RULES_MAX: usize = 60;
/// Minutes in an hour taught.
const HOUR: i64 = 60;

crate::words! {
    /// What a commission is taken of. Subscriptions are the platform's own and have none.
    pub enum CommissionPurpose {
        /// A lesson.
        Lesson = "lesson",
        /// The first lesson with a tutor, to get to know each other.
        Trial = "trial",
        /// A course.
        Course = "course",
    }
}

impl CommissionPurpose {
    /// What the commission of a payment is taken of; none of a subscription, all of which is the platform's.
    pub const fn of(purpose: Purpose) -> Option<Self> {
        match purpose {
            Purpose::Lesson => Some(Self::Lesson),
            Purpose::Trial => Some(Self::Trial),
            Purpose::Course => Some(Self::Course),
            Purpose::Subscription => None,
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct CommissionRule {
    /// What it is taken of.
    pub purpose: CommissionPurpose,
    /// For tutors who have taught at least so many hours.
    pub from_hours: Bounded<0, 100_000>,
    /// The platform's share, in hundredths of a per cent: 2 000 is 20 %.
    pub basis_points: Bounded<0, 10_000>,
}

impl CommissionRule {
    fn share(&self) -> Option<Commission> {
        let points = u16::try_from(self.basis_points.get()).ok()?;
        BasisPoints::new(points).ok().map(Commission::new)
    }
}

/// The rules of one version. Each purpose has one from the first hour on, so there is a share for everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommissionPolicy(Vec<CommissionRule>);

impl CommissionPolicy {
    /// A table of these rules, sorted. Names everything that is wrong: a purpose without a rule for beginners, two
    /// rules for the same hours, more than 60 rules.
    pub fn new(mut rules: Vec<CommissionRule>) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        if rules.len() > RULES_MAX {
            errors.push("rules", format!("must be at most {RULES_MAX}"));
        }
        for purpose in CommissionPurpose::ALL {
            let begins = |rule: &CommissionRule| rule.purpose == *purpose && rule.from_hours.get() == 0;
            if !rules.iter().any(begins) {
                errors.push("rules", format!("must have one for {purpose} from 0 hours"));
            }
        }
        let mut seen = BTreeSet::new();
        for (at, rule) in rules.iter().enumerate() {
            if !seen.insert((rule.purpose, rule.from_hours)) {
                let message = "must be another number: there is a rule for these hours already";
                errors.push(format!("rules[{at}].fromHours"), message);
            }
        }
        errors.into_result()?;
        rules.sort_by_key(|rule| (rule.purpose, rule.from_hours));
        Ok(Self(rules))
    }

    /// The rules, by purpose and hours.
    pub fn rules(&self) -> &[CommissionRule] {
        &self.0
    }

    /// The share of a tutor who has taught so many minutes: that of the rule with the most hours which the tutor has
    /// reached. None only of a table that was not made by [`Self::new`].
    pub fn rate(&self, purpose: CommissionPurpose, minutes_taught: i64) -> Option<Commission> {
        let of_purpose = self.0.iter().filter(|rule| rule.purpose == purpose);
        let reached = of_purpose.filter(|rule| i64::from(rule.from_hours.get()) * HOUR <= minutes_taught);
        reached.max_by_key(|rule| rule.from_hours).and_then(CommissionRule::share)
    }
}

/// One version of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    /// 1, 2, 3 …
    pub version: i64,
    /// From when on.
    pub valid_from: Instant,
    /// The rules.
    pub policy: CommissionPolicy,
    /// The admin who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Instant,
}

impl PolicyVersion {
    /// The version after `latest`. Without a moment it is valid at once; a moment that is past is refused, since
    /// payments have been made then.
    pub fn next(
        latest: i64,
        valid_from: Option<Instant>,
        policy: CommissionPolicy,
        admin: UserId,
        now: Timestamp,
    ) -> Result<Self, FieldErrors> {
        let now = Instant::new(now);
        let valid_from = valid_from.unwrap_or(now);
        if valid_from < now {
            return Err(FieldErrors::one("validFrom", "must not be past"));
        }
        Ok(Self { version: latest + 1, valid_from, policy, created_by: admin, created_at: now })
    }
}

/// The version that is in force at a moment.
pub fn in_force(versions: &[PolicyVersion], at: Timestamp) -> Option<&PolicyVersion> {
    let valid = versions.iter().filter(|version| version.valid_from.get() <= at);
    valid.max_by_key(|version| (version.valid_from, version.version))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    fn rule(purpose: CommissionPurpose, hours: u32, points: u32) -> CommissionRule {
        let (from_hours, basis_points) = (Bounded::new(hours).unwrap(), Bounded::new(points).unwrap());
        CommissionRule { purpose, from_hours, basis_points }
    }

    fn with(lesson: &[(u32, u32)]) -> Result<CommissionPolicy, FieldErrors> {
        let mut rules =
            vec![rule(CommissionPurpose::Course, 0, 3_000), rule(CommissionPurpose::Trial, 0, 10_000)];
        rules.extend(lesson.iter().map(|(hours, points)| rule(CommissionPurpose::Lesson, *hours, *points)));
        CommissionPolicy::new(rules)
    }

    fn points(policy: &CommissionPolicy, minutes: i64) -> u16 {
        policy.rate(CommissionPurpose::Lesson, minutes).unwrap().share().get()
    }

    #[test]
    fn the_share_falls_with_the_minute_that_completes_the_hours() {
        let policy = with(&[(100, 1_500), (0, 2_000), (400, 1_000)]).unwrap();
        let taught = [0, 100 * 60 - 1, 100 * 60, 400 * 60 - 1, 400 * 60, i64::MAX];
        assert_eq!(
            taught.map(|minutes| points(&policy, minutes)),
            [2_000, 2_000, 1_500, 1_500, 1_000, 1_000]
        );
        assert_eq!(policy.rate(CommissionPurpose::Trial, 500 * 60).unwrap().share().get(), 10_000);
    }

    #[test]
    fn everything_that_is_wrong_with_a_table_is_named() {
        let twice = vec![rule(CommissionPurpose::Lesson, 5, 1), rule(CommissionPurpose::Lesson, 5, 2)];
        let errors = CommissionPolicy::new(twice).unwrap_err().0;
        let named: Vec<_> = errors.iter().map(|e| (e.field.as_str(), e.message.as_str())).collect();
        assert_eq!(
            named,
            [
                ("rules", "must have one for lesson from 0 hours"),
                ("rules", "must have one for trial from 0 hours"),
                ("rules", "must have one for course from 0 hours"),
                ("rules[1].fromHours", "must be another number: there is a rule for these hours already"),
            ]
        );
        let many: Vec<_> = (0..=60).map(|hours| (hours, 2_000)).collect();
        assert_eq!(with(&many).unwrap_err().0[0].message, "must be at most 60");
    }

    fn version(number: i64, valid_from: Timestamp) -> PolicyVersion {
        PolicyVersion {
            version: number,
            valid_from: valid_from.into(),
            policy: with(&[(0, 2_000)]).unwrap(),
            created_by: UserId(uuid::Uuid::nil()),
            created_at: Timestamp::UNIX_EPOCH.into(),
        }
    }

    #[test]
    fn a_version_is_in_force_from_its_very_moment_on() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        // The third mends the second before it begins.
        let versions = [version(1, at(100)), version(2, at(200)), version(3, at(200))];
        let found = |second: i64| in_force(&versions, at(second)).map(|v| v.version);
        assert_eq!([99, 100, 199, 200, 201].map(found), [None, Some(1), Some(1), Some(3), Some(3)]);
    }

    #[test]
    fn a_version_is_valid_now_or_later_and_never_before() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let next = |seconds: i64| {
            let from = (now + SignedDuration::from_secs(seconds)).into();
            let admin = UserId(uuid::Uuid::nil());
            PolicyVersion::next(6, Some(from), with(&[(0, 1)]).unwrap(), admin, now)
        };
        assert_eq!(next(-1).unwrap_err().0[0].field, "validFrom");
        let made = next(0).unwrap();
        assert_eq!((made.version, made.valid_from.get()), (7, now));
        assert_eq!(next(60).unwrap().valid_from.get(), now + SignedDuration::from_mins(1));
    }

    proptest! {
        #[test]
        fn everybody_has_a_share_whatever_was_taught(
            beginners in 0_u32..=10_000,
            steps in proptest::collection::btree_map(1_u32..5_000, 0_u32..=10_000, 0..10),
            minutes in 0_i64..400_000,
        ) {
            let mut lesson: Vec<_> = steps.iter().map(|(hours, points)| (*hours, *points)).collect();
            lesson.push((0, beginners));
            let policy = with(&lesson).unwrap();
            let hours = u32::try_from(minutes / 60).unwrap();
            let wanted = steps.range(..=hours).next_back().map_or(beginners, |(_, points)| *points);
            prop_assert_eq!(u32::from(points(&policy, minutes)), wanted);
            // Nothing changes between two full hours, nor by being written and read.
            prop_assert_eq!(points(&policy, minutes - minutes % 60), points(&policy, minutes));
            let again: CommissionPolicy = serde_json::from_value(serde_json::to_value(&policy).unwrap()).unwrap();
            prop_assert_eq!(again, policy);
        }

        #[test]
        fn a_version_that_is_not_yet_valid_changes_nothing(
            moments in proptest::collection::vec(0_i64..1_000, 1..8), at in 0_i64..1_000,
        ) {
            let at = Timestamp::from_second(at).unwrap();
            let all: Vec<_> = moments.iter().zip(1..).map(|(s, n)| version(n, Timestamp::from_second(*s).unwrap())).collect();
            let valid: Vec<_> = all.iter().filter(|v| v.valid_from.get() <= at).cloned().collect();
            prop_assert_eq!(in_force(&all, at), in_force(&valid, at));
            prop_assert_eq!(in_force(&all, at).is_some(), !valid.is_empty());
        }
    }
}
