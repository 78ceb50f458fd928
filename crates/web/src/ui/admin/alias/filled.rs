//! What the form of an alias holds, and what it says.

use app::error::Error;
use domain::alias::{Alias, Mode, Target};
use domain::ids::TeamId;

/// One line of what an alias stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) weight: String,
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
    pub(super) name: String,
    pub(super) mode: Mode,
    pub(super) lines: Vec<Line>,
    pub(super) has_some_teams: bool,
    pub(super) teams: Vec<String>,
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

#[cfg(test)]
mod tests {
    use domain::ProviderId;

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
