//! Limits on how often, how large, and of which kind.

use lectern_runtime::caller::Access;
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::use_case::{HttpTrigger, Trigger};
use serde_json::json;

use crate::contract::none;
use crate::support::database;
use crate::support::http::{Answer, Call};
use crate::support::people::Person;
use crate::support::world::World;

/// What a call is counted by, in a call that nothing else refuses before.
fn counted<'a>(http: &HttpTrigger, limit: RateLimit, somebody: &'a Person, what: &str) -> Call<'a> {
    let mut path = http.path.to_owned();
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        path.replace_range(from..=to, "AAAAAAAAAAAAAAAAAAAAAA");
    }
    let mut call = Call::new(http.method.as_str(), path);
    if matches!(http.access, Access::Roles(_)) {
        call = call.token(&somebody.access_token);
    }
    match limit.per {
        Per::Field(name) => call.body(json!({ (name): what })),
        _ if http.method.as_str() == "GET" => call,
        _ => call.body(json!({})),
    }
}

fn policy(limit: RateLimit) -> String {
    format!("\"default\";q={};w={}", limit.burst, limit.period_seconds)
}

/// Calls until it is too much.
async fn refusal(world: &World, name: &str, limit: RateLimit, call: &Call<'_>) -> Answer {
    database::rows("identity", "DELETE FROM rate_limits", &[]).await;
    let first = world.api.call(call.clone()).await;
    assert_ne!(first.status, 429, "{name}");
    assert!(first.header("ratelimit-policy").is_some(), "{name}: no RateLimit-Policy");
    assert!(first.header("ratelimit").is_some_and(|left| left.starts_with("\"default\";r=")), "{name}");
    // Meanwhile the bucket refills: a little more than it holds.
    for _ in 0..limit.burst * 2 {
        let answer = world.api.call(call.clone()).await;
        if answer.status == 429 {
            return answer;
        }
    }
    panic!("{name} takes any number per {:?}", limit.per);
}

/// The limits of a route that count such a call; the one that refuses first stands for all.
fn strictest(http: &HttpTrigger, per: Per) -> RateLimit {
    let counts = |limit: &&RateLimit| limit.per == per || !matches!(limit.per, Per::Field(_));
    *http.rate_limits.iter().filter(counts).min_by_key(|limit| limit.burst).unwrap()
}

#[tokio::test]
async fn every_limit_says_so_in_time_and_refuses_what_is_too_much_per_address_and_per_account() {
    let world = World::alone().await;
    let student = world.student().await;
    let mut limited = 0;
    for function in lectern_local::all() {
        let Trigger::Http(http) = &function.meta.trigger else { continue };
        let name = function.meta.name;
        let mut kinds: Vec<Per> = Vec::new();
        for limit in http.rate_limits {
            if kinds.contains(&limit.per) {
                continue;
            }
            kinds.push(limit.per);
            limited += 1;
            let limit = strictest(http, limit.per);
            let call = |whose: &str| counted(http, limit, &student, whose);
            let refused = refusal(&world, name, limit, &call("one@two.example")).await;
            if refused.body.is_object() {
                refused.is_problem(429, "rate-limited");
            }
            assert_eq!(refused.header("ratelimit-policy"), Some(policy(limit).as_str()), "{name}");
            let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=limit.period_seconds).contains(&seconds), "{name}: {seconds}");
            if matches!(limit.per, Per::Field(_)) {
                // It is this account's limit: another has its own.
                let other = world.api.call(call("three@two.example")).await;
                assert_ne!(other.status, 429, "{name}: one account's limit shuts another out");
            }
        }
    }
    database::rows("identity", "DELETE FROM rate_limits", &[]).await;
    assert!(limited > 10, "{limited}");
}

/// Whoever guesses gets no further by changing the address, and a family behind one address is not shut out by the
/// guesses of one.
#[test]
fn every_public_route_of_sign_in_is_limited_per_address_and_more_strictly_per_account() {
    let mut complaints = Vec::new();
    for function in lectern_local::all() {
        let Trigger::Http(http) = &function.meta.trigger else { continue };
        if !http.path.starts_with("/v1/auth/") {
            continue;
        }
        let per_address = http.rate_limits.iter().find(|limit| limit.per == Per::Address);
        let per_account = http.rate_limits.iter().find(|limit| limit.per != Per::Address);
        match (per_address, per_account) {
            (Some(address), Some(account)) if account.burst <= address.burst => {}
            _ => complaints.push(format!("{}: {:?}", function.meta.name, http.rate_limits)),
        }
    }
    none(&complaints);
}

/// Nobody tries links until one fits.
#[test]
fn every_route_behind_a_secret_link_is_limited_per_address() {
    let mut behind = 0;
    for function in lectern_local::all() {
        let Trigger::Http(http) = &function.meta.trigger else { continue };
        if http.path.contains("{token}") {
            behind += 1;
            let limited = http.rate_limits.iter().any(|limit| limit.per == Per::Address);
            assert!(limited, "{} takes any number of guesses", function.meta.name);
        }
    }
    assert!(behind >= 6, "{behind} routes");
}

#[tokio::test]
async fn a_body_that_is_too_large_or_is_not_json_is_refused() {
    let world = World::shared().await;
    let path = "/v1/webhooks/stripe";
    let large = world.api.call(Call::new("POST", path).body(json!("x".repeat(300 * 1024)))).await;
    large.is_problem(413, "too-large");
    let student = world.student().await;
    let call = Call::new("POST", "/v1/lessons").token(&student.access_token).body(json!({}));
    let answer = world.api.call(call.header("content-type", "text/plain")).await;
    answer.is_problem(415, "unsupported-media-type");
}

#[tokio::test]
async fn every_context_is_healthy() {
    let world = World::shared().await;
    let health = world.api.read("/health").await;
    let contexts = health.data(200)["contexts"].as_array().map(Vec::len);
    assert_eq!(contexts, Some(4), "{:#}", health.body);
}
