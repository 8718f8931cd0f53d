//! What the use cases of `tutoring` are given.

use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use lectern_domain::tutoring::policy::{BadgePolicy, TutoringPolicy};
use lectern_postgres::{Base, HasBase};
use lectern_runtime::config::Env;
use lectern_runtime::objects::{Objects, S3};
use lectern_runtime::rate_limit::RateLimiter;
use lectern_runtime::{Kit, Need, Revocations, Services};

use crate::busy_calendar::{Calendars, HttpsCalendars};

/// The variable that names the bucket.
const BUCKET: &str = "TUTOR_FILES_BUCKET";

/// The need of use cases that keep or give out tutors' files.
pub const FILES: Need = Need::Port("files");

/// Database, bus, calendars elsewhere, files, policy.
pub struct Tutoring {
    /// Clock, database, bus.
    pub base: Base,
    /// The numbers.
    pub policy: TutoringPolicy,
    /// Tutors' calendars elsewhere.
    pub calendars: Arc<dyn Calendars>,
    /// Documents and photos.
    pub files: Arc<dyn Objects>,
}

impl Tutoring {
    fn policy_of(env: &Env) -> TutoringPolicy {
        let (default, badge) = (TutoringPolicy::default(), BadgePolicy::default());
        TutoringPolicy {
            slot_grid_minutes: number(env, "SLOT_GRID_MINUTES", default.slot_grid_minutes),
            claim_hours: number(env, "VERIFICATION_CLAIM_HOURS", default.claim_hours),
            invitation_hours: number(env, "INVITATION_HOURS", default.invitation_hours),
            invitations_max: number(env, "INVITATIONS_MAX", default.invitations_max),
            badge: BadgePolicy {
                days: number(env, "BADGE_DAYS", badge.days),
                lessons_min: number(env, "BADGE_LESSONS_MIN", badge.lessons_min),
                ratings_min: number(env, "BADGE_RATINGS_MIN", badge.ratings_min),
                rating_min_thousandths: number(
                    env,
                    "BADGE_RATING_MIN_THOUSANDTHS",
                    badge.rating_min_thousandths,
                ),
                reply_minutes_max: number(env, "BADGE_REPLY_MINUTES_MAX", badge.reply_minutes_max),
                cancelled_max_basis_points: number(
                    env,
                    "BADGE_CANCELLED_MAX_BASIS_POINTS",
                    badge.cancelled_max_basis_points,
                ),
            },
            ..default
        }
    }
}

/// A number of the stage; the default when it isn't set or can't be read.
fn number<T: FromStr + Copy>(env: &Env, name: &str, default: T) -> T {
    env.number(name, default).unwrap_or_else(|error| {
        tracing::error!(%error, "the default is used");
        default
    })
}

#[async_trait]
impl Services for Tutoring {
    fn from_env(env: Arc<Env>) -> Self {
        let calendars = Arc::new(HttpsCalendars::default());
        let files = Arc::new(S3::new(Arc::clone(&env), BUCKET));
        Self { policy: Self::policy_of(&env), base: Base::from_env(env), calendars, files }
    }

    fn kit(&self) -> &Kit {
        &self.base.kit
    }

    async fn warm(&self, needs: &[Need]) {
        self.base.warm(needs).await;
        if needs.contains(&FILES) {
            self.files.warm().await;
        }
    }

    fn rate_limiter(&self) -> Option<&dyn RateLimiter> {
        Some(&self.base)
    }

    fn revocations(&self) -> Option<&dyn Revocations> {
        Some(&self.base)
    }
}

impl HasBase for Tutoring {
    const CONTEXT: &'static str = crate::CONTEXT;

    fn base(&self) -> &Base {
        &self.base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_may_set_the_grid_and_how_long_a_claim_holds_and_nonsense_leaves_the_default() {
        let grid = |value| Tutoring::policy_of(&Env::of(&[("SLOT_GRID_MINUTES", value)])).slot_grid_minutes;
        assert_eq!((grid("30"), grid(""), grid("often")), (30, 15, 15));
        let hours = |value| Tutoring::policy_of(&Env::of(&[("VERIFICATION_CLAIM_HOURS", value)])).claim_hours;
        assert_eq!((hours("2"), hours("")), (2, 24));
    }
}
