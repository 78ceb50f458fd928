//! What the address of the page asks for: which days, which calls, and how they
//! are shown. Everything is in the address, so that it can be kept and sent.

use std::time::Duration;

use app::error::Error;
use domain::Timestamp;
use serde::Deserialize;
use store::usage::{EventCursor, UsageFilter};
use url::form_urlencoded::Serializer;

use crate::api::usage::read_cursor;

const DAY: Duration = Duration::from_hours(24);

/// The most days of a chart.
const MOST_DAYS: u32 = 366;

/// The address's query. What is empty is not asked for.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(super) struct Query {
    pub(super) range: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) key: String,
    pub(super) source: String,
    pub(super) token: String,
    pub(super) measure: String,
    pub(super) by: String,
    pub(super) after: String,
}

/// The ranges to choose from.
pub(super) const RANGES: [(&str, &str); 5] = [
    ("7d", "Last 7 days"),
    ("30d", "Last 30 days"),
    ("90d", "Last 90 days"),
    ("month", "This month"),
    ("custom", "From … to …"),
];

/// What bars measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Spend,
    Tokens,
    Requests,
}

domain::text_enum!(Measure, "measure" { Spend => "spend", Tokens => "tokens", Requests => "requests" });

/// What the chart is split by, and what tables there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Model,
    Provider,
    Key,
    Source,
    Token,
}

domain::text_enum!(By, "part" {
    Model => "model", Provider => "provider", Key => "key", Source => "source", Token => "token",
});

impl By {
    /// As the tables are headed.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Model => "Model",
            Self::Provider => "Provider",
            Self::Key => "Key",
            Self::Source => "Source",
            Self::Token => "Gateway token",
        }
    }
}

/// What is shown.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) query: Query,
    /// The days, each `2026-11-21`.
    pub(super) days: Vec<String>,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) filter: UsageFilter,
    pub(super) measure: Measure,
    pub(super) by: By,
    pub(super) after: Option<EventCursor>,
}

impl Asked {
    /// # Errors
    /// `invalid_request` that names what cannot be read.
    pub(super) fn of(query: Query, now: Timestamp) -> Result<Self, Error> {
        let (from, to) = times(&query, now)?;
        let filter = UsageFilter {
            user: None,
            from: Some(from),
            to: Some(to),
            provider: crate::api::word("provider", given(&query.provider))?,
            model: given(&query.model).map(str::to_owned),
            credential: id("key", &query.key)?,
            source: crate::api::word("source", given(&query.source))?,
            token: id("token", &query.token)?,
            team: None,
            organization: None,
        };
        let mut days = Vec::new();
        let mut day = from;
        while day < to && days.len() < MOST_DAYS as usize {
            days.push(date(day));
            day = day.plus(DAY);
        }
        Ok(Self {
            days,
            from,
            to,
            filter,
            measure: query.measure.parse().unwrap_or(Measure::Spend),
            by: query.by.parse().unwrap_or(By::Model),
            after: given(&query.after).map(read_cursor).transpose()?,
            query,
        })
    }

    /// This page with something else asked for; always its first rows.
    pub(super) fn link(&self, change: impl FnOnce(&mut Query)) -> String {
        let mut query = Query { after: String::new(), ..self.query.clone() };
        change(&mut query);
        address("/usage", &query.pairs())
    }

    /// The address of this filter's calls as a file.
    pub(super) fn export(&self, path: &str) -> String {
        let (from, to) = (format!("{}T00:00:00Z", date(self.from)), format!("{}T00:00:00Z", date(self.to)));
        let query = &self.query;
        let pairs = [
            ("from", from.as_str()),
            ("to", &to),
            ("provider", &query.provider),
            ("model", &query.model),
            ("credential_id", &query.key),
            ("source", &query.source),
            ("token_id", &query.token),
        ];
        address(path, &pairs)
    }

    /// Whether the calls are narrowed by more than their days.
    pub(super) fn is_narrowed(&self) -> bool {
        let query = &self.query;
        [&query.provider, &query.model, &query.key, &query.source, &query.token].iter().any(|value| !value.is_empty())
    }
}

impl Query {
    fn pairs(&self) -> [(&'static str, &str); 11] {
        [
            ("range", &self.range),
            ("from", &self.from),
            ("to", &self.to),
            ("provider", &self.provider),
            ("model", &self.model),
            ("key", &self.key),
            ("source", &self.source),
            ("token", &self.token),
            ("measure", &self.measure),
            ("by", &self.by),
            ("after", &self.after),
        ]
    }

    /// Narrows to what a line of a table is about.
    pub(super) fn narrow(&mut self, by: By, value: &str) {
        value.clone_into(match by {
            By::Model => &mut self.model,
            By::Provider => &mut self.provider,
            By::Key => &mut self.key,
            By::Source => &mut self.source,
            By::Token => &mut self.token,
        });
    }
}

fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn id<T: std::str::FromStr>(field: &str, text: &str) -> Result<Option<T>, Error> {
    given(text).map(|text| text.parse().map_err(|_| Error::invalid(field, "is not an id"))).transpose()
}

/// Whole days, up to the end of the last one.
fn times(query: &Query, now: Timestamp) -> Result<(Timestamp, Timestamp), Error> {
    let today = midnight(now);
    let end = today.plus(DAY);
    let back = |days: u32| today.minus(DAY * (days - 1));
    let from = match query.range.as_str() {
        "7d" => back(7),
        "90d" => back(90),
        "month" => {
            Timestamp::parse(&format!("{}-01T00:00:00Z", date(now).get(..7).unwrap_or_default())).unwrap_or(today)
        }
        "custom" => {
            let from = day_of("from", &query.from)?.unwrap_or_else(|| back(30));
            let to = day_of("to", &query.to)?.unwrap_or(today).plus(DAY);
            if to <= from {
                return Err(Error::invalid("to", "is before the first day"));
            }
            if to.since(from) > DAY * MOST_DAYS {
                return Err(Error::invalid("from", format!("is more than {MOST_DAYS} days before the last day")));
            }
            return Ok((from, to));
        }
        _ => back(30),
    };
    Ok((from, end))
}

fn day_of(field: &str, text: &str) -> Result<Option<Timestamp>, Error> {
    let read = |text| {
        Timestamp::parse(&format!("{text}T00:00:00Z"))
            .ok_or_else(|| Error::invalid(field, "is no day; write it like 2026-11-21"))
    };
    given(text).map(read).transpose()
}

fn midnight(at: Timestamp) -> Timestamp {
    Timestamp::from_seconds(at.as_seconds().div_euclid(86_400) * 86_400)
}

/// `2026-11-21`
pub(super) fn date(at: Timestamp) -> String {
    at.to_string().split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21, 14:00.
    const NOW: Timestamp = Timestamp::from_seconds(1_795_269_600);

    fn query(range: &str, from: &str, to: &str) -> Query {
        Query { range: range.to_owned(), from: from.to_owned(), to: to.to_owned(), ..Query::default() }
    }

    #[test]
    fn a_range_is_whole_days_and_ends_today() {
        for (range, from, to, days, first, last) in [
            ("", "", "", 30, "2026-10-23", "2026-11-21"),
            ("7d", "", "", 7, "2026-11-15", "2026-11-21"),
            ("90d", "", "", 90, "2026-08-24", "2026-11-21"),
            ("month", "", "", 21, "2026-11-01", "2026-11-21"),
            ("custom", "2026-11-03", "2026-11-03", 1, "2026-11-03", "2026-11-03"),
            ("custom", "2026-11-03", "", 19, "2026-11-03", "2026-11-21"),
        ] {
            let asked = Asked::of(query(range, from, to), NOW).unwrap();
            assert_eq!(asked.days.len(), days, "{range}");
            assert_eq!((asked.days[0].as_str(), asked.days.last().unwrap().as_str()), (first, last), "{range}");
        }
        for (from, to) in [("2026-11-03", "2026-11-02"), ("2020-01-01", ""), ("yesterday", "")] {
            assert!(Asked::of(query("custom", from, to), NOW).is_err());
        }
    }

    #[test]
    fn a_link_keeps_what_it_does_not_change_and_begins_anew() {
        let asked = Asked::of(
            Query {
                range: "7d".into(),
                model: "a/b c".into(),
                after: "1.0198f7e0-0000-7000-8000-000000000000".into(),
                ..Query::default()
            },
            NOW,
        )
        .unwrap();
        assert_eq!(
            asked.link(|query| query.narrow(By::Provider, "openai")),
            "/usage?range=7d&provider=openai&model=a%2Fb+c"
        );
        assert_eq!(
            asked.export("/v2/usage/export.csv"),
            "/v2/usage/export.csv?from=2026-11-15T00%3A00%3A00Z&to=2026-11-22T00%3A00%3A00Z&model=a%2Fb+c"
        );
    }
}
