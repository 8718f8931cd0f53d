use std::sync::Arc;

use lectern_domain::link::LinkToken;
use lectern_domain::role::{Actor, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Told, told, user};
use crate::caller::{Access, Caller};
use crate::testing::{Answered, As, TestRequest};
use crate::{
    AccessToken, Answer, Anyone, Cx, Guardian, LinkPath, Method, Nothing, Problem, Request, Student, UseCase,
};

fn shown(token: Option<AccessToken>) -> Value {
    let Some(token) = token else { return json!({}) };
    json!({ "user": token.user, "session": token.session, "version": token.version })
}

async fn read(_cx: Cx<Told>, _caller: Student, request: Request) -> Result<Answer<Value>, Problem> {
    Ok(Answer::new(shown(request.token)))
}

async fn public(_cx: Cx<Told>, _caller: Anyone, request: Request) -> Result<Answer<Value>, Problem> {
    Ok(Answer::new(shown(request.token)))
}

async fn follow(
    _cx: Cx<Told>,
    caller: Guardian,
    request: Request<LinkPath, Nothing, Nothing>,
) -> Result<Answer<Value>, Problem> {
    assert_eq!((caller.link, caller.actor()), (request.path.token, Actor::Guardian));
    let written = format!("{caller:?} {request:?}");
    Ok(Answer::new(json!({ "link": caller.link.to_string(), "written": written })))
}

async fn as_student(services: &Arc<Told>, change: impl FnOnce(TestRequest) -> TestRequest) -> Answered {
    let case = UseCase::http("read", Method::Get, "/v1/things", read);
    change(TestRequest::new(As::User(user(), Role::Student))).send(&case, services).await
}

#[tokio::test]
async fn a_use_case_is_told_whose_token_of_which_session_and_version_it_is() {
    let services = told();
    let plain = as_student(&services, |request| request).await;
    assert_eq!(plain.data(), &json!({ "user": user(), "session": user(), "version": 1 }));
    let session = Uuid::from_u128(9);
    let other = as_student(&services, |request| request.session(session).access_version(4)).await;
    assert_eq!(other.data(), &json!({ "user": user(), "session": session, "version": 4 }));
}

#[test]
fn a_token_that_says_nothing_of_its_session_and_version_is_older_than_any() {
    for claims in [
        json!({ "user_id": user() }),
        json!({ "user_id": user(), "origin_jti": "one", "access_version": "two" }),
    ] {
        let event =
            json!({ "requestContext": { "http": {}, "authorizer": { "jwt": { "claims": claims } } } });
        let token = AccessToken::of(&serde_json::from_value(event).unwrap());
        assert_eq!(token, Some(AccessToken { user: user(), session: None, version: 0 }));
    }
}

#[tokio::test]
async fn a_session_that_has_ended_is_refused_though_its_token_is_good() {
    let services = told();
    *services.ended.lock().unwrap() = Some(vec![Uuid::from_u128(9)]);
    assert_eq!(as_student(&services, |request| request).await.status, 200);
    // Before the input is looked at: there is no such query.
    let ended = as_student(&services, |r| r.session(Uuid::from_u128(9)).query("no", "such")).await;
    assert_eq!((ended.status, ended.problem()), (401, "unauthenticated"));
    assert_eq!(ended.body["detail"], "The session has ended: sign in again.");
}

#[tokio::test]
async fn while_the_list_of_ended_sessions_is_away_nobody_comes_in() {
    let services = told();
    *services.ended.lock().unwrap() = None;
    let answer = as_student(&services, |request| request).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
    assert_eq!(answer.headers["retry-after"], "2");
}

#[tokio::test]
async fn only_people_whose_role_fits_are_looked_up() {
    let services = told();
    let route = UseCase::http("read", Method::Get, "/v1/things", read);
    let tutor = TestRequest::new(As::User(user(), Role::Tutor)).send(&route, &services).await;
    assert_eq!(tutor.status, 403);
    let open = UseCase::http("public", Method::Get, "/v1/open", public);
    for caller in [As::Nobody, As::User(user(), Role::Student)] {
        assert_eq!(TestRequest::new(caller).send(&open, &services).await.status, 200);
    }
    assert!(services.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_guardian_is_who_holds_a_link_and_the_secret_is_not_written_anywhere() {
    assert_eq!(Guardian::ACCESS, Access::Public);
    let services = told();
    let case = UseCase::http("follow", Method::Patch, "/v1/links/{token}", follow);
    let link = LinkToken::new([7; 16]).to_string();
    let answer = TestRequest::new(As::Nobody).path("token", &link).send(&case, &services).await;
    assert_eq!(answer.data()["link"], link);
    let written = answer.data()["written"].as_str().unwrap();
    assert!(!written.contains(&link) && !written.contains("[7, 7"), "{written}");
}

#[tokio::test]
async fn what_can_not_be_a_link_is_answered_like_a_link_that_is_unknown() {
    let case = UseCase::http("follow", Method::Patch, "/v1/links/{token}", follow);
    for text in ["", "short", "AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAA?"] {
        let answer = TestRequest::new(As::Nobody).path("token", text).send(&case, &told()).await;
        assert_eq!((answer.status, answer.problem()), (404, "not-found"), "{text:?}");
        assert_eq!(answer.body["detail"], "This link is not valid.");
    }
}
