//! The form of an alias: its name, what it stands for in order or by weight, who
//! may call it. Without a script its buttons send the form and get it back.

use app::error::Error;
use app::models::{self, ModelFilter};
use app::teams;
use domain::ProviderId;
use domain::alias::{Alias, Mode, Target};
use domain::ids::TeamId;
use domain::model::ModelKind;
use domain::organization::Team;
use maud::{Markup, html};

use super::super::aliases::Whose;
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

/// One line of what an alias stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Line {
    provider: String,
    model: String,
    weight: String,
}

impl Line {
    fn is_empty(&self) -> bool {
        self.model.trim().is_empty()
    }
}

/// What the form holds.
#[derive(Clone, Debug, Default)]
pub(in crate::ui::admin) struct Filled {
    pub(in crate::ui::admin) organization: String,
    pub(in crate::ui::admin) act: String,
    pub(in crate::ui::admin) is_sure: bool,
    name: String,
    mode: Mode,
    lines: Vec<Line>,
    has_some_teams: bool,
    teams: Vec<String>,
    /// `up:1`, `down:0`, `out:2` or `more`.
    rearrange: String,
}

/// What the form says.
pub(in crate::ui::admin) struct Read {
    pub(in crate::ui::admin) name: String,
    pub(in crate::ui::admin) mode: Mode,
    pub(in crate::ui::admin) targets: Vec<Target>,
    pub(in crate::ui::admin) teams: Option<Vec<TeamId>>,
}

impl From<&Alias> for Filled {
    fn from(alias: &Alias) -> Self {
        let line = |target: &Target| Line {
            provider: target.provider.to_string(),
            model: target.model.clone(),
            weight: target.weight.to_string(),
        };
        let teams = alias.teams.as_deref();
        Self {
            name: alias.name.clone(),
            mode: alias.mode,
            lines: alias.targets.iter().map(line).collect(),
            has_some_teams: teams.is_some(),
            teams: teams.unwrap_or_default().iter().map(ToString::to_string).collect(),
            ..Self::default()
        }
    }
}

/// A suggestion, as the address of the form has it.
pub(in crate::ui::admin) fn likeness(name: &str, target: &Target) -> String {
    let text = format!("{name}={}/{}", target.provider, target.model);
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

impl Filled {
    /// A suggestion, ready to be made.
    pub(in crate::ui::admin) fn like(likeness: &str) -> Self {
        let Some((name, target)) = likeness.split_once('=') else { return Self::default() };
        let Some((provider, model)) = target.split_once('/') else { return Self::default() };
        let line = Line { provider: provider.to_owned(), model: model.to_owned(), weight: "1".to_owned() };
        Self { name: name.to_owned(), lines: vec![line], ..Self::default() }
    }

    pub(in crate::ui::admin) fn of(fields: Vec<(String, String)>) -> Self {
        let mut filled = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "organization" => filled.organization = value,
                "act" => filled.act = value,
                "sure" => filled.is_sure = true,
                "name" => filled.name = value,
                "mode" => filled.mode = value.parse().unwrap_or_default(),
                "provider" => filled.lines.push(Line { provider: value, ..Line::default() }),
                "model" => filled.in_last_line(|line| line.model = value),
                "weight" => filled.in_last_line(|line| line.weight = value),
                "who" => filled.has_some_teams = value == "some",
                "team" => filled.teams.push(value),
                "rearrange" => filled.rearrange = value,
                _ => {}
            }
        }
        filled
    }

    fn in_last_line(&mut self, change: impl FnOnce(&mut Line)) {
        if let Some(line) = self.lines.last_mut() {
            change(line);
        }
    }

    /// Whether only the order was to change; it did.
    pub(in crate::ui::admin) fn is_rearranged(&mut self) -> bool {
        let wish = std::mem::take(&mut self.rearrange);
        let (what, at) = wish.split_once(':').unwrap_or((wish.as_str(), ""));
        let at = at.parse::<usize>().ok().filter(|at| *at < self.lines.len());
        match (what, at) {
            ("up", Some(at)) if at > 0 => self.lines.swap(at, at - 1),
            ("down", Some(at)) if at + 1 < self.lines.len() => self.lines.swap(at, at + 1),
            ("out", Some(at)) => drop(self.lines.remove(at)),
            ("more", _) => self.lines.push(Line::default()),
            _ => return !wish.is_empty(),
        }
        true
    }

    pub(in crate::ui::admin) fn read(&self) -> Result<Read, Error> {
        let lines = self.lines.iter().filter(|line| !line.is_empty());
        let targets = lines.map(target).collect::<Result<Vec<_>, _>>()?;
        if targets.is_empty() {
            return Err(Error::invalid("targets", "is empty; choose at least one provider and model"));
        }
        let teams: Result<Vec<TeamId>, _> = self.teams.iter().map(|id| id.parse()).collect();
        let teams = teams.map_err(|_| Error::not_found("team"))?;
        let mut teams = Some(teams).filter(|_| self.has_some_teams);
        if let Some(teams) = &mut teams {
            teams.sort_unstable();
        }
        Ok(Read { name: self.name.trim().to_owned(), mode: self.mode, targets, teams })
    }
}

fn target(line: &Line) -> Result<Target, Error> {
    let provider = line.provider.parse().map_err(|problem: String| Error::invalid("targets.provider", problem))?;
    let weight = match line.weight.trim() {
        "" => 1,
        text => text.parse().map_err(|_| Error::invalid("targets.weight", "is no number; write one from 0 to 1000"))?,
    };
    Ok(Target { provider, model: line.model.trim().to_owned(), weight })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(rearrange: &str) -> Filled {
        let fields = [
            ("name", " fast "),
            ("mode", "weighted"),
            ("provider", "openai"),
            ("model", "gpt-5-mini"),
            ("weight", "3"),
            ("provider", "anthropic"),
            ("model", "claude-haiku-4-5"),
            ("weight", ""),
            ("provider", "groq"),
            ("model", ""),
            ("rearrange", rearrange),
        ];
        Filled::of(fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn models(filled: &Filled) -> Vec<&str> {
        filled.lines.iter().map(|line| line.model.as_str()).collect()
    }

    #[test]
    fn a_form_says_targets_in_their_order_and_passes_over_empty_lines() {
        let read = filled("").read().unwrap();
        assert_eq!((read.name.as_str(), read.mode, read.teams), ("fast", Mode::Weighted, None));
        let targets: Vec<_> = read.targets.iter().map(|target| (target.written(), target.weight)).collect();
        assert_eq!(targets, [("openai/gpt-5-mini".to_owned(), 3), ("anthropic/claude-haiku-4-5".to_owned(), 1)]);
        assert!(Filled::default().read().is_err());
    }

    #[test]
    fn lines_move_go_and_come_without_a_script() {
        for (wish, expected) in [
            ("up:1", vec!["claude-haiku-4-5", "gpt-5-mini", ""]),
            ("down:0", vec!["claude-haiku-4-5", "gpt-5-mini", ""]),
            ("out:0", vec!["claude-haiku-4-5", ""]),
            ("more", vec!["gpt-5-mini", "claude-haiku-4-5", "", ""]),
            ("up:0", vec!["gpt-5-mini", "claude-haiku-4-5", ""]),
            ("out:9", vec!["gpt-5-mini", "claude-haiku-4-5", ""]),
        ] {
            let mut form = filled(wish);
            assert!(form.is_rearranged(), "{wish}");
            assert_eq!(models(&form), expected, "{wish}");
        }
        assert!(!filled("").is_rearranged());
    }

    #[test]
    fn a_suggestion_fills_the_form() {
        let target = Target { provider: ProviderId::OpenRouter, model: "x/y=z".to_owned(), weight: 1 };
        let text = likeness("claude-y", &target);
        let decoded =
            form_urlencoded::parse(format!("like={text}").as_bytes()).next().map(|(_, value)| value.into_owned());
        let form = Filled::like(&decoded.unwrap_or_default());
        let read = form.read().unwrap();
        assert_eq!((read.name.as_str(), read.targets), ("claude-y", vec![target]));
    }
}
