//! Nobody learns from an answer, nor from its time, whether an email has an account.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::database;
use crate::support::http::{Answer, Call};
use crate::support::people::PASSWORD;
use crate::support::world::World;

/// Calls for known emails, and as many for unknown ones, of each route.
const CALLS: usize = 200;
/// Known emails; half of them are confirmed. A batch asks once for each, and for as many unknown ones.
const KNOWN: usize = 6;
/// What two medians may differ by: a tenth of the floor that this stage has (`AuthAnswerFloorMs`).
const MEDIANS_DIFFER_MAX: Duration = Duration::from_millis(30);
/// Measurements after which a difference counts.
const TRIES: usize = 3;
/// How often a known one may be the slower of two, in a thousand: 500 when time tells nothing.
const SLOWER: std::ops::RangeInclusive<usize> = 350..=650;

/// A route, and what it is sent for an email.
struct Route {
    path: &'static str,
    body: fn(&str) -> Value,
}

const ROUTES: [Route; 4] = [
    Route { path: "/v1/auth/register", body: registration },
    Route { path: "/v1/auth/login", body: |email| json!({ "email": email, "password": "not-the-password" }) },
    Route { path: "/v1/auth/forgot-password", body: |email| json!({ "email": email }) },
    Route { path: "/v1/auth/resend-code", body: |email| json!({ "email": email }) },
];

fn registration(email: &str) -> Value {
    json!({
        "email": email, "password": PASSWORD, "firstName": "Test", "lastName": "Person",
        "dateOfBirth": "1990-05-17", "role": "student", "timeZone": "Europe/London",
    })
}

fn unknown() -> String {
    format!("nobody-{}@lectern.example", Uuid::new_v4())
}

/// All of an answer that could tell something: not the moment, not the ids of the request, not the counts of limits.
fn said(answer: &Answer) -> String {
    let mut body = answer.body.clone();
    for own in ["timestamp", "requestId"] {
        body.as_object_mut().unwrap().remove(own);
    }
    let own = ["date", "ratelimit", "content-length", "apigw-requestid"];
    let names = answer.headers.keys().map(reqwest::header::HeaderName::as_str);
    let names = names.filter(|name| !own.contains(name) && !name.starts_with("x-") && !name.contains("amz"));
    let headers: BTreeMap<_, _> = names.map(|name| (name, answer.header(name))).collect();
    // The ids differ, their being there and their length may not.
    let rest: BTreeMap<_, _> = answer
        .headers
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .map(|(n, v)| (n.as_str(), v.len()))
        .collect();
    format!("{} {body} {headers:?} {rest:?}", answer.status)
}

/// What a route said to known and unknown emails, and how long it took.
#[derive(Default)]
struct Heard {
    said: BTreeMap<String, usize>,
    known: Vec<Duration>,
    unknown: Vec<Duration>,
}

async fn timed(world: &World, route: &Route, email: String) -> (Answer, Duration) {
    let call = Call::new("POST", route.path).body((route.body)(&email));
    let started = Instant::now();
    let answer = world.api.call(call).await;
    (answer, started.elapsed())
}

async fn hear(world: &World, route: &Route, known: &[String]) -> Heard {
    let mut heard = Heard::default();
    while heard.known.len() < CALLS {
        database::rows("identity", "DELETE FROM rate_limits", &[]).await;
        // Side by side, so that whatever else the machine does slows both down.
        let pairs = known.iter().map(async |email| {
            futures::join!(timed(world, route, email.clone()), timed(world, route, unknown()))
        });
        for ((known, time), (unknown, other_time)) in join_all(pairs).await {
            for answer in [&known, &unknown] {
                *heard.said.entry(said(answer)).or_default() += 1;
            }
            heard.known.push(time);
            heard.unknown.push(other_time);
        }
    }
    heard
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() / 2]
}

/// How often, in a thousand, one of `these` takes longer than one of `those` (Mann-Whitney's U; ties count half).
fn slower(these: &[Duration], those: &[Duration]) -> usize {
    let halves: usize = these
        .iter()
        .flat_map(|this| those.iter().map(move |that| this.cmp(that)))
        .map(|order| match order {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => 1,
            std::cmp::Ordering::Greater => 2,
        })
        .sum();
    halves * 500 / (these.len() * those.len())
}

/// What a route's answers tell of an email, if they tell anything.
fn told(route: &Route, heard: &Heard) -> Option<String> {
    let (known, unknown) = (median(&heard.known), median(&heard.unknown));
    let slower = slower(&heard.known, &heard.unknown);
    let calls = heard.known.len();
    eprintln!(
        "{}: twice {calls} calls, medians {known:?} (known) and {unknown:?}, slower {slower} in 1000",
        route.path
    );
    if heard.said.len() != 1 {
        return Some(format!("{} says more than one thing: {:#?}", route.path, heard.said));
    }
    let differs = known.abs_diff(unknown) > MEDIANS_DIFFER_MAX || !SLOWER.contains(&slower);
    differs.then(|| format!("{}: {known:?} and {unknown:?}, slower {slower} in 1000", route.path))
}

#[tokio::test]
async fn known_and_unknown_emails_get_the_same_answer_in_the_same_time() {
    let world = World::alone().await;
    let mut known = Vec::new();
    for nth in 0..KNOWN {
        let email = unknown();
        if nth % 2 == 0 {
            world.enrol(&registration(&email)).await;
        } else {
            world.identity("/v1/auth/register", &registration(&email)).await.data(202);
        }
        known.push(email);
    }
    let mut complaints = Vec::new();
    for route in &ROUTES {
        // What a route tells, it tells each time; what the machine was busy with, it tells once.
        let mut tells = None;
        for _ in 0..TRIES {
            tells = told(route, &hear(&world, route, &known).await);
            if tells.is_none() {
                break;
            }
        }
        complaints.extend(tells);
    }
    database::rows("identity", "DELETE FROM rate_limits", &[]).await;
    crate::contract::none(&complaints);
}

#[test]
fn the_statistic_tells_what_differs_from_what_does_not() {
    let times = |from: u64| -> Vec<_> { (0..100).map(|i| Duration::from_millis(from + i % 10)).collect() };
    assert_eq!(slower(&times(300), &times(300)), 500);
    assert!(!SLOWER.contains(&slower(&times(305), &times(300))));
    assert_eq!(median(&times(300)), Duration::from_millis(305));
}
