//! Killing and starting again, as a crash would.

use std::path::PathBuf;
use std::process::Command;

use super::copy::Copy;
use crate::contract::root;

/// Kills the processes of a function that are warm (`kill -9`), and gives back how many there were.
pub fn kill_function(use_case: &str) -> usize {
    // Only this copy's: others may run on the machine.
    let port = Copy::get().emulator.rsplit(':').next().unwrap();
    let wanted = [format!("_HANDLER={use_case}"), format!("AWS_ENDPOINT_URL=http://127.0.0.1:{port}")];
    let ours = |pid: &str| {
        let environment = std::fs::read(PathBuf::from("/proc").join(pid).join("environ")).unwrap_or_default();
        wanted.iter().all(|wanted| environment.split(|byte| *byte == 0).any(|each| each == wanted.as_bytes()))
    };
    let processes = std::fs::read_dir("/proc").expect("a kernel with /proc");
    let names = processes.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let killed: Vec<_> =
        names.filter(|name| name.bytes().all(|b| b.is_ascii_digit()) && ours(name)).collect();
    for pid in &killed {
        let _gone = Command::new("kill").args(["-9", pid]).status();
    }
    killed.len()
}

/// Kills a part of the copy with `kill -9` and starts it again.
pub async fn crash(part: &str) {
    let state = Copy::get().state.clone();
    let part = part.to_owned();
    let crashed = tokio::task::spawn_blocking(move || {
        Command::new("python3")
            .args(["-m", "local", "test-crash", "--state"])
            .arg(state)
            .arg(part)
            .current_dir(root())
            .output()
            .unwrap()
    });
    let output = crashed.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
