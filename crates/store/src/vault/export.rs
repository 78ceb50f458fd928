//! Secrets on their way to another server: bare Fernet tokens under the master
//! key itself, which other programs can read, each with a proof of what it was
//! exported for.
