//! What it takes to make a large export.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_identity::contexts::{Contexts, Page};
use lectern_identity::{Identity, build_export, request_export};
use lectern_runtime::Fault;
use lectern_runtime::clock::random_bytes;
use lectern_runtime::testing::{As, TestRequest, deliver};
use serde_json::json;

use super::world::world;

/// A megabyte, as text that hardly packs.
const PAGE_BYTES: usize = 1_000_000;
const PAGES: usize = 10;
/// The function has 256 MB, of which the program itself takes some 20.
const PEAK_MAX_KB: u64 = 64 * 1024;
/// Set in the process that measures.
const MEASURES: &str = "LECTERN_TEST_MEASURES";

/// One context holds ten megabytes, made page by page.
struct Large {
    asked: AtomicUsize,
}

#[async_trait]
impl Contexts for Large {
    async fn data_of(&self, context: &str, _: UserId, cursor: Option<&str>, _: &str) -> Result<Page, Fault> {
        if context != "booking" {
            return Ok(Page { items: Vec::new(), next_cursor: None });
        }
        let page: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        self.asked.fetch_add(1, Ordering::SeqCst);
        let item = |n: usize| {
            let text = STANDARD.encode(random_bytes::<800>());
            json!({ "kind": "lesson", "data": { "n": n, "text": text } }).to_string()
        };
        let items: Vec<String> = (0..PAGE_BYTES / 1_100).map(item).collect();
        let text = format!("{{\"items\":[{}]}}", items.join(","));
        let mut made: Page = serde_json::from_str(&text).unwrap();
        made.next_cursor = (page + 1 < PAGES).then(|| (page + 1).to_string());
        Ok(made)
    }
}

/// The most memory that the process has had since it was last asked, in kilobytes.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells the peak");
    // From here on it counts anew.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Memory is the whole process's, so this runs once more in one of its own.
#[tokio::test]
async fn ten_megabytes_are_gathered_in_a_quarter_of_the_functions_memory() {
    if std::env::var_os(MEASURES).is_some() {
        return measure().await;
    }
    let name = "it::export_memory::ten_megabytes_are_gathered_in_a_quarter_of_the_functions_memory";
    let own = std::env::current_exe().unwrap();
    let run = std::process::Command::new(own).args(["--exact", name]).env(MEASURES, "yes").output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}

async fn measure() {
    let mut w = world().await;
    let user = w.user(Role::Student).await;
    let large = Arc::new(Large { asked: AtomicUsize::new(0) });
    let services: &mut Identity = Arc::get_mut(&mut w.services).expect("nobody else has them");
    services.contexts = large.clone();
    let request = TestRequest::new(As::User(user, Role::Student)).header("idempotency-key", "one");
    request.send(&request_export::use_case(), &w.services).await.data();
    let events = w.bus.events();
    peak_kb();
    let before = peak_kb();
    assert_eq!(deliver(&build_export::use_case(), &w.services, &events).await, 0);
    let peak = peak_kb() - before;
    assert_eq!(large.asked.load(Ordering::SeqCst), PAGES);
    let archive: usize = w.exports.keys().iter().map(|key| w.exports.file(key).unwrap().len()).sum();
    assert!(archive > PAGE_BYTES * PAGES / 3, "{archive} bytes are not ten megabytes, packed");
    assert!(peak < PEAK_MAX_KB, "{peak} kB more at its peak");
}
