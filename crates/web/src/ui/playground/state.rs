//! What stands in the playground: one prompt and one to four models, each with
//! its key and its parameters. A link may have all of it; the page itself writes
//! everything but what is asked into its address.

use app::naming;
use domain::ids::CredentialId;
use serde_json::{Map, Number, Value};

use crate::api::llm::EFFORTS;
use crate::ui::snippets::Wanted;

/// The most columns.
pub(super) const COLUMNS: usize = 4;

/// A parameter of a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    /// Its name in a call, and in the address before the column's number.
    pub(super) name: &'static str,
    /// What people call it.
    pub(super) word: &'static str,
    /// What it is until somebody says otherwise.
    pub(super) usual: &'static str,
    /// What it takes.
    pub(super) takes: Takes,
}

/// What a parameter takes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// A number: the least, the most, the step.
    Number(&'static str, &'static str, &'static str),
    /// A whole number from 1.
    Whole,
    /// Any whole number.
    Any,
    /// How hard to think.
    Effort,
}

/// All of them.
pub(super) const PARAMETERS: [Parameter; 5] = [
    Parameter { name: "temperature", word: "Temperature", usual: "1", takes: Takes::Number("0", "2", "0.1") },
    Parameter { name: "top_p", word: "Top-p", usual: "1", takes: Takes::Number("0", "1", "0.05") },
    Parameter { name: "max_tokens", word: "Longest answer", usual: "1024", takes: Takes::Whole },
    Parameter { name: "reasoning_effort", word: "Thinking", usual: "low", takes: Takes::Effort },
    Parameter { name: "seed", word: "Seed", usual: "1", takes: Takes::Any },
];

impl Parameter {
    /// What was typed, as a call takes it; `None` for what it does not take.
    fn value(&self, typed: &str) -> Option<Value> {
        let typed = typed.trim();
        match self.takes {
            Takes::Number(..) => typed.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number),
            Takes::Whole => typed.parse::<u64>().ok().filter(|number| *number > 0).map(Value::from),
            Takes::Any => typed.parse::<i64>().ok().map(Value::from),
            Takes::Effort => EFFORTS.contains(&typed).then(|| Value::from(typed)),
        }
    }
}

/// A parameter as it is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Setting {
    /// Whether it is sent.
    pub(super) is_on: bool,
    /// What was typed.
    pub(super) typed: String,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// Its number, from 1; stays when others go.
    pub(super) number: usize,
    /// The model, by the name to call it by.
    pub(super) model: String,
    /// The key that is to pay; `None`: whoever would.
    pub(super) key: Option<CredentialId>,
    /// In the order of [`PARAMETERS`].
    pub(super) settings: [Setting; PARAMETERS.len()],
}

impl Column {
    fn empty(number: usize) -> Self {
        let settings = PARAMETERS.map(|parameter| Setting { is_on: false, typed: parameter.usual.to_owned() });
        Self { number, model: String::new(), key: None, settings }
    }

    /// The parameters that are sent.
    pub(super) fn parameters(&self) -> Map<String, Value> {
        let set = PARAMETERS.iter().zip(&self.settings).filter(|(_, setting)| setting.is_on);
        set.filter_map(|(parameter, setting)| Some((parameter.name.to_owned(), parameter.value(&setting.typed)?)))
            .collect()
    }
}

/// All that stands in the playground.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// The system prompt.
    pub(super) system: String,
    /// The prompt.
    pub(super) prompt: String,
    /// By number; never empty.
    pub(super) columns: Vec<Column>,
}

impl State {
    /// A column that is not there, as it would be.
    pub(super) fn unused(number: usize) -> Column {
        Column::empty(number)
    }

    /// Reads a form or an address; what cannot be read is as usual.
    pub(super) fn read(fields: &[(String, String)]) -> Self {
        let get = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let is_removed = |number: usize| get("remove") == Some(number.to_string().as_str());
        let mut columns: Vec<Column> = (1..=COLUMNS)
            .filter(|number| !is_removed(*number))
            .filter_map(|number| Some(column(number, get(&format!("m{number}"))?, &get)))
            .collect();
        if let Some(model) = get("model").filter(|_| columns.is_empty()) {
            columns.push(Column { model: name(model), ..Column::empty(1) });
        }
        let free = (1..=COLUMNS).find(|number| columns.iter().all(|column| column.number != *number));
        if let Some(number) = free.filter(|_| columns.is_empty() || get("add").is_some()) {
            columns.push(Column::empty(number));
            columns.sort_by_key(|column| column.number);
        }
        let text = |name: &str| get(name).unwrap_or_default().replace("\r\n", "\n");
        Self { system: text("system"), prompt: text("prompt"), columns }
    }

    /// Reads the query of an address.
    pub(super) fn of_query(query: &str) -> Self {
        Self::read(&fields_of(query))
    }

    /// A column as code.
    pub(super) fn wanted(&self, column: &Column) -> Wanted {
        Wanted {
            model: column.model.clone(),
            system: self.system.trim().to_owned(),
            prompt: if self.prompt.trim().is_empty() { "Hello!".to_owned() } else { self.prompt.clone() },
            parameters: column.parameters(),
        }
    }
}

/// The fields of the query of an address.
pub(super) fn fields_of(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// A model's name as it was typed; a provider key in its place is not shown again.
fn name(typed: &str) -> String {
    let typed = typed.trim();
    if naming::shown(typed) == "…" { String::new() } else { typed.to_owned() }
}

fn column<'a>(number: usize, model: &str, get: &impl Fn(&str) -> Option<&'a str>) -> Column {
    let setting = |parameter: Parameter| {
        let typed = get(&format!("{}{number}", parameter.name));
        Setting {
            is_on: get(&format!("{}{number}_on", parameter.name)).is_some(),
            typed: typed.unwrap_or(parameter.usual).chars().take(40).collect(),
        }
    };
    Column {
        number,
        model: name(model),
        key: get(&format!("k{number}")).and_then(|key| key.parse().ok()),
        settings: PARAMETERS.map(setting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_in_the_address_is_the_first_column() {
        let state = State::of_query("model=gpt-5-mini");
        assert_eq!(state.columns, [Column { model: "gpt-5-mini".to_owned(), ..Column::empty(1) }]);
        assert_eq!(State::of_query("").columns, [Column::empty(1)]);
    }

    #[test]
    fn only_what_is_switched_on_is_sent() {
        let state = State::of_query("m1=a&temperature1=0.5&temperature1_on=on&top_p1=0.9&seed1=x&seed1_on=on");
        let sent = state.columns[0].parameters();
        assert_eq!(Value::Object(sent), serde_json::json!({"temperature": 0.5}));
    }

    #[test]
    fn columns_are_added_and_removed_without_touching_the_others() {
        let numbers = |query: &str| State::of_query(query).columns.iter().map(|c| c.number).collect::<Vec<_>>();
        assert_eq!(numbers("m1=a&m3=c&add=1"), [1, 2, 3]);
        assert_eq!(numbers("m1=a&m2=b&m3=c&remove=2"), [1, 3]);
        assert_eq!(numbers("m1=a&m2=b&m3=c&m4=d&add=1"), [1, 2, 3, 4]);
        assert_eq!(numbers("m1=a&remove=1"), [1], "one is always there");
    }
}
