//! Where a report's lines come from: the totals of days, where it is not about
//! people; those of people, where it is about all users, keys or tokens of an
//! organization or of the server, or tells nothing apart of one of them; the days
//! themselves, where it tells days of one user apart by more than that, or more of
//! one key; the months with everything, where it asks for more than that otherwise.

use super::UsageFilter;
use super::asked::Asked;
use super::summary::GroupBy;
use super::window::Window;
use crate::ledger::days::rolled::{Detail, PLACE, Person, Rolled, Told, WHOLE_SERVER, month_after, month_of};

/// A table that has the lines of whole days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// `usage_days`.
    Days,
    /// `usage_totals`, of one organization, of each of them, or of the server; day
    /// by day, or with whole months in one. Days in no more detail than is asked for.
    Totals { whose: Totals, detail: Detail, by_day: bool },
    /// `usage_people`: day by day, or with whole months in one; all of them, or a few
    /// that are named.
    People { person: Person, by_day: bool, few: bool },
    /// `usage_months`.
    Months,
}

/// Whose totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Totals {
    Organization,
    EachOrganization,
    Server,
}

/// What a report tells apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// Users, keys or tokens.
    pub(super) people: People,
    /// Organizations or teams.
    pub(super) groups: bool,
    /// Days.
    pub(super) days: bool,
    /// No more of these groups than a few that are named.
    pub(super) few: bool,
    /// What else.
    pub(super) told: Told,
}

/// Whether it tells people apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum People {
    /// It does not.
    #[default]
    None,
    /// Users, or keys, or tokens.
    By(Person),
    /// All of these at once.
    All,
}

impl Needs {
    pub(super) const fn of(by: GroupBy, is_daily: bool) -> Self {
        let told = Told {
            provider: matches!(by, GroupBy::Provider | GroupBy::Model),
            model: matches!(by, GroupBy::Model),
            source: matches!(by, GroupBy::Source),
            team: matches!(by, GroupBy::Team),
        };
        Self {
            told,
            people: match by {
                GroupBy::User => People::By(Person::User),
                GroupBy::Credential => People::By(Person::Key),
                GroupBy::Token => People::By(Person::Token),
                _ => People::None,
            },
            groups: matches!(by, GroupBy::Organization | GroupBy::Team),
            days: is_daily || matches!(by, GroupBy::Day),
            few: false,
        }
    }
}

impl Origin {
    pub(super) fn of(filter: &UsageFilter, needs: Needs) -> Self {
        let is_of_people = needs.people != People::None || filter.credential.is_some() || filter.token.is_some();
        let person = match needs.people {
            People::By(person) => Some(person).filter(|_| filter.is_of_many()),
            // Of one of them nothing else may be told apart either.
            People::None if !needs.groups && needs.told == Told::default() => only(filter).map(|(person, _)| person),
            People::None | People::All => None,
        };
        if let Some(person) = person {
            Self::People { person, by_day: needs.days, few: needs.few }
        } else if filter.user.is_some() || is_of_people {
            // The months of a user have an index, those of a key have none.
            let has_months = filter.user.is_some() || filter.credential.is_none();
            if needs.days || !has_months { Self::Days } else { Self::Months }
        } else {
            let whose = if filter.organization.is_some() {
                Totals::Organization
            } else if needs.groups || filter.team.is_some() {
                Totals::EachOrganization
            } else {
                Totals::Server
            };
            let detail = Detail::of(Told {
                provider: needs.told.provider || filter.provider.is_some(),
                model: needs.told.model || filter.model.is_some(),
                source: needs.told.source || filter.source.is_some(),
                team: needs.told.team || filter.team.is_some(),
            });
            Self::Totals { whose, detail, by_day: needs.days }
        }
    }

    /// The lines of whole days that pass.
    pub(super) fn lines(self, asked: &mut Asked, filter: &UsageFilter, window: &Window, rolled: &Rolled) {
        let (first, end) = (window.first_day, window.end_day);
        let by_months =
            !matches!(self, Self::Days | Self::Totals { by_day: true, .. } | Self::People { by_day: true, .. });
        let Some((begin, beyond)) = months(first, end, rolled.beyond()).filter(|_| by_months) else {
            return self.days(asked, filter, (first, end), rolled);
        };
        match self {
            Self::Totals { whose, detail, .. } => {
                let span = detail.span_of_months(whose == Totals::Server);
                totals(asked, filter, whose, span, (begin, Some(beyond)));
            }
            Self::People { person, few, .. } => {
                people(asked, filter, (person, few), person.span_of_months(), (begin, Some(beyond)));
            }
            Self::Days | Self::Months => {
                asked.push(&select("month", MONTHS_COLUMNS, "usage_months"));
                asked.filter(filter);
                bounds(asked, "month", begin, Some(beyond));
            }
        }
        if first != begin {
            asked.push(" UNION ALL ");
            self.days(asked, filter, (first, begin), rolled);
        }
        asked.push(" UNION ALL ");
        if beyond == rolled.beyond() {
            days(asked, filter, Some(rolled.end()), end);
            but_for_part(asked, rolled);
        } else {
            self.days(asked, filter, (Some(beyond), end), rolled);
        }
    }

    /// The same, day by day: none that is rolled up in part.
    fn days(self, asked: &mut Asked, filter: &UsageFilter, (first, end): Span, rolled: &Rolled) {
        let whole = (first, Some(end.map_or(rolled.end(), |end| end.min(rolled.end()))));
        match self {
            Self::Totals { whose, detail, .. } => totals(asked, filter, whose, detail.span(), whole),
            Self::People { person, few, .. } => people(asked, filter, (person, few), person.span(), whole),
            Self::Days | Self::Months => return days(asked, filter, first, end),
        }
        asked.push(" UNION ALL ");
        days(asked, filter, Some(first.map_or(rolled.end(), |first| first.max(rolled.end()))), end);
    }
}

/// From a day on, and up to another.
type Span = (Option<i64>, Option<i64>);

/// The months that are rolled up and wholly within: from the first one, if any
/// is, up to the day after the last. The last month may have begun only: it has
/// the days that are rolled up, and what is rolled up of the day after them.
fn months(first: Option<i64>, end: Option<i64>, rolled_beyond: i64) -> Option<(Option<i64>, i64)> {
    let begin = first.map(|first| if month_of(first) == first { first } else { month_after(first) });
    let beyond = end.filter(|end| *end < rolled_beyond).map_or(rolled_beyond, month_of);
    (begin.unwrap_or(i64::MIN) < beyond).then_some((begin, beyond))
}

fn totals(asked: &mut Asked, filter: &UsageFilter, whose: Totals, span: &str, (first, end): Span) {
    asked.push(&select("day", TOTALS_COLUMNS, "usage_totals"));
    asked.push(&format!(" AND span = '{span}'"));
    match whose {
        Totals::Organization => {}
        Totals::EachOrganization => asked.push(&format!(" AND organization_id <> '{WHOLE_SERVER}'")),
        Totals::Server => asked.push(&format!(" AND organization_id = '{WHOLE_SERVER}'")),
    }
    asked.filter(filter);
    bounds(asked, "day", first, end);
}

/// The user or the key that all calls are of, where no more is given than that,
/// times, an organization and a scope.
fn only(filter: &UsageFilter) -> Option<(Person, String)> {
    let rest = UsageFilter { user: None, credential: None, ..filter.clone() };
    match (filter.user, filter.credential) {
        _ if !rest.is_of_many() => None,
        (Some(user), None) => Some((Person::User, user.to_string())),
        (None, Some(key)) => Some((Person::Key, key.to_string())),
        _ => None,
    }
}

fn people(asked: &mut Asked, filter: &UsageFilter, (person, few): (Person, bool), span: &str, (first, end): Span) {
    let who = |of: Person| if of == person { "who" } else { "''" };
    let [user, key, token] = Person::ALL.map(who);
    let columns = format!(
        "{user} AS user_id, '' AS provider, '' AS model, {key} AS credential_id, scope, '' AS source, \
         {token} AS token_id, '' AS team_id, organization_id"
    );
    let one = only(filter);
    asked.push(&select("day", &columns, "usage_people"));
    // Days of a few have an index. SQLite would rather read those of everybody, whose key begins with the span.
    let spans = if few || one.is_some() { "span || ''" } else { "span" };
    asked.push(&format!(" AND {spans} = '{span}'"));
    let mut rest = filter.clone();
    if let Some((_, id)) = one {
        asked.with_text(" AND who = ", id);
        (rest.user, rest.credential) = (None, None);
    }
    asked.filter(&rest);
    bounds(asked, "day", first, end);
}

const DAYS_COLUMNS: &str = "user_id, provider, model, credential_id, scope, source, token_id, team_id, organization_id";
const MONTHS_COLUMNS: &str = DAYS_COLUMNS;
const TOTALS_COLUMNS: &str = "'' AS user_id, provider, model, '' AS credential_id, scope, source, '' AS token_id, \
     team_id, organization_id";

fn days(asked: &mut Asked, filter: &UsageFilter, first: Option<i64>, end: Option<i64>) {
    asked.push(&select("day", DAYS_COLUMNS, "usage_days"));
    asked.filter(filter);
    bounds(asked, "day", first, end);
}

/// Without the lines that months have already of a day that is rolled up in part.
fn but_for_part(asked: &mut Asked, rolled: &Rolled) {
    let Some(place) = &rolled.part else { return };
    asked.with_number(" AND (day <> ", rolled.end());
    asked.push(&format!(" OR ({PLACE}) > ("));
    for (number, text) in place.iter().enumerate() {
        asked.with_text(if number == 0 { "" } else { ", " }, text.clone());
    }
    asked.push("))");
}

fn select(day: &str, columns: &str, table: &str) -> String {
    format!("SELECT {day} AS day, {columns}, {} FROM {table} WHERE 1 = 1", super::summary::SUMS.join(", "))
}

fn bounds(asked: &mut Asked, column: &str, first: Option<i64>, end: Option<i64>) {
    if let Some(first) = first {
        asked.with_number(&format!(" AND {column} >= "), first);
    }
    if let Some(end) = end {
        asked.with_number(&format!(" AND {column} < "), end);
    }
}

#[cfg(test)]
mod tests;
