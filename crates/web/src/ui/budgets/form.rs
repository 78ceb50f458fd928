//! The form of a budget: how much, for how long, when it is told.

use app::budgets::{Change, Panel, Wanted};
use app::error::Error;
use domain::Nanos;
use domain::budget::{Budget, OwnerKind, Period};
use maud::{Markup, html};

/// The fields that a complaint stands beside.
pub(super) const FIELDS: [&str; 3] = ["limit", "period", "soft_percents"];

/// Every period, as it stands behind an amount.
pub(crate) const PERIODS: [(Period, &str); 4] =
    [(Period::Day, "a day"), (Period::Week, "a week"), (Period::Month, "a month"), (Period::Total, "in all")];

/// What a form of a budget holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filled {
    limit: String,
    period: String,
    percents: String,
    /// `None`: not said, as in a form that nobody has filled in.
    counts_personal: Option<bool>,
    act: String,
}

impl Default for Filled {
    fn default() -> Self {
        Self {
            limit: String::new(),
            period: Period::Month.as_str().to_owned(),
            percents: "50, 80".to_owned(),
            counts_personal: None,
            act: String::new(),
        }
    }
}

impl From<&Budget> for Filled {
    fn from(budget: &Budget) -> Self {
        Self {
            limit: budget.limit.to_string(),
            period: budget.period.as_str().to_owned(),
            percents: listed(&budget.soft_percents, ", "),
            counts_personal: Some(budget.counts_personal),
            act: String::new(),
        }
    }
}

impl Filled {
    pub(super) fn of(fields: Vec<(String, String)>) -> Self {
        let mut filled = Self { percents: String::new(), counts_personal: Some(false), ..Self::default() };
        for (name, value) in fields {
            match name.as_str() {
                "limit" => filled.limit = value.trim().to_owned(),
                "period" => filled.period = value,
                "soft_percents" => filled.percents = value.trim().to_owned(),
                "counts_personal" => filled.counts_personal = Some(true),
                "act" => filled.act = value,
                _ => {}
            }
        }
        filled
    }

    /// Whether the budget is to be deleted.
    pub(super) fn is_to_go(&self) -> bool {
        self.act == "delete"
    }

    pub(super) fn wanted(&self) -> Result<Wanted, Error> {
        let period = self.period.parse().map_err(|problem: String| Error::invalid("period", problem))?;
        Ok(Wanted {
            limit: amount("limit", &self.limit)?,
            period,
            soft_percents: Some(self.percents()?),
            counts_personal: self.counts_personal,
        })
    }

    /// What is filled in otherwise than it is.
    pub(super) fn change(&self, known: &Budget) -> Result<Change, Error> {
        let limit = amount("limit", &self.limit)?;
        let percents = self.percents()?;
        let is_same = percents.iter().copied().eq(known.soft_percents.iter().map(|percent| i64::from(*percent)));
        Ok(Change {
            limit: Some(limit).filter(|limit| *limit != known.limit),
            soft_percents: Some(percents).filter(|_| !is_same),
            counts_personal: self.counts_personal.filter(|counts| *counts != known.counts_personal),
        })
    }

    fn percents(&self) -> Result<Vec<i64>, Error> {
        let wrong = |_| Error::invalid("soft_percents", "takes whole numbers from 1 to 99 with commas between them");
        let plain = self.percents.split([',', ' ', ';']).map(|part| part.trim().trim_end_matches('%'));
        plain.filter(|part| !part.is_empty()).map(|part| part.parse().map_err(wrong)).collect()
    }
}

/// Parts in per cent, one behind the other.
pub(super) fn listed(percents: &[u8], between: &str) -> String {
    percents.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

/// Dollars as people write them.
pub(crate) fn amount(field: &str, typed: &str) -> Result<Nanos, Error> {
    let dollars = typed.trim().trim_start_matches('$').trim();
    Nanos::parse_usd(dollars).ok_or_else(|| Error::invalid(field, "is no amount; write dollars, such as 5 or 0.50"))
}

/// What is wrong with a field, as it stands beside it.
fn wrong(error: Option<&Error>, field: &str) -> Option<String> {
    let error = error.filter(|error| error.details.field.as_deref() == Some(field))?;
    let sentence = &error.sentence;
    Some(sentence.strip_prefix(field).map_or_else(|| sentence.clone(), |rest| format!("This{rest}")))
}

/// The fields; the period of a budget that is there stays.
pub(super) fn fields(filled: &Filled, panel: &Panel, is_new: bool, error: Option<&Error>) -> Markup {
    let [of_limit, of_period, of_percents] = FIELDS.map(|field| wrong(error, field));
    let is_person = matches!(panel.owner.kind, OwnerKind::User | OwnerKind::Token);
    let counts = filled.counts_personal.unwrap_or(panel.counts_personal);
    html! {
        div.columns.aligned {
            div.field {
                label for="limit" { "Dollars" }
                input #limit name="limit" type="text" inputmode="decimal" value=(filled.limit) maxlength="20" autocomplete="off" required
                    autofocus[of_period.is_none() && of_percents.is_none()] aria-invalid=[of_limit.as_ref().map(|_| "true")] aria-describedby=[of_limit.as_ref().map(|_| "limit-wrong")];
                @if let Some(sentence) = &of_limit { p.wrong #limit-wrong { (sentence) } }
            }
            @if is_new {
                div.field {
                    label for="period" { "How long what was spent counts" }
                    select #period name="period" autofocus[of_period.is_some()] aria-invalid=[of_period.as_ref().map(|_| "true")] aria-describedby=[of_period.as_ref().map(|_| "period-wrong")] {
                        @for (period, words) in PERIODS { option value=(period) selected[filled.period == period.as_str()] { (words) } }
                    }
                    @if let Some(sentence) = &of_period { p.wrong #period-wrong { (sentence) } }
                    @else { p.hint { "In UTC; a week begins on Monday." } }
                }
            }
            div.field {
                label for="soft_percents" { "Told at, in per cent " span.soft { "(optional)" } }
                input #soft_percents name="soft_percents" type="text" inputmode="numeric" value=(filled.percents) maxlength="60" autocomplete="off"
                    autofocus[of_percents.is_some()] aria-invalid=[of_percents.as_ref().map(|_| "true")] aria-describedby=[of_percents.as_ref().map(|_| "percents-wrong")];
                @if let Some(sentence) = &of_percents { p.wrong #percents-wrong { (sentence) } }
                @else { p.hint { "The whole is always told." } }
            }
        }
        label.check {
            input type="checkbox" name="counts_personal" value="yes" checked[counts];
            span { @if is_person { "Calls paid with personal keys count as well" } @else { "Calls paid with members' own keys count as well" } }
        }
        p.small { "A hard stop: when all of it is spent, calls are refused with 402, and answers under way end, until it begins anew or is raised." }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::forms::typed;

    fn filled(fields: &[(&str, &str)]) -> Filled {
        Filled::of(typed(fields))
    }

    #[test]
    fn a_form_is_read_as_a_person_means_it() {
        let form = filled(&[("limit", " $5.50 "), ("period", "week"), ("soft_percents", "80%, 95"), ("act", "save")]);
        let wanted = form.wanted().unwrap();
        assert_eq!((wanted.limit, wanted.period), (Nanos(5_500_000_000), Period::Week));
        assert_eq!((wanted.soft_percents, wanted.counts_personal), (Some(vec![80, 95]), Some(false)));
        assert!(!form.is_to_go() && filled(&[("act", "delete")]).is_to_go());
    }

    #[test]
    fn what_is_wrong_stands_beside_its_field() {
        for (form, field) in [
            (filled(&[("limit", "five")]), "limit"),
            (filled(&[("limit", "5"), ("period", "year")]), "period"),
            (filled(&[("limit", "5"), ("soft_percents", "half")]), "soft_percents"),
        ] {
            let error = form.wanted().unwrap_err();
            assert!(wrong(Some(&error), field).is_some_and(|sentence| sentence.starts_with("This ")), "{field}");
            assert!(FIELDS.iter().all(|other| *other == field || wrong(Some(&error), other).is_none()));
        }
    }
}
