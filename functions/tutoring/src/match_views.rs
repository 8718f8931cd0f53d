//! What callers see of a matching request and its invitations.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lectern_domain::id::{InvitationId, MatchRequestId, UserId};
use lectern_domain::text::Line;
use lectern_domain::time::Instant;
use lectern_domain::tutoring::matching::{
    Candidate, Invitation, InvitationStatus, Match, MatchRequest, Wish,
};
use lectern_domain::tutoring::policy::TutoringPolicy;
use lectern_domain::tutoring::search::public_name;
use schemars::JsonSchema;
use serde::Serialize;

use crate::views::{Rating, TutorSummary};

/// A matching request with its answer, as the student sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MatchRequestView {
    match_request_id: MatchRequestId,
    /// What was asked for.
    request: Wish,
    created_at: Instant,
    /// How many more tutors can be invited.
    invitations_left: usize,
    /// Who fits, the best first, as it was when it was asked.
    items: Vec<MatchView>,
}

/// A tutor who fits.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MatchView {
    /// How well, and why.
    #[serde(flatten)]
    found: Match,
    /// The tutor as found now; absent when the tutor can't be booked any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    tutor: Option<TutorSummary>,
    /// Absent while the tutor is not invited.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<InvitationState>,
}

/// How an invitation stands.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationState {
    invitation_id: InvitationId,
    tutor_id: UserId,
    status: InvitationStatus,
    invited_at: Instant,
    /// From when on it can't be answered any more.
    expires_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<Instant>,
}

/// An invitation as the tutor sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    #[serde(flatten)]
    state: InvitationState,
    /// Who asks; only once the tutor has accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    student_id: Option<UserId>,
    /// What the student is looking for.
    request: Wish,
}

impl MatchRequestView {
    /// Of a request, with those of its tutors who are listed now.
    pub fn of(
        request: MatchRequest,
        mut tutors: BTreeMap<UserId, TutorSummary>,
        policy: &TutoringPolicy,
        now: Timestamp,
    ) -> Self {
        let invitations_left = request.invitations_left(policy);
        let mut invited: BTreeMap<UserId, &Invitation> =
            request.invitations.iter().map(|invitation| (invitation.tutor_id, invitation)).collect();
        let items = request.matches.into_iter().map(|found| MatchView {
            tutor: tutors.remove(&found.tutor_id),
            invitation: invited.remove(&found.tutor_id).map(|i| InvitationState::of(i, now)),
            found,
        });
        Self {
            match_request_id: request.id,
            items: items.collect(),
            request: request.wish,
            created_at: request.created_at.into(),
            invitations_left,
        }
    }
}

impl InvitationState {
    /// At a moment.
    pub fn of(invitation: &Invitation, now: Timestamp) -> Self {
        Self {
            invitation_id: invitation.id,
            tutor_id: invitation.tutor_id,
            status: invitation.status_at(now),
            invited_at: invitation.invited_at.into(),
            expires_at: invitation.expires_at.into(),
            answered_at: invitation.answered_at.map(Instant::from),
        }
    }
}

impl InvitationView {
    /// At a moment.
    pub fn of(invitation: &Invitation, wish: Wish, now: Timestamp) -> Self {
        let accepted = invitation.status == InvitationStatus::Accepted;
        Self {
            state: InvitationState::of(invitation, now),
            student_id: accepted.then_some(invitation.student_id),
            request: wish,
        }
    }
}

/// A weighed tutor in a list; `None` when the public part of the name says nothing, which no stored name
/// does.
pub fn summary_of(candidate: Candidate) -> Option<TutorSummary> {
    let (profile, standing) = (candidate.profile, candidate.standing);
    Some(TutorSummary {
        tutor_id: candidate.id,
        display_name: Line::parse(&public_name(profile.display_name.as_str())).ok()?,
        headline: profile.headline,
        country: profile.country,
        languages: profile.languages,
        subjects: profile.subjects,
        hourly_rate: profile.hourly_rate.get(),
        rating: Rating::of(standing.rating_sum, standing.rating_count),
        teaching: standing.into(),
    })
}
