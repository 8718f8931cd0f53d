//! `GET /v1/tutors`.

use deserr::Deserr;
use jiff::{SignedDuration, Timestamp};
use lectern_domain::field::FieldErrors;
use lectern_domain::money::Currency;
use lectern_domain::page::{Cursor, CursorPage, Limit, limit_or_default};
use lectern_domain::time::{Bounded, Instant, TimeRange};
use lectern_domain::tutoring::availability::LessonMinutes;
use lectern_domain::tutoring::free_times::{self, SEARCH_DAYS_MAX};
use lectern_domain::tutoring::policy::PRICE_BANDS;
use lectern_domain::tutoring::profile::{Country, LanguageTag, SubjectId, TeachingLevel};
use lectern_domain::tutoring::search::{SearchWords, Stars, TutorSort};
use lectern_runtime::{Answer, Anyone, Cx, Method, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Tutoring;
use crate::store::search::{self, Counts, Free, Position, Wanted};
use crate::views::TutorSummary;

/// How long the pages of one search can be read: as long as the rows that it saw are kept.
pub const CURSOR_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("search-tutors", Method::Get, "/v1/tutors", search_tutors).summary(
        "Find approved tutors by words, subject, level, language, price, rating, country and free time; with facets",
    )
}

/// What to look for. All of it must be met.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct SearchTutors {
    /// Words of name, headline, biography or subjects, or beginnings of such; typing errors are forgiven.
    #[deserr(default)]
    #[schemars(default)]
    q: Option<SearchWords>,
    /// Only who teaches this subject or a part of it.
    #[deserr(default)]
    #[schemars(default)]
    subject: Option<SubjectId>,
    /// Only who teaches (that subject) at this level.
    #[deserr(default)]
    #[schemars(default)]
    level: Option<TeachingLevel>,
    /// Only who teaches in this language: `en` is any English, `en-GB` that of Britain.
    #[deserr(default)]
    #[schemars(default)]
    language: Option<LanguageTag>,
    /// Only who lives in this country.
    #[deserr(default)]
    #[schemars(default)]
    country: Option<Country>,
    /// Only who is paid in this currency. Needed beside a price and to sort by it.
    #[deserr(default)]
    #[schemars(default)]
    currency: Option<Currency>,
    /// Least price of an hour in minor units.
    #[deserr(default)]
    #[schemars(default)]
    min_price: Option<Bounded<0, 50_000>>,
    /// Highest price of an hour in minor units.
    #[deserr(default)]
    #[schemars(default)]
    max_price: Option<Bounded<0, 50_000>>,
    /// Only whose ratings have at least this mean; who has none yet is left out.
    #[deserr(default)]
    #[schemars(default)]
    min_rating: Option<Stars>,
    /// Only who is free for a lesson between this moment and `availableTo`.
    #[deserr(default)]
    #[schemars(default)]
    available_from: Option<Instant>,
    /// The lesson is over by then; at most 60 days from now.
    #[deserr(default)]
    #[schemars(default)]
    available_to: Option<Instant>,
    /// Length of that lesson.
    #[deserr(default)]
    #[schemars(default)]
    minutes: Option<LessonMinutes>,
    /// The order; `relevance` when left out.
    #[deserr(default)]
    #[schemars(default)]
    sort: Option<TutorSort>,
    #[deserr(default)]
    #[schemars(default)]
    limit: Option<Limit>,
    /// `nextCursor` of the page before. Good for a day: the pages show the tutors as they were when the first was read.
    #[deserr(default)]
    #[schemars(default)]
    cursor: Option<Cursor>,
}

impl SearchTutors {
    /// What the store is asked for: one tutor more than fit on the page, which tells whether another page follows.
    /// `after` is where the page before ended; lessons begin on multiples of `grid_minutes`.
    pub fn wanted<'a>(
        &'a self,
        after: Option<&'a Position>,
        now: Timestamp,
        grid_minutes: u16,
    ) -> Wanted<'a> {
        let free = free(self, now, grid_minutes);
        let price =
            |price: Option<Bounded<0, 50_000>>| price.and_then(|price| i32::try_from(price.get()).ok());
        Wanted {
            words: self.q.as_ref().map_or(&[][..], SearchWords::as_slice),
            tags: tags(self, free.as_ref()),
            currency: self.currency,
            price_min: price(self.min_price),
            price_max: price(self.max_price),
            rating_min: self.min_rating.map(Stars::thousandths),
            free,
            sort: self.sort.unwrap_or(TutorSort::Relevance),
            after,
            limit: limit_or_default(self.limit) + 1,
            now,
        }
    }
}

/// Tutors, and what there is to choose from.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundTutors {
    items: Vec<TutorSummary>,
    /// What to give as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<Cursor>,
    /// On the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<Facets>,
}

/// How many of the matches have what.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Facets {
    /// How many matches were counted.
    counted: i64,
    /// Whether those are all. Otherwise they are a fair sample, chosen by chance: the shares are about right, the counts
    /// are of the sample.
    complete: bool,
    /// By subject, with its parts; the most frequent first, as everywhere here.
    subjects: Vec<FacetCount>,
    /// By level.
    levels: Vec<FacetCount>,
    /// By language, regions together.
    languages: Vec<FacetCount>,
    /// By price of an hour, in order; each currency has its own bands.
    prices: Vec<PriceBand>,
}

/// How many have a value.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FacetCount {
    value: String,
    count: i64,
}

/// How many cost so much.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceBand {
    currency: Currency,
    /// Least price of the band in minor units.
    from: i64,
    /// The price at which the next band begins; absent in the highest.
    #[serde(skip_serializing_if = "Option::is_none")]
    below: Option<i64>,
    count: i64,
}

impl From<Counts> for Facets {
    fn from(counts: Counts) -> Self {
        let ranked = |values: std::collections::BTreeMap<String, i64>| {
            let mut all: Vec<_> =
                values.into_iter().map(|(value, count)| FacetCount { value, count }).collect();
            all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
            all
        };
        Self {
            counted: counts.counted,
            complete: counts.complete,
            subjects: ranked(counts.subjects),
            levels: ranked(counts.levels),
            languages: ranked(counts.languages),
            prices: counts.prices.into_iter().filter_map(|(key, count)| PriceBand::of(&key, count)).collect(),
        }
    }
}

impl PriceBand {
    /// Out of `USD:0` and the like.
    fn of(key: &str, count: i64) -> Option<Self> {
        let (currency, band) = key.split_once(':')?;
        let band: usize = band.parse().ok()?;
        let from = band.checked_sub(1).map_or(Some(0), |before| PRICE_BANDS.get(before).copied())?;
        Some(Self {
            currency: Currency::parse(currency).ok()?,
            from,
            below: PRICE_BANDS.get(band).copied(),
            count,
        })
    }
}

async fn search_tutors(
    cx: Cx<Tutoring>,
    _caller: Anyone,
    request: Request<Nothing, SearchTutors>,
) -> Result<Answer<FoundTutors>, Problem> {
    let (query, now) = (request.query, cx.now());
    let after = check(&query, now)?;
    let wanted = query.wanted(after.as_ref(), now, cx.policy.slot_grid_minutes);
    let limit = limit_or_default(query.limit);
    let found = search::search(&cx.base.db, &wanted).await?;
    let page = CursorPage::cut(found.tutors, limit, |(position, _)| position.clone());
    let items = page.items.into_iter().filter_map(|(_, tutor)| tutor).collect();
    let facets = found.counts.map(Facets::from);
    Ok(Answer::new(FoundTutors { items, next_cursor: page.next_cursor, facets }))
}

/// Names every parameter that doesn't fit to the others; gives where the page before ended.
fn check(query: &SearchTutors, now: Timestamp) -> Result<Option<Position>, FieldErrors> {
    let mut errors = FieldErrors::default();
    let by_price = query.sort == Some(TutorSort::Price);
    if query.currency.is_none() && (query.min_price.is_some() || query.max_price.is_some() || by_price) {
        errors.push("currency", "is required with a price: prices of different currencies can't be compared");
    }
    if query.min_price.zip(query.max_price).is_some_and(|(min, max)| min > max) {
        errors.push("maxPrice", "must not be below minPrice");
    }
    check_free(query, now, &mut errors);
    let after = query.cursor.as_ref().map(Cursor::position::<Position>).transpose();
    let after = after.unwrap_or_else(|e| {
        errors.push("cursor", e.0);
        None
    });
    if let Some(position) = &after {
        if position.sort != query.sort.unwrap_or(TutorSort::Relevance) {
            errors.push("cursor", "is of a search in another order");
        } else if position.began_at.get() < now - CURSOR_LIFE {
            errors.push("cursor", "is of a search that began more than a day ago: begin again");
        }
    }
    errors.into_result().map(|()| after)
}

fn check_free(query: &SearchTutors, now: Timestamp, errors: &mut FieldErrors) {
    let given = [
        ("availableFrom", query.available_from.is_some()),
        ("availableTo", query.available_to.is_some()),
        ("minutes", query.minutes.is_some()),
    ];
    if given.iter().any(|(_, there)| *there) {
        let missing = given.iter().filter(|(_, there)| !there);
        missing.for_each(|(name, _)| errors.push(*name, "is required: a free time needs all three"));
    }
    let (Some(from), Some(to)) = (query.available_from, query.available_to) else { return };
    if from >= to {
        errors.push("availableTo", "must be after availableFrom");
    } else if to.get() > now + SignedDuration::from_hours(24 * SEARCH_DAYS_MAX) {
        errors.push("availableTo", format!("must be at most {SEARCH_DAYS_MAX} days from now"));
    }
}

fn free(query: &SearchTutors, now: Timestamp, grid_minutes: u16) -> Option<Free> {
    let (from, to) = (query.available_from?.get().max(now), query.available_to?.get());
    let first = free_times::monday_of(from);
    let weeks =
        free_times::mondays(first).take_while(|monday| *monday <= free_times::monday_of(to)).collect();
    Some(Free { from, to, minutes: query.minutes?.get(), weeks, grid_minutes })
}

/// What a tutor must have, each group of which one is enough. The tags are made by `search_rows` of the database.
fn tags(query: &SearchTutors, free: Option<&Free>) -> Vec<Vec<String>> {
    let one = |tag: String| vec![tag];
    let mut groups = Vec::new();
    match (&query.subject, query.level) {
        (Some(subject), Some(level)) => groups.push(one(format!("s:{subject}@{level}"))),
        (Some(subject), None) => groups.push(one(format!("s:{subject}"))),
        (None, Some(level)) => groups.push(one(format!("l:{level}"))),
        (None, None) => {}
    }
    groups.extend(query.language.iter().map(|tag| one(format!("g:{}", tag.to_string().to_lowercase()))));
    groups.extend(query.country.iter().map(|country| one(format!("c:{country}"))));
    if let Some(free) = free {
        groups.push(one(format!("m:{}", free.minutes)));
        // Hours in which the lesson can begin; who never teaches in one of them need not be looked at.
        let begins = free.to.checked_sub(SignedDuration::from_mins(i64::from(free.minutes))).ok();
        let range = begins.and_then(|last| TimeRange::new(free.from, last + SignedDuration::from_secs(1)));
        let hours: Vec<_> = range.map(|range| free_times::hours_of_week(range).collect()).unwrap_or_default();
        if hours.len() < 168 {
            groups.push(hours.into_iter().map(|hour| format!("h:{hour}")).collect());
        }
    }
    groups
}
