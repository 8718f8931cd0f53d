//! Fifty at once, of whom one counts.

use futures::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::support::database;
use crate::support::http::{Answer, Call};
use crate::support::people::CODE;
use crate::support::processes::kill_function;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

const MANY: usize = 50;

/// Ends the processes that it took, and so their connections to the database, which have a limit: other tests
/// want some.
struct Crowd(&'static [&'static str]);

impl Drop for Crowd {
    fn drop(&mut self) {
        for use_case in self.0 {
            kill_function(use_case);
        }
    }
}

/// Makes all of these calls at once. Who gets no answer, for there being more callers than the machine has room for,
/// has none of the effect's to report either.
async fn at_once<'a>(world: &World, calls: impl Iterator<Item = Call<'a>>) -> Vec<Answer> {
    let answers = calls.map(|call| async move {
        loop {
            match world.api.try_call(&call).await {
                Ok(answer) if answer.status == 429 => {
                    database::rows("identity", "DELETE FROM rate_limits", &[]).await;
                }
                Ok(answer) if matches!(answer.status, 502 | 504) => return None,
                Ok(answer) => return Some(answer),
                Err(_) => return None,
            }
        }
    });
    join_all(answers).await.into_iter().flatten().collect()
}

fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

async fn count(sql: &str, id: &str) -> i64 {
    database::one("identity", sql, &[&id]).await
}

#[tokio::test]
async fn of_fifty_decisions_on_one_link_one_counts() {
    let world = World::alone().await;
    let _crowd = Crowd(&["decide-consent"]);
    let child = world.child().await;
    let sql = "SELECT id::text FROM users WHERE email = $1";
    let id: String = database::one("identity", sql, &[&child.email]).await;
    let link = world.parents_link(&child, 1).await;
    let decisions = (0..MANY).map(|nth| {
        let (decision, scopes) =
            if nth % 2 == 0 { ("grant", &["collection"][..]) } else { ("deny", &[][..]) };
        world.decide(&link, decision, scopes)
    });
    let answers = join_all(decisions).await;
    assert_eq!(with_status(&answers, 200), 1, "{answers:#?}");
    assert_eq!(with_status(&answers, 409), MANY - 1, "{answers:#?}");
    let decided = "SELECT count(*) FROM consent_decisions WHERE user_id = $1::text::uuid";
    assert_eq!(count(decided, &id).await, 1);
    let winner = answers.iter().find(|answer| answer.status == 200).unwrap();
    let granted = winner.data(200)["status"] == "granted";
    let status = if granted { "active" } else { "erased" };
    until(&format!("the child is {status}"), SOON, async || {
        let sql = "SELECT status FROM users WHERE id = $1::text::uuid";
        let found: String = database::one("identity", sql, &[&id]).await;
        (found == status).then_some(())
    })
    .await;
    let last = if granted { "user.activated" } else { "user.erased" };
    world.assert_events("user", &id, &["user.registered", "user.verified", last]).await;
}

#[tokio::test]
async fn of_fifty_erasures_of_one_account_one_counts() {
    let world = World::alone().await;
    let _crowd = Crowd(&["erase-own-user"]);
    let student = world.student().await;
    let erase = |_| Call::new("DELETE", "/v1/users/me").token(&student.access_token);
    let answers = at_once(&world, (0..MANY).map(erase)).await;
    for lost in answers.iter().filter(|answer| answer.status != 200) {
        // Its token is refused as soon as the account is gone.
        assert!(matches!(lost.status, 401 | 409), "{:#}", lost.body);
    }
    let tombstones = "SELECT count(*) FROM erasures WHERE user_id = $1::text::uuid";
    assert_eq!(count(tombstones, &student.id).await, 1);
    let kinds = ["user.registered", "user.verified", "user.activated", "user.erased"];
    world.assert_events("user", &student.id, &kinds).await;
}

#[tokio::test]
async fn of_fifty_confirmations_of_one_code_one_counts() {
    let world = World::alone().await;
    let _crowd = Crowd(&["confirm-user", "post-confirmation"]);
    let email = format!("student-{}@lectern.example", Uuid::new_v4());
    let body = json!({
        "email": email, "password": crate::support::people::PASSWORD, "firstName": "Test", "lastName": "Person",
        "dateOfBirth": "1990-05-17", "role": "student", "timeZone": "Europe/London",
    });
    world.identity("/v1/auth/register", &body).await.data(202);
    let confirmation = json!({ "email": email, "code": CODE });
    let confirm = |_| Call::new("POST", "/v1/auth/confirm").body(confirmation.clone());
    let answers = at_once(&world, (0..MANY).map(confirm)).await;
    for answer in answers.iter().filter(|answer| !matches!(answer.status, 200 | 503)) {
        answer.is_problem(422, "code-mismatch");
    }
    let sql = "SELECT id::text FROM users WHERE email = $1";
    let id: String = database::one("identity", sql, &[&email]).await;
    world.assert_events("user", &id, &["user.registered", "user.verified", "user.activated"]).await;
    world.sign_in(&email, crate::support::people::PASSWORD).await;
}
