//! Limits on how often, how large, and of which kind.

use lectern_runtime::use_case::Trigger;
use serde_json::json;

use crate::support::database;
use crate::support::http::Call;
use crate::support::world::World;

#[tokio::test]
async fn every_limited_route_says_so_in_time_and_refuses_what_is_too_much() {
    let world = World::alone().await;
    let mut limited = 0;
    for function in lectern_local::all() {
        let Trigger::Http(http) = &function.meta.trigger else { continue };
        let Some(limit) = http.rate_limits.first() else { continue };
        limited += 1;
        database::rows("identity", "DELETE FROM rate_limits", &[]).await;
        let call = || Call::new(http.method.as_str(), http.path).body(json!({}));
        let first = world.api.call(call()).await;
        let policy = format!("\"default\";q={};w={}", limit.burst, limit.period_seconds);
        assert_eq!(first.header("ratelimit-policy"), Some(policy.as_str()), "{}", function.meta.name);
        assert!(first.header("ratelimit").is_some_and(|left| left.starts_with("\"default\";r=")));
        let mut refused = None;
        // Meanwhile the bucket refills: a little more than it holds.
        for _ in 0..limit.burst * 2 {
            let answer = world.api.call(call()).await;
            if answer.status == 429 {
                refused = Some(answer);
                break;
            }
        }
        let refused = refused.unwrap_or_else(|| panic!("{} takes any number", function.meta.name));
        refused.is_problem(429, "rate-limited");
        let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=limit.period_seconds).contains(&seconds), "{seconds}");
    }
    database::rows("identity", "DELETE FROM rate_limits", &[]).await;
    assert!(limited > 0);
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
