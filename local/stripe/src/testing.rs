//! A stand-in inside of a test's own process, which ends the test if anything was not as Stripe's contract says.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::check::Violation;
use crate::config::Config;
use crate::state::Stand;

/// The contract, which `local/install.py` makes; that it is there is a test of its own.
#[must_use]
pub fn contract() -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/stripe/contract.json");
    file.exists().then_some(file)
}

/// A stand-in that serves until it is dropped.
pub struct Running {
    /// Where: `http://127.0.0.1:…`
    pub base: String,
    stand: Arc<Stand>,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    /// Serves on a port of its own (whatever the configuration says), held to the contract if that is there.
    ///
    /// # Errors
    /// There is no port, or the state file can't be written.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let stand = Arc::new(Stand::open(Config { port, check_openapi: contract(), ..config })?);
        let task = tokio::spawn(crate::serve_stand(Arc::clone(&stand), listener));
        Ok(Self { base: format!("http://127.0.0.1:{port}"), stand, task })
    }

    /// What was not as Stripe's contract says, so far.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.stand.check.violations()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
        let violations = self.violations();
        assert!(std::thread::panicking() || violations.is_empty(), "{violations:#?}");
    }
}
