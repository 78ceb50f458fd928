//! Lines of `NAME=value`, as `.env` files and shells have them. Values are taken
//! as they are: nothing is substituted, and no line is ever repeated.

use domain::credential::Scope;
use domain::{ProviderId, key_shape};
use serde_json::Map;

use super::{Candidate, Content, Line, Outcome};

/// The keys of the variables that providers are known by.
pub(super) fn read(text: &str, scope: Scope) -> Content {
    let (pairs, broken) = pairs(text);
    let mut content = Content::default();
    let mut known = 0;
    for provider in ProviderId::all() {
        let facts = provider.facts();
        let value = |names: &[&str]| {
            let found = names.iter().find_map(|wanted| pairs.iter().rev().find(|(name, _)| name == wanted));
            found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
        };
        let endpoint = value(facts.base_variables);
        known += pairs.iter().filter(|(name, _)| is_of(facts.base_variables, name)).count();
        let mut taken: Vec<String> = Vec::new();
        for variable in facts.key_variables {
            let Some(typed) = value(&[variable]) else { continue };
            known += pairs.iter().filter(|(name, _)| name == variable).count();
            if taken.contains(&typed) {
                continue;
            }
            content.add(provider, variable, &typed, endpoint.clone(), scope, taken.is_empty());
            taken.push(typed);
        }
    }
    let others = pairs.len().saturating_sub(known);
    if others > 0 {
        content.notes.push(format!("{others} other variables are no provider's and were left alone."));
    }
    for line in broken {
        content.notes.push(format!("Line {line} is no NAME=value and was left alone."));
    }
    content
}

fn is_of(names: &[&str], name: &str) -> bool {
    names.contains(&name)
}

impl Content {
    fn add(
        &mut self,
        provider: ProviderId,
        variable: &str,
        typed: &str,
        endpoint: Option<String>,
        scope: Scope,
        is_first: bool,
    ) {
        match key_shape::clean(typed, provider) {
            Ok(clean) => self.candidates.push(Candidate {
                from: variable.to_owned(),
                provider,
                scope,
                name: (!is_first).then(|| variable.to_owned()),
                endpoint,
                masked: clean.masked,
                key: Some(typed.trim().to_owned()),
                more: Map::new(),
                is_active: true,
            }),
            Err(problem) => self.left_out.push(Line {
                from: variable.to_owned(),
                provider: provider.to_string(),
                masked: "…".to_owned(),
                endpoint: endpoint.unwrap_or_else(|| "default".to_owned()),
                outcome: match problem {
                    key_shape::KeyProblem::Placeholder | key_shape::KeyProblem::GatewayToken => {
                        Outcome::Skipped(problem.to_string())
                    }
                    _ => Outcome::Failed(problem.to_string()),
                },
            }),
        }
    }
}

/// Names and values, and the numbers of lines that are neither.
fn pairs(text: &str) -> (Vec<(String, String)>, Vec<usize>) {
    let (mut pairs, mut broken) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        match line.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
            Some((name, value)) if is_name(name) => pairs.push((name.to_owned(), unquoted(value))),
            _ => broken.push(number),
        }
    }
    (pairs, broken)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A value without its quotes, or without the comment after it.
fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some((inner, _comment)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inner.trim().to_owned();
        }
    }
    let end = value.find(" #").or_else(|| value.find("\t#")).unwrap_or(value.len());
    value.get(..end).unwrap_or(value).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

    #[test]
    fn lines_are_read_as_shells_and_env_files_write_them() {
        for line in [
            format!("OPENAI_API_KEY={KEY}"),
            format!("export OPENAI_API_KEY=\"{KEY}\""),
            format!("  export   OPENAI_API_KEY = '{KEY}'  # mine"),
            format!("\u{feff}OPENAI_API_KEY= {KEY} # mine\r"),
            format!("OPENAI_API_KEY=old\nOPENAI_API_KEY={KEY}"),
        ] {
            let content = read(&line, Scope::Personal);
            assert_eq!(content.candidates.len(), 1, "{line}");
            assert_eq!(content.candidates[0].key.as_deref(), Some(KEY), "{line}");
            assert_eq!(content.candidates[0].masked, "sk-proj-…key1");
        }
    }

    #[test]
    fn a_key_goes_with_its_endpoint_and_nothing_is_substituted() {
        let text = format!(
            "OPENAI_API_KEY={KEY}\nOPENAI_BASE_URL=https://a.example/${{X}}\nMISTRAL_API_KEY=a$b${{HOME}}c1234567890\n"
        );
        let content = read(&text, Scope::System);
        assert_eq!(content.candidates[0].endpoint.as_deref(), Some("https://a.example/${X}"));
        assert_eq!(content.left_out.len(), 1, "a placeholder");
        assert_eq!(content.candidates[0].scope, Scope::System);
    }

    #[test]
    fn what_is_no_key_is_left_out_without_being_repeated() {
        let text = "OPENAI_API_KEY=your-key-here\nGROQ_API_KEY=\nthis line is a secret\nOTHER=1\nXAI_API_KEY=a b\n";
        let content = read(text, Scope::Personal);
        assert!(content.candidates.is_empty());
        assert!(matches!(content.left_out[0].outcome, Outcome::Skipped(_) | Outcome::Failed(_)));
        assert_eq!(content.left_out.len(), 2);
        assert!(
            content.notes.contains(&"Line 3 is no NAME=value and was left alone.".to_owned()),
            "{:?}",
            content.notes
        );
        assert!(content.notes.iter().all(|note| !note.contains("secret")));
    }

    #[test]
    fn two_variables_of_one_provider_are_two_keys_unless_they_hold_the_same() {
        let other = "AIzaFAKE0123456789abcdefghijklmnopqrstu2";
        let one = "AIzaFAKE0123456789abcdefghijklmnopqrstu1";
        let names = |text: String| -> Vec<Option<String>> {
            read(&text, Scope::Personal).candidates.into_iter().map(|candidate| candidate.name).collect()
        };
        let two = format!("GEMINI_API_KEY={one}\nGOOGLE_API_KEY={other}");
        assert_eq!(names(two), [None, Some("GOOGLE_API_KEY".to_owned())]);
        assert_eq!(names(format!("GEMINI_API_KEY={one}\nGOOGLE_API_KEY={one}")), [None]);
    }
}
