//! Finding tutors: `tutor_search`, one narrow row a listed tutor, and `free_weeks`.

mod position;

use jiff::Timestamp;
use jiff::civil::Date;
use lectern_domain::id::UserId;
use lectern_domain::money::Currency;
use lectern_domain::text::Text;
use lectern_domain::tutoring::policy::PRICE_BANDS;
use lectern_domain::tutoring::profile::Country;
use lectern_domain::tutoring::search::{TutorSort, public_name};
use lectern_postgres::database::Param;
use lectern_postgres::{Database, DbError, Json, Row, Type};
use serde::Deserialize;
use uuid::Uuid;

use super::standings::standing;
use super::tutors::rate;
use crate::views::{Rating, TutorSummary};

pub use position::{Position, Snapshot};

/// Most matches that are counted for facets, chosen by chance: enough to choose by, and cheap however many match.
const COUNTED_MAX: u32 = 150;

/// What is looked for.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Words, each of which a tutor must have.
    pub words: &'a [String],
    /// Groups of tags: of each group a tutor must have one. Letters, digits and `:@+#.-` only.
    pub tags: Vec<Vec<String>>,
    /// The currency of the price.
    pub currency: Option<Currency>,
    /// Least price of an hour in minor units.
    pub price_min: Option<i32>,
    /// Highest price of an hour in minor units.
    pub price_max: Option<i32>,
    /// Least mean of the ratings in thousandths of a star.
    pub rating_min: Option<i32>,
    /// A time at which the tutor must be free.
    pub free: Option<Free>,
    /// The order.
    pub sort: TutorSort,
    /// Where the page before ended.
    pub after: Option<&'a Position>,
    /// How many.
    pub limit: u32,
    /// Now, by the clock of the call.
    pub now: Timestamp,
}

/// A lesson of `minutes` that lies between two moments.
#[derive(Debug)]
pub struct Free {
    /// It begins at or after this.
    pub from: Timestamp,
    /// It ends at or before this.
    pub to: Timestamp,
    /// How long it is.
    pub minutes: u16,
    /// The Mondays of the weeks in which it can begin.
    pub weeks: Vec<Date>,
    /// Lessons begin on multiples of this many minutes.
    pub grid_minutes: u16,
}

/// How many of the counted matches have what.
#[derive(Debug, Deserialize)]
pub struct Counts {
    /// How many matches were counted.
    pub counted: i64,
    /// Whether those are all.
    pub complete: bool,
    /// Of each subject, with its parts.
    pub subjects: std::collections::BTreeMap<String, i64>,
    /// Of each level.
    pub levels: std::collections::BTreeMap<String, i64>,
    /// Of each language, whatever the region.
    pub languages: std::collections::BTreeMap<String, i64>,
    /// Of each currency and price band, as `USD:0`.
    pub prices: std::collections::BTreeMap<String, i64>,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// Tutors in order; without the summary who was delisted since the first page.
    pub tutors: Vec<(Position, Option<TutorSummary>)>,
    /// On a first page.
    pub counts: Option<Counts>,
}

/// Up to `limit` tutors in the order that is wanted.
pub async fn search(db: &Database, wanted: &Wanted<'_>) -> Result<Found, DbError> {
    found(wanted, &ask(db, "", wanted).await?)
}

/// How PostgreSQL goes about the search, line by line, and what each step takes: for measuring.
pub async fn explain(db: &Database, wanted: &Wanted<'_>) -> Result<Vec<String>, DbError> {
    let rows = ask(db, "EXPLAIN (ANALYZE, BUFFERS, SETTINGS) ", wanted).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Sends the statement, with something before it.
async fn ask(db: &Database, before: &str, wanted: &Wanted<'_>) -> Result<Vec<Row>, DbError> {
    let sql = format!("{before}{}", statement(wanted));
    let tags = wanted.tags.iter().map(|group| {
        let quoted: Vec<_> = group.iter().map(|tag| format!("'{tag}'")).collect();
        format!("({})", quoted.join(" | "))
    });
    let tags = tags.collect::<Vec<_>>().join(" & ");
    let after = wanted.after;
    let snapshot = after.map(|p| p.snapshot.as_str());
    let (key, at, id): (Option<i32>, Option<Timestamp>, Option<Uuid>) =
        (after.map(|p| p.key), after.map(|p| p.listed_at.get()), after.map(|p| p.id.0));
    let (currency, limit) = (wanted.currency.map(Currency::as_str), i64::from(wanted.limit));
    let free = wanted.free.as_ref();
    let (from, to) = (free.map(|f| f.from), free.map(|f| f.to));
    let (minutes, grid) = (free.map(|f| i32::from(f.minutes)), free.map(|f| i32::from(f.grid_minutes)));
    let weeks: Vec<Date> = free.map(|f| f.weeks.clone()).unwrap_or_default();
    let params: [Param<'_>; 17] = [
        (&wanted.words, Type::TEXT_ARRAY),
        (&tags, Type::TEXT),
        (&currency, Type::TEXT),
        (&wanted.price_min, Type::INT4),
        (&wanted.price_max, Type::INT4),
        (&wanted.rating_min, Type::INT4),
        (&from, Type::TIMESTAMPTZ),
        (&to, Type::TIMESTAMPTZ),
        (&minutes, Type::INT4),
        (&weeks, Type::DATE_ARRAY),
        (&grid, Type::INT4),
        (&wanted.now, Type::TIMESTAMPTZ),
        (&snapshot, Type::TEXT),
        (&key, Type::INT4),
        (&at, Type::TIMESTAMPTZ),
        (&id, Type::UUID),
        (&limit, Type::INT8),
    ];
    db.read(&sql, &params).await
}

/// The statement. What is not asked for is not in it, so that the planner sees what is.
///
/// A first page looks into a sample of all tutors first, which is the only way to know how many match: no statistics know
/// that of several conditions together. When they are few, all of them are fetched by the indexes of what is asked for,
/// and ranked. When they are many, the index of the order has the first of them soon. Later pages go the way of the first.
fn statement(wanted: &Wanted<'_>) -> String {
    let ((plain, ranked), (many, most)) = (keys(wanted), limits(wanted));
    let few = |counted: &str, gate: &str| {
        let (from, conditions) = (from(wanted), whole(wanted).join(" AND "));
        format!(
            "few AS MATERIALIZED (
                 SELECT s.tutor_id, s.listed_at, s.price, {ranked} AS key {counted} {from} WHERE {conditions} {gate})"
        )
    };
    let few_page = {
        let (order, after) = (order(wanted.sort, "s.key"), after(wanted, "s.key"));
        format!(
            "SELECT s.tutor_id, s.listed_at, s.key, false AS broad FROM few s WHERE true {after}
             ORDER BY {order} LIMIT $17"
        )
    };
    let nothing = || "NULL::jsonb".to_owned();
    let (before, page, counts) = match wanted.after {
        Some(position) if position.broad => (String::new(), many_page(wanted, plain, ""), nothing()),
        Some(_) => (format!("{},", few("", "")), few_page, nothing()),
        None => {
            let before = format!(
                "sampled AS MATERIALIZED ({}), size AS MATERIALIZED (SELECT count(*) AS n FROM sampled), {},
                 counted AS MATERIALIZED (
                     (SELECT {COUNTED} FROM few s ORDER BY s.shuffle LIMIT {most})
                     UNION ALL SELECT {COUNTED} FROM sampled s WHERE (SELECT n FROM size) >= {many}
                 ),",
                sampled(wanted),
                few(&format!(", s.shuffle, {COUNTED_MORE}"), &format!("AND (SELECT n FROM size) < {many}")),
            );
            let many_page = many_page(wanted, plain, &format!("AND (SELECT n FROM size) >= {many}"));
            (before, format!("({few_page}) UNION ALL ({many_page})"), counts(wanted))
        }
    };
    format!(
        "WITH {before} page AS MATERIALIZED (SELECT row_number() OVER () AS place, found.* FROM ({page}) found)
         SELECT page.tutor_id, page.listed_at, page.key, page.broad, pg_current_snapshot()::text AS snapshot,
                pg_snapshot_xmin(pg_current_snapshot())::text AS xmin, {counts} AS counts,
                t.id, t.display_name, t.headline, t.country, t.languages, t.subjects, t.rate_amount, t.rate_currency,
                t.rating_sum, t.rating_count, st.lessons_taught, st.response_minutes, st.badge_awarded_at
         FROM (VALUES (1)) one LEFT JOIN page ON true
         LEFT JOIN tutors t ON t.id = page.tutor_id AND t.verification_status = 'approved' AND t.active
         LEFT JOIN tutor_standings st ON st.tutor_id = t.id
         ORDER BY page.place"
    )
}

/// What is counted.
const COUNTED: &str = "s.areas, s.levels, s.languages, s.currency, s.price";
/// The same, of rows that have the price already.
const COUNTED_MORE: &str = "s.areas, s.levels, s.languages, s.currency";
/// One row in twenty, by chance; there are indexes of just these.
const SAMPLE: &str = "s.shuffle BETWEEN 0 AND 214748364";
/// So many in the sample are many: of 100 000 tutors some 1000. To fetch and count 1000 takes about as long as to walk until
/// 20 of them are found.
const MANY: u32 = 50;
/// The same of searches for a free time: each look at one is dearer.
const FREE_MANY: u32 = 25;
/// The same of searches by price: they walk through one currency only, and there through the prices that are asked for.
const PRICE_MANY: u32 = 20;

/// From how many in the sample on there are many, and how many are counted at most.
fn limits(wanted: &Wanted<'_>) -> (u32, u32) {
    let many = if wanted.free.is_some() { FREE_MANY } else { MANY };
    let many = if wanted.sort == TutorSort::Price { many.min(PRICE_MANY) } else { many };
    (many, COUNTED_MAX)
}

fn from(wanted: &Wanted<'_>) -> &'static str {
    if wanted.words.is_empty() {
        "FROM tutor_search s"
    } else {
        "FROM search_terms($1) AS terms (t), tutor_search s"
    }
}

/// The first matches of the sample in an order by chance. Whether a tutor is free is asked one by one, until there are enough.
fn sampled(wanted: &Wanted<'_>) -> String {
    let (from, conditions, (_, most)) = (from(wanted), conditions(wanted).join(" AND "), limits(wanted));
    if wanted.free.is_none() {
        return format!(
            "SELECT {COUNTED} {from} WHERE {conditions} AND {SAMPLE} ORDER BY s.shuffle LIMIT {most}"
        );
    }
    format!(
        "SELECT {COUNTED} FROM (
             SELECT s.tutor_id, s.notice_minutes, s.horizon_days, {COUNTED} {from}
             WHERE {conditions} AND {SAMPLE} ORDER BY s.shuffle OFFSET 0
         ) s WHERE {FREE} LIMIT {most}"
    )
}

/// The page when many match: along the index of the order until it is full. The planner can't know how soon that is and
/// would at times rather fetch and sort them all; a `CASE` leaves it nothing else.
fn many_page(wanted: &Wanted<'_>, key: &str, gate: &str) -> String {
    let (from, after, all) = (from(wanted), after(wanted, key), whole(wanted).join(" AND "));
    let range = if wanted.sort == TutorSort::Price { price(wanted).join(" AND ") } else { "true".to_owned() };
    let order = order(wanted.sort, key);
    format!(
        "SELECT s.tutor_id, s.listed_at, {key} AS key, true AS broad {from}
         WHERE {range} {after} AND CASE WHEN {all} THEN true ELSE false END {gate} ORDER BY {order} LIMIT $17"
    )
}

/// What a row is sorted by when there are many and when there are few. Of few each match can be weighed, half a star for
/// who has every word in name, headline or subjects; of many only what an index has in order.
fn keys(wanted: &Wanted<'_>) -> (&'static str, &'static str) {
    match wanted.sort {
        TutorSort::Price => ("s.price", "s.price"),
        TutorSort::Newest => ("0", "0"),
        TutorSort::Relevance if !wanted.words.is_empty() => {
            ("s.quality", "(s.quality + CASE WHEN s.tags @@ terms.t[1]::tsquery THEN 500 ELSE 0 END)")
        }
        TutorSort::Relevance | TutorSort::Rating => ("s.quality", "s.quality"),
    }
}

/// Columns of an index, so that a page begins in the middle of it.
fn order(sort: TutorSort, key: &str) -> String {
    match sort {
        TutorSort::Relevance | TutorSort::Rating => format!("{key} DESC, s.listed_at DESC, s.tutor_id DESC"),
        TutorSort::Newest => "s.listed_at DESC, s.tutor_id DESC".to_owned(),
        TutorSort::Price => "s.price, s.tutor_id".to_owned(),
    }
}

/// What comes after the page before.
fn after(wanted: &Wanted<'_>, key: &str) -> String {
    match wanted.sort {
        _ if wanted.after.is_none() => String::new(),
        TutorSort::Relevance | TutorSort::Rating => {
            format!("AND ({key}, s.listed_at, s.tutor_id) < ($14, $15, $16)")
        }
        TutorSort::Newest => "AND (s.listed_at, s.tutor_id) < ($15, $16)".to_owned(),
        TutorSort::Price => "AND (s.price, s.tutor_id) > ($14, $16)".to_owned(),
    }
}

/// Which rows match.
fn whole(wanted: &Wanted<'_>) -> Vec<String> {
    let mut all = conditions(wanted);
    all.extend(wanted.free.is_some().then(|| FREE.to_owned()));
    all
}

/// Which rows match, but for the free time.
fn conditions(wanted: &Wanted<'_>) -> Vec<String> {
    let mut all = vec![match wanted.after {
        None => "s.ended_by IS NULL".to_owned(),
        Some(_) => "pg_visible_in_snapshot(s.made_by, $13::pg_snapshot)
                    AND (s.ended_by IS NULL OR NOT pg_visible_in_snapshot(s.ended_by, $13::pg_snapshot))"
            .to_owned(),
    }];
    all.extend(price(wanted).into_iter().map(str::to_owned));
    if wanted.rating_min.is_some() {
        all.push("s.rating >= $6".to_owned());
    }
    if wanted.free.is_some() {
        all.push(BOOKABLE.to_owned());
    }
    let tags = "$2::tsquery";
    all.extend(match (wanted.words.is_empty(), wanted.tags.is_empty()) {
        (true, true) => None,
        (true, false) => Some(format!("s.tags @@ {tags}")),
        (false, true) => Some("s.tags @@ terms.t[2]::tsquery".to_owned()),
        (false, false) => Some(format!("s.tags @@ (terms.t[2]::tsquery && {tags})")),
    });
    all
}

fn price(wanted: &Wanted<'_>) -> Vec<&'static str> {
    let each = [
        (wanted.currency.is_some(), "s.currency = $3"),
        (wanted.price_min.is_some(), "s.price >= $4"),
        (wanted.price_max.is_some(), "s.price <= $5"),
    ];
    each.into_iter().filter(|(asked, _)| *asked).map(|(_, sql)| sql).collect()
}

/// Whether notice and horizon leave room for the lesson: needs no look at the free time.
const BOOKABLE: &str = "
    $12 + make_interval(mins => s.notice_minutes + $9) <= $8
    AND $12 + make_interval(hours => 24 * s.horizon_days) >= $7 + make_interval(mins => $9)";

/// Whether a lesson fits into the free time. A subquery that can't be made a join, because there are as many weeks as
/// tutors and only the few rows that match everything else are worth a look.
const FREE: &str = "
    (SELECT true
     FROM free_weeks w,
          LATERAL (SELECT greatest($7, $12 + make_interval(mins => s.notice_minutes)) AS first,
                          least($8, $12 + make_interval(hours => 24 * s.horizon_days)) AS last) bounds,
          LATERAL unnest(w.free * tstzmultirange(tstzrange(first, greatest(first, last)))) AS range,
          LATERAL (SELECT make_interval(mins => $11) AS step) grid
     WHERE w.tutor_id = s.tutor_id AND w.week = ANY ($10)
       AND date_bin(step, lower(range) + step - interval '1 microsecond', 'epoch')
           + make_interval(mins => $9) <= upper(range)
     LIMIT 1)";

fn counts(wanted: &Wanted<'_>) -> String {
    let (many, most) = limits(wanted);
    let each = |column: &str| {
        format!(
            "(SELECT coalesce(jsonb_object_agg(k, n), '{{}}')
              FROM (SELECT unnest({column}) AS k, count(*) AS n FROM counted GROUP BY 1) each)"
        )
    };
    let bands: Vec<_> = PRICE_BANDS.iter().map(ToString::to_string).collect();
    format!(
        "jsonb_build_object('counted', (SELECT count(*) FROM counted),
             'complete', (SELECT n FROM size) < {many} AND (SELECT count(*) FROM few) <= {most},
             'subjects', {}, 'levels', {}, 'languages', {},
             'prices', (SELECT coalesce(jsonb_object_agg(currency || ':' || band, n), '{{}}')
                        FROM (SELECT currency, width_bucket(price, ARRAY[{}]) AS band, count(*) AS n
                              FROM counted GROUP BY 1, 2) each))",
        each("areas"),
        each("levels"),
        each("languages"),
        bands.join(", ")
    )
}

fn found(wanted: &Wanted<'_>, rows: &[Row]) -> Result<Found, DbError> {
    let mut found = Found { tutors: Vec::with_capacity(rows.len()), counts: None };
    for row in rows {
        if found.counts.is_none() {
            found.counts = row.try_get::<_, Option<Json<Counts>>>("counts")?.map(|Json(counts)| counts);
        }
        let Some(id) = row.try_get::<_, Option<Uuid>>("tutor_id")? else { continue };
        let listed_at: Timestamp = row.try_get("listed_at")?;
        let position = Position {
            sort: wanted.sort,
            broad: row.try_get("broad")?,
            began_at: wanted.after.map_or_else(|| wanted.now.into(), |p| p.began_at),
            snapshot: match wanted.after {
                Some(position) => position.snapshot.clone(),
                None => Snapshot::of(row)?,
            },
            key: row.try_get("key")?,
            listed_at: listed_at.into(),
            id: UserId(id),
        };
        let listed = row.try_get::<_, Option<Uuid>>("id")?.is_some();
        found.tutors.push((position, if listed { Some(summary(row)?) } else { None }));
    }
    Ok(found)
}

/// A tutor in a list, out of the columns of `tutors` and `tutor_standings` that are named here.
pub(super) fn summary(row: &Row) -> Result<TutorSummary, DbError> {
    let standing = standing(row)?;
    Ok(TutorSummary {
        tutor_id: UserId(row.try_get("id")?),
        display_name: Text::parse(&public_name(row.try_get("display_name")?))?,
        headline: Text::parse(row.try_get("headline")?)?,
        country: Country::parse(row.try_get("country")?)?,
        languages: row.try_get::<_, Json<_>>("languages")?.0,
        subjects: row.try_get::<_, Json<_>>("subjects")?.0,
        hourly_rate: rate(row)?,
        rating: Rating::of(standing.rating_sum, standing.rating_count),
        teaching: standing.into(),
    })
}
