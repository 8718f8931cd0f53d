use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_runtime::testing::Answered;
use lectern_tutoring::{put_tutor_profile, search_tutors};
use serde_json::{Value, json};

use super::world::{World, as_nobody, as_tutor, availability, profile, profile_of};

pub fn names(answer: &Answered) -> Vec<String> {
    let items = answer.data()["items"].as_array().unwrap();
    items.iter().map(|item| item["displayName"].as_str().unwrap().to_owned()).collect()
}

pub async fn search(world: &World, query: &[(&str, &str)]) -> Answered {
    let request = query.iter().fold(as_nobody(), |r, (name, value)| r.query(name, value));
    world.send(search_tutors::use_case(), request).await
}

async fn approved(world: &World, name: &str, headline: &str, subject: &str) -> UserId {
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
    assert_eq!(names(&search(&world, &[("q", "C++")]).await), ["Bjarne"]);
    assert_eq!(names(&search(&world, &[("q", "evariste")]).await), ["Évariste"], "accents don't matter");
    assert_eq!(names(&search(&world, &[("q", "pacience")]).await), ["Ada"], "nor in the tutor's own words");
    assert_eq!(
        names(&search(&world, &[("q", "coding objects")]).await),
        ["Bjarne"],
        "a whole by another name"
    );
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
    let wrong = [
        ("q", "+"),
        ("subject", "Al Gebra"),
        ("limit", "101"),
        ("cursor", "!"),
        ("sort", "best"),
        ("minRating", "6"),
    ];
    let answer = search(&world, &wrong).await;
    let mut fields = answer.bad_fields();
    fields.sort_unstable();
    assert_eq!(fields, ["cursor", "limit", "minRating", "q", "sort", "subject"]);
    let made_up = search(&world, &[("cursor", "e30")]).await;
    assert_eq!((made_up.status, made_up.bad_fields()), (422, vec!["cursor"]));
}

/// An approved tutor with this name whose profile is changed so; a second after the one before.
async fn with(world: &World, name: &str, change: impl Fn(&mut Value)) -> UserId {
    world.clock.advance(SignedDuration::from_secs(1));
    let mut profile = profile();
    profile["displayName"] = json!(name);
    change(&mut profile);
    world.approved(&profile, &availability()).await
}

async fn found(world: &World, query: &[(&str, &str)]) -> Vec<String> {
    let mut names = names(&search(world, query).await);
    names.sort();
    names
}

fn taught(subject: &str, levels: &[&str]) -> Value {
    json!({ "subject": subject, "levels": levels, "yearsOfExperience": 1 })
}

/// A search, and what comes of it.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

#[tokio::test]
async fn a_search_for_a_whole_finds_who_teaches_a_part() {
    let world = World::new().await;
    approved(&world, "Ada", "Hello", "linear-algebra").await;
    approved(&world, "Ben", "Hello", "python").await;
    for whole in ["linear-algebra", "algebra", "mathematics"] {
        assert_eq!(found(&world, &[("subject", whole)]).await, ["Ada"], "{whole}");
    }
    for words in ["mathematics", "maths", "mathmatics", "algebra", "matrices", "linear algebra"] {
        assert_eq!(found(&world, &[("q", words)]).await, ["Ada"], "{words}");
    }
    assert_eq!(found(&world, &[("q", "programing")]).await, ["Ben"]);
    assert_eq!(found(&world, &[("subject", "geometry")]).await, [""; 0]);
}

#[tokio::test]
async fn each_filter_leaves_out_who_does_not_fit() {
    let world = World::new().await;
    with(&world, "Ada", |p| {
        p["country"] = json!("GB");
        p["languages"] =
            json!([{ "language": "en-GB", "level": "native" }, { "language": "fr", "level": "basic" }]);
        p["subjects"] = json!([taught("algebra", &["school"]), taught("python", &["university"])]);
        p["hourlyRate"] = json!({ "amount": 3_000, "currency": "GBP" });
    })
    .await;
    with(&world, "Ben", |p| {
        p["subjects"] = json!([taught("algebra", &["university"])]);
        p["hourlyRate"] = json!({ "amount": 5_000, "currency": "EUR" });
    })
    .await;
    let cases: [Case<'_>; 13] = [
        (&[("country", "GB")], &["Ada"]),
        (&[("language", "en")], &["Ada", "Ben"]),
        (&[("language", "en-gb")], &["Ada"]),
        (&[("language", "fr")], &["Ada"]),
        (&[("level", "university")], &["Ada", "Ben"]),
        (&[("level", "university"), ("subject", "algebra")], &["Ben"]),
        (&[("level", "university"), ("subject", "mathematics")], &["Ben"]),
        (&[("level", "school"), ("subject", "mathematics")], &["Ada"]),
        (&[("currency", "EUR")], &["Ben"]),
        (&[("currency", "EUR"), ("minPrice", "5000"), ("maxPrice", "5000")], &["Ben"]),
        (&[("currency", "EUR"), ("minPrice", "5001")], &[]),
        (&[("currency", "GBP"), ("maxPrice", "2999")], &[]),
        (&[("minRating", "1")], &[]),
    ];
    for (query, expected) in cases {
        assert_eq!(found(&world, query).await, expected, "{query:?}");
    }
}

#[tokio::test]
async fn filters_that_do_not_fit_together_are_all_named() {
    let world = World::new().await;
    let cases: [Case<'_>; 6] = [
        (&[("minPrice", "1000")], &["currency"]),
        (&[("sort", "price")], &["currency"]),
        (&[("currency", "USD"), ("minPrice", "2000"), ("maxPrice", "1000")], &["maxPrice"]),
        (&[("minutes", "60"), ("maxPrice", "1")], &["availableFrom", "availableTo", "currency"]),
        (
            &[
                ("minutes", "60"),
                ("availableFrom", "2027-05-05T00:00:00Z"),
                ("availableTo", "2027-05-05T00:00:00Z"),
            ],
            &["availableTo"],
        ),
        (
            &[
                ("minutes", "60"),
                ("availableFrom", "2027-05-05T00:00:00Z"),
                ("availableTo", "2027-07-03T00:00:00Z"),
            ],
            &["availableTo"],
        ),
    ];
    for (query, expected) in cases {
        let answer = search(&world, query).await;
        let mut fields = answer.bad_fields();
        fields.sort_unstable();
        assert_eq!(fields, expected, "{query:?}");
    }
}

#[tokio::test]
async fn facets_count_the_matches_with_wholes_and_price_bands() {
    let world = World::new().await;
    with(&world, "Ada", |p| {
        p["subjects"] = json!([taught("algebra", &["school"]), taught("geometry", &["school"])])
    })
    .await;
    with(&world, "Ben", |p| {
        p["subjects"] = json!([taught("python", &["university"])]);
        p["hourlyRate"] = json!({ "amount": 7_500, "currency": "USD" });
    })
    .await;
    let all = search(&world, &[]).await;
    let facets = &all.data()["facets"];
    assert_eq!((&facets["counted"], &facets["complete"]), (&json!(2), &json!(true)));
    let subjects = facets["subjects"].as_array().unwrap();
    for subject in ["mathematics", "algebra", "geometry", "programming", "python"] {
        assert!(subjects.contains(&json!({ "value": subject, "count": 1 })), "{subject} of {subjects:?}");
    }
    assert_eq!(
        facets["levels"],
        json!([{ "value": "school", "count": 1 }, { "value": "university", "count": 1 }])
    );
    assert_eq!(facets["languages"], json!([{ "value": "en", "count": 2 }]));
    let bands = json!([
        { "currency": "EUR", "from": 3_500, "below": 5_000, "count": 1 },
        { "currency": "USD", "from": 7_500, "count": 1 },
    ]);
    assert_eq!(facets["prices"], bands);
    let some = search(&world, &[("subject", "mathematics"), ("limit", "1")]).await;
    assert_eq!(some.data()["facets"]["counted"], 1);
    let nobody = search(&world, &[("q", "nobodyhasthisword")]).await;
    assert_eq!(nobody.data()["facets"]["counted"], 0);
}

/// Gives a tutor so many ratings that sum up to so many stars.
async fn rated(world: &World, tutor: UserId, count: i32, stars: i64) {
    let sql = format!("UPDATE tutors SET rating_count = {count}, rating_sum = {stars} WHERE id = '{tutor}'");
    world.look(&sql).await;
}

#[tokio::test]
async fn the_best_rated_come_first_and_new_tutors_are_not_buried() {
    let world = World::new().await;
    let proven = with(&world, "Proven", |_| ()).await;
    let lucky = with(&world, "Lucky", |_| ()).await;
    let poor = with(&world, "Poor", |_| ()).await;
    with(&world, "New", |_| ()).await;
    rated(&world, proven, 100, 480).await;
    rated(&world, lucky, 1, 5).await;
    rated(&world, poor, 40, 120).await;
    for sort in ["rating", "relevance"] {
        let answer = search(&world, &[("sort", sort)]).await;
        assert_eq!(names(&answer), ["Proven", "Lucky", "New", "Poor"], "{sort}");
        assert_eq!(answer.data()["items"][0]["rating"], json!({ "averageHundredths": 480, "count": 100 }));
        assert!(answer.data()["items"][2].get("rating").is_none());
    }
    assert_eq!(found(&world, &[("minRating", "4.8")]).await, ["Lucky", "Proven"]);
    assert_eq!(names(&search(&world, &[("sort", "newest")]).await), ["New", "Poor", "Lucky", "Proven"]);
}

#[tokio::test]
async fn whoever_has_the_words_in_the_name_comes_before_who_only_writes_of_them() {
    let world = World::new().await;
    with(&world, "Newton", |p| p["headline"] = json!("Fluxions")).await;
    with(&world, "Gottfried", |p| p["bio"] = json!("I don't think much of Newton.")).await;
    assert_eq!(names(&search(&world, &[("q", "newton")]).await), ["Newton", "Gottfried"]);
}

#[tokio::test]
async fn the_cheapest_come_first_when_the_price_counts() {
    let world = World::new().await;
    for (name, amount) in [("Dear", 9_000), ("Cheap", 1_000), ("Middle", 4_000)] {
        with(&world, name, |p| p["hourlyRate"] = json!({ "amount": amount, "currency": "EUR" })).await;
    }
    with(&world, "Other", |p| p["hourlyRate"] = json!({ "amount": 2_000, "currency": "USD" })).await;
    let answer = search(&world, &[("sort", "price"), ("currency", "EUR")]).await;
    assert_eq!(names(&answer), ["Cheap", "Middle", "Dear"]);
}

/// Reads all pages of two, and does something between each.
async fn pages<F: Future<Output = ()>>(
    world: &World,
    query: &[(&str, &str)],
    between: impl Fn(usize) -> F,
) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    for round in 0.. {
        let mut query = query.to_vec();
        query.push(("limit", "2"));
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = search(world, &query).await;
        seen.extend(names(&page));
        assert_eq!(page.data().get("facets").is_some(), round == 0, "facets are the first page's");
        cursor = page.data()["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
        between(round).await;
    }
    seen
}

#[tokio::test]
async fn pages_neither_repeat_nor_miss_when_what_they_are_sorted_by_changes_in_between() {
    let world = World::new().await;
    let mut tutors = Vec::new();
    for n in 0..7 {
        let amount = 2_000 + 100 * n;
        let id = with(&world, &format!("Tutor {n}"), |p| p["hourlyRate"]["amount"] = json!(amount)).await;
        rated(&world, id, 10, 50 - n).await;
        tutors.push(id);
    }
    let everybody: Vec<_> = (0..7).map(|n| format!("Tutor {n}")).collect();
    // The first becomes the last and the last the first, by price and by rating, again and again.
    let turn = |round: usize| {
        let (first, last) = (tutors[0], tutors[6]);
        let (world, bad) = (&world, round.is_multiple_of(2));
        async move {
            for (id, up) in [(first, bad), (last, !bad)] {
                let (amount, stars) = if up { (9_000, 12) } else { (1_500, 49) };
                let sql = format!(
                    "UPDATE tutors SET rate_amount = {amount}, rating_sum = {stars}, headline = 'h{round}' WHERE id = '{id}'"
                );
                world.look(&sql).await;
            }
        }
    };
    for query in [
        &[("sort", "price"), ("currency", "EUR")][..],
        &[("sort", "rating")],
        &[("sort", "relevance"), ("q", "tutor")],
        &[("sort", "relevance")],
        &[("sort", "newest")],
    ] {
        let mut seen = pages(&world, query, turn).await;
        seen.sort();
        assert_eq!(seen, everybody, "{query:?}");
    }
}

#[tokio::test]
async fn who_is_suspended_between_two_pages_is_not_shown_on_the_second() {
    let world = World::new().await;
    let mut tutors = Vec::new();
    for n in 0..5 {
        tutors.push(with(&world, &format!("Tutor {n}"), |_| ()).await);
    }
    let suspend = |_| {
        let sql = format!("UPDATE tutors SET active = false WHERE id IN ('{}', '{}')", tutors[1], tutors[4]);
        let world = &world;
        async move { drop(world.look(&sql).await) }
    };
    assert_eq!(pages(&world, &[], suspend).await, ["Tutor 4", "Tutor 3", "Tutor 2", "Tutor 0"]);
    assert_eq!(found(&world, &[]).await, ["Tutor 0", "Tutor 2", "Tutor 3"]);
    assert_eq!(found(&world, &[("q", "tutor")]).await.len(), 3);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_order_and_for_a_day() {
    let world = World::new().await;
    for n in 0..3 {
        with(&world, &format!("Tutor {n}"), |_| ()).await;
    }
    let page = search(&world, &[("limit", "1")]).await;
    let cursor = page.data()["nextCursor"].as_str().unwrap();
    let other = search(&world, &[("limit", "1"), ("cursor", cursor), ("sort", "newest")]).await;
    assert_eq!(other.bad_fields(), ["cursor"]);
    assert_eq!(names(&search(&world, &[("limit", "1"), ("cursor", cursor)]).await), ["Tutor 1"]);
    world.clock.advance(SignedDuration::from_hours(24));
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(search(&world, &[("limit", "1"), ("cursor", cursor)]).await.bad_fields(), ["cursor"]);
}

#[tokio::test]
async fn a_surname_can_neither_be_seen_nor_searched_for() {
    let world = World::new().await;
    for name in ["Ada Lovelace", "Dr. Emmy Noether", "Tara T. Lovelace", "Maria d. Lovelace-Noether"] {
        with(&world, name, |_| ()).await;
    }
    let all = search(&world, &[]).await;
    assert_eq!(names(&all), ["Maria d. L.", "Tara T. L.", "Dr. Emmy N.", "Ada L."]);
    assert!(!all.body.to_string().contains("ovelace"));
    for surname in ["lovelace", "noether", "lovel"] {
        assert_eq!(found(&world, &[("q", surname)]).await, [""; 0], "{surname}");
    }
    assert_eq!(found(&world, &[("q", "emmy")]).await, ["Dr. Emmy N."]);
}

#[tokio::test]
async fn words_that_nobody_has_any_more_are_forgotten() {
    let world = World::new().await;
    let id = with(&world, "Ada", |p| p["headline"] = json!("Zygomorphic proofs")).await;
    let known = || world.look("SELECT 1 FROM search_vocabulary WHERE word = 'zygomorphic'");
    assert_eq!(known().await.len(), 1);
    let mut other = profile();
    other["headline"] = json!("Proofs");
    world
        .send(put_tutor_profile::use_case(), as_tutor(id).header("if-match", "\"4\"").json(&other))
        .await
        .data();
    assert_eq!(known().await.len(), 0);
    assert_eq!(world.look("SELECT 1 FROM search_vocabulary WHERE tutors < 0").await.len(), 0);
}
