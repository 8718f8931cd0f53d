//! `GET /internal/tutors/{tutorId}`: what other contexts ask of a tutor.

use lectern_domain::id::UserId;
use lectern_domain::money::Money;
use lectern_domain::text::Line;
use lectern_domain::time::ZoneName;
use lectern_domain::tutoring::availability::{Availability, LessonMinutes};
use lectern_domain::tutoring::list::Distinct;
use lectern_domain::tutoring::profile::{Country, SpokenLanguage, TaughtSubject};
use lectern_domain::tutoring::tutor::Tutor;
use lectern_domain::tutoring::verification::VerificationStatus;
use lectern_runtime::{Answer, Cx, Method, Problem, Request, Service, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::get_tutor::TutorPath;
use crate::services::Tutoring;
use crate::store::tutors;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("get-tutor-terms", Method::Get, "/internal/tutors/{tutorId}", get_tutor_terms)
        .summary("Give a tutor's terms, listed or not: subjects, prices, lesson lengths, pauses, notice")
        .problems(&[&problem::NOT_FOUND])
}

/// A tutor's terms. Without the texts of the profile: those are for people.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TutorTerms {
    tutor_id: UserId,
    display_name: Line<80>,
    time_zone: ZoneName,
    country: Country,
    languages: Distinct<SpokenLanguage, 10>,
    subjects: Distinct<TaughtSubject, 20>,
    /// The price of an hour.
    hourly_rate: Money,
    /// The price of a whole trial lesson; absent when none is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    trial_price: Option<Money>,
    verification_status: VerificationStatus,
    /// Whether students can find and book the tutor: approved, and with an account that can be used.
    listed: bool,
    /// Absent until the tutor has set the hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    booking: Option<BookingTerms>,
}

/// On which terms a tutor can be booked.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookingTerms {
    lesson_minutes: Vec<LessonMinutes>,
    buffer_before_minutes: u32,
    buffer_after_minutes: u32,
    minimum_notice_minutes: u32,
    horizon_days: u32,
}

impl From<&Availability> for BookingTerms {
    fn from(availability: &Availability) -> Self {
        Self {
            lesson_minutes: availability.lesson_minutes.as_slice().to_vec(),
            buffer_before_minutes: availability.buffer_before_minutes.get(),
            buffer_after_minutes: availability.buffer_after_minutes.get(),
            minimum_notice_minutes: availability.minimum_notice_minutes.get(),
            horizon_days: availability.horizon_days.get(),
        }
    }
}

impl TutorTerms {
    fn of(tutor: Tutor, listed: bool) -> Self {
        let profile = tutor.profile;
        Self {
            tutor_id: tutor.id,
            display_name: profile.display_name,
            time_zone: profile.time_zone,
            country: profile.country,
            languages: profile.languages,
            subjects: profile.subjects,
            hourly_rate: profile.hourly_rate.get(),
            trial_price: profile.trial_price.map(|trial| trial.get()),
            verification_status: tutor.verification.standing(),
            listed,
            booking: tutor.availability.as_ref().map(Into::into),
        }
    }
}

async fn get_tutor_terms(
    cx: Cx<Tutoring>,
    _caller: Service,
    request: Request<TutorPath>,
) -> Result<Answer<TutorTerms>, Problem> {
    let (tutor, listed) = tutors::with_listing(&cx.base.db, request.path.tutor_id)
        .await?
        .ok_or_else(|| Problem::not_found("tutor"))?;
    let sequence = tutor.sequence;
    Ok(Answer::new(TutorTerms::of(tutor, listed)).etag(sequence))
}
