use jiff::SignedDuration;
use lectern_runtime::testing::Answered;
use lectern_tutoring::{put_tutor_profile, search_tutors};

use super::world::{World, as_nobody, as_tutor, availability, profile_of};

fn names(answer: &Answered) -> Vec<String> {
    let items = answer.data()["items"].as_array().unwrap();
    items.iter().map(|item| item["displayName"].as_str().unwrap().to_owned()).collect()
}

async fn search(world: &World, query: &[(&str, &str)]) -> Answered {
    let request = query.iter().fold(as_nobody(), |r, (name, value)| r.query(name, value));
    world.send(search_tutors::use_case(), request).await
}

async fn approved(world: &World, name: &str, headline: &str, subject: &str) -> lectern_domain::id::UserId {
    world.clock.advance(SignedDuration::from_secs(1));
    world.approved(&profile_of(name, headline, subject), &availability()).await
}

#[tokio::test]
async fn students_find_approved_tutors_by_words_and_subject() {
    let world = World::new().await;
    approved(&world, "Ada", "Proofs with patience", "algebra").await;
    approved(&world, "Évariste", "Groups and calculus for everybody", "calculus").await;
    approved(&world, "Bjarne", "Objects", "c++").await;
    world.tutor(&profile_of("Draft", "Not approved", "algebra")).await;
    assert_eq!(names(&search(&world, &[]).await), ["Bjarne", "Évariste", "Ada"]);
    assert_eq!(names(&search(&world, &[("subject", "algebra")]).await), ["Ada"]);
    assert_eq!(names(&search(&world, &[("subject", "c++")]).await), ["Bjarne"]);
    assert_eq!(names(&search(&world, &[("q", "PATIENCE")]).await), ["Ada"]);
    assert_eq!(
        names(&search(&world, &[("q", "proof ada")]).await),
        ["Ada"],
        "beginnings of words, in any order"
    );
    assert_eq!(names(&search(&world, &[("q", "évar")]).await), ["Évariste"]);
    assert_eq!(
        names(&search(&world, &[("q", "calculas")]).await),
        ["Évariste"],
        "a wrong letter is forgiven"
    );
    assert_eq!(names(&search(&world, &[("q", "objects ada")]).await), [""; 0]);
    assert_eq!(names(&search(&world, &[("q", "calculus"), ("subject", "algebra")]).await), [""; 0]);
    assert!(!search(&world, &[]).await.body.to_string().contains("approved"));
}

#[tokio::test]
async fn what_looks_like_syntax_is_only_looked_for() {
    let world = World::new().await;
    approved(&world, "Ada", "Proofs", "algebra").await;
    for query in ["'", "a' | 'b", "!(ada)", "ada:*", "\\", "%", "ada & !ada", "' OR 1=1 --"] {
        let answer = search(&world, &[("q", query)]).await;
        assert!([200, 422].contains(&answer.status), "{query} gave {}", answer.body);
    }
}

#[tokio::test]
async fn a_search_costs_one_round_trip() {
    let world = World::new().await;
    approved(&world, "Ada", "Proofs", "algebra").await;
    let (_, trips) = world.counted(search(&world, &[("q", "ada"), ("subject", "algebra")])).await;
    assert_eq!(trips, 1);
}

#[tokio::test]
async fn pages_neither_repeat_nor_miss_when_tutors_change_in_between() {
    let world = World::new().await;
    let mut tutors = Vec::new();
    for n in 0..7 {
        tutors.push((n, approved(&world, &format!("Tutor {n}"), "Proofs", "algebra").await));
    }
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    for round in 0.. {
        let mut query = vec![("limit", "2"), ("q", "tutor")];
        if let Some(cursor) = &cursor {
            query.push(("cursor", cursor));
        }
        let page = search(&world, &query).await;
        seen.extend(names(&page));
        // Somebody new comes, one who was seen and one who wasn't yet change their profiles.
        approved(&world, &format!("Tutor new {round}"), "Proofs", "algebra").await;
        for (n, id) in [&tutors[6], &tutors[0]] {
            let request = as_tutor(*id).header("if-match", format!("\"{}\"", 4 + round));
            let profile = profile_of(&format!("Tutor {n}"), &format!("Proofs {round}"), "algebra");
            world.send(put_tutor_profile::use_case(), request.json(&profile)).await.data();
        }
        cursor = page.data()["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..7).rev().map(|n| format!("Tutor {n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn tutors_approved_at_the_same_moment_are_told_apart() {
    let world = World::new().await;
    for n in 0..5 {
        world.approved(&profile_of(&format!("Tutor {n}"), "Proofs", "algebra"), &availability()).await;
    }
    let mut seen = Vec::new();
    let mut page = search(&world, &[("limit", "1")]).await;
    seen.extend(names(&page));
    while let Some(cursor) = page.data()["nextCursor"].as_str().map(str::to_owned) {
        page = search(&world, &[("limit", "1"), ("cursor", &cursor)]).await;
        seen.extend(names(&page));
    }
    seen.sort();
    assert_eq!(seen, (0..5).map(|n| format!("Tutor {n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn every_wrong_parameter_of_a_search_is_named() {
    let world = World::new().await;
    let wrong = [("q", "+"), ("subject", "Al Gebra"), ("limit", "101"), ("cursor", "!"), ("sort", "best")];
    let answer = search(&world, &wrong).await;
    let mut fields = answer.bad_fields();
    fields.sort_unstable();
    assert_eq!(fields, ["cursor", "limit", "q", "sort", "subject"]);
    let made_up = search(&world, &[("cursor", "e30")]).await;
    assert_eq!((made_up.status, made_up.bad_fields()), (422, vec!["cursor"]));
}
