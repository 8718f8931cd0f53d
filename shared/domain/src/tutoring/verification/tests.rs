use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn admin(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

fn id(n: u128) -> VerificationId {
    VerificationId(Uuid::from_u128(n))
}

fn at(hours: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
}

fn submission(kind: SubmissionKind) -> Submission {
    Submission { id: id(7), kind, at: at(0) }
}

/// Of admin `n`, made in the first hour, for a day.
fn claim(n: u128) -> Claim {
    Claim::new(admin(n), at(0), 24)
}

fn reason() -> Reason {
    Reason::parse("Seen.").unwrap()
}

fn decision(n: u128) -> Decision {
    Decision { admin: admin(n), at: at(0), reason: None }
}

fn states(kind: SubmissionKind) -> [Verification; 6] {
    let (s, c, d) = (submission(kind), claim(1), decision(1));
    [
        Verification::Draft,
        Verification::Submitted(s),
        Verification::InReview(s, c),
        Verification::Approved(s, c, d.clone()),
        Verification::Rejected(s, c, d.clone()),
        Verification::ChangesRequested(s, c, d),
    ]
}

fn first() -> [Verification; 6] {
    states(SubmissionKind::First)
}

#[test]
fn only_a_draft_or_one_with_changes_requested_can_be_submitted() {
    let allowed: Vec<_> = first().iter().map(|v| v.submit(id(8), at(1)).is_ok()).collect();
    assert_eq!(allowed, [true, false, false, false, false, true]);
}

#[test]
fn only_what_waits_or_is_in_review_can_be_claimed_or_decided() {
    for state in first() {
        let open = matches!(state.status(), VerificationStatus::Submitted | VerificationStatus::InReview);
        assert_eq!(state.take_in_hand(claim(1)).is_ok(), open);
        assert_eq!(state.approve(claim(1), None).is_ok(), open);
        assert_eq!(state.reject(claim(1), reason()).is_ok(), open);
        assert_eq!(state.request_changes(claim(1), reason()).is_ok(), open);
    }
}

#[test]
fn deciding_what_nobody_has_claimed_claims_it() {
    let approved =
        Verification::Submitted(submission(SubmissionKind::First)).approve(claim(3), None).unwrap();
    assert_eq!(approved.status(), VerificationStatus::Approved);
    assert_eq!(approved.claim(), Some(claim(3)));
    assert_eq!(approved.decision().unwrap().admin, admin(3));
}

#[test]
fn what_another_admin_has_in_hand_is_not_ones_own_to_decide_even_when_the_claim_is_over() {
    let reviewed = Verification::InReview(submission(SubmissionKind::First), claim(1));
    for hours in [1, 25] {
        let mine = Claim::new(admin(2), at(hours), 24);
        let refused = Err(DecideError::ClaimedByAnother { until: at(24) });
        assert_eq!(reviewed.approve(mine, None), refused);
        assert_eq!(reviewed.reject(mine, reason()), refused);
        assert_eq!(reviewed.request_changes(mine, reason()), refused);
    }
    let decided = reviewed.approve(Claim::new(admin(1), at(48), 24), None).unwrap();
    assert_eq!(decided.claim(), Some(claim(1)), "since when it was in hand stays as it was");
}

#[test]
fn a_claim_is_left_to_its_admin_for_a_day_and_then_goes_to_whoever_asks() {
    let reviewed = Verification::InReview(submission(SubmissionKind::First), claim(1));
    let early = Claim::new(admin(2), at(23), 24);
    assert_eq!(reviewed.take_in_hand(early), Err(DecideError::ClaimedByAnother { until: at(24) }));
    let again = reviewed.take_in_hand(Claim::new(admin(1), at(23), 24)).unwrap();
    assert_eq!(again, reviewed, "one's own again changes nothing");
    for n in [1, 2] {
        let late = Claim::new(admin(n), at(24), 24);
        assert_eq!(reviewed.take_in_hand(late).unwrap().claim(), Some(late));
    }
}

#[test]
fn an_approved_tutor_stays_approved_during_a_recheck_and_when_it_requests_changes() {
    use VerificationStatus as S;
    let standing = states(SubmissionKind::Recheck).map(|v| v.standing());
    assert_eq!(standing, [S::Draft, S::Approved, S::Approved, S::Approved, S::Rejected, S::Approved]);
    let open = states(SubmissionKind::Recheck).map(|v| v.open_recheck());
    let expected = [None, Some(S::Submitted), Some(S::InReview), None, None, Some(S::ChangesRequested)];
    assert_eq!(open, expected);
    for state in first() {
        assert_eq!((state.standing(), state.open_recheck()), (state.status(), None));
    }
}

#[test]
fn a_recheck_is_queued_for_an_approved_tutor_once() {
    let queued = |states: [Verification; 6]| states.map(|v| v.recheck(id(9), at(1)).is_some());
    assert_eq!(queued(first()), [false, false, false, true, false, false]);
    assert_eq!(queued(states(SubmissionKind::Recheck)), [false, false, false, true, false, true]);
}

#[test]
fn after_requested_changes_the_submission_is_of_the_same_kind() {
    for kind in [SubmissionKind::First, SubmissionKind::Recheck] {
        let [.., changes_requested] = states(kind);
        let again = changes_requested.submit(id(8), at(1)).unwrap();
        assert_eq!(again.submission(), Some(Submission { id: id(8), kind, at: at(1) }));
    }
}

/// Anything that somebody can do, by one of three admins.
#[derive(Clone, Copy, Debug)]
enum Step {
    Submit,
    Change,
    Claim(u128),
    Approve(u128),
    Reject(u128),
    RequestChanges(u128),
}

fn any_step() -> impl Strategy<Value = Step> {
    let by = |step: fn(u128) -> Step| (1..4_u128).prop_map(step);
    prop_oneof![
        Just(Step::Submit),
        Just(Step::Change),
        by(Step::Claim),
        by(Step::Approve),
        by(Step::Reject),
        by(Step::RequestChanges),
    ]
}

fn taken(state: &Verification, step: Step, now: Timestamp) -> Option<Verification> {
    let by = |n| Claim::new(admin(n), now, 24);
    match step {
        Step::Submit => state.submit(id(8), now).ok(),
        Step::Change => state.recheck(id(9), now),
        Step::Claim(n) => state.take_in_hand(by(n)).ok(),
        Step::Approve(n) => state.approve(by(n), None).ok(),
        Step::Reject(n) => state.reject(by(n), reason()).ok(),
        Step::RequestChanges(n) => state.request_changes(by(n), reason()).ok(),
    }
}

proptest! {
    #[test]
    fn whatever_happens_only_a_rejection_takes_an_approval_away_and_that_is_final(
        steps in proptest::collection::vec((any_step(), 0..30_i64), 0..40)
    ) {
        use VerificationStatus as S;
        let (mut state, mut now) = (Verification::Draft, 0);
        for (step, hours) in steps {
            now += hours;
            let Some(next) = taken(&state, step, at(now)) else { continue };
            let allowed = match state.standing() {
                S::Approved => matches!(next.standing(), S::Approved | S::Rejected),
                S::Rejected => false,
                S::Draft | S::ChangesRequested => next.standing() == S::Submitted,
                S::Submitted | S::InReview => next.standing() != S::Draft,
            };
            prop_assert!(allowed, "{:?} by {:?} became {:?}", state, step, next);
            // Whoever decides is who has it in hand.
            if let Some(decision) = next.decision() {
                prop_assert_eq!(next.claim().map(|c| c.admin), Some(decision.admin));
            }
            state = next;
        }
    }
}
