//! What the address of the page asks for: which days, which calls, and how they
//! are shown. Everything is in the address, so that it can be kept and sent.

use std::time::Duration;

use app::error::Error;
use app::usage::Whose;
use domain::Timestamp;
use serde::Deserialize;
use store::usage::{EventCursor, Figure, GroupBy, UsageFilter};
use url::form_urlencoded::Serializer;

use crate::api::usage::read_cursor;

const DAY: Duration = Duration::from_hours(24);

/// The most days of a chart.
const MOST_DAYS: u32 = 366;

/// The address's query. What is empty is not asked for.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(in crate::ui) struct Query {
    pub(super) whose: String,
    pub(super) range: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) key: String,
    pub(super) source: String,
    pub(super) token: String,
    pub(super) user: String,
    pub(super) team: String,
    pub(super) organization: String,
    pub(super) scope: String,
    pub(super) status: String,
    pub(super) measure: String,
    pub(super) by: String,
    pub(super) after: String,
}

/// The ranges to choose from.
pub(super) const RANGES: [(&str, &str); 6] = [
    ("7d", "Last 7 days"),
    ("30d", "Last 30 days"),
    ("90d", "Last 90 days"),
    ("month", "This month"),
    ("year", "This month and 11 before"),
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

impl Measure {
    /// What bars of days are then as high as.
    pub(super) const fn figure(self) -> Figure {
        match self {
            Self::Spend => Figure::ClientCost,
            Self::Tokens => Figure::Tokens,
            Self::Requests => Figure::Requests,
        }
    }
}

/// What the chart is split by, and what tables there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Model,
    Provider,
    Key,
    Source,
    Token,
    User,
    Team,
    Organization,
}

domain::text_enum!(By, "part" {
    Model => "model", Provider => "provider", Key => "key", Source => "source", Token => "token",
    User => "user", Team => "team", Organization => "organization",
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
            Self::User => "User",
            Self::Team => "Team",
            Self::Organization => "Organization",
        }
    }

    /// Whether it is about people: a report of many has many of them.
    pub(super) const fn is_of_people(self) -> bool {
        matches!(self, Self::Key | Self::Token | Self::User)
    }

    /// Whether it is about teams or organizations.
    pub(super) const fn is_group(self) -> bool {
        matches!(self, Self::Team | Self::Organization)
    }

    /// Whether a report of many may have more of them than a chart has room for.
    pub(super) const fn has_many(self) -> bool {
        self.is_of_people() || self.is_group()
    }

    /// As reports group it.
    pub(super) const fn group(self) -> GroupBy {
        match self {
            Self::Model => GroupBy::Model,
            Self::Provider => GroupBy::Provider,
            Self::Key => GroupBy::Credential,
            Self::Source => GroupBy::Source,
            Self::Token => GroupBy::Token,
            Self::User => GroupBy::User,
            Self::Team => GroupBy::Team,
            Self::Organization => GroupBy::Organization,
        }
    }
}

/// Where reports are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Room {
    /// `/usage`: one's own.
    Usage,
    /// `/language-models/billing`: one's own, or those one may read.
    Billing,
    /// `/admin/usage`: everybody's, or those one may read.
    Admin,
}

impl Room {
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Usage => "/usage",
            Self::Billing => "/language-models/billing",
            Self::Admin => "/admin/usage",
        }
    }

    /// Whose calls are shown where nothing is said.
    const fn usual(self) -> Whose {
        match self {
            Self::Usage | Self::Billing => Whose::Own,
            Self::Admin => Whose::Everybody,
        }
    }
}

/// What is shown.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) room: Room,
    pub(super) whose: Whose,
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
    pub(super) fn of(room: Room, query: Query, now: Timestamp) -> Result<Self, Error> {
        let whose = if room == Room::Usage { Whose::Own } else { whose(&query.whose, room.usual())? };
        let (from, to) = times(&query, now)?;
        let filter = UsageFilter {
            user: id("user", &query.user)?,
            from: Some(from),
            to: Some(to),
            provider: crate::api::word("provider", given(&query.provider))?,
            model: given(&query.model).map(str::to_owned),
            credential: id("key", &query.key)?,
            source: crate::api::word("source", given(&query.source))?,
            token: id("token", &query.token)?,
            team: id("team", &query.team)?,
            without_teams: false,
            organization: id("organization", &query.organization)?,
            scope: crate::api::word("scope", given(&query.scope))?,
            state: crate::api::word("status", given(&query.status))?,
        };
        let mut days = Vec::new();
        let mut day = from;
        while day < to && days.len() < MOST_DAYS as usize {
            days.push(date(day));
            day = day.plus(DAY);
        }
        Ok(Self {
            room,
            whose,
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
        address(self.room.path(), &query.pairs())
    }

    /// The address of this filter's calls as a file.
    pub(super) fn export(&self, path: &str) -> String {
        let (from, to) = (format!("{}T00:00:00Z", date(self.from)), format!("{}T00:00:00Z", date(self.to)));
        let query = &self.query;
        let (scope, organization, team) = match self.whose {
            Whose::Own => ("", query.organization.clone(), query.team.clone()),
            Whose::Everybody => ("all", query.organization.clone(), query.team.clone()),
            Whose::Organization(id) => ("organization", id.to_string(), query.team.clone()),
            Whose::Team(id) => ("team", String::new(), id.to_string()),
        };
        let pairs = [
            ("scope", scope),
            ("organization_id", &organization),
            ("team_id", &team),
            ("user_id", &query.user),
            ("credential_scope", &query.scope),
            ("status", &query.status),
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
        let asked = [&query.provider, &query.model, &query.key, &query.source, &query.token, &query.user];
        let more = [&query.team, &query.organization, &query.scope, &query.status];
        asked.into_iter().chain(more).any(|value| !value.is_empty())
    }

    /// Whether provider cost and profit are shown beside what clients are billed.
    pub(super) fn shows_money(&self) -> bool {
        self.room != Room::Usage
    }
}

impl Query {
    fn pairs(&self) -> [(&'static str, &str); 17] {
        [
            ("whose", &self.whose),
            ("range", &self.range),
            ("from", &self.from),
            ("to", &self.to),
            ("provider", &self.provider),
            ("model", &self.model),
            ("key", &self.key),
            ("source", &self.source),
            ("token", &self.token),
            ("user", &self.user),
            ("team", &self.team),
            ("organization", &self.organization),
            ("scope", &self.scope),
            ("status", &self.status),
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
            By::User => &mut self.user,
            By::Team => &mut self.team,
            By::Organization => &mut self.organization,
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

/// `own`, `all`, `organization:ID` or `team:ID`.
fn whose(text: &str, usual: Whose) -> Result<Whose, Error> {
    let wrong = || Error::invalid("whose", "is none of own, all, organization:ID and team:ID");
    Ok(match given(text).map(|text| text.split_once(':').unwrap_or((text, ""))) {
        None => usual,
        Some(("own", "")) => Whose::Own,
        Some(("all", "")) => Whose::Everybody,
        Some(("organization", id)) => Whose::Organization(id.parse().map_err(|_| wrong())?),
        Some(("team", id)) => Whose::Team(id.parse().map_err(|_| wrong())?),
        Some(_) => return Err(wrong()),
    })
}

/// As the address says it.
pub(super) fn whose_text(whose: Whose) -> String {
    match whose {
        Whose::Own => "own".to_owned(),
        Whose::Everybody => "all".to_owned(),
        Whose::Organization(id) => format!("organization:{id}"),
        Whose::Team(id) => format!("team:{id}"),
    }
}

/// Whole days, up to the end of the last one.
fn times(query: &Query, now: Timestamp) -> Result<(Timestamp, Timestamp), Error> {
    let today = midnight(now);
    let end = today.plus(DAY);
    let back = |days: u32| today.minus(DAY * (days - 1));
    let from = match query.range.as_str() {
        "7d" => back(7),
        "90d" => back(90),
        "year" => {
            let (year, month) =
                (date(now).get(..4).and_then(|year| year.parse::<i64>().ok()).unwrap_or(1970), date(now));
            let month = month.get(5..7).and_then(|month| month.parse::<i64>().ok()).unwrap_or(1);
            let months = year * 12 + month - 12;
            let first = format!("{:04}-{:02}-01T00:00:00Z", months.div_euclid(12), months.rem_euclid(12) + 1);
            Timestamp::parse(&first).unwrap_or(today)
        }
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
            ("year", "", "", 356, "2025-12-01", "2026-11-21"),
            ("custom", "2026-11-03", "2026-11-03", 1, "2026-11-03", "2026-11-03"),
            ("custom", "2026-11-03", "", 19, "2026-11-03", "2026-11-21"),
        ] {
            let asked = Asked::of(Room::Usage, query(range, from, to), NOW).unwrap();
            assert_eq!(asked.days.len(), days, "{range}");
            assert_eq!((asked.days[0].as_str(), asked.days.last().unwrap().as_str()), (first, last), "{range}");
        }
        for (from, to) in [("2026-11-03", "2026-11-02"), ("2020-01-01", ""), ("yesterday", "")] {
            assert!(Asked::of(Room::Usage, query("custom", from, to), NOW).is_err());
        }
    }

    #[test]
    fn a_link_keeps_what_it_does_not_change_and_begins_anew() {
        let asked = Asked::of(
            Room::Usage,
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
