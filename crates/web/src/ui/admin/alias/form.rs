//! The form of an alias: its name, what it stands for in order or by weight, who
//! may call it. Without a script its buttons send the form and get it back.

use app::models::{self, ModelFilter};
use app::teams;
use domain::ProviderId;
use domain::alias::Mode;
use domain::model::ModelKind;
use domain::organization::Team;
use maud::{Markup, html};

use super::super::aliases::Whose;
use super::filled::{Filled, Line};
use super::whose_words;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::keys::provider_options;
use crate::ui::view::{Icon, icon};

/// The most teams that are offered.
const TEAMS: i64 = 100;

/// The most models that are offered while somebody types.
const MODELS: usize = 300;

/// What there is to choose from.
pub(in crate::ui::admin) struct Choices {
    models: Vec<(ProviderId, String)>,
    teams: Vec<Team>,
}

/// The models that keys here open, and the teams.
pub(in crate::ui::admin) async fn choices(shared: &Shared, whose: &Whose) -> Result<Choices, Failure> {
    let app = &shared.app;
    let lines = models::list(app, &whose.seen_as, ModelFilter::default()).await?;
    let open = lines.into_iter().filter(|line| line.alias.is_none() && line.facts.kind == ModelKind::Chat);
    let models = open.map(|line| (line.facts.provider, line.facts.id)).take(MODELS).collect();
    let of = whose.organization.as_ref().map(|one| one.slug.as_str());
    let (teams, _) = teams::list(app, &whose.seen_as, of, 0, TEAMS).await?;
    Ok(Choices { models, teams })
}

/// Makes an alias.
pub(in crate::ui::admin) fn make(whose: &Whose, filled: &Filled, choices: &Choices) -> Markup {
    html! {
        section.card #make aria-labelledby="make-title" {
            h2 #make-title { "Make an alias" }
            p.soft { (whose_words(whose)) "." }
            (fields("/admin/aliases", whose, filled, choices, "Make alias"))
        }
    }
}

/// Changes one.
pub(super) fn edit(whose: &Whose, to: &str, filled: &Filled, choices: &Choices) -> Markup {
    html! {
        section.card aria-labelledby="edit-title" {
            h2 #edit-title { "What it stands for" }
            (fields(to, whose, filled, choices, "Save alias"))
        }
    }
}

fn fields(to: &str, whose: &Whose, filled: &Filled, choices: &Choices, save: &str) -> Markup {
    let is_weighted = filled.mode == Mode::Weighted;
    let blank = [Line::default()];
    let lines: &[Line] = if filled.lines.is_empty() { &blank } else { &filled.lines };
    html! {
        form.alias-form method="post" action=(to) {
            // The first button is the one that Enter presses.
            button.sr type="submit" name="act" value="save" tabindex="-1" aria-hidden="true" { (save) }
            @if let Some(one) = &whose.organization { input type="hidden" name="organization" value=(one.slug); }
            div.columns.aligned {
                div.field {
                    label for="name" { "Name" }
                    input #name name="name" type="text" value=(filled.name) maxlength="128" required autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="fast";
                    p.hint { "What clients send as the model. Claude Code lists names that begin with " code { "claude" } "." }
                }
                div.field {
                    label for="mode" { "Which is asked" }
                    select #mode name="mode" data-mode {
                        option value="ordered" selected[!is_weighted] { "In order: the first that can answer" }
                        option value="weighted" selected[is_weighted] { "By weight: one is drawn, the others step in" }
                    }
                }
            }
            fieldset.lines data-lines data-weighted[is_weighted] {
                legend { "Models" }
                ol { @for (at, line) in lines.iter().enumerate() { (self::line(at, line, lines.len())) } }
                button.quiet.little type="submit" name="rearrange" value="more" formnovalidate data-more { (icon(Icon::Plus)) "Another model" }
            }
            @for provider in ProviderId::all() {
                datalist id={ "models-" (provider) } {
                    @for (_, id) in choices.models.iter().filter(|(own, _)| *own == provider) { option value=(id) {} }
                }
            }
            (who(filled, &choices.teams))
            div.actions { button type="submit" name="act" value="save" { (save) } a.button.quiet href=(whose.href()) { "Cancel" } }
        }
    }
}

fn line(at: usize, line: &Line, all: usize) -> Markup {
    let provider: Option<ProviderId> = line.provider.parse().ok();
    let list = format!("models-{}", provider.map_or("openai", ProviderId::as_str));
    let number = at + 1;
    let weight = if line.weight.is_empty() { "1" } else { &line.weight };
    html! {
        li.line data-line {
            select name="provider" aria-label={ "Provider of model " (number) } data-provider { (provider_options(provider.or(Some(ProviderId::OpenAi)))) }
            input.grow name="model" type="text" value=(line.model) maxlength="256" list=(list) autocomplete="off" autocapitalize="off" spellcheck="false"
                aria-label={ "Model " (number) } placeholder="gpt-5-mini" required[at == 0];
            label.weight { span { "Weight" } input name="weight" type="number" min="0" max="1000" value=(weight) aria-label={ "Weight of model " (number) }; }
            div.actions.flat {
                button.bare.icon-only.little type="submit" name="rearrange" value={ "up:" (at) } formnovalidate disabled[at == 0] data-move="up" aria-label={ "Move model " (number) " up" } { (icon(Icon::Send)) }
                button.bare.icon-only.little type="submit" name="rearrange" value={ "down:" (at) } formnovalidate disabled[number == all] data-move="down" aria-label={ "Move model " (number) " down" } { (icon(Icon::Down)) }
                button.bare.icon-only.little type="submit" name="rearrange" value={ "out:" (at) } formnovalidate disabled[all == 1] data-move="out" aria-label={ "Take model " (number) " out" } { (icon(Icon::Cross)) }
            }
        }
    }
}

fn who(filled: &Filled, teams: &[Team]) -> Markup {
    html! {
        @if !teams.is_empty() {
            fieldset.who {
                legend { "Who may call it" }
                div.row.either {
                    label.check { input type="radio" name="who" value="all" checked[!filled.has_some_teams]; span { "Everybody" } }
                    label.check { input type="radio" name="who" value="some" checked[filled.has_some_teams]; span { "Only these teams:" } }
                }
                div.ticklist role="group" aria-label="Teams that may call it" {
                    @for team in teams {
                        label.check {
                            input type="checkbox" name="team" value=(team.id) checked[filled.teams.contains(&team.id.to_string())];
                            span { bdi { (team.name) } }
                        }
                    }
                }
            }
        }
    }
}
