//! Metrics in CloudWatch's embedded format: a line of the log that becomes a number, without a call.

use serde_json::json;

/// Counts something that happened `count` times in `context`.
///
/// `name` is a fixed word (`OutboxLeftBehind`); nothing of a person goes in here.
#[expect(clippy::print_stdout, reason = "the format is a line on standard output")]
pub fn count(context: &'static str, name: &'static str, count: u64) {
    let line = json!({
        "_aws": {
            "Timestamp": jiff::Timestamp::now().as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Lectern",
                "Dimensions": [["Context"]],
                "Metrics": [{ "Name": name, "Unit": "Count" }],
            }],
        },
        "Context": context,
        (name): count,
    });
    println!("{line}");
}
