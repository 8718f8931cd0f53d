use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::*;
use crate::id::{InvitationId, MatchRequestId};
use crate::tutoring::matching::invitation::AnswerError;
use crate::tutoring::policy::TutoringPolicy;

fn id(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

/// A request that found tutors 1 to 8.
fn request() -> MatchRequest {
    let candidates: Vec<_> = (1..=8).map(|id| candidate(id, |_| ())).collect();
    let wish: Wish = read(wish());
    let matches = rank(&wish, &catalogue(), &candidates, now());
    MatchRequest::new(MatchRequestId(Uuid::from_u128(100)), id(200), wish, matches, now())
}

fn invite(request: MatchRequest, tutors: &[u128]) -> Result<(MatchRequest, usize), Vec<(String, String)>> {
    let tutors: Vec<_> = tutors.iter().map(|n| id(*n)).collect();
    let listed: BTreeSet<_> = (1..=7).map(id).collect();
    let mut next = 300;
    let fresh = || {
        next += 1;
        InvitationId(Uuid::from_u128(next))
    };
    let invited = request.invite(&tutors, &listed, &TutoringPolicy::default(), fresh, now());
    let (request, new, events) =
        invited.map_err(|e| e.0.into_iter().map(|e| (e.field, e.message)).collect::<Vec<_>>())?;
    assert!(events.iter().all(|e| e.kind == "match.requested" && e.sequence == 1));
    assert_eq!(new.len(), events.len());
    Ok((request, new.len()))
}

#[test]
fn five_tutors_of_the_list_can_be_invited_in_all() {
    let fresh_one = request();
    let (request, three) = invite(fresh_one.clone(), &[1, 2, 3]).unwrap();
    assert_eq!((three, request.sequence, request.invitations_left(&TutoringPolicy::default())), (3, 2, 2));
    let refused = invite(request.clone(), &[1, 4, 4, 8, 9]).unwrap_err();
    let expected = [
        ("tutorIds", "are too many: of 5 invitations of this request 2 are left"),
        ("tutorIds[0]", "is invited already"),
        ("tutorIds[2]", "is there twice"),
        ("tutorIds[3]", "can't be booked any more"),
        ("tutorIds[4]", "is not one of the tutors of this request"),
    ];
    let refused: Vec<_> = refused.iter().map(|(f, m)| (f.as_str(), m.as_str())).collect();
    assert_eq!(refused, expected);
    let (request, _) = invite(request, &[4, 5]).unwrap();
    assert_eq!(invite(request, &[6]).unwrap_err()[0].0, "tutorIds");
    assert_eq!(invite(fresh_one, &[]).unwrap_err()[0].0, "tutorIds");
}

#[test]
fn an_invitation_is_answered_once_and_within_two_days() {
    let (request, _) = invite(request(), &[1]).unwrap();
    let open = request.invitations[0].clone();
    let last = now() + SignedDuration::from_hours(48) - SignedDuration::from_micros(1);
    let (accepted, events) = open.clone().answer(true, last).unwrap();
    assert_eq!(
        (accepted.status, events[0].kind, events[0].sequence),
        (InvitationStatus::Accepted, "match.accepted", 2)
    );
    let (again, none) = accepted.clone().answer(true, last).unwrap();
    assert_eq!((again, none.len()), (accepted.clone(), 0));
    assert_eq!(accepted.answer(false, last).unwrap_err(), AnswerError::AnsweredOtherwise);
    let over = now() + SignedDuration::from_hours(48);
    assert_eq!(open.clone().answer(false, over).unwrap_err(), AnswerError::Expired);
    assert_eq!(
        (open.status_at(last), open.status_at(over)),
        (InvitationStatus::Pending, InvitationStatus::Expired)
    );
    assert_eq!((open.version_at(last), open.version_at(over)), (1, 2), "noted or not, it has changed");
    let (_, declined) = open.answer(false, now()).unwrap();
    assert_eq!(declined[0].kind, "match.declined");
}

#[test]
fn events_tell_nothing_of_the_student_beyond_the_id() {
    let (request, _) = invite(request(), &[1]).unwrap();
    let (_, events) = request.invitations[0].clone().answer(true, now()).unwrap();
    let text = events[0].data.to_string();
    assert!(!text.contains("exam") && !text.contains("tuesday"), "{text}");
}
