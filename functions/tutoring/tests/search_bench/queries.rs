//! What people search for.

use deserr::deserialize;
use jiff::civil::{Weekday, time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use lectern_domain::field::FieldErrors;
use lectern_postgres::Database;
use lectern_tutoring::search_tutors::SearchTutors;
use lectern_tutoring::store::search;
use serde_json::{Value, json};

use crate::{Outcome, Search, wanted};

const SUBJECTS: [&str; 8] = [
    "mathematics",
    "algebra",
    "calculus",
    "statistics",
    "programming",
    "python",
    "geometry",
    "linear-algebra",
];
const MANNERS: [&str; 4] = ["patient", "friendly", "calm", "experienced"];
const JOBS: [&str; 4] = ["teacher", "tutor", "lecturer", "engineer"];
const TYPING_ERRORS: [&str; 8] =
    ["calculas", "algerba", "geometri", "statistcs", "pyhton", "probabilty", "mathmatics", "programing"];
const LANGUAGES: [&str; 4] = ["en", "es", "de", "fr"];
const LEVELS: [&str; 3] = ["school", "university", "professional"];
const CURRENCIES: [&str; 3] = ["USD", "EUR", "GBP"];
const ZONES: [&str; 6] = [
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Europe/London",
    "Australia/Sydney",
    "America/Sao_Paulo",
];

/// Each kind of search, with searches of the kind that differ.
pub async fn all(db: &Database) -> Outcome<Vec<(&'static str, Vec<Search>)>> {
    let browse = || (0..1).map(|_| json!({}));
    let words = || {
        (0..32).map(|n| {
            let subject = SUBJECTS[n % 8].replace('-', " ");
            json!({ "q": format!("{} {subject} {}", MANNERS[n / 8], JOBS[n / 4 % 4]) })
        })
    };
    Ok(vec![
        ("browse, by relevance", first_pages(browse())?),
        ("a rare word", first_pages(rare_words(db).await?.into_iter().map(|word| json!({ "q": word })))?),
        ("common words (`patient calculus teacher`)", first_pages(words())?),
        ("a typing error (`calculas`)", first_pages(TYPING_ERRORS.iter().map(|word| json!({ "q": word })))?),
        ("subject with parts, level, language, price; by price", first_pages((0..48).map(filters))?),
        (
            "second page of these",
            second_pages(db, browse().chain(words()).chain((0..48).step_by(3).map(filters))).await?,
        ),
        ("free for 50 min on Tuesday evening", first_pages((0..42).map(evening))?),
        ("the same, with a subject", first_pages((0..42).map(evening_with_subject))?),
        ("the same, with everything", first_pages((0..42).map(evening_with_everything))?),
    ])
}

fn filters(n: usize) -> Value {
    json!({
        "subject": SUBJECTS[n % 8], "level": LEVELS[n % 3], "language": LANGUAGES[n / 3 % 4],
        "currency": CURRENCIES[n / 12 % 3], "maxPrice": "5000", "sort": "price",
    })
}

/// From six to nine in the evening, somewhere, on one of the next Tuesdays.
fn evening(n: usize) -> Value {
    let zone = TimeZone::get(ZONES[n % 6]).unwrap_or(TimeZone::UTC);
    let at = |hour| {
        let today = Timestamp::now().to_zoned(zone.clone()).date();
        let weeks = i32::try_from(1 + n / 6).unwrap_or(1);
        let tuesday = today.nth_weekday(weeks, Weekday::Tuesday).unwrap_or(today + Span::new().days(7));
        let moment = zone.to_zoned(tuesday.to_datetime(time(hour, 0, 0, 0)));
        moment.map(|zoned| zoned.timestamp().to_string()).unwrap_or_default()
    };
    json!({ "availableFrom": at(18), "availableTo": at(21), "minutes": "50" })
}

fn evening_with_subject(n: usize) -> Value {
    let mut query = evening(n);
    query["subject"] = json!(SUBJECTS[n % 8]);
    query
}

fn evening_with_everything(n: usize) -> Value {
    let mut query = evening(n);
    if let (Some(query), Some(more)) = (query.as_object_mut(), filters(n).as_object()) {
        query.extend(more.clone());
    }
    query
}

/// Words that few tutors have.
async fn rare_words(db: &Database) -> Outcome<Vec<String>> {
    let sql = "SELECT word FROM search_vocabulary WHERE tutors BETWEEN 5 AND 20 AND word !~ ':'
               ORDER BY md5(word) LIMIT 40";
    let rows = db.read(sql, &[]).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

fn first_pages(queries: impl Iterator<Item = Value>) -> Outcome<Vec<Search>> {
    queries.map(|query| Ok(Search { query: read(query)?, after: None })).collect()
}

/// The pages after the first ones, where there are such.
async fn second_pages(db: &Database, queries: impl Iterator<Item = Value>) -> Outcome<Vec<Search>> {
    let mut second = Vec::new();
    for mut search in first_pages(queries)? {
        let page = search::search(db, &wanted(&search)).await?;
        if page.tutors.len() > 20 {
            search.after = page.tutors.into_iter().nth(19).map(|(position, _)| position);
            second.push(search);
        }
    }
    Ok(second)
}

/// As the parameters of a request are read.
fn read(query: Value) -> Outcome<SearchTutors> {
    deserialize::<_, _, FieldErrors>(query.clone()).map_err(|_| format!("{query} is refused").into())
}
