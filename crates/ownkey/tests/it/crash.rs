//! The real binary and the ways it can end: killed, stopped, kept out.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod kill;
mod stop;

use std::path::Path;

use provider_sim::{Script, Sim};
use testkit::{Client, Process};

const BINARY: &str = env!("CARGO_BIN_EXE_ownkey");

const EMAIL: &str = "ann@example.org";

/// A provider and a directory, where servers come and go.
struct Place {
    sim: Sim,
    directory: tempfile::TempDir,
}

impl Place {
    async fn new(script: Script) -> Self {
        let sim = Sim::start(script).await.unwrap();
        Self { sim, directory: tempfile::TempDir::new().unwrap() }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn database_url(&self) -> String {
        format!("sqlite://{}", self.path().join("ownkey.db").display())
    }

    async fn serve(&self) -> Process {
        self.try_serve().await.unwrap_or_else(|exit| panic!("{:?}: {}", exit.code, exit.stderr))
    }

    async fn try_serve(&self) -> Result<Process, testkit::Exit> {
        let base = self.sim.base_url();
        let environment = [
            ("OPENAI_API_KEY", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789envi"),
            ("OPENAI_BASE_URL", base.as_str()),
            ("OWNKEY_ADMIN_EMAIL", EMAIL),
            ("OWNKEY_ADMIN_PASSWORD", testkit::PASSWORD),
            ("OWNKEY_LOG", "warn"),
        ];
        Process::serve(BINARY, self.path(), &environment).await
    }
}

/// Ann, signed in.
async fn sign_in(process: &Process) -> Client {
    let nobody = Client::new(&process.url, None);
    let form = format!("username={EMAIL}&password={}", testkit::PASSWORD.replace(' ', "+")).into_bytes();
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let answer = nobody.send(http::Method::POST, "/v2/login/access-token", &kind, form).await.expect(200);
    nobody.with_token(answer.json()["access_token"].as_str().unwrap())
}
