//! One binary with every use case in it, for one machine: as a function it runs the use case that `_HANDLER`
//! names (docs/decisions/0001); from a shell it prints what the table holds.
//!
//! ```text
//! lectern use-cases    the table, as JSON
//! lectern openapi      the contract, as YAML (committed as openapi.yaml)
//! lectern migrate CONTEXT URL
//!                      bring a context's schema to this code's version, as the owner whose URL is given; what
//!                      the function migrate-<context> does, for a database that no function can reach
//! ```

use std::io::Write as _;
use std::process::ExitCode;

use serde_json::Value;

const USAGE: &str = "usage: lectern use-cases | lectern openapi | lectern migrate CONTEXT URL";

fn main() -> ExitCode {
    let outcome = match std::env::var("_HANDLER") {
        Ok(name) => serve(&name),
        Err(_) => match std::env::args().nth(1).as_deref() {
            Some("use-cases") => print(&use_cases()),
            Some("openapi") => print(&openapi()),
            Some("migrate") => migrate(),
            _ => Err(USAGE.into()),
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _closed = writeln!(std::io::stderr(), "lectern: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

fn serve(name: &str) -> Outcome {
    let function = lectern_local::all().into_iter().find(|f| f.meta.name == name);
    function.ok_or_else(|| format!("there is no use case {name:?}"))?.run()
}

fn migrate() -> Outcome {
    let mut arguments = std::env::args().skip(2);
    let (Some(context), Some(url), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err(USAGE.into());
    };
    let migrations = match context.as_str() {
        "identity" => lectern_identity::migrations(),
        "tutoring" => lectern_tutoring::migrations(),
        "booking" => lectern_booking::migrations(),
        "payments" => lectern_payments::migrations(),
        _ => return Err(format!("there is no context {context:?} with a database").into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(lectern_postgres::migrate::migrate(&url, None, &migrations))?;
    print(&format!("{} applied, at version {}\n", done.applied.len(), done.version))
}

fn print(text: &str) -> Outcome {
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn use_cases() -> String {
    let table: Vec<Value> = lectern_local::all().iter().map(|f| f.meta.to_json(f.context)).collect();
    format!("{:#}\n", Value::Array(table))
}

fn openapi() -> String {
    let document = lectern_runtime::openapi::document(&lectern_local::all(), env!("CARGO_PKG_VERSION"));
    serde_norway::to_string(&document).unwrap_or_default()
}
