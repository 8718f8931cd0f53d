//! What isn't yours is a 404.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lectern_domain::role::Role;
use lectern_runtime::caller::Access;
use lectern_runtime::use_case::{HttpTrigger, Trigger};
use serde_json::{Value, json};

use crate::contract::none;
use crate::support::database;
use crate::support::files::pdf;
use crate::support::http::Call;
use crate::support::lessons::Lesson;
use crate::support::people::Person;
use crate::support::tokens::Token;
use crate::support::world::World;

/// Somebody's thing for a parameter of a path; the strangers have a role that the route lets in.
async fn path_of(world: &World, http: &HttpTrigger, lesson: &Lesson<'_>) -> String {
    let mut path = http.path.to_owned();
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        let value = match &path[from + 1..to] {
            "lessonId" => lesson.id.clone(),
            "paymentId" => lesson.payment().await,
            "sessionId" => session_of(&lesson.pair.student),
            "documentId" => document_of(world, &lesson.pair.tutor).await,
            "exportId" => export_of(world, &lesson.pair.student).await,
            "overrideId" => override_of(world, &lesson.pair.tutor).await,
            "matchRequestId" => {
                let request = match_request_of(world, &lesson.pair.student).await;
                request["matchRequestId"].as_str().unwrap().to_owned()
            }
            "payoutId" => payout_of(&lesson.pair.tutor).await,
            "paymentMethodId" => card_of(world, &lesson.pair.student).await,
            // A year is nobody's: of one in which nobody earned there is nothing to find.
            "year" => "2020".to_owned(),
            "invitationId" => invitation_of(world, &lesson.pair.student).await,
            other => panic!("whose is {other}? Teach this test to make one that is somebody else's"),
        };
        path.replace_range(from..=to, &value);
    }
    path
}

/// A payout that has failed has nothing in the books: it can be put in behind their back.
async fn payout_of(tutor: &Person) -> String {
    let id = uuid::Uuid::now_v7();
    let statement = "INSERT INTO payouts (id, tutor_id, stripe_account_id, currency, amount, cutoff, status, attempt,
            failure_code, since, sequence, revision, created_at, updated_at)
        SELECT $1, tutor_id, coalesce(stripe_account_id, 'acct_none'), 'USD', 2000, to_timestamp(random() * 1e9),
            'failed', 1, 'no_account', now(), 1, 0, now(), now()
        FROM payout_accounts WHERE tutor_id = $2 RETURNING 1";
    let tutor = uuid::Uuid::parse_str(&tutor.id).unwrap();
    assert_eq!(database::rows("payments", statement, &[&id, &tutor]).await.len(), 1);
    id.to_string()
}

fn session_of(person: &Person) -> String {
    Token::of(&person.access_token).claims["origin_jti"].as_str().unwrap().to_owned()
}

async fn document_of(world: &World, tutor: &Person) -> String {
    let content = pdf("A degree");
    let announced = world.announces(tutor, "degree", "application/pdf", &content).await;
    announced["documentId"].as_str().unwrap().to_owned()
}

async fn card_of(world: &World, student: &Person) -> String {
    let call = Call::new("POST", "/v1/payment-methods/setup").token(&student.access_token);
    let setup = world.api.call(call).await.data(201).clone();
    let (status, saved) =
        world.stripe.save_card(setup["clientSecret"].as_str().unwrap(), "pm_card_visa").await;
    assert_eq!(status, 200, "{saved}");
    saved["payment_method"].as_str().unwrap().to_owned()
}

async fn export_of(world: &World, person: &Person) -> String {
    let call = Call::new("POST", "/v1/users/me/export").token(&person.access_token);
    world.patiently(call).await.data(202)["exportId"].as_str().unwrap().to_owned()
}

async fn override_of(world: &World, tutor: &Person) -> String {
    let path = "/v1/tutors/me/availability/overrides";
    let day = (Timestamp::now() + SignedDuration::from_hours(24 * 30)).to_zoned(TimeZone::UTC).date();
    let off = json!({ "date": day.to_string(), "kind": "time_off" });
    let answer = world.api.post(path, &tutor.access_token, off).await;
    answer.data(201)["overrideId"].as_str().unwrap().to_owned()
}

async fn match_request_of(world: &World, student: &Person) -> Value {
    let wish = json!({
        "subject": "algebra", "level": "school", "goal": "None.", "languages": ["en"],
        "budget": { "amount": 5000, "currency": "USD" }, "timeZone": "Europe/London",
        "weeklyTimes": [{ "weekday": "monday", "from": "16:00", "to": "20:00" }],
    });
    world.api.post("/v1/match-requests", &student.access_token, wish).await.data(201).clone()
}

/// Whoever fits best is invited: a third one to both strangers.
async fn invitation_of(world: &World, student: &Person) -> String {
    let request = match_request_of(world, student).await;
    let path = format!("/v1/match-requests/{}/invitations", request["matchRequestId"].as_str().unwrap());
    let whom = json!({ "tutorIds": [request["items"][0]["tutorId"]] });
    let answer = world.api.post(&path, &student.access_token, whom).await;
    answer.data(201)["items"][0]["invitationId"].as_str().unwrap().to_owned()
}

fn stranger<'a>(role: Role, student: &'a Person, tutor: &'a Person) -> Option<&'a Person> {
    match role {
        Role::Student => Some(student),
        Role::Tutor => Some(tutor),
        // Theirs is to see what is other people's.
        Role::Admin | Role::Superadmin => None,
    }
}

#[tokio::test]
async fn whatever_names_one_thing_is_not_found_by_those_whose_it_is_not() {
    let world = World::shared().await;
    let pair = world.pair(48).await;
    let (student, tutor) = futures::join!(world.student(), world.newcomer());
    let lesson = world.book(&pair).await;
    let mut complaints = Vec::new();
    let mut asked = 0;
    for function in lectern_local::all() {
        let Trigger::Http(http) = &function.meta.trigger else { continue };
        let Access::Roles(roles) = http.access else { continue };
        let strangers: Vec<_> = roles.iter().filter_map(|role| stranger(*role, &student, &tutor)).collect();
        // A tutor is everybody's to name.
        if strangers.is_empty() || !http.path.contains('{') || http.path.contains("{tutorId}") {
            continue;
        }
        let path = path_of(&world, http, &lesson).await;
        for stranger in strangers {
            let mut call = Call::new(http.method.as_str(), path.clone()).token(&stranger.access_token);
            if http.method.as_str() != "GET" {
                call = call.body(json!({ "reason": "curiosity" }));
            }
            let mut answer = world.api.call(call.clone()).await;
            // A body that it doesn't want: then none, or who is to be invited.
            for body in [None, Some(json!({ "tutorIds": [lesson.pair.tutor.id] }))] {
                if answer.status == 422 {
                    call.body = body;
                    answer = world.api.call(call.clone()).await;
                }
            }
            asked += 1;
            if answer.status != 404 {
                complaints.push(format!("{} with {}: {}", function.meta.name, stranger.email, answer.status));
            }
        }
    }
    assert!(asked >= 5, "{asked} were asked");
    none(&complaints);
    assert_eq!(lesson.read().await["status"], "pending_payment");
    lesson.cancel(&pair.student).await.data(200);
    lesson.is_at_rest().await;
}
