//! Certificates for a server of a test's own: an authority that nobody knows, and
//! what it says of 127.0.0.1, and of no name.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// The authority's file.
pub(super) const AUTHORITY: &str = "ca.pem";
pub(super) const CERTIFICATE: &str = "server.pem";
pub(super) const KEY: &str = "server.key";

/// Makes them in `directory` by `openssl`; `false` where that is not installed.
pub(super) async fn make(directory: &Path) -> bool {
    std::fs::write(directory.join("names"), "subjectAltName=IP:127.0.0.1\n").expect("a file");
    let new_key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    let steps = [
        format!("req -x509 {new_key} -days 2 -subj /CN=Authority -keyout ca.key -out {AUTHORITY}"),
        format!("req {new_key} -subj /CN=Server -keyout {KEY} -out server.csr"),
        format!(
            "x509 -req -in server.csr -CA {AUTHORITY} -CAkey ca.key -CAcreateserial -days 2 -extfile names -out {CERTIFICATE}"
        ),
    ];
    for step in steps {
        let mut openssl = Command::new("openssl");
        openssl.args(step.split(' ')).current_dir(directory).stdout(Stdio::null()).stderr(Stdio::null());
        match openssl.status().await {
            Ok(status) => assert!(status.success(), "openssl {step}: {status}"),
            Err(_) => return false,
        }
    }
    true
}
