//! Keys held for others, on both databases.
