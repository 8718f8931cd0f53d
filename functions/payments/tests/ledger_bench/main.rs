//! How many postings a second the ledger takes, and how long its sums take: `make bench` runs it.
//!
//! ```sh
//! cargo run --release -p lectern-payments --example ledger_bench -- URL [PGBENCH]
//! ```
//!
//! `URL` is a superuser's, of a server on this machine. Our statement (`ledger_post`, with its checks, foreign keys and
//! the deferred proof that each transaction is balanced) beside the bare inserts into tables of the same columns and
//! indexes, in the same run: by `pgbench` where there is one, and by this very client.

mod books;
mod sums;

use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lectern_postgres::{Database, Json, Type};
use serde_json::json;
use uuid::Uuid;

/// What can go wrong here.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Connections that post at the same time.
const CONNECTIONS: [usize; 3] = [1, 8, 32];
/// Rounds in which each kind has its turn, so that a busy moment of the machine hits all alike.
const ROUNDS: u32 = 3;
/// How long a turn is.
const TURN: Duration = Duration::from_secs(3);

/// What is posted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The bare inserts.
    Bare,
    /// Ours, each with accounts of its own.
    Distinct,
    /// Ours, each with the platform's account on one side.
    Same,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut given = std::env::args().skip(1);
    let server = given.next().ok_or("usage: ledger_bench URL [PGBENCH]")?;
    let pgbench = given.next();
    let url = books::database(&server).await?;
    let payments = Arc::new(books::payments(&url).await?);
    let mut table = "| connections | pgbench, bare | this client, bare | ours, own accounts | ours, the \
                     platform's | ours / pgbench | the platform's / own |\n|---|---|---|---|---|---|---|\n"
        .to_owned();
    for connections in CONNECTIONS {
        let (mut bare, mut distinct, mut same, mut reference) = (0, 0, 0, 0);
        for _ in 0..ROUNDS {
            if let Some(program) = &pgbench {
                reference += books::pgbench(program, &url, connections, TURN)?;
            }
            bare += turn(&url, &payments, connections, Kind::Bare).await?;
            distinct += turn(&url, &payments, connections, Kind::Distinct).await?;
            same += turn(&url, &payments, connections, Kind::Same).await?;
        }
        let seconds = u64::from(ROUNDS) * TURN.as_secs();
        let beside = if pgbench.is_some() { reference } else { bare };
        table.push_str(&format!(
            "| {connections} | {} | {} | {} | {} | {} % | {} % |\n",
            pgbench.as_ref().map_or_else(String::new, |_| (reference / seconds).to_string()),
            bare / seconds,
            distinct / seconds,
            same / seconds,
            same * 100 / beside.max(1),
            same * 100 / distinct.max(1),
        ));
    }
    let mut out = std::io::stdout();
    writeln!(out, "Postings a second, {ROUNDS} rounds of {} s each\n\n{table}", TURN.as_secs())?;
    out.write_all(sums::measured(&url).await?.as_bytes())?;
    Ok(())
}

/// How many postings all connections have made in one turn.
async fn turn(url: &str, payments: &Arc<Vec<Uuid>>, connections: usize, kind: Kind) -> Outcome<u64> {
    let mut workers = Vec::with_capacity(connections);
    let databases: Vec<_> = (0..connections).map(|_| Database::from_url(url)).collect();
    for db in &databases {
        db.read("SELECT 1", &[]).await?;
    }
    let until = Instant::now() + TURN;
    for (nth, db) in databases.into_iter().enumerate() {
        workers.push(tokio::spawn(post(db, Arc::clone(payments), nth, kind, until)));
    }
    let mut all = 0;
    for worker in workers {
        all += worker.await??;
    }
    Ok(all)
}

/// The bare inserts: the same rows in one statement, into tables without checks, keys to others and triggers.
pub const BARE: &str = "
    WITH posted AS (
        INSERT INTO bare_transactions (id, payment_id, kind, reference, posted_at)
        VALUES ($1, $2, 'charge', $3, now()) RETURNING id
    )
    INSERT INTO bare_entries (transaction_id, account, currency, amount)
    SELECT id, account, 'USD', amount
    FROM posted, (VALUES ('stripe_balance', 4500::bigint), ('escrow:' || $2::text, -4500)) AS e (account, amount)";

async fn post(
    db: Database,
    payments: Arc<Vec<Uuid>>,
    nth: usize,
    kind: Kind,
    until: Instant,
) -> Outcome<u64> {
    let mut posted = 0;
    for payment in payments.iter().cycle().skip(nth * 97) {
        if Instant::now() >= until {
            break;
        }
        let (id, reference) = (Uuid::now_v7(), Uuid::now_v7().to_string());
        if kind == Kind::Bare {
            let params = [(&id as _, Type::UUID), (payment as _, Type::UUID), (&reference as _, Type::TEXT)];
            db.write(BARE, &params).await?;
        } else {
            let debit = match kind {
                Kind::Same => "stripe_balance".to_owned(),
                _ => format!("tutor:{payment}:connected"),
            };
            let posting = Json(json!([{
                "id": id, "paymentId": payment, "kind": "charge", "reference": reference,
                "postedAt": jiff::Timestamp::now(), "currency": "USD",
                "entries": [
                    { "account": debit, "amount": 4_500 },
                    { "account": format!("escrow:{payment}"), "amount": -4_500 },
                ],
            }]));
            db.write("SELECT ledger_post($1)", &[(&posting, Type::JSONB)]).await?;
        }
        posted += 1;
    }
    Ok(posted)
}
