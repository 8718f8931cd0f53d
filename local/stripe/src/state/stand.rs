//! Everything that the parts of the running stand-in share.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::journal::{self, Entry, Journal};
use super::remembered::{Begin, Keys, Remembered};
use super::{Ids as _, Origin, Randomness, Tables, Unit};
use crate::check::Check;
use crate::config::Config;
use crate::error::Failure;
use crate::faults::Faults;
use crate::objects::{Event, Object};
use crate::render;
use crate::webhooks::Deliveries;

const REQUEST_ID_LENGTH: usize = 14;

/// The running stand-in.
pub struct Stand {
    /// How it was set up.
    pub config: Config,
    /// What is to go wrong.
    pub faults: Faults,
    /// What is to be delivered.
    pub deliveries: Deliveries,
    /// What was not as Stripe's contract says.
    pub check: Check,
    site: String,
    payouts_by_hand: AtomicBool,
    kept: Mutex<Kept>,
}

struct Kept {
    tables: Tables,
    keys: Keys,
    journal: Journal,
    ids: Randomness,
}

/// What a piece of work wants.
pub struct Outcome {
    /// Its answer.
    pub done: Done,
    /// Whether its changes are kept.
    pub keeps_changes: bool,
    /// The answer that its idempotency key replays from now on.
    pub remember: Option<Remembered>,
}

/// An answer.
pub struct Done {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Stand {
    /// Reads the journal and writes it anew, without what it no longer needs.
    ///
    /// # Errors
    /// The journal can't be read or written.
    pub fn open(config: Config) -> io::Result<Self> {
        let mut tables = Tables::default();
        let mut keys = Keys::default();
        for entry in journal::read(&config.state)? {
            entry.put.into_iter().for_each(|object| tables.put(object));
            entry.remember.into_iter().for_each(|answer| keys.remember(answer));
        }
        let journal = Journal::replace(&config.state, entries(&tables, &keys))?;
        let deliveries = Deliveries::new(&config)?;
        let check = Check::by(config.check_openapi.as_deref())?;
        for event in tables.all::<Event>().filter(|event| event.pending_webhooks > 0) {
            deliveries.add(event);
        }
        let site = config.site();
        let kept = Mutex::new(Kept { tables, keys, journal, ids: Randomness::default() });
        let payouts_by_hand = AtomicBool::new(config.payouts_by_hand);
        Ok(Self { config, faults: Faults::default(), deliveries, check, site, payouts_by_hand, kept })
    }

    /// Whether payouts wait for an admin route.
    #[must_use]
    pub fn payouts_are_by_hand(&self) -> bool {
        self.payouts_by_hand.load(Ordering::Relaxed)
    }

    /// From now on payouts wait for an admin route, or move by themselves.
    pub fn set_payouts_by_hand(&self, by_hand: bool) {
        self.payouts_by_hand.store(by_hand, Ordering::Relaxed);
    }

    /// A new `req_…`.
    #[must_use]
    pub fn request_id(&self) -> String {
        format!("req_{}", self.kept().ids.random(REQUEST_ID_LENGTH))
    }

    /// See [`Keys::begin`].
    ///
    /// # Errors
    /// The key stands for another request, or for one in progress.
    pub fn begin(&self, key: &str, endpoint: &str, params: &str) -> Result<Begin, Failure> {
        self.kept().keys.begin(key, endpoint, params)
    }

    /// See [`Keys::end`].
    pub fn end(&self, key: &str) {
        self.kept().keys.end(key);
    }

    /// Does a piece of work: its changes and the answer to remember are in the journal when this returns, or
    /// neither.
    ///
    /// # Errors
    /// The journal can't be written.
    pub fn work(&self, origin: Origin, work: impl FnOnce(&mut Unit) -> Outcome) -> io::Result<Done> {
        let mut kept = self.kept();
        let Kept { tables, keys, journal, ids } = &mut *kept;
        let mut unit = Unit::new(tables, ids, now(), &self.site, origin);
        let Outcome { done, keeps_changes, remember } = work(&mut unit);
        let put = if keeps_changes { unit.into_changes() } else { Vec::new() };
        let entry = Entry { put, remember };
        if entry.put.is_empty() && entry.remember.is_none() {
            return Ok(done);
        }
        journal.append(&entry)?;
        let mut events = Vec::new();
        for object in entry.put {
            if let Object::Event(event) = &object {
                self.check.event(&render::object(&object));
                events.push(event.clone());
            }
            tables.put(object);
        }
        entry.remember.into_iter().for_each(|answer| keys.remember(answer));
        if journal.has_outgrown() {
            *journal = Journal::replace(&self.config.state, entries(tables, keys))?;
        }
        drop(kept);
        events.iter().for_each(|event| self.deliveries.add(event));
        Ok(done)
    }

    /// Reads.
    pub fn read<T>(&self, read: impl FnOnce(&Tables) -> T) -> T {
        read(&self.kept().tables)
    }

    /// An event was taken by one of those who wait for it.
    ///
    /// # Errors
    /// The journal can't be written.
    pub fn delivered(&self, id: &str, who: &str) -> io::Result<()> {
        let mut kept = self.kept();
        let Some(Object::Event(event)) = kept.tables.get(id) else { return Ok(()) };
        let mut event = event.clone();
        if !event.taken_by(who) {
            return Ok(());
        }
        let entry = Entry { put: vec![Object::Event(event.clone())], remember: None };
        kept.journal.append(&entry)?;
        kept.tables.put(Object::Event(event));
        Ok(())
    }

    /// Forgets everything but what was not as Stripe's contract says: that is no state of Stripe's.
    ///
    /// # Errors
    /// The journal can't be written.
    pub fn reset(&self) -> io::Result<()> {
        let mut kept = self.kept();
        kept.journal.clear()?;
        kept.tables = Tables::default();
        kept.keys = Keys::default();
        drop(kept);
        self.faults.clear();
        self.deliveries.clear();
        Ok(())
    }

    /// A thread that panicked while it held the lock changed nothing that isn't in the journal.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All that a journal must hold to lead to this.
fn entries(tables: &Tables, keys: &Keys) -> impl Iterator<Item = Entry> {
    let objects = tables.everything().map(|object| Entry { put: vec![object.clone()], remember: None });
    let answers = keys.recent(now()).map(|answer| Entry { put: Vec::new(), remember: Some(answer.clone()) });
    objects.chain(answers)
}

/// The time, in seconds since 1970.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
