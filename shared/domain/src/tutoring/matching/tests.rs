use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::field::FieldErrors;
use crate::tutoring::catalogue::{Subject, SubjectEntry};
use crate::tutoring::profile::SubjectId;

mod invitations;

/// Monday noon in UTC.
const NOW: &str = "2027-05-03T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn read<T: deserr::Deserr<FieldErrors>>(value: Value) -> T {
    deserr::deserialize(value).unwrap()
}

/// Polynomials are a part of algebra, which is a part of mathematics, needs arithmetic and is related to
/// logic.
fn catalogue() -> Catalogue {
    let subject = |id: &str, name: &str, part_of: &[&str], requires: &[&str], related_to: &[&str]| Subject {
        id: SubjectId::parse(id).unwrap(),
        entry: read::<SubjectEntry>(json!({
            "name": name, "partOf": part_of, "requires": requires, "relatedTo": related_to,
        })),
    };
    Catalogue::new(
        1,
        [
            subject("mathematics", "Mathematics", &[], &[], &[]),
            subject("arithmetic", "Arithmetic", &["mathematics"], &[], &[]),
            subject("algebra", "Algebra", &["mathematics"], &["arithmetic"], &["logic"]),
            subject("polynomials", "Polynomials", &["algebra"], &[], &[]),
            subject("logic", "Logic", &[], &[], &["algebra"]),
            subject("chess", "Chess", &[], &[], &[]),
        ],
    )
}

fn wish() -> Value {
    json!({
        "subject": "algebra", "level": "school", "goal": "I want to pass my exam in equations",
        "budget": { "amount": 4_000, "currency": "EUR" }, "languages": ["en", "de"],
        "weeklyTimes": [{ "weekday": "tuesday", "from": "16:00", "to": "20:00" }],
        "timeZone": "Europe/Berlin",
    })
}

fn profile() -> Value {
    json!({
        "displayName": "Ada L.", "headline": "Proofs with patience", "bio": "Exams lose their terror.",
        "timeZone": "Europe/Berlin", "country": "DE",
        "languages": [{ "language": "en-GB", "level": "native" }],
        "subjects": [{ "subject": "algebra", "levels": ["school"], "yearsOfExperience": 5 }],
        "hourlyRate": { "amount": 4_000, "currency": "EUR" },
    })
}

fn hours(weekly: Value) -> Availability {
    read(json!({
        "weekly": weekly, "bufferBeforeMinutes": 0, "bufferAfterMinutes": 0, "minimumNoticeMinutes": 0,
        "horizonDays": 60, "lessonMinutes": [60, 30],
    }))
}

fn tuesdays(from: &str, to: &str) -> Availability {
    hours(json!([{ "weekday": "tuesday", "from": from, "to": to }]))
}

fn candidate(id: u128, change: impl Fn(&mut Value)) -> Candidate {
    let mut profile = profile();
    change(&mut profile);
    Candidate {
        id: UserId(Uuid::from_u128(id)),
        profile: read(profile),
        availability: Some(tuesdays("16:00", "18:00")),
        overrides: Overrides::default(),
        standing: Standing::default(),
    }
}

fn ranked(wish: Value, candidates: &[Candidate]) -> Vec<Match> {
    rank(&read(wish), &catalogue(), candidates, now())
}

fn scored(wish: Value, candidate: &Candidate) -> Match {
    ranked(wish, std::slice::from_ref(candidate)).remove(0)
}

fn part(found: &Match, part: MatchPart) -> (u32, &str) {
    let part = found.parts.iter().find(|p| p.part == part).unwrap();
    (part.points, part.reason.as_str())
}

#[test]
fn a_hundred_points_are_shared_out() {
    assert_eq!(MatchPart::ALL.iter().map(|part| part.points_max()).sum::<u32>(), 100);
}

#[test]
fn each_part_is_told_in_words() {
    let mut ada = candidate(1, |_| ());
    ada.standing =
        Standing { rating_sum: 47, rating_count: 10, response_minutes: Some(130), ..Standing::default() };
    let found = scored(wish(), &ada);
    let words: Vec<_> = found.parts.iter().map(|p| (p.part.as_str(), p.points, p.reason.as_str())).collect();
    let expected = [
        ("subject", 30, "Teaches Algebra at school level."),
        ("goal", 3, "Speaks of exam."),
        ("price", 10, "40.00 EUR an hour, exactly your budget."),
        ("schedule", 20, "Teaches 2 h of the 4 h a week that you named."),
        ("language", 10, "Teaches in en-GB (native)."),
        ("rating", 6, "4.70 stars in 10 ratings."),
        ("reply_time", 4, "Usually answers within 3 hours."),
    ];
    assert_eq!(words, expected);
    assert_eq!(found.score, 83);
}

#[test]
fn a_part_counts_more_than_a_whole_more_than_what_is_needed_more_than_what_is_related() {
    let teaches = |id, subject: &str| {
        let subject = json!([{ "subject": subject, "levels": ["school"], "yearsOfExperience": 1 }]);
        candidate(id, |profile| profile["subjects"] = subject.clone())
    };
    let subjects = ["logic", "chess", "polynomials", "arithmetic", "mathematics", "algebra"];
    let candidates: Vec<_> = (1_u128..).zip(subjects).map(|(id, subject)| teaches(id, subject)).collect();
    let found = ranked(wish(), &candidates);
    let words: Vec<_> = found.iter().map(|m| part(m, MatchPart::Subject)).collect();
    let expected = [
        (30, "Teaches Algebra at school level."),
        (24, "Teaches Polynomials, a part of Algebra, at school level."),
        (18, "Teaches Mathematics, of which Algebra is a part, at school level."),
        (9, "Teaches Arithmetic, which Algebra builds on, at school level."),
        (6, "Teaches Logic, which is related to Algebra, at school level."),
    ];
    assert_eq!(words, expected, "who teaches chess is no match");
}

#[test]
fn the_nearest_level_counts_and_the_best_of_several_subjects() {
    let both = candidate(1, |profile| {
        profile["subjects"] = json!([
            { "subject": "algebra", "levels": ["professional", "university"], "yearsOfExperience": 1 },
            { "subject": "polynomials", "levels": ["school"], "yearsOfExperience": 1 },
        ]);
    });
    assert_eq!(
        part(&scored(wish(), &both), MatchPart::Subject),
        (24, "Teaches Polynomials, a part of Algebra, at school level.")
    );
    let other = candidate(1, |profile| profile["subjects"][0]["levels"] = json!(["university"]));
    assert_eq!(
        part(&scored(wish(), &other), MatchPart::Subject),
        (18, "Teaches Algebra, but not at school level.")
    );
    let far = candidate(1, |profile| profile["subjects"][0]["levels"] = json!(["professional"]));
    assert_eq!(part(&scored(wish(), &far), MatchPart::Subject).0, 9);
}

#[test]
fn prices_are_compared_in_one_currency_only() {
    let costs = |amount: i64, currency: &str| {
        let found = scored(
            wish(),
            &candidate(1, |profile| {
                profile["hourlyRate"] = json!({ "amount": amount, "currency": currency });
            }),
        );
        let (points, words) = part(&found, MatchPart::Price);
        (points, words.to_owned())
    };
    assert_eq!(costs(2_000, "EUR"), (15, "20.00 EUR an hour, 20.00 EUR below your budget.".to_owned()));
    assert_eq!(costs(1_000, "EUR").0, 15);
    assert_eq!(costs(4_001, "EUR"), (9, "40.01 EUR an hour, 0.01 EUR above your budget.".to_owned()));
    assert_eq!(costs(6_000, "EUR").0, 0);
    let other = "20.00 USD an hour, which can't be compared with a budget in EUR.";
    assert_eq!(costs(2_000, "USD"), (0, other.to_owned()));
}

#[test]
fn a_language_counts_whatever_its_region_and_by_how_well_it_is_spoken() {
    let speaks = |languages: Value| {
        let found = scored(wish(), &candidate(1, |profile| profile["languages"] = languages.clone()));
        let (points, words) = part(&found, MatchPart::Language);
        (points, words.to_owned())
    };
    let of = |language: &str, level: &str| json!({ "language": language, "level": level });
    let both = speaks(json!([of("en", "basic"), of("de-AT", "conversational")]));
    assert_eq!(both, (7, "Teaches in de-AT (conversational).".to_owned()));
    assert_eq!(speaks(json!([of("fr", "native")])), (0, "Teaches in none of your languages.".to_owned()));
}

#[test]
fn hours_are_laid_side_by_side_across_zones_and_changes_of_the_clock() {
    // From Monday, 18 October 2027: Berlin changes its clock on the 31st, New York on 7 November.
    let now: Timestamp = "2027-10-18T00:00:00Z".parse().unwrap();
    let new_york = Candidate {
        availability: Some(tuesdays("10:00", "11:00")),
        ..candidate(1, |profile| profile["timeZone"] = json!("America/New_York"))
    };
    let wish_at = |from: &str, to: &str| {
        let mut wish = wish();
        wish["weeklyTimes"][0]["from"] = json!(from);
        wish["weeklyTimes"][0]["to"] = json!(to);
        rank(&read(wish), &catalogue(), std::slice::from_ref(&new_york), now).remove(0)
    };
    // 10:00 in New York is 16:00 in Berlin; on 2 November, between the two changes, 15:00.
    let early = wish_at("15:00", "16:00");
    assert_eq!(part(&early, MatchPart::Schedule), (5, "Teaches 15 min of the 1 h a week that you named."));
    let late = wish_at("16:00", "17:00");
    assert_eq!(part(&late, MatchPart::Schedule), (15, "Teaches 45 min of the 1 h a week that you named."));
    let both = wish_at("15:00", "17:00");
    assert_eq!(part(&both, MatchPart::Schedule), (10, "Teaches 1 h of the 2 h a week that you named."));
}

#[test]
fn hours_in_which_no_lesson_has_room_do_not_count() {
    let mut short = candidate(1, |_| ());
    short.availability = Some(tuesdays("19:31", "21:00"));
    let none = (0, "Does not teach at the times that you named.");
    assert_eq!(part(&scored(wish(), &short), MatchPart::Schedule), none);
    short.availability = Some(tuesdays("19:30", "21:00"));
    assert_eq!(
        part(&scored(wish(), &short), MatchPart::Schedule),
        (5, "Teaches 30 min of the 4 h a week that you named.")
    );
    short.availability = None;
    assert_eq!(part(&scored(wish(), &short), MatchPart::Schedule), (0, "Has not set any hours yet."));
}

#[test]
fn the_list_ends_after_twenty_and_of_equals_the_smaller_id_is_first() {
    let candidates: Vec<_> = (1..=25).rev().map(|id| candidate(id, |_| ())).collect();
    let ids: Vec<_> = ranked(wish(), &candidates).iter().map(|m| m.tutor_id.0.as_u128()).collect();
    assert_eq!(ids, (1..=20).collect::<Vec<_>>());
}

#[test]
fn every_wrong_field_of_a_wish_is_named_at_once() {
    let mut wrong = wish();
    wrong["level"] = json!("kindergarten");
    wrong["goal"] = json!(" ");
    wrong["budget"]["amount"] = json!(1);
    wrong["languages"] = json!(["en", "EN"]);
    wrong["weeklyTimes"] = json!([]);
    wrong["timeZone"] = json!("Mars/Olympus");
    let errors = deserr::deserialize::<Wish, _, FieldErrors>(wrong).unwrap_err();
    let fields: Vec<_> = errors.0.iter().map(|e| e.field.as_str()).collect();
    assert_eq!(fields, ["level", "goal", "budget.amount", "languages[1]", "weeklyTimes", "timeZone"]);
}

/// Anybody who could be weighed.
fn candidates() -> impl Strategy<Value = Candidate> {
    let taught = (
        proptest::sample::subsequence(
            vec!["mathematics", "arithmetic", "algebra", "polynomials", "logic", "chess"],
            1..4,
        ),
        proptest::sample::subsequence(vec!["elementary", "school", "university", "professional"], 1..4),
    );
    let spoken = (
        proptest::sample::subsequence(vec!["en-US", "de", "fr"], 1..3),
        proptest::sample::select(vec!["basic", "conversational", "fluent", "native"]),
    );
    let money = (1_000_i64..9_000, proptest::sample::select(vec!["EUR", "EUR", "USD"]));
    let known = (
        0_i32..30,
        0_i64..=4,
        proptest::option::of(0_u32..4_000),
        proptest::option::of((0_u16..1_380, 0_u16..9)),
    );
    let zone = proptest::sample::select(vec!["Europe/Berlin", "Asia/Kathmandu", "America/New_York"]);
    (1_u128..1_000, taught, spoken, money, known, zone).prop_map(
        |(id, (subjects, levels), (languages, level), (amount, currency), known, zone)| {
            let (count, stars, response_minutes, at) = known;
            let mut made = candidate(id, |profile| {
                profile["subjects"] = subjects
                    .iter()
                    .map(|s| json!({ "subject": s, "levels": levels, "yearsOfExperience": 1 }))
                    .collect();
                profile["languages"] =
                    languages.iter().map(|l| json!({ "language": l, "level": level })).collect();
                profile["hourlyRate"] = json!({ "amount": amount, "currency": currency });
                profile["timeZone"] = json!(zone);
            });
            made.availability = at.map(|(from, hours)| {
                let to = (from + 30 + hours * 60).min(1_440);
                let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
                tuesdays(&clock(from), &clock(to))
            });
            let rating_sum = i64::from(count) * (1 + stars);
            made.standing =
                Standing { rating_sum, rating_count: count, response_minutes, ..Standing::default() };
            made
        },
    )
}

/// Where each of the two stands, for a wish; the first one must be a match.
fn places(first: &Candidate, second: &Candidate) -> Option<(usize, usize)> {
    let found = ranked(wish(), &[first.clone(), second.clone()]);
    let place = |who: &Candidate| found.iter().position(|m| m.tutor_id == who.id);
    Some((place(first)?, place(second)?))
}

proptest! {
    #[test]
    fn parts_keep_their_bounds_sum_up_to_the_score_and_agree_with_their_words(one in candidates()) {
        for found in ranked(wish(), std::slice::from_ref(&one)) {
            let parts: Vec<_> = found.parts.iter().map(|p| p.part).collect();
            prop_assert_eq!(parts, MatchPart::ALL);
            prop_assert!(found.parts.iter().all(|p| p.points <= p.out_of && p.out_of == p.part.points_max()));
            prop_assert_eq!(found.parts.iter().map(|p| p.points).sum::<u32>(), found.score);
            prop_assert!(found.score <= 100);
            let (subject, subject_words) = part(&found, MatchPart::Subject);
            prop_assert_eq!(subject == 30, subject_words == "Teaches Algebra at school level.");
            let (price, price_words) = part(&found, MatchPart::Price);
            prop_assert!(price <= 10 || price_words.contains(" below "));
            prop_assert!(price != 10 || price_words.contains(" below ") || price_words.contains("exactly"));
            prop_assert!(price >= 10 || price_words.contains(" above ") || price_words.contains("compared"));
            let (schedule, schedule_words) = part(&found, MatchPart::Schedule);
            prop_assert_eq!(schedule > 0, schedule_words.starts_with("Teaches "));
            let (language, language_words) = part(&found, MatchPart::Language);
            prop_assert_eq!(language == 0, language_words.contains("none"));
            let (rating, rating_words) = part(&found, MatchPart::Rating);
            prop_assert_eq!(rating_words == "Not rated yet.", one.standing.rating_count == 0);
            prop_assert!(rating_words != "Not rated yet." || rating == 5);
            let (goal, goal_words) = part(&found, MatchPart::Goal);
            prop_assert_eq!(goal > 0, goal_words.starts_with("Speaks of"));
        }
    }

    #[test]
    fn the_order_of_the_candidates_does_not_matter(
        mut all in proptest::collection::vec(candidates(), 0..12), seed in any::<u64>(),
    ) {
        all.sort_by_key(|c| c.id);
        all.dedup_by_key(|c| c.id);
        let expected = ranked(wish(), &all);
        let mut shuffled = all.clone();
        shuffled.sort_by_key(|c| c.id.0.as_u128().wrapping_mul(u128::from(seed | 1)) % 1_009);
        prop_assert_eq!(ranked(wish(), &shuffled), expected.clone());
        prop_assert!(expected.windows(2).all(|pair| pair[0].score >= pair[1].score));
    }

    #[test]
    fn a_cheaper_otherwise_equal_tutor_never_ranks_lower(
        one in candidates(), less in 1_i64..8_000, id in 1_u128..1_000,
    ) {
        let price = one.profile.hourly_rate.get();
        let mut cheaper = one.clone();
        cheaper.id = UserId(Uuid::from_u128(id + 1_000 * (id % 2)));
        prop_assume!(cheaper.id != one.id && price.amount - less >= 1_000);
        let amount = json!({ "amount": price.amount - less, "currency": price.currency });
        cheaper.profile.hourly_rate = read(amount);
        if let Some((cheaper, dearer)) = places(&cheaper, &one) {
            prop_assert!(cheaper < dearer);
        }
    }

    #[test]
    fn a_better_rated_otherwise_equal_tutor_never_ranks_lower(
        one in candidates(), more in 1_i32..20, id in 1_u128..2_000,
    ) {
        let mut better = one.clone();
        better.id = UserId(Uuid::from_u128(id));
        better.standing.rating_sum += 5 * i64::from(more);
        better.standing.rating_count += more;
        prop_assume!(better.id != one.id && better.standing.quality() > one.standing.quality());
        if let Some((better, worse)) = places(&better, &one) {
            prop_assert!(better < worse);
        }
    }

    #[test]
    fn who_teaches_longer_and_is_otherwise_equal_never_ranks_lower(
        one in candidates(), id in 1_u128..2_000, from in 0_u16..24, to in 0_u16..=24, day in 0_usize..7,
    ) {
        prop_assume!(one.availability.is_some() && from < to && one.id.0.as_u128() != id);
        let day = crate::time::Weekday::ALL[day];
        prop_assume!(day != crate::time::Weekday::Tuesday);
        let mut longer = one.clone();
        longer.id = UserId(Uuid::from_u128(id));
        let mut weekly = json!(one.availability.as_ref().unwrap().weekly);
        let more = json!({ "weekday": day, "from": format!("{from:02}:00"), "to": format!("{to:02}:00") });
        weekly.as_array_mut().unwrap().push(more);
        longer.availability = Some(hours(weekly));
        let mut wide = wish();
        wide["weeklyTimes"] = json!(crate::time::Weekday::ALL.iter().map(|day| {
            json!({ "weekday": day, "from": "08:00", "to": "21:00" })
        }).collect::<Vec<_>>());
        let found = ranked(wide, &[one.clone(), longer.clone()]);
        let score = |id| found.iter().position(|m| m.tutor_id == id).map(|place| (place, found[place].score));
        if let (Some((first, more)), Some((second, less))) = (score(longer.id), score(one.id)) {
            prop_assert!(more >= less);
            let same = part(&found[0], MatchPart::Schedule) == part(&found[1], MatchPart::Schedule);
            prop_assert!(first < second || more == less && same);
        }
    }
}
