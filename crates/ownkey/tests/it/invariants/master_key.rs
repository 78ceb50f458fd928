//! Invariant 4: A weak, wrong, missing or readable master key: exit 78 before a port opens.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;
use testkit::{Client, Exit, MASTER_KEY, Process};

const BINARY: &str = env!("CARGO_BIN_EXE_ownkey");

const ADMIN: [(&str, &str); 2] =
    [("OWNKEY_ADMIN_EMAIL", "ann@example.org"), ("OWNKEY_ADMIN_PASSWORD", testkit::PASSWORD)];

async fn refusal(directory: &Path, environment: &[(&str, &str)]) -> Exit {
    match Process::serve(BINARY, directory, &[&ADMIN, environment].concat()).await {
        Ok(process) => panic!("it serves at {}", process.url),
        Err(exit) => exit,
    }
}

/// A directory whose database was sealed under `environment`'s key.
async fn served_once(environment: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().unwrap();
    let process = Process::serve(BINARY, directory.path(), &[&ADMIN, environment].concat()).await.unwrap();
    process.terminate();
    assert_eq!(process.ended().await, Some(0));
    directory
}

#[tokio::test]
async fn a_weak_master_key_is_refused() {
    for weak in [
        "c2hvcnQ=",
        "not base64 at all",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU=",
        "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    ] {
        let directory = TempDir::new().unwrap();
        let exit = refusal(directory.path(), &[("MASTER_KEY", weak)]).await;
        assert_eq!(exit.code, Some(78), "{weak}: {}", exit.stderr);
        assert!(!exit.stderr.contains(weak), "{}", exit.stderr);
    }
}

#[tokio::test]
async fn the_wrong_master_key_is_refused_while_rows_exist() {
    let directory = served_once(&[("MASTER_KEY", MASTER_KEY)]).await;
    let other = "_wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let exit = refusal(directory.path(), &[("MASTER_KEY", other)]).await;
    assert_eq!(exit.code, Some(78), "{}", exit.stderr);
    let both = format!("{other},{MASTER_KEY}");
    let process = Process::serve(BINARY, directory.path(), &[("MASTER_KEY", &both)]).await.expect("the second opens");
    process.kill().await;
}

#[tokio::test]
async fn a_missing_master_key_is_refused_while_rows_exist_and_none_is_made() {
    let directory = served_once(&[]).await;
    let file = directory.path().join("master.key");
    std::fs::remove_file(&file).unwrap();
    let exit = refusal(directory.path(), &[]).await;
    assert_eq!(exit.code, Some(78), "{}", exit.stderr);
    assert!(!file.exists());
}

#[tokio::test]
async fn without_a_master_key_postgresql_is_refused_before_it_is_reached() {
    let directory = TempDir::new().unwrap();
    let url = [("OWNKEY_DATABASE_URL", "postgres://nobody@127.0.0.1:9/nothing")];
    assert_eq!(refusal(directory.path(), &url).await.code, Some(78));
}

#[tokio::test]
async fn a_key_file_that_others_can_read_is_refused() {
    let directory = served_once(&[]).await;
    let file = directory.path().join("master.key");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let exit = refusal(directory.path(), &[]).await;
    assert_eq!(exit.code, Some(78), "{}", exit.stderr);
    assert!(exit.stderr.contains("chmod 600"), "{}", exit.stderr);
    let elsewhere = TempDir::new().unwrap();
    let named = [("MASTER_KEY_FILE", file.to_str().unwrap())];
    assert_eq!(refusal(elsewhere.path(), &named).await.code, Some(78));
}

#[tokio::test]
async fn a_new_master_key_is_its_owners_alone() {
    let directory = served_once(&[]).await;
    for name in ["master.key", "ownkey.db"] {
        let mode = std::fs::metadata(directory.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_refusal_opens_no_port() {
    let directory = TempDir::new().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    // The port is taken: had it been opened first, the exit would be another.
    let taken = listener.local_addr().unwrap().to_string();
    let exit = refusal(directory.path(), &[("MASTER_KEY", "c2hvcnQ="), ("OWNKEY_LISTEN", &taken)]).await;
    assert_eq!(exit.code, Some(78), "{}", exit.stderr);
}

#[tokio::test]
async fn a_good_key_serves() {
    let directory = TempDir::new().unwrap();
    let process = Process::serve(BINARY, directory.path(), &[("MASTER_KEY", MASTER_KEY)]).await.unwrap();
    assert_eq!(Client::new(&process.url, None).get("/health/ready").await.status, 200);
    process.kill().await;
}
