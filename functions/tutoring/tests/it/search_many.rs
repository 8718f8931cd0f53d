//! Searches that many tutors match go another way: by the index of the order, with a sample for the facets.

use std::collections::BTreeSet;

use serde_json::json;

use super::search::{names, search};
use super::world::{World, availability, profile, profile_of};

/// So many copies of a tutor, all in the sample, so that they look like 25 times as many. Price, rating and the moment of
/// approval differ: the first is the cheapest, the best and the first.
async fn many(world: &World, count: i32) {
    world.approved(&profile(), &availability()).await;
    let copies = format!(
        "INSERT INTO tutors (id, display_name, headline, bio, time_zone, country, languages, subjects, subject_ids,
             rate_amount, rate_currency, availability, verification_status, approved_at, sequence, created_at,
             updated_at, rating_count, rating_sum)
         SELECT chance.id, 'Tutor ' || n, headline, bio, time_zone, country, languages, subjects, subject_ids,
             2000 + n, rate_currency, availability, verification_status, approved_at + make_interval(secs => n),
             sequence, created_at, updated_at, 300, 1500 - n
         FROM tutors t, generate_series(1, {count}) n, LATERAL (
             SELECT id FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, 2000)) ids
             WHERE hashtext(id::text) BETWEEN 0 AND 171798691 LIMIT 1) chance"
    );
    world.look(&copies).await;
    world.look("UPDATE tutors SET active = false WHERE display_name NOT LIKE 'Tutor %'").await;
    assert_eq!(world.look("SELECT 1 FROM tutor_search").await.len(), usize::try_from(count).unwrap());
}

#[tokio::test]
async fn among_many_pages_neither_repeat_nor_miss_when_tutors_change_in_between() {
    let world = World::new().await;
    many(&world, 130).await;
    for query in [
        &[][..],
        &[("sort", "price"), ("currency", "EUR")],
        &[("sort", "newest")],
        &[("q", "tutor")],
        &[("subject", "mathematics"), ("language", "en"), ("sort", "rating")],
    ] {
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        for round in 0.. {
            let mut query = query.to_vec();
            query.push(("limit", "20"));
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page = search(&world, &query).await;
            seen.extend(names(&page));
            cursor = page.data()["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
            // A third of them changes places: by price, by rating, and in the words.
            let turn = format!(
                "UPDATE tutors SET rate_amount = 6000 - rate_amount, rating_sum = 2700 - rating_sum,
                     headline = 'round {round}' WHERE active AND hashtext(id::text) % 3 = {}",
                round % 3
            );
            world.look(&turn).await;
        }
        assert_eq!(seen.len(), 130, "{query:?}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 130, "{query:?}");
    }
}

#[tokio::test]
async fn among_many_the_order_is_right_and_the_facets_are_of_a_sample() {
    let world = World::new().await;
    many(&world, 130).await;
    let first = |page: &lectern_runtime::testing::Answered| names(page)[..3].to_vec();
    let best = search(&world, &[]).await;
    assert_eq!(first(&best), ["Tutor 1", "Tutor 2", "Tutor 3"]);
    let facets = &best.data()["facets"];
    assert_eq!((&facets["complete"], &facets["counted"]), (&json!(false), &json!(130)));
    assert_eq!(facets["languages"], json!([{ "value": "en", "count": 130 }]));
    let newest = search(&world, &[("sort", "newest"), ("q", "tutor")]).await;
    assert_eq!(first(&newest), ["Tutor 130", "Tutor 129", "Tutor 128"]);
    let cheapest = search(&world, &[("sort", "price"), ("currency", "EUR"), ("minPrice", "2010")]).await;
    assert_eq!(first(&cheapest), ["Tutor 10", "Tutor 11", "Tutor 12"]);
    assert_eq!(names(&search(&world, &[("subject", "geometry")]).await), [""; 0]);
}

#[tokio::test]
async fn a_beginning_of_many_words_finds_all_of_them_in_the_biography_too() {
    let world = World::new().await;
    for word in ["Zymology", "Zymogen", "Zymosis", "Zymotic", "Zymoid", "Zymome"] {
        world.approved(&profile_of(word, &format!("{word} for all"), "algebra"), &availability()).await;
    }
    let mut writes = profile_of("Writer", "Hello", "python");
    writes["bio"] = json!("I write of zymosans.");
    world.approved(&writes, &availability()).await;
    world.approved(&profile_of("Other", "Hello", "python"), &availability()).await;
    assert_eq!(names(&search(&world, &[("q", "zymo")]).await).len(), 7);
    assert_eq!(names(&search(&world, &[("q", "zymo python")]).await), ["Writer"]);
    assert_eq!(names(&search(&world, &[("q", "zymo hello")]).await), ["Writer"]);
    assert_eq!(names(&search(&world, &[("q", "zymos")]).await).len(), 2);
    assert_eq!(names(&search(&world, &[("q", "zymolagy")]).await), ["Zymology"], "a wrong letter");
}
