//! Closes the past year: writes down what each tutor earned in it, and tells of the documents that there are. What
//! turns out otherwise later is another revision.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use lectern_runtime::{Cx, Fault, Need, UseCase, metrics};

use crate::services::Payments;
use crate::store::taxes;

/// Tutors that are closed in one statement.
const BATCH: i64 = 200;
/// When a run stops beginning with another batch, below the function's 5 minutes.
const TIME: Duration = Duration::from_secs(240);
/// Years back that are looked at again: as long as a return can be corrected without a reason (26 U.S.C. 6501(a)).
const YEARS_BACK: i16 = 3;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::schedule("total-tax-years", "TaxTotalsSchedule", total_tax_years)
        .summary("Close the past year of every tutor who earned in it, and correct the years before")
        .needs(&[Need::Database, Need::Bus])
}

async fn total_tax_years(cx: Cx<Payments>) -> Result<(), Fault> {
    let started = Instant::now();
    let this_year = cx.now().to_zoned(TimeZone::UTC).year();
    let mut closed = 0_u64;
    for year in (this_year - YEARS_BACK..this_year).rev() {
        let span = span(year).map_err(Fault::bad_input)?;
        loop {
            if started.elapsed() > TIME {
                // Run again, it goes on: what is closed is not looked at any more.
                return Err(Fault::transient("there is more to close than one run can"));
            }
            let batch = batch(&cx, year, span).await?;
            closed += batch;
            if batch == 0 {
                break;
            }
        }
    }
    tracing::info!(closed, "years closed");
    metrics::count(crate::CONTEXT, "TaxYearsClosed", closed);
    Ok(())
}

/// A calendar year in UTC.
fn span(year: i16) -> Result<(Timestamp, Timestamp), jiff::Error> {
    let start = |year: i16| Ok::<_, jiff::Error>(date(year, 1, 1).to_zoned(TimeZone::UTC)?.timestamp());
    Ok((start(year)?, start(year + 1)?))
}

/// Closes the next tutors' years; how many it were.
async fn batch(cx: &Cx<Payments>, year: i16, span: (Timestamp, Timestamp)) -> Result<u64, Fault> {
    let unclosed = taxes::unclosed(&cx.base.db, year, span, BATCH).await?;
    if unclosed.is_empty() {
        return Ok(0);
    }
    let ready = unclosed.iter().filter_map(|(year, profile)| year.ready(&cx.tax, profile.as_ref()));
    let events = cx.seal(ready.collect());
    let years: Vec<_> = unclosed.into_iter().map(|(year, _)| year).collect();
    // Two runs at once close the same: one of them has done nothing, and looks again.
    if taxes::close(&cx.base.db, &years, &events, cx.now()).await? {
        cx.base.publish(&events).await;
    }
    Ok(u64::try_from(years.len()).unwrap_or(u64::MAX))
}
