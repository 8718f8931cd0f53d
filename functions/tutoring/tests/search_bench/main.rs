//! How long searches for tutors take among many: `make bench` runs it.
//!
//! ```sh
//! cargo run -p lectern-tutoring --example search_bench -- URL [TUTORS]
//! ```
//!
//! `URL` is a superuser's, of a server on this machine. The tutors are in a database of their own, which is kept and
//! used again until the schema, the seed or the week changes.

mod queries;
mod seed;

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lectern_domain::tutoring::policy::TutoringPolicy;
use lectern_postgres::Database;
use lectern_tutoring::search_tutors::SearchTutors;
use lectern_tutoring::store::search::{self, Position};

/// What can go wrong here.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Connections that search at the same time.
const CONNECTIONS: usize = 8;
/// Searches of each kind.
const RUNS: usize = 400;
/// Tutors, unless the command line says otherwise.
const TUTORS: u32 = 100_000;

/// One search: what is asked, and for a later page where the one before ended.
pub struct Search {
    query: SearchTutors,
    after: Option<Position>,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut given = std::env::args().skip(1);
    let server = given.next().ok_or("usage: search_bench URL [TUTORS]")?;
    let tutors = given.next().map_or(Ok(TUTORS), |text| text.parse())?;
    let url = seed::database(&server, tutors).await?;
    let connections: Vec<_> = (0..CONNECTIONS).map(|_| Arc::new(Database::from_url(&url))).collect();
    let mut table = format!(
        "{RUNS} searches of each kind among {tutors} tutors, {CONNECTIONS} connections, times in ms\n\n\
         | search | found | p50 | p95 | worst | CPU of the server | p50 alone | CPU alone |\n\
         |---|---|---|---|---|---|---|---|\n"
    );
    let mut plans = String::new();
    for (name, searches) in queries::all(&connections[0]).await? {
        let searches = Arc::new(searches);
        // Everything once, so that what is measured is not the disk.
        measure(&connections, &searches, searches.len()).await?;
        let crowd = measure(&connections, &searches, RUNS).await?;
        let alone = measure(&connections[..1], &searches, RUNS / 4).await?;
        table.push_str(&format!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} |\n",
            crowd.found,
            ms(crowd.percentile(50)),
            ms(crowd.percentile(95)),
            ms(crowd.percentile(100)),
            ms(crowd.cpu),
            ms(alone.percentile(50)),
            ms(alone.cpu),
        ));
        plans.push_str(&format!("\n{name}: the slowest of them\n"));
        let slowest = searches.get(alone.slowest).ok_or("no search of this kind")?;
        for line in search::explain(&connections[0], &wanted(slowest)).await? {
            plans.push_str(&format!("    {line}\n"));
        }
    }
    std::io::stdout().write_all(format!("{plans}\n{table}").as_bytes())?;
    Ok(())
}

fn wanted(search: &Search) -> search::Wanted<'_> {
    let grid = TutoringPolicy::default().slot_grid_minutes;
    search.query.wanted(search.after.as_ref(), Timestamp::now(), grid)
}

/// Milliseconds with two decimals.
fn ms(time: Duration) -> String {
    format!("{}.{:02}", time.as_millis(), time.as_micros() % 1_000 / 10)
}

/// What some searches took.
struct Measured {
    /// In order.
    times: Vec<Duration>,
    /// The place of the search that took longest, even when it was done fastest.
    slowest: usize,
    /// Of the server's processes, for one search.
    cpu: Duration,
    /// Tutors on the pages of the searches, on the average.
    found: usize,
}

impl Measured {
    fn percentile(&self, percent: usize) -> Duration {
        let at = (self.times.len() * percent).div_ceil(100).saturating_sub(1);
        self.times.get(at).copied().unwrap_or_default()
    }
}

/// Runs the searches in turn, `runs` of them, on all connections at once.
async fn measure(
    connections: &[Arc<Database>],
    searches: &Arc<Vec<Search>>,
    runs: usize,
) -> Outcome<Measured> {
    let waiting: Arc<Mutex<VecDeque<usize>>> = Arc::new(Mutex::new((0..runs).collect()));
    let mut pids = Vec::new();
    for connection in connections {
        pids.push(connection.read("SELECT pg_backend_pid()", &[]).await?[0].try_get::<_, i32>(0)?);
    }
    let before = cpu(&pids);
    let workers: Vec<_> = connections
        .iter()
        .map(|db| tokio::spawn(work(Arc::clone(db), Arc::clone(searches), Arc::clone(&waiting))))
        .collect();
    let (mut all, mut found) = (Vec::with_capacity(runs), 0);
    for worker in workers {
        let (some, tutors) = worker.await??;
        all.extend(some);
        found += tutors;
    }
    all.sort_unstable();
    let mut fastest: BTreeMap<usize, Duration> = BTreeMap::new();
    for (time, place) in &all {
        fastest.entry(*place).or_insert(*time);
    }
    let slowest = fastest.into_iter().max_by_key(|(_, time)| *time).map_or(0, |(place, _)| place);
    let times = all.into_iter().map(|(time, _)| time).collect();
    let spent = cpu(&pids).saturating_sub(before);
    let count = u32::try_from(runs).unwrap_or(u32::MAX).max(1);
    Ok(Measured { times, slowest, cpu: spent / count, found: found / runs.max(1) })
}

/// Searches as long as there is something to search for; gives how long each took and which it was, and how many tutors
/// came.
async fn work(
    db: Arc<Database>,
    searches: Arc<Vec<Search>>,
    waiting: Arc<Mutex<VecDeque<usize>>>,
) -> Outcome<(Vec<(Duration, usize)>, usize)> {
    let next = || waiting.lock().map_or(None, |mut waiting| waiting.pop_front());
    let (mut times, mut found) = (Vec::new(), 0);
    while let Some(turn) = next() {
        let place = turn % searches.len();
        let wanted = wanted(&searches[place]);
        let began = Instant::now();
        let answer = search::search(&db, &wanted).await?;
        times.push((began.elapsed(), place));
        found += answer.tutors.len().min(20);
    }
    Ok((times, found))
}

/// CPU time that processes have taken so far; nothing where there is no `/proc`.
fn cpu(pids: &[i32]) -> Duration {
    let of = |pid: &i32| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
        text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    };
    pids.iter().filter_map(of).sum()
}
