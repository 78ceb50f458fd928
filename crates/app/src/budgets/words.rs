//! Budgets in words for people.

use domain::budget::{Budget, Estimate, OwnerKind, SHORTEST_ANSWER};
use domain::{Caller, Nanos};
use serde_json::json;

use super::admission::Refused;
use super::read;
use crate::App;
use crate::error::{Code, Details, Error};

/// An amount in dollars with at least two decimals: `$5.00`, `$0.000123`.
#[must_use]
pub fn dollars(amount: Nanos) -> String {
    let text = amount.to_string();
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    match decimals {
        0 => format!("${text}.00"),
        1 => format!("${text}0"),
        _ => format!("${text}"),
    }
}

/// What a budget is called: “Team Apollo's monthly budget of $5.00”.
fn title(caller: &Caller, budget: &Budget, owner_name: &str) -> String {
    let (period, limit) = (budget.period.adjective(), dollars(budget.limit));
    let whose = match budget.owner.kind {
        OwnerKind::User if budget.owner.id == caller.user.0 => "Your".to_owned(),
        OwnerKind::User => format!("{owner_name}'s"),
        OwnerKind::Token => format!("The gateway token “{owner_name}”'s"),
        OwnerKind::Team => format!("Team {owner_name}'s"),
        OwnerKind::Organization => format!("{owner_name}'s"),
    };
    format!("{whose} {period} budget of {limit}")
}

/// The refusal of a call that a budget has no room for: which, what is left, and
/// when it begins anew.
pub(super) async fn exceeded(
    app: &App,
    caller: &Caller,
    refused: &Refused,
    estimate: Estimate,
    may_be_shorter: bool,
) -> Error {
    let Refused { budget, window, standing, longest } = refused;
    let owner_name = read::owner_name(app, budget.owner).await;
    let left = standing.left(budget.limit);
    let answer = if may_be_shorter { SHORTEST_ANSWER.min(*longest) } else { *longest };
    let wanted = estimate.cost(answer);
    let mut sentence = format!("{} ", title(caller, budget, &owner_name));
    if standing.spent >= budget.limit {
        sentence.push_str("is spent");
    } else {
        sentence.push_str(&format!("has {} left", dollars(left)));
        if standing.held > Nanos::ZERO {
            sentence.push_str(&format!(", with {} held for calls under way", dollars(standing.held)));
        }
        let least = if may_be_shorter { "even with a short answer" } else { "with the answer it asks for" };
        sentence.push_str(&format!(", and this call may cost {} {least}", dollars(wanted)));
    }
    sentence.push_str(", so no call is made. ");
    let resets_at = window.ends_at.map(|end| end.to_string());
    match &resets_at {
        Some(end) => {
            let day = end.get(..10).unwrap_or(end);
            sentence.push_str(&format!("It begins anew on {day} at 00:00 UTC; until then, have it raised"));
        }
        None => sentence.push_str("It does not begin anew; have it raised"),
    }
    sentence.push_str(if may_be_shorter { "." } else { ", or ask for a shorter answer." });
    let mut error = Error::new(Code::BudgetExceeded, sentence);
    let impact = json!({"budget": {
        "id": budget.id,
        "owner_kind": budget.owner.kind,
        "owner_id": budget.owner.id,
        "owner_name": owner_name,
        "period": budget.period,
        "limit": budget.limit,
        "spent": standing.spent,
        "held": standing.held,
        "left": left,
        "resets_at": resets_at,
    }});
    error.details = Box::new(Details { impact: Some(impact), ..Details::default() });
    error
}

/// What ends an answer under way.
pub(crate) fn spent_meanwhile() -> Error {
    Error::new(
        Code::BudgetExceeded,
        "A budget was spent while this answer was under way, so it ends here; what came is charged. Have the budget raised.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_have_two_decimals_or_more() {
        for (nanos, text) in [(5_000_000_000, "$5.00"), (1_500_000_000, "$1.50"), (123_000, "$0.000123"), (0, "$0.00")]
        {
            assert_eq!(dollars(Nanos(nanos)), text);
        }
    }
}
