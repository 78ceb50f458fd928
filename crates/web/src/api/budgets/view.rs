//! Budgets as JSON.

use app::budgets::{Standard, Wanted};
use app::error::Error;
use domain::Nanos;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

use crate::api::word;

/// A part of a budget, in per cent.
#[derive(ToSchema)]
#[schema(minimum = 1, maximum = 99)]
#[expect(dead_code, reason = "only its schema is used")]
pub(in crate::api) struct Percent(i64);

/// A budget, and how it stands now.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct BudgetView {
    id: String,
    /// Whose kind of spending it bounds.
    #[schema(pattern = "@budget-owner")]
    owner_kind: &'static str,
    owner_id: String,
    /// What the owner is called.
    owner_name: String,
    /// For how long what was spent counts. UTC; a week starts on Monday.
    #[schema(pattern = "@budget-period")]
    period: &'static str,
    /// On whose word it stands: its `owner`'s, or an `admin`'s of this server.
    #[schema(pattern = "@budget-authority")]
    set_by: &'static str,
    /// The most that may be spent in a window, in dollars.
    #[schema(value_type = f64)]
    limit: Nanos,
    limit_nanos: i64,
    /// Parts of it that are told when they are spent, in per cent.
    #[schema(value_type = Vec<Percent>)]
    soft_percents: Vec<u8>,
    /// Whether calls paid with personal keys count.
    counts_personal: bool,
    /// What was spent in this window, in dollars.
    #[schema(value_type = f64)]
    spent: Nanos,
    spent_nanos: i64,
    /// What calls under way may still come to.
    #[schema(value_type = f64)]
    held: Nanos,
    held_nanos: i64,
    /// What may still be spent.
    #[schema(value_type = f64)]
    left: Nanos,
    left_nanos: i64,
    /// When this window began.
    window_starts_at: String,
    /// When the next one begins; `null`: never.
    #[schema(format = "date-time")]
    resets_at: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<&Standard> for BudgetView {
    fn from(standard: &Standard) -> Self {
        let (budget, standing) = (standard.budget(), standard.standing);
        let left = standing.left(budget.limit);
        Self {
            id: budget.id.to_string(),
            owner_kind: budget.owner.kind.as_str(),
            owner_id: budget.owner.id.to_string(),
            owner_name: standard.owner_name.clone(),
            period: budget.period.as_str(),
            set_by: budget.authority.as_str(),
            limit: budget.limit,
            limit_nanos: budget.limit.0,
            soft_percents: budget.soft_percents.clone(),
            counts_personal: budget.counts_personal,
            spent: standing.spent,
            spent_nanos: standing.spent.0,
            held: standing.held,
            held_nanos: standing.held.0,
            left,
            left_nanos: left.0,
            window_starts_at: standard.window.starts_at.to_string(),
            resets_at: standard.window.ends_at.map(|end| end.to_string()),
            created_at: standard.stored.created_at.to_string(),
            updated_at: standard.stored.updated_at.to_string(),
        }
    }
}

/// A budget as a body of a token asks for it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct TokenBudget {
    /// The most that may be spent in a window, in dollars.
    #[schema(value_type = f64, minimum = 0, maximum = 10_000_000)]
    limit: Number,
    /// For how long what was spent counts. UTC; a week starts on Monday.
    #[schema(pattern = "@budget-period")]
    period: String,
    /// Parts of it that are told when they are spent, in per cent; 50 and 80
    /// unless said.
    #[schema(max_items = 10, value_type = Option<Vec<Percent>>)]
    soft_percents: Option<Vec<i64>>,
    /// Whether calls paid with personal keys count; they do unless said.
    counts_personal: Option<bool>,
}

impl TokenBudget {
    /// What is wanted.
    ///
    /// # Errors
    /// `invalid_request`.
    pub(in crate::api) fn wanted(self) -> Result<Wanted, Error> {
        wanted("budget.", &self.limit, &self.period, self.soft_percents, self.counts_personal)
    }
}

/// A budget as a body asks for it; `at` stands before its fields' names.
///
/// # Errors
/// `invalid_request`.
pub(super) fn wanted(
    at: &str,
    limit: &Number,
    period: &str,
    soft_percents: Option<Vec<i64>>,
    counts_personal: Option<bool>,
) -> Result<Wanted, Error> {
    let limit = amount(&format!("{at}limit"), limit)?;
    let field = format!("{at}period");
    let period = word(&field, Some(period))?.ok_or_else(|| Error::invalid(&field, "is missing"))?;
    Ok(Wanted { limit, period, soft_percents, counts_personal })
}

/// An amount in dollars, exactly.
///
/// # Errors
/// `invalid_request` for what is no amount in whole nano-dollars.
pub(super) fn amount(field: &str, number: &Number) -> Result<Nanos, Error> {
    Nanos::parse_usd(&number.to_string())
        .ok_or_else(|| Error::invalid(field, "is no amount that is taken; write dollars with at most nine decimals"))
}
