//! A throw-away PostgreSQL database for suites that have a server at hand.

/// The admin URL of a PostgreSQL server for tests, from `OWNKEY_TEST_POSTGRES`.
/// `None`, with a line that says so, where there is none; panics where `CI` is
/// set, because there it must run.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "tests find their server in the environment")]
#[expect(clippy::print_stderr, reason = "a skipped suite says so")]
pub fn postgres_url() -> Option<String> {
    match std::env::var("OWNKEY_TEST_POSTGRES") {
        Ok(url) => Some(url),
        Err(_) if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
            panic!("CI=true, and OWNKEY_TEST_POSTGRES names no PostgreSQL server")
        }
        Err(_) => {
            eprintln!("skipped on PostgreSQL: OWNKEY_TEST_POSTGRES is not set");
            None
        }
    }
}
