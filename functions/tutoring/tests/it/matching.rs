use lectern_domain::id::UserId;
use lectern_runtime::testing::Answered;
use lectern_tutoring::{get_match_request, put_tutor_profile, request_match};
use serde_json::{Value, json};

use super::world::{World, as_student, as_tutor, availability, profile, user};

pub fn wish() -> Value {
    json!({
        "subject": "algebra", "level": "school", "goal": "I must pass my exam in equations",
        "budget": { "amount": 4_500, "currency": "EUR" }, "languages": ["en"],
        "weeklyTimes": [{ "weekday": "tuesday", "from": "15:00", "to": "18:00" }],
        "timeZone": "Europe/Berlin",
    })
}

pub async fn ask(world: &World, student: UserId, wish: &Value) -> Answered {
    let request = as_student(student).header("idempotency-key", user()).json(wish);
    world.send(request_match::use_case(), request).await
}

async fn read(world: &World, student: UserId, id: &Value) -> Answered {
    let request = as_student(student).path("matchRequestId", id.as_str().unwrap());
    world.send(get_match_request::use_case(), request).await
}

/// A listed tutor of this name, with other things changed.
async fn tutor(world: &World, name: &str, change: impl Fn(&mut Value)) -> UserId {
    let mut profile = profile();
    profile["displayName"] = json!(name);
    change(&mut profile);
    world.approved(&profile, &availability()).await
}

fn names(answer: &Value) -> Vec<&str> {
    answer["items"].as_array().unwrap().iter().map(|m| m["tutor"]["displayName"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_student_gets_the_tutors_who_fit_best_with_the_reasons_and_reads_them_again() {
    let world = World::new().await;
    let student = user();
    tutor(&world, "Dear", |p| p["hourlyRate"]["amount"] = json!(6_000)).await;
    tutor(&world, "Fitting", |p| p["bio"] = json!("Exams and equations lose their terror.")).await;
    tutor(&world, "Broad", |p| p["subjects"][0]["subject"] = json!("mathematics")).await;
    tutor(&world, "Part", |p| p["subjects"][0]["subject"] = json!("polynomials")).await;
    tutor(&world, "Before", |p| p["subjects"][0]["subject"] = json!("arithmetic")).await;
    tutor(&world, "Other", |p| p["subjects"][0]["subject"] = json!("rust")).await;
    world.tutor(&profile()).await;
    let (made, trips) = world.counted(ask(&world, student, &wish())).await;
    assert_eq!((made.status, trips), (201, 3), "limit, load, save");
    let data = made.data();
    assert_eq!(names(data), ["Fitting", "Part", "Dear", "Broad", "Before"]);
    let best = &data["items"][0];
    let points: u64 = best["parts"].as_array().unwrap().iter().map(|p| p["points"].as_u64().unwrap()).sum();
    assert_eq!((best["score"].as_u64(), best["parts"].as_array().unwrap().len()), (Some(points), 7));
    assert_eq!(best["parts"][0]["reason"], "Teaches Algebra at school level.");
    assert_eq!(best["parts"][1]["reason"], "Speaks of equations, exam.");
    assert_eq!(best["parts"][3]["reason"], "Teaches 2 h of the 3 h a week that you named.");
    assert_eq!((&data["request"], &data["invitationsLeft"]), (&wish(), &json!(5)));

    let id = &data["matchRequestId"];
    assert_eq!(made.headers["location"], format!("/v1/match-requests/{}", id.as_str().unwrap()));
    let (again, trips) = world.counted(read(&world, student, id)).await;
    assert_eq!((again.data(), trips), (data, 1));
    assert_eq!(again.headers["etag"], made.headers["etag"]);
    assert_eq!(read(&world, user(), id).await.status, 404, "somebody else's");
}

#[tokio::test]
async fn the_answer_stays_as_it_was_and_the_tutors_are_shown_as_they_are() {
    let world = World::new().await;
    let student = user();
    let changing = tutor(&world, "Ada Lovelace", |_| ()).await;
    let going = tutor(&world, "Bob", |p| p["hourlyRate"]["amount"] = json!(6_000)).await;
    let made = ask(&world, student, &wish()).await;
    let mut other = profile();
    other["displayName"] = json!("Augusta King");
    other["hourlyRate"]["amount"] = json!(9_000);
    let request = as_tutor(changing).header("if-match", "\"4\"").json(&other);
    world.send(put_tutor_profile::use_case(), request).await.data();
    world.look(&format!("UPDATE tutors SET active = false WHERE id = '{going}'")).await;
    let again = read(&world, student, &made.data()["matchRequestId"]).await;
    let item = |answer: &Answered, n: usize| answer.data()["items"][n].clone();
    assert_eq!(item(&again, 0)["tutor"]["displayName"], "Augusta K.");
    assert_eq!(item(&again, 0)["parts"], item(&made, 0)["parts"]);
    assert_eq!((item(&again, 1)["tutorId"].clone(), item(&again, 1).get("tutor")), (json!(going), None));
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_and_two_at_once_make_one_request() {
    let world = World::new().await;
    let student = user();
    tutor(&world, "Ada", |_| ()).await;
    let request = as_student(student).header("idempotency-key", user()).json(&wish());
    let first = world.send(request_match::use_case(), request.clone()).await;
    tutor(&world, "Later", |_| ()).await;
    let again = world.send(request_match::use_case(), request.clone()).await;
    assert_eq!((again.status, again.data()), (201, first.data()));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let mut other = wish();
    other["goal"] = json!("Something else");
    let reused = world.send(request_match::use_case(), request.json(&other)).await;
    assert_eq!(reused.problem(), "idempotency-key-reused");

    let request = as_student(student).header("idempotency-key", user()).json(&wish());
    let (use_case, another) = (request_match::use_case(), world.another());
    let (a, b) =
        futures::join!(request.clone().send(&use_case, &world.services), request.send(&use_case, &another));
    assert_eq!(a.data(), b.data());
    assert_eq!(world.look("SELECT 1 FROM match_requests").await.len(), 2);
}

#[tokio::test]
async fn nobody_fits_a_subject_that_nobody_teaches_and_one_that_is_not_in_the_catalogue_is_named() {
    let world = World::new().await;
    let none = ask(&world, user(), &wish()).await;
    assert_eq!((none.status, &none.data()["items"]), (201, &json!([])));
    let read = read(&world, user(), &none.data()["matchRequestId"]).await;
    assert_eq!(read.status, 404);
    let mut wrong = wish();
    wrong["subject"] = json!("alchemy");
    assert_eq!(ask(&world, user(), &wrong).await.bad_fields(), ["subject"]);
    wrong["budget"] = json!({ "amount": 10, "currency": "EUR" });
    wrong["weeklyTimes"] = json!([]);
    wrong["name"] = json!("Ada");
    let mut fields =
        ask(&world, user(), &wrong).await.bad_fields().iter().map(|f| (*f).to_owned()).collect::<Vec<_>>();
    fields.sort();
    assert_eq!(fields, ["budget.amount", "name", "weeklyTimes"]);
}

#[tokio::test]
async fn at_most_twenty_are_ranked_and_the_student_is_none_of_them() {
    let world = World::new().await;
    let own = tutor(&world, "Own", |_| ()).await;
    let copy = format!(
        "INSERT INTO tutors (id, display_name, headline, bio, time_zone, country, languages, subjects, rate_amount,
                             rate_currency, subject_ids, sequence, created_at, updated_at, verification_status,
                             approved_at, availability)
         SELECT gen_random_uuid(), 'Copy ' || n, headline, bio, time_zone, country, languages, subjects,
                rate_amount, rate_currency, subject_ids, 1, created_at, updated_at, verification_status, approved_at,
                availability
         FROM tutors, generate_series(1, 230) n WHERE id = '{own}' RETURNING id"
    );
    world.look(&copy).await;
    let answer = ask(&world, own, &wish()).await;
    let ids: Vec<_> =
        answer.data()["items"].as_array().unwrap().iter().map(|m| m["tutorId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 20);
    assert!(
        ids.is_sorted() && !ids.contains(&own.to_string().as_str()),
        "equals are in the order of their ids"
    );
    assert_eq!(
        ask(&world, own, &wish()).await.data()["items"],
        answer.data()["items"],
        "and always the same"
    );
}
