//! The totals of people: a line for each user, each key or each gateway token of
//! an organization, by the scope of the key, and nothing else in it.

/// What a set of lines among the totals of people tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Person {
    /// Who called.
    User,
    /// The key that paid.
    Key,
    /// The gateway token that called.
    Token,
}

impl Person {
    pub(crate) const ALL: [Self; 3] = [Self::User, Self::Key, Self::Token];

    /// The column of days that says whose a line is.
    pub(crate) const fn column(self) -> &'static str {
        match self {
            Self::User => "user_id",
            Self::Key => "credential_id",
            Self::Token => "token_id",
        }
    }

    /// What names its days.
    pub(crate) const fn span(self) -> &'static str {
        match self {
            Self::User => "day-user",
            Self::Key => "day-key",
            Self::Token => "day-token",
        }
    }

    /// What names its months.
    pub(crate) const fn span_of_months(self) -> &'static str {
        match self {
            Self::User => "month-user",
            Self::Key => "month-key",
            Self::Token => "month-token",
        }
    }

    /// Where it is among the values of a late call: see [`late_texts`](super::late_texts).
    pub(super) const fn place(self) -> usize {
        match self {
            Self::User => 1,
            Self::Key => 4,
            Self::Token => 7,
        }
    }
}
