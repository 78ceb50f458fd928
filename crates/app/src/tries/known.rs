//! What tries showed: told in lists, and refused early.

use domain::Timestamp;
use llm::capabilities::{Ability, Outcome};
use llm::wire::ClientRequest;
use store::tries::TriedAbility;

use crate::error::{Code, Error, Result};
use crate::naming;
use crate::reach::Key;

/// What was shown of one key's models: whether they do it, and when that was.
#[derive(Clone, Debug, Default)]
pub struct Known(Vec<(String, Ability, Outcome, Timestamp)>);

impl Known {
    /// What counts of the rows of one key: what was tried at its endpoint of now.
    pub(crate) fn of(rows: Vec<TriedAbility>, endpoint: &str) -> Self {
        let here = rows.into_iter().filter(|row| row.endpoint == endpoint);
        // Words of a later version say nothing to this one.
        let read =
            |row: TriedAbility| Some((row.model, row.ability.parse().ok()?, row.outcome.parse().ok()?, row.tried_at));
        Self(here.filter_map(read).collect())
    }

    /// What a try of this showed.
    #[must_use]
    pub fn of_model(&self, model: &str, ability: Ability) -> Option<Outcome> {
        self.find(model, ability).map(|(outcome, _)| outcome)
    }

    fn find(&self, model: &str, ability: Ability) -> Option<(Outcome, Timestamp)> {
        let is_it = |(known, tried, ..): &&(String, Ability, Outcome, Timestamp)| known == model && *tried == ability;
        self.0.iter().find(is_it).map(|(_, _, outcome, at)| (*outcome, *at))
    }
}

/// Passes unless the request asks for something that the endpoint refused when
/// it was tried: nobody pays to hear that again.
///
/// # Errors
/// `unsupported_parameter`, naming the field.
pub(crate) fn refuse_early(key: &Key, model: &str, request: &ClientRequest<'_>) -> Result<()> {
    if key.tried.0.is_empty() {
        return Ok(());
    }
    for (ability, field) in asked_for(request) {
        if let Some((Outcome::Refused, at)) = key.tried.find(model, ability) {
            let what = match ability {
                Ability::Tools => "functions",
                Ability::JsonSchema => "answers by a JSON schema",
                _ => "pictures",
            };
            let (shown, at) = (naming::shown(model), at.to_string());
            let day = at.split('T').next().unwrap_or_default();
            return Err(Error::new(
                Code::UnsupportedParameter,
                format!(
                    "“{shown}” refused {what} when this endpoint was tried on {day}. Leave out `{field}`, choose another model, or have the endpoint tried again."
                ),
            )
            .of_field(field));
        }
    }
    Ok(())
}

/// What a body asks for, and in which field. A word between bare quotes cannot
/// stand inside a text, where quotes are escaped.
fn asked_for(request: &ClientRequest<'_>) -> Vec<(Ability, &'static str)> {
    const FORMATS: [(&str, &[u8]); 5] = [
        ("response_format", b"\"json_schema\""),
        ("text", b"\"json_schema\""),
        ("output_config", b"\"json_schema\""),
        ("generationConfig", b"\"responseSchema\""),
        ("generationConfig", b"\"responseJsonSchema\""),
    ];
    const PICTURES: [(&str, &[u8]); 6] = [
        ("messages", b"\"image_url\""),
        ("messages", b"\"image\""),
        ("messages", b"\"input_image\""),
        ("input", b"\"input_image\""),
        ("contents", b"\"inlineData\""),
        ("contents", b"\"fileData\""),
    ];
    let has = |(field, word): &(&str, &[u8])| {
        let value = request.object().get(field).unwrap_or_default();
        value.windows(word.len()).any(|window| window == *word)
    };
    let tools = request.has_tools().then_some((Ability::Tools, "tools"));
    let format = FORMATS.iter().find(|one| has(one)).map(|(field, _)| (Ability::JsonSchema, *field));
    let picture = PICTURES.iter().find(|one| has(one)).map(|(field, _)| (Ability::Vision, *field));
    [tools, format, picture].into_iter().flatten().collect()
}
