//! Reading what was called, and what it cost.

mod groups;
mod names;

use domain::credential::Scope;
use domain::ids::{OrganizationId, TeamId};
use domain::organization::MemberRole;
use domain::{Caller, Nanos};
use store::audit::Page;
use store::usage::{
    Attempt, Bar, Combination, EventCursor, Figure, GroupBy, Kind, Largest, UsageEvent, UsageFilter, UsageLine,
};

use crate::App;
use crate::error::{Code, Error, Result};

pub use groups::{Groups, groups};
pub use names::{KeyLabel, Names, Wanted, labels, names, token_names};

/// Whose calls a report is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Whose {
    /// The caller's own; with a team's token, that token's. What a team's token
    /// calls is the team's, and not its maker's.
    #[default]
    Own,
    /// A team's: for its leads, and for whoever looks after its organization.
    Team(TeamId),
    /// An organization's: for its owners and admins.
    Organization(OrganizationId),
    /// Everybody's: for the server's admins.
    Everybody,
}

/// A report that its reader may read. What it says is never more than that.
#[derive(Clone, Debug)]
pub struct Report {
    whose: Whose,
    limits: UsageFilter,
    sight: Sight,
}

/// Whose providers' bills the reader may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sight {
    personal: bool,
    organization: bool,
    system: bool,
}

impl Sight {
    const NONE: Self = Self { personal: false, organization: false, system: false };
    const ALL: Self = Self { personal: true, organization: true, system: true };

    const fn sees(self, scope: Scope) -> bool {
        match scope {
            Scope::Personal => self.personal,
            Scope::Organization => self.organization,
            Scope::System => self.system,
        }
    }
}

/// Opens a report.
///
/// # Errors
/// `not_found` for what the caller may not know of, `forbidden` for what they may
/// not read.
pub async fn open(app: &App, caller: &Caller, whose: Whose) -> Result<Report> {
    let is_admin = caller.is_admin() && caller.team().is_none();
    let all = if is_admin { Sight::ALL } else { Sight::NONE };
    let (limits, sight) = match whose {
        Whose::Own => match caller.team() {
            Some(_) => {
                let own = UsageFilter { user: Some(caller.user), token: caller.token(), ..UsageFilter::default() };
                (own, Sight::NONE)
            }
            None => {
                // Whoever made none has no such calls, and nothing to leave out.
                let without_teams = store::tokens::made_for_teams(&app.store, caller.user).await?;
                let own = UsageFilter { user: Some(caller.user), without_teams, ..UsageFilter::default() };
                (own, Sight { personal: true, ..all })
            }
        },
        Whose::Everybody if is_admin => (UsageFilter::default(), Sight::ALL),
        Whose::Everybody => return Err(refused("Everybody's usage is for admins of this server. Ask one of them.")),
        Whose::Organization(id) => {
            is_known(app, caller, is_admin, id).await?;
            if !is_admin && !may_read_organization(caller, id) {
                return Err(refused("An organization's usage is for its owners and admins. Ask one of them."));
            }
            (of(Some(id)), Sight { organization: true, ..all })
        }
        Whose::Team(id) => {
            let team = store::teams::by_id(&app.store, id).await?.ok_or_else(|| Error::not_found("team"))?;
            let organization = team.organization;
            is_known(app, caller, is_admin, organization).await.map_err(|_| Error::not_found("team"))?;
            let leads = caller.team().is_none() && caller.leads(id, organization);
            if !is_admin && !leads && caller.team() != Some(id) {
                return Err(refused("A team's usage is for its leads. Ask one of them."));
            }
            let looks_after = may_read_organization(caller, organization);
            (UsageFilter { team: Some(id), ..of(Some(organization)) }, Sight { organization: looks_after, ..all })
        }
    };
    Ok(Report { whose, limits, sight })
}

fn of(organization: Option<OrganizationId>) -> UsageFilter {
    UsageFilter { organization, ..UsageFilter::default() }
}

fn refused(sentence: &str) -> Error {
    Error::new(Code::Forbidden, sentence)
}

/// Owners and admins; a team's token reads its team's usage and no more.
fn may_read_organization(caller: &Caller, id: OrganizationId) -> bool {
    let looks_after = caller.membership(id).is_some_and(|membership| membership.role >= MemberRole::Admin);
    caller.team().is_none() && (looks_after || caller.is_admin())
}

/// Whether the caller may know that an organization is there.
async fn is_known(app: &App, caller: &Caller, is_admin: bool, id: OrganizationId) -> Result<()> {
    let may_know = is_admin || caller.membership(id).is_some();
    if may_know && !store::organizations::labelled(&app.store, &[id]).await?.is_empty() {
        return Ok(());
    }
    Err(Error::not_found("organization"))
}

impl Report {
    /// Whose calls it is of.
    #[must_use]
    pub const fn whose(&self) -> Whose {
        self.whose
    }

    /// Whether it is of more people than its reader.
    #[must_use]
    pub const fn is_wide(&self) -> bool {
        self.limits.user.is_none()
    }

    /// Whether its reader may know what providers bill for keys of this scope.
    #[must_use]
    pub const fn sees(&self, scope: Scope) -> bool {
        self.sight.sees(scope)
    }

    /// What the filter asks for, as far as the report goes.
    ///
    /// # Errors
    /// `forbidden` for a user of whom it is not.
    pub fn within(&self, filter: UsageFilter) -> Result<UsageFilter> {
        if let (Some(user), Some(wanted)) = (self.limits.user, filter.user)
            && user != wanted
        {
            return Err(refused("These calls are somebody else's. Say whose report you want, such as `scope=all`."));
        }
        Ok(UsageFilter {
            user: self.limits.user.or(filter.user),
            team: self.limits.team.or(filter.team),
            token: self.limits.token.or(filter.token),
            organization: self.limits.organization.or(filter.organization),
            without_teams: self.limits.without_teams || filter.without_teams,
            ..filter
        })
    }

    /// Whether the reader may know what the provider bills for an attempt.
    #[must_use]
    pub const fn may_see_provider_cost(&self, attempt: &Attempt) -> bool {
        self.sees(attempt.start.scope)
    }

    /// What the provider bills for an attempt, where the reader may know: it is
    /// the business of whoever owns the key.
    #[must_use]
    pub fn provider_cost_of(&self, attempt: &Attempt) -> Option<Nanos> {
        attempt.provider_cost.filter(|_| self.may_see_provider_cost(attempt))
    }

    /// What providers bill for a line.
    #[must_use]
    pub fn money(&self, line: &UsageLine) -> Money {
        let paid = Scope::ALL.iter().map(|scope| (*scope, line.paid(*scope))).filter(|(_, paid)| paid.attempts > 0);
        let shared = paid.clone().filter(|(scope, _)| *scope != Scope::Personal && self.sees(*scope));
        let profit = shared.fold(None, |sum: Option<i64>, (_, paid)| {
            let earned = paid.client_cost.0.saturating_sub(paid.provider_cost.0);
            Some(sum.unwrap_or(0).saturating_add(earned))
        });
        Money {
            provider_cost: paid.clone().all(|(scope, _)| self.sees(scope)).then_some(line.provider_cost),
            personal_provider_cost: self.sees(Scope::Personal).then_some(line.personal.provider_cost),
            profit: profit.map(Nanos),
        }
    }
}

/// What providers bill for some calls, as far as a reader may know it. Nothing of
/// it is ever zero because it may not be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// For all of the calls.
    pub provider_cost: Option<Nanos>,
    /// Of that, what people pay themselves with their own keys.
    pub personal_provider_cost: Option<Nanos>,
    /// What clients are billed beyond what providers bill, of the calls that
    /// shared keys paid.
    pub profit: Option<Nanos>,
}

/// One page of a report's calls, newest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn events(
    app: &App,
    report: &Report,
    filter: UsageFilter,
    after: Option<EventCursor>,
    limit: i64,
) -> Result<Page<UsageEvent, EventCursor>> {
    let filter = whose_token(app, report.within(filter)?).await?;
    Ok(store::usage::events(&app.store, &filter, after, limit).await?)
}

/// A report's calls, summed up.
///
/// # Errors
/// When the store cannot be read.
pub async fn summary(app: &App, report: &Report, filter: UsageFilter, by: GroupBy) -> Result<Vec<UsageLine>> {
    Ok(store::usage::summary(&app.store, &whose_token(app, report.within(filter)?).await?, by).await?)
}

/// The groups of a report with the most of a figure, `told` of them apart, and the
/// others in one line.
///
/// # Errors
/// When the store cannot be read.
pub async fn largest(
    app: &App,
    report: &Report,
    filter: UsageFilter,
    by: GroupBy,
    figure: Figure,
    told: i64,
) -> Result<Largest> {
    let filter = whose_token(app, report.within(filter)?).await?;
    Ok(store::usage::largest(&app.store, &filter, by, figure, told).await?)
}

/// As [`events`], without counting how many there are: for exports.
///
/// # Errors
/// When the store cannot be read.
pub async fn listed(
    app: &App,
    report: &Report,
    filter: UsageFilter,
    after: Option<EventCursor>,
    limit: i64,
) -> Result<(Vec<UsageEvent>, Option<EventCursor>)> {
    let filter = whose_token(app, report.within(filter)?).await?;
    Ok(store::usage::listed(&app.store, &filter, after, limit).await?)
}

/// The most lines of days and groups that are given at once: those of a year for
/// over a hundred users.
const DAILY: i64 = 50_000;

/// A report's calls, summed up for each day and group.
///
/// # Errors
/// `invalid_request` where these are too many to be given at once, or when the
/// store cannot be read.
pub async fn daily(app: &App, report: &Report, filter: UsageFilter, by: GroupBy) -> Result<Vec<UsageLine>> {
    let filter = whose_token(app, report.within(filter)?).await?;
    let lines = store::usage::daily(&app.store, &filter, by, Some(DAILY + 1)).await?;
    if lines.len() as i64 > DAILY {
        let more = "gives more than 50,000 lines; ask for fewer days, or for one user, key, token or organization";
        return Err(Error::invalid("each_day", more));
    }
    Ok(lines)
}

/// The bars of a report's days: of all groups, or of those `among` these keys.
///
/// # Errors
/// When the store cannot be read.
pub async fn bars(
    app: &App,
    report: &Report,
    filter: UsageFilter,
    by: GroupBy,
    figure: Figure,
    among: Option<&[String]>,
) -> Result<Vec<Bar>> {
    let filter = whose_token(app, report.within(filter)?).await?;
    Ok(store::usage::bars(&app.store, &filter, by, figure, among).await?)
}

/// A report's calls, summed up for each combination of provider, model, key,
/// source and token. Of few people's.
///
/// # Errors
/// When the store cannot be read.
pub async fn combinations(app: &App, report: &Report, filter: UsageFilter) -> Result<Vec<Combination>> {
    Ok(store::usage::combinations(&app.store, &report.within(filter)?).await?)
}

/// A report's calls, summed up for each combination of provider, model and source.
///
/// # Errors
/// When the store cannot be read.
pub async fn kinds(app: &App, report: &Report, filter: UsageFilter) -> Result<Vec<Kind>> {
    Ok(store::usage::kinds(&app.store, &whose_token(app, report.within(filter)?).await?).await?)
}

/// A team's calls are its organization's, whose sums are fewer than everybody's.
async fn placed(app: &App, filter: UsageFilter) -> Result<UsageFilter> {
    let Some(team) = filter.team.filter(|_| filter.organization.is_none()) else { return Ok(filter) };
    let organization = store::teams::by_id(&app.store, team).await?.map(|team| team.organization);
    Ok(UsageFilter { organization, ..filter })
}

/// The calls of a token are its owner's: they have an index, and tokens have not.
async fn whose_token(app: &App, filter: UsageFilter) -> Result<UsageFilter> {
    let filter = placed(app, filter).await?;
    let Some(token) = filter.token.filter(|_| filter.user.is_none()) else { return Ok(filter) };
    let owner = store::tokens::by_id(&app.store, token).await?.map(|token| token.user);
    Ok(UsageFilter { user: owner, ..filter })
}

/// The most organizations that an admin of the server is offered.
const OFFERED: i64 = 200;

/// The reports that the caller may open, and what each is called.
///
/// # Errors
/// When the store cannot be read.
pub async fn offered(app: &App, caller: &Caller) -> Result<Vec<(Whose, String)>> {
    let mut offered = vec![(Whose::Own, "My own calls".to_owned())];
    if caller.team().is_some() {
        return Ok(offered);
    }
    let mut organizations: Vec<(OrganizationId, String)> = if caller.is_admin() {
        offered.push((Whose::Everybody, "Everybody's calls".to_owned()));
        let (found, _) = store::organizations::list(&app.store, None, None, 0, OFFERED).await?;
        found.into_iter().map(|organization| (organization.id, organization.name)).collect()
    } else {
        let places = caller.belonging.organizations.iter().map(|place| place.organization);
        let ids: Vec<_> = places.filter(|id| may_read_organization(caller, *id)).collect();
        store::organizations::labelled(&app.store, &ids).await?
    };
    organizations.sort_by(|a, b| a.1.cmp(&b.1));
    offered.extend(organizations.into_iter().map(|(id, name)| (Whose::Organization(id), name)));
    let leads = |place: &&domain::organization::TeamPlace| place.role == domain::organization::TeamRole::Lead;
    let ids: Vec<_> = caller.belonging.teams.iter().filter(leads).map(|place| place.team).collect();
    let teams = store::teams::labelled(&app.store, &ids).await?;
    offered.extend(teams.into_iter().map(|(id, name)| (Whose::Team(id), format!("Team {name}"))));
    Ok(offered)
}
