//! `GET /v1/admin/revenue`.

use deserr::Deserr;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use lectern_domain::field::FieldErrors;
use lectern_domain::money::{Currency, Money};
use lectern_domain::payments::Purpose;
use lectern_domain::time::Date;
use lectern_runtime::{Admin, Answer, Cx, Method, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Payments;
use crate::store::revenue::{self, Group, Sums};

/// The longest span that is summed at once: two years.
const DAYS_MAX: i32 = 731;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("get-revenue", Method::Get, "/v1/admin/revenue", get_revenue)
        .summary("Read what was paid, given back and earned, by time, purpose or currency, out of the ledger")
}

/// Of which days, and how they are put together.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct RevenueQuery {
    /// The first day, in UTC.
    from: Date,
    /// The last day, in UTC; it counts too. At most 731 days with the first.
    to: Date,
    /// By day, week (they begin on Mondays), month, purpose, or by nothing else than currency.
    group: Group,
}

/// What was summed. Currencies are never added up.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevenueView {
    from: Date,
    to: Date,
    group: Group,
    items: Vec<RevenueItem>,
}

/// One group in one currency. Groups in which no money moved are left out.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevenueItem {
    currency: Currency,
    /// The first day of the day, week or month; it may be before `from`, whose days alone are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<Purpose>,
    /// What was paid.
    volume: Money,
    /// What payers got or will get back of it.
    refunds: Money,
    /// The platform's share, less its part of refunds and lost disputes.
    revenue: Money,
    /// What Stripe took.
    fees: Money,
}

impl From<Sums> for RevenueItem {
    fn from(sums: Sums) -> Self {
        let money = |amount| Money::new(amount, sums.currency);
        Self {
            currency: sums.currency,
            starts_on: sums.starts_on,
            purpose: sums.purpose,
            volume: money(sums.volume),
            refunds: money(sums.refunds),
            revenue: money(sums.revenue),
            fees: money(sums.fees),
        }
    }
}

async fn get_revenue(
    cx: Cx<Payments>,
    _caller: Admin,
    request: Request<Nothing, RevenueQuery>,
) -> Result<Answer<RevenueView>, Problem> {
    let RevenueQuery { from, to, group } = request.query;
    let (start, end) = span(from.get(), to.get())?;
    let sums = revenue::sums(&cx.base.db, start, end, group).await?;
    let items = sums.into_iter().map(Into::into).collect();
    Ok(Answer::new(RevenueView { from, to, group, items }))
}

/// From the first moment of the first day to the first moment after the last.
fn span(from: civil::Date, to: civil::Date) -> Result<(Timestamp, Timestamp), FieldErrors> {
    let days = from.until(to).map_or(-1, |span| span.get_days());
    if days < 0 {
        return Err(FieldErrors::one("to", "must not be before from"));
    }
    if days >= DAYS_MAX {
        return Err(FieldErrors::one("to", format!("must be less than {DAYS_MAX} days after from")));
    }
    let midnight = |day: civil::Date| {
        let zoned = day.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
        zoned.map_err(|_| FieldErrors::one("to", "must be a day of the calendar"))
    };
    let after = to.tomorrow().map_err(|_| FieldErrors::one("to", "must be a day of the calendar"))?;
    Ok((midnight(from)?, midnight(after)?))
}
