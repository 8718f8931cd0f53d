//! Ports that do what a test tells them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lectern_platform::Platform;
use lectern_platform::event_store::{EventStore, NotKept, Record};
use lectern_platform::health_checks::{Checked, DatabaseHealth, HealthChecks, NotChecked};
use lectern_platform::parameters::{ParameterError, Parameters};
use lectern_runtime::Kit;
use lectern_runtime::clock::Clock;
use lectern_runtime::config::Env;
use tokio::sync::Barrier;

/// A platform whose ports are empty fakes; a test puts in its own.
pub fn platform() -> Platform {
    let now: Timestamp = "2027-02-01T00:00:05Z".parse().unwrap();
    Platform {
        kit: Kit { clock: Clock::at(now) },
        env: Arc::new(Env::of(&[
            ("ADMIN_URL_PARAMETER", ADMIN_URL),
            ("DATABASE_PARAMETERS", "/lectern/test/database"),
            ("DATABASE_CA_PARAMETER", ""),
        ])),
        events: Arc::new(MemoryStore::default()),
        checks: Arc::new(Contexts::all_up()),
        check_max: Duration::from_secs(30),
        parameters: Arc::new(Secrets::default()),
    }
}

/// Name of the parameter that holds the admin's URL.
pub const ADMIN_URL: &str = "/lectern/test/database/admin-url";

/// An event store in memory, which can be told to refuse a type of event.
#[derive(Default)]
pub struct MemoryStore {
    pub records: Mutex<BTreeMap<(String, String), Record>>,
    pub refused: Mutex<Option<&'static str>>,
}

impl MemoryStore {
    /// What is kept, in the order of the keys.
    pub fn all(&self) -> Vec<Record> {
        self.records.lock().unwrap().values().cloned().collect()
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn append(&self, record: &Record) -> Result<bool, NotKept> {
        if *self.refused.lock().unwrap() == Some(record.kind.as_str()) {
            return Err(NotKept("the test says so".to_owned()));
        }
        let key = (record.pk.clone(), record.sk.clone());
        let mut records = self.records.lock().unwrap();
        let fresh = !records.contains_key(&key);
        records.entry(key).or_insert_with(|| record.clone());
        Ok(fresh)
    }
}

/// What a context does when it is asked.
#[derive(Clone)]
pub enum Does {
    /// Answers.
    Answer(Checked),
    /// Its function breaks.
    Break,
    /// Never answers.
    Hang,
    /// Answers when as many as the barrier wants are being asked.
    Meet(Arc<Barrier>),
}

/// Contexts that are as a test says; up where it says nothing.
pub struct Contexts(pub HashMap<&'static str, Does>);

impl Contexts {
    /// As they should be.
    pub fn all_up() -> Self {
        Self(HashMap::new())
    }

    /// With one that is not.
    pub fn except(context: &'static str, does: Does) -> Self {
        Self(HashMap::from([(context, does)]))
    }
}

/// The answer of a context that is well.
pub fn up() -> Checked {
    Checked { database: DatabaseHealth::Up, schema_version: Some(3), outbox_waiting: Some(0) }
}

#[async_trait]
impl HealthChecks for Contexts {
    async fn check(&self, context: &str) -> Result<Checked, NotChecked> {
        match self.0.get(context) {
            None => Ok(up()),
            Some(Does::Answer(checked)) => Ok(checked.clone()),
            Some(Does::Break) => Err(NotChecked("secret cause".to_owned())),
            Some(Does::Hang) => std::future::pending().await,
            Some(Does::Meet(barrier)) => {
                barrier.wait().await;
                Ok(up())
            }
        }
    }
}

/// Parameters in memory. A rival's value is there only once ours is to be made: the rival was faster.
#[derive(Default)]
pub struct Secrets {
    pub values: Mutex<HashMap<String, String>>,
    pub rivals: Mutex<HashMap<String, String>>,
}

impl Secrets {
    /// With these.
    pub fn of(values: &[(&str, &str)]) -> Arc<Self> {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Arc::new(Self { values: Mutex::new(values), rivals: Mutex::default() })
    }
}

#[async_trait]
impl Parameters for Secrets {
    async fn get(&self, name: &str) -> Result<Option<String>, ParameterError> {
        Ok(self.values.lock().unwrap().get(name).cloned())
    }

    async fn make(&self, name: &str, value: &str) -> Result<bool, ParameterError> {
        let mut values = self.values.lock().unwrap();
        if let Some(theirs) = self.rivals.lock().unwrap().remove(name) {
            values.insert(name.to_owned(), theirs);
        }
        if values.contains_key(name) {
            return Ok(false);
        }
        values.insert(name.to_owned(), value.to_owned());
        Ok(true)
    }

    async fn replace(&self, name: &str, value: &str) -> Result<(), ParameterError> {
        self.values.lock().unwrap().insert(name.to_owned(), value.to_owned());
        Ok(())
    }
}
