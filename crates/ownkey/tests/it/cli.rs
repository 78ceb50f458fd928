//! The real binary, as people and scripts use it: straight on the data
//! directory, beside a running server, and over HTTP with a token.

#![expect(clippy::panic, reason = "a test fails by panicking")]

mod demo;
mod help;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use provider_sim::{Script, Sim};
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Client, PASSWORD, Process};

const BINARY: &str = env!("CARGO_BIN_EXE_ownkey");
const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const SAYS: &str = "Hello from the scripted provider.";

/// What a command said and how it ended.
#[derive(Debug)]
struct Done {
    code: i32,
    out: String,
    err: String,
}

impl Done {
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    #[track_caller]
    fn json(self) -> Value {
        let out = self.ok();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }
}

/// A shell in a directory of its own.
#[derive(Clone)]
struct Shell {
    environment: Vec<(String, String)>,
    directory: PathBuf,
}

impl Shell {
    async fn run(&self, arguments: &[&str]) -> Done {
        self.run_with(arguments, "").await
    }

    async fn run_with(&self, arguments: &[&str], input: &str) -> Done {
        let mut command = Command::new(BINARY);
        command.args(arguments).env_clear().envs(self.environment.clone()).current_dir(&self.directory);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = input.to_owned();
        let running = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            // A command that reads nothing may be over already.
            let _unread = child.stdin.take().unwrap().write_all(input.as_bytes()).is_err();
            child.wait_with_output().unwrap()
        });
        let output = running.await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Done { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    fn with(&self, name: &str, value: &str) -> Self {
        let mut shell = self.clone();
        shell.environment.push((name.to_owned(), value.to_owned()));
        shell
    }
}

/// A data directory, a scripted provider, and a server that made the admin.
struct Ground {
    sim: Sim,
    directory: TempDir,
    shell: Shell,
    server: Process,
}

async fn ground() -> Ground {
    let sim = Sim::start(Script::says(SAYS)).await.unwrap();
    let directory = TempDir::new().unwrap();
    let path = directory.path().to_str().unwrap().to_owned();
    let base = sim.base_url();
    let environment = [("OWNKEY_DATA_DIR", path.as_str()), ("OPENAI_BASE_URL", base.as_str())];
    let admin = [("OWNKEY_ADMIN_EMAIL", "ann@example.org"), ("OWNKEY_ADMIN_PASSWORD", PASSWORD)];
    let all: Vec<_> = environment.into_iter().chain(admin).collect();
    let server = Process::serve(BINARY, directory.path(), &all).await.unwrap();
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let shell = Shell { environment, directory: directory.path().to_owned() };
    Ground { sim, directory, shell, server }
}

/// Every command once, as a person and as a script.
async fn round(shell: &Shell) {
    let empty = shell.run(&["credential", "list", "--provider", "openai"]).await.ok();
    assert!(empty.starts_with("No provider keys yet."), "{empty}");
    let added =
        shell.run_with(&["credential", "add", "openai", "--stdin", "--name", "Main"], &format!("{KEY}\n")).await;
    let added = added.ok();
    assert!(added.contains("Main") && added.contains("valid: "), "{added}");
    let from_env = shell.with("A_KEY", &KEY.replace("key1", "key2"));
    let second = from_env.run(&["credential", "add", "openai", "--from-env", "A_KEY", "--json"]).await.json();
    let id = second["id"].as_str().unwrap();
    assert_eq!(second["status"], "valid");
    for (verb, state) in
        [("deactivate", "inactive"), ("activate", "valid"), ("check", "valid"), ("make-primary", "valid")]
    {
        let said = shell.run(&["credential", verb, id]).await.ok();
        assert!(said.contains(&format!("{state}: ")), "{verb}: {said}");
        let json = shell.run(&["credential", verb, id, "--json"]).await.json();
        assert_eq!(json["id"], id, "{verb}");
    }
    let list = shell.run(&["credential", "list", "--provider", "openai"]).await.ok();
    assert!(
        list.starts_with("ID") && list.lines().count() == 3 && (list.contains("••••") || list.contains('…')),
        "{list}"
    );
    let list = shell.run(&["credential", "list", "--provider", "openai", "--json"]).await.json();
    assert_eq!(list["count"], 2);
    let models = shell.run(&["models"]).await.ok();
    assert!(models.contains("gpt-5-mini") && models.starts_with("MODEL"), "{models}");
    assert!(shell.run(&["models", "--json"]).await.json()["count"].as_u64() > Some(0));
    let chat = shell.run(&["chat", "-m", "gpt-5-mini", "Say", "hello"]).await;
    assert!(chat.err.contains("personal key"), "{chat:?}");
    assert_eq!(chat.ok(), format!("{SAYS}\n"));
    assert_eq!(shell.run_with(&["chat"], "Say hello").await.ok(), format!("{SAYS}\n"));
    let whole = shell.run(&["chat", "--json", "-m", "gpt-5-mini", "Hi"]).await.json();
    assert_eq!((&whole["content"], &whole["credential_scope"]), (&SAYS.into(), &"personal".into()));
    usage(shell).await;
    let deleted = shell.run(&["credential", "delete", id, "--confirm"]).await.ok();
    assert!(deleted.starts_with("Deleted."), "{deleted}");
    tokens(shell).await;
}

async fn usage(shell: &Shell) {
    let table = shell.run(&["usage", "--by", "model"]).await.ok();
    assert!(table.starts_with("MODEL") && table.contains("gpt-5-mini"), "{table}");
    let csv = shell.run(&["usage", "--csv", "--by", "model"]).await.ok();
    assert!(csv.starts_with("key,requests,failed,unknown,estimated,input_tokens,output_tokens,client_cost\n"), "{csv}");
    assert!(shell.run(&["usage", "--json"]).await.json()["data"][0]["requests"].as_u64() >= Some(2));
    let wrong = shell.run(&["usage", "--by", "nonsense"]).await;
    assert!(wrong.code == 1 && wrong.err.contains("group_by"), "{wrong:?}");
}

async fn tokens(shell: &Shell) {
    let text = shell.run(&["token", "create", "laptop", "--scope", "models", "--model", "gpt-5-mini"]).await.ok();
    assert!(text.starts_with("owk_user_") && text.lines().count() == 1, "{text}");
    let made = shell.run(&["token", "create", "script", "--json"]).await.json();
    let id = made["id"].as_str().unwrap();
    let list = shell.run(&["token", "list"]).await.ok();
    assert!(list.contains("laptop") && list.contains("script") && !list.contains(text.trim()), "{list}");
    let revoked = shell.run(&["token", "revoke", id]).await.ok();
    assert!(revoked.starts_with("Revoked."), "{revoked}");
    let left = shell.run(&["token", "list", "--json"]).await.json();
    assert!(left["data"].as_array().unwrap().iter().all(|token| token["id"] != id), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_works_straight_on_the_data_directory_beside_a_running_server() {
    let ground = ground().await;
    round(&ground.shell).await;
    let audited = ground.shell.run(&["audit", "verify"]).await;
    assert_eq!(audited.code, 0, "{audited:?}");
    let ann = log_in(&ground.server.url).await;
    let events = ann.get("/v2/audit-events?limit=500").await.expect(200).json();
    let by_cli = |event: &&Value| event["actor_kind"] == "cli" && event["actor"].is_string();
    let actions: Vec<_> =
        events["data"].as_array().unwrap().iter().filter(by_cli).map(|event| &event["action"]).collect();
    for action in
        ["credential.created", "credential.deactivated", "credential.deleted", "token.created", "token.revoked"]
    {
        assert!(actions.iter().any(|seen| **seen == action), "{action} is not among {actions:?}");
    }
    assert!(ground.sim.log().iter().all(|call| call.authorization.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_works_over_http_with_a_token() {
    let ground = ground().await;
    let all =
        ["token", "create", "cli", "--scope", "models", "--scope", "manage:credentials", "--scope", "manage:tokens"];
    let all: Vec<&str> = all.into_iter().chain(["--scope", "read:usage"]).collect();
    let token = ground.shell.run(&all).await.ok();
    let environment = [("OWNKEY_URL", ground.server.url.as_str()), ("OWNKEY_TOKEN", token.trim())];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let elsewhere = TempDir::new().unwrap();
    let shell = Shell { environment, directory: elsewhere.path().to_owned() };
    round(&shell).await;
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0, "nothing is left where it ran");
    let narrow = ground.shell.run(&["token", "create", "narrow"]).await.ok();
    let refused = shell.with("OWNKEY_TOKEN", narrow.trim()).run(&["credential", "list"]).await;
    assert!(refused.code == 1 && refused.err.contains("manage:credentials"), "{refused:?}");
    let wrong = shell.with("OWNKEY_TOKEN", "owk_user_wrong").run(&["models"]).await;
    assert!(wrong.code == 1 && wrong.err.contains("gateway token"), "{wrong:?}");
    let url = ground.server.url.clone();
    drop(ground.server);
    drop(ground.directory);
    let gone = shell.with("OWNKEY_URL", &url).run(&["models"]).await;
    assert!(gone.code == 69 && gone.err.starts_with("ownkey: "), "{gone:?}");
}

async fn log_in(url: &str) -> Client {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("username=ann@example.org&password={}", PASSWORD.replace(' ', "+"));
    let nobody = Client::new(url, None);
    let answer = nobody.send(http::Method::POST, "/v2/login/access-token", &form, body.into()).await.expect(200);
    nobody.with_token(answer.json()["access_token"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said_in_a_sentence_and_a_status() {
    let directory = TempDir::new().unwrap();
    let data = directory.path().join("data").to_str().unwrap().to_owned();
    let environment = vec![("OWNKEY_DATA_DIR".to_owned(), data)];
    let shell = Shell { environment, directory: directory.path().to_owned() };
    for (arguments, code, words) in [
        (&["credential", "list"][..], 1, "Nobody has an account yet."),
        (&["models", "--user", "bob@example.org"], 1, "There is no user bob@example.org."),
        (&["models", "--nonsense"], 2, "unexpected argument '--nonsense'"),
        (&["nonsense"], 2, "unrecognized subcommand"),
        (&["credential", "add", "openai", "--api-key", KEY], 2, "unexpected argument '--api-key'"),
        (&["credential", "add", "openai", KEY], 2, "unexpected argument"),
        (&["serve", "--listen", "nonsense"], 78, "write 127.0.0.1:8000"),
        (&["serve", "--listen", "0.0.0.0:0"], 78, "--insecure-bind"),
        (&["serve", "--demo", "--listen", "0.0.0.0:0"], 78, "this machine only"),
    ] {
        let done = shell.run(arguments).await;
        assert!(done.code == code && done.err.contains(words) && done.out.is_empty(), "{arguments:?}: {done:?}");
    }
    let half = shell.with("OWNKEY_URL", "http://127.0.0.1:1").run(&["models"]).await;
    assert!(half.code == 78 && half.err.contains("OWNKEY_TOKEN"), "{half:?}");
    let ground = ground().await;
    for (arguments, words) in [
        (&["credential", "add", "nonsense", "--stdin"][..], "openai"),
        (&["credential", "add", "openai", "--stdin"], "api_key"),
        (&["credential", "add", "openai", "--from-env", "NOT_SET"], "NOT_SET is not set"),
        (&["credential", "check", "01890000-0000-7000-8000-000000000000"], "no such"),
        (&["credential", "check", "nonsense"], "no such"),
        (&["chat", "Hi"], "save a provider key first"),
        (&["chat", "-m", "no-such-model", "Hi"], "no-such-model"),
    ] {
        let done = ground.shell.run_with(arguments, "").await;
        assert!(done.code == 1 && done.err.contains(words) && done.out.trim().is_empty(), "{arguments:?}: {done:?}");
        assert_eq!(done.err.lines().count(), 1, "{arguments:?}: {done:?}");
    }
    let second = ground.shell.run(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(second.code, 75, "{second:?}");
}
