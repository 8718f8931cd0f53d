//! The tutors: `tutors.sql`, in a database of their own.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::time::Instant;

use jiff::Timestamp;
use lectern_domain::tutoring::free_times::monday_of;
use lectern_postgres::database::connect;
use lectern_postgres::migrate::migrate;
use lectern_postgres::prepare::with_database;
use lectern_tutoring::migrations;

use crate::Outcome;

const SEED: &str = include_str!("tutors.sql");
/// What the names of the databases begin with.
const NAME: &str = "search_bench";

/// The URL of the database with the tutors; makes it unless it is there.
pub async fn database(server: &str, tutors: u32) -> Outcome<String> {
    let admin = connect(server, None).await?;
    admin.batch_execute("SET statement_timeout = 0").await?;
    let name = format!("{NAME}_{:016x}", fingerprint(tutors));
    let listed = admin.query("SELECT datname::text FROM pg_database", &[]).await?;
    let listed: Vec<String> = listed.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    if !listed.contains(&name) {
        for old in listed.iter().filter(|other| other.starts_with(NAME)) {
            admin.batch_execute(&format!("DROP DATABASE {old} WITH (FORCE)")).await?;
        }
        let began = Instant::now();
        writeln!(std::io::stderr(), "seeding {tutors} tutors into {name}")?;
        let partial = format!("{NAME}_partial");
        admin.batch_execute(&format!("CREATE DATABASE {partial}")).await?;
        fill(&with_database(server, &partial)?, tutors).await?;
        // The name says that it is whole. PostgreSQL takes a moment to see that the last connection is gone.
        let rename = format!("ALTER DATABASE {partial} RENAME TO {name}");
        let end = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1";
        admin.query(end, &[&partial]).await?;
        admin.batch_execute(&rename).await?;
        writeln!(std::io::stderr(), "seeded in {} s", began.elapsed().as_secs())?;
    }
    Ok(with_database(server, &name)?)
}

/// Changes with whatever the seeded tables depend on: free times begin with this week.
fn fingerprint(tutors: u32) -> u64 {
    let mut hasher = DefaultHasher::new();
    for migration in migrations() {
        migration.sql().unwrap_or_default().hash(&mut hasher);
    }
    (SEED, tutors, monday_of(Timestamp::now()).to_string()).hash(&mut hasher);
    hasher.finish()
}

async fn fill(url: &str, tutors: u32) -> Outcome<()> {
    migrate(url, None, &migrations()).await?;
    let inside = connect(url, None).await?;
    for statement in statements(&SEED.replace(":tutors", &tutors.to_string())) {
        inside.batch_execute(&statement).await?;
    }
    Ok(())
}

/// One by one, because some refuse to be in a transaction with others.
fn statements(script: &str) -> Vec<String> {
    let (mut all, mut one, mut quoted) = (Vec::new(), String::new(), false);
    for line in script.lines() {
        one.push_str(line);
        one.push('\n');
        quoted ^= line.matches("$$").count() % 2 == 1;
        if !quoted && line.ends_with(';') {
            all.push(std::mem::take(&mut one));
        }
    }
    all
}
