//! A real browser for tests: headless Chromium, driven by its DevTools protocol.
//! What a person finds by role and name is found by role and name here.

mod line;
mod tab;

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::house::{House, PASSWORD};
use crate::wait::eventually;
use line::Line;
pub use tab::{Found, Tab, View};

/// Where Chromium is called what.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// How long it may take to start.
const START: Duration = Duration::from_secs(90);

/// A running browser, gone with this value.
pub struct Browser {
    line: Arc<Line>,
    _process: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts one; `None` where Chromium is not installed. `CI=true` insists.
    pub async fn start() -> Option<Self> {
        let program = program()?;
        let profile = TempDir::new().expect("a directory");
        let process = Command::new(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--remote-debugging-port=0", "--force-color-profile=srgb", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("Chromium starts");
        let port_file = profile.path().join("DevToolsActivePort");
        let address = eventually("Chromium says where it listens", START, async || {
            let text = std::fs::read_to_string(&port_file).ok()?;
            let (port, path) = text.trim().split_once('\n')?;
            Some(format!("ws://127.0.0.1:{port}{path}"))
        })
        .await;
        let line = Line::open(&address).await;
        Some(Self { line, _process: process, _profile: profile })
    }

    /// A tab with cookies of its own, looking at the house at `url`.
    pub async fn open(&self, url: &str) -> Tab {
        let context = self.line.call(None, "Target.createBrowserContext", json!({})).await;
        self.tab_in(url, context["browserContextId"].as_str().expect("a context")).await
    }

    /// A tab in which the person with this e-mail address has signed in, as people do.
    pub async fn signed_in(&self, house: &House, email: &str) -> Tab {
        let tab = self.open(&house.url).await;
        tab.go("/login").await;
        tab.fill("E-mail address", email).await;
        tab.fill("Password", PASSWORD).await;
        tab.click("button", "Sign in").await;
        tab.until("!location.pathname.startsWith('/login') && document.readyState === 'complete'").await;
        tab
    }

    /// One more tab that shares the cookies of `tab`.
    pub async fn open_beside(&self, tab: &Tab) -> Tab {
        self.tab_in(tab.house(), tab.context()).await
    }

    async fn tab_in(&self, url: &str, context: &str) -> Tab {
        let target = json!({"url": "about:blank", "browserContextId": context});
        let target = self.line.call(None, "Target.createTarget", target).await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = self.line.call(None, "Target.attachToTarget", attach).await;
        let session = attached["sessionId"].as_str().expect("a session").to_owned();
        Tab::over(Arc::clone(&self.line), session, url.to_owned(), context.to_owned()).await
    }
}

/// The program named by `OWNKEY_TEST_CHROMIUM`, else the one that is installed.
#[expect(clippy::disallowed_methods, reason = "tests find their browser in the environment")]
#[expect(clippy::print_stderr, reason = "a skipped suite says so")]
fn program() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let installed = || {
        std::env::split_paths(&paths)
            .flat_map(|directory| NAMES.map(|name| directory.join(name)))
            .find(|path| path.is_file())
    };
    let found = std::env::var_os("OWNKEY_TEST_CHROMIUM").map(PathBuf::from).or_else(installed);
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI needs Chromium for the pages");
        eprintln!("skipped: Chromium is not installed");
    }
    found
}
