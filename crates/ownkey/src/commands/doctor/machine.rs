//! The machine: directories and files, disk, clock.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use domain::Timestamp;

use super::Finding;
use crate::ambient;
use crate::config::Config;

/// Less free space than this is a fault, or a reason to look, in bytes.
const SCARCE: u64 = 100 * 1024 * 1024;
const LOW: u64 = 1024 * 1024 * 1024;

/// No clock is right that says an earlier time: 2026-01-01.
const EARLIEST: Timestamp = Timestamp::from_seconds(1_767_225_600);

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.data_dir.is_dir() {
        findings.extend(directory(&config.data_dir));
        findings.push(disk(&config.data_dir));
    } else {
        let text = format!("{} is not there yet", config.data_dir.display());
        findings.push(Finding::look("data directory", text, "`ownkey serve` makes it."));
    }
    findings.push(clock());
    findings
}

fn directory(path: &Path) -> Vec<Finding> {
    let name = "data directory";
    let mut findings = Vec::new();
    match mode_of(path) {
        Ok(mode) if mode & 0o077 == 0 => {
            findings.push(Finding::good(name, format!("{} is its owner's alone", path.display())));
        }
        Ok(mode) => findings.push(Finding::look(
            name,
            format!("{} can be entered by others (mode {mode:03o})", path.display()),
            format!("Run: chmod 700 {}", path.display()),
        )),
        Err(error) => findings.push(Finding::bad(
            name,
            format!("{} cannot be looked at: {error}", path.display()),
            "Run the doctor as the user that the server runs as.",
        )),
    }
    for file in ["master.key", "ownkey.db", "ownkey.db-wal", "ownkey.db.calls-0", "ownkey.db.calls-1", ".env"] {
        let file = path.join(file);
        if let Some(mode) = mode_of(&file).ok().filter(|mode| mode & 0o077 != 0) {
            findings.push(Finding::bad(
                name,
                format!("{} can be read by others (mode {mode:03o})", file.display()),
                format!("Run: chmod 600 {}", file.display()),
            ));
        }
    }
    findings
}

fn mode_of(path: &Path) -> std::io::Result<u32> {
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o777)
}

fn disk(path: &Path) -> Finding {
    let name = "disk";
    match rustix::fs::statvfs(path) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let text = format!("{} MiB free at {}", free / (1024 * 1024), path.display());
            if free < SCARCE {
                Finding::bad(name, text, "Free some space: without it no call can be written down, and none is made.")
            } else if free < LOW {
                Finding::look(name, text, "Free some space soon; the ledger and the audit log grow with use.")
            } else {
                Finding::good(name, text)
            }
        }
        Err(error) => Finding::look(name, format!("the free space cannot be read: {error}"), "Look at it with `df`."),
    }
}

fn clock() -> Finding {
    let now = ambient::clock().now();
    if now < EARLIEST {
        let text = format!("this machine says it is {now}");
        return Finding::bad("clock", text, "Set the clock: expiries, budgets and the audit log depend on it.");
    }
    Finding::good("clock", now.to_string())
}
