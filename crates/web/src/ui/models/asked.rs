//! What of the list of models is asked for, as the address says it. What cannot
//! be read there is not asked for.

use std::cmp::Reverse;
use std::fmt::Write as _;

use app::models::ModelLine;
use domain::model::{ModelKind, ModelStatus};
use domain::provider::ProviderKind;
use domain::{Nanos, ProviderId};

/// Rows of one page.
pub(super) const ROWS: usize = 100;

/// Which models, by whether they can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    /// A key opens them.
    Callable,
    /// A key would.
    Locked,
    /// Nobody serves them any more.
    Retired,
    /// Any.
    All,
}

domain::text_enum!(Show, "choice" {
    Callable => "callable",
    Locked => "locked",
    Retired => "retired",
    All => "all",
});

impl Show {
    /// Where a model belongs.
    pub(super) fn of(line: &ModelLine) -> Self {
        match (line.payer, line.facts.status) {
            (Some(_), _) => Self::Callable,
            (None, ModelStatus::Retired) => Self::Retired,
            (None, _) => Self::Locked,
        }
    }

    /// What people call it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Callable => "Callable",
            Self::Locked => "Locked",
            Self::Retired => "Retired",
            Self::All => "All",
        }
    }
}

/// In which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// By provider, recommended ones first.
    Provider,
    /// By name.
    Name,
    /// What costs least to ask first.
    Input,
    /// What costs least to answer first.
    Output,
    /// What reads most first.
    Context,
    /// The newest first.
    Newest,
}

domain::text_enum!(Sort, "order" {
    Provider => "provider",
    Name => "name",
    Input => "input",
    Output => "output",
    Context => "context",
    Newest => "newest",
});

impl Sort {
    /// What people call it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Provider => "Provider",
            Self::Name => "Name",
            Self::Input => "Cheapest input",
            Self::Output => "Cheapest output",
            Self::Context => "Largest context",
            Self::Newest => "Newest",
        }
    }
}

/// Something that one can ask of a model by a check mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Facet {
    Vision,
    Tools,
    Reasoning,
    Structured,
    Local,
    Priced,
}

domain::text_enum!(Facet, "facet" {
    Vision => "vision",
    Tools => "tools",
    Reasoning => "reasoning",
    Structured => "json_schema",
    Local => "local",
    Priced => "priced",
});

impl Facet {
    /// What people call it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Vision => "Vision",
            Self::Tools => "Tools",
            Self::Reasoning => "Reasoning",
            Self::Structured => "Structured output",
            Self::Local => "Local",
            Self::Priced => "Priced",
        }
    }

    /// Whether a model has it.
    pub(super) fn is_had_by(self, line: &ModelLine) -> bool {
        let can = line.facts.capabilities;
        match self {
            Self::Vision => can.vision,
            Self::Tools => can.tools,
            Self::Reasoning => can.reasoning,
            Self::Structured => can.json_schema,
            Self::Local => line.facts.provider.facts().kind == ProviderKind::Local,
            Self::Priced => line.price.is_some(),
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Words that a model has in its name, id or provider.
    pub(super) words: String,
    /// Of this provider.
    pub(super) provider: Option<ProviderId>,
    /// For this.
    pub(super) kind: Option<ModelKind>,
    /// With at least so many tokens of context.
    pub(super) context: Option<u64>,
    /// Asking costs at most so much, in nano-dollars per million tokens.
    pub(super) price: Option<i64>,
    /// With all of these.
    pub(super) facets: Vec<Facet>,
    /// Callable or not; `None`: the callable ones, if there are any.
    pub(super) show: Option<Show>,
    /// In this order.
    pub(super) sort: Option<Sort>,
    /// Which page, from 1.
    pub(super) page: usize,
}

impl Asked {
    /// Reads an address's query.
    pub(super) fn read(query: &str) -> Self {
        let mut asked = Self { page: 1, ..Self::default() };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "q" => asked.words = value.trim().chars().take(200).collect(),
                "provider" => asked.provider = value.parse().ok(),
                "kind" => asked.kind = kind_named(&value),
                "context" => asked.context = value.parse().ok().filter(|tokens| *tokens > 0),
                "price" => asked.price = Nanos::parse_usd(&value).map(|nanos| nanos.0).filter(|nanos| *nanos >= 0),
                "show" => asked.show = value.parse().ok(),
                "sort" => asked.sort = value.parse().ok(),
                "page" => asked.page = value.parse().ok().filter(|page| *page > 0).unwrap_or(1),
                "has" => asked.facets.extend(value.parse::<Facet>().ok()),
                _ => {}
            }
        }
        asked.facets.dedup();
        asked
    }

    /// Whether a model is asked for, callable or not.
    pub(super) fn lets(&self, line: &ModelLine) -> bool {
        let facts = &line.facts;
        self.provider.is_none_or(|provider| provider == facts.provider)
            && self.kind.is_none_or(|kind| kind == facts.kind)
            && self.context.is_none_or(|least| facts.context_window.is_some_and(|context| context >= least))
            && self.price.is_none_or(|most| line.price.is_some_and(|price| price.rates.input_nanos <= most))
            && self.facets.iter().all(|facet| facet.is_had_by(line))
            && self.has_words_of(line)
    }

    fn has_words_of(&self, line: &ModelLine) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let facts = &line.facts;
        let text =
            format!("{} {} {}", facts.display_name, line.client_id, facts.provider.display_name()).to_lowercase();
        self.words.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }

    /// Puts models in the order that is asked for. Unknown comes last.
    pub(super) fn order(&self, lines: &mut [&ModelLine]) {
        let rate = |line: &ModelLine, of: fn(&domain::money::Rates) -> i64| {
            line.price.map_or(i64::MAX, |price| of(&price.rates))
        };
        match self.sort {
            None | Some(Sort::Provider) => {}
            Some(Sort::Name) => lines.sort_by_cached_key(|line| line.facts.display_name.to_lowercase()),
            Some(Sort::Input) => lines.sort_by_key(|line| rate(line, |rates| rates.input_nanos)),
            Some(Sort::Output) => lines.sort_by_key(|line| rate(line, |rates| rates.output_nanos)),
            Some(Sort::Context) => lines.sort_by_key(|line| Reverse(line.facts.context_window)),
            Some(Sort::Newest) => lines.sort_by_key(|line| Reverse(line.created)),
        }
    }

    /// The address that asks for this.
    pub(super) fn address(&self) -> String {
        let query = self.query();
        if query.is_empty() { "/language-models".to_owned() } else { format!("/language-models?{query}") }
    }

    /// The query of that address.
    pub(super) fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut say = |name: &str, value: Option<&str>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                query.append_pair(name, value);
            }
        };
        say("q", Some(&self.words));
        say("provider", self.provider.map(ProviderId::as_str));
        say("kind", self.kind.map(kind_name));
        say("context", self.context.map(|tokens| tokens.to_string()).as_deref());
        say("price", self.price.map(|nanos| Nanos(nanos).to_string()).as_deref());
        self.facets.iter().for_each(|facet| say("has", Some(facet.as_str())));
        say("show", self.show.map(Show::as_str));
        say("sort", self.sort.map(Sort::as_str));
        say("page", (self.page > 1).then(|| self.page.to_string()).as_deref());
        query.finish()
    }

    /// The same, but these models, from the first page.
    pub(super) fn showing(&self, show: Show) -> Self {
        Self { show: Some(show), page: 1, ..self.clone() }
    }

    /// The same, in another order, from the first page.
    pub(super) fn sorted(&self, sort: Sort) -> Self {
        Self { sort: Some(sort).filter(|sort| *sort != Sort::Provider), page: 1, ..self.clone() }
    }

    /// The same, another page.
    pub(super) fn on_page(&self, page: usize) -> Self {
        Self { page, ..self.clone() }
    }

    /// Whether only some models are asked for.
    pub(super) fn is_narrow(&self) -> bool {
        let Self { words, provider, kind, context, price, facets, .. } = self;
        let is_chosen = provider.is_some() || kind.is_some() || context.is_some() || price.is_some();
        is_chosen || !words.is_empty() || !facets.is_empty()
    }
}

/// A kind's name in addresses.
pub(super) const fn kind_name(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Chat => "chat",
        ModelKind::Embedding => "embedding",
        ModelKind::Other => "other",
    }
}

fn kind_named(name: &str) -> Option<ModelKind> {
    [ModelKind::Chat, ModelKind::Embedding, ModelKind::Other].into_iter().find(|kind| kind_name(*kind) == name)
}

/// A number of tokens in few characters: `128k`, `1.5M`.
pub(crate) fn tokens(number: u64) -> String {
    let (unit, sign) = match number {
        0..1_000 => return number.to_string(),
        1_000..1_000_000 => (1_000, 'k'),
        _ => (1_000_000, 'M'),
    };
    let tenths = (number * 10 + unit / 2) / unit;
    let mut text = (tenths / 10).to_string();
    if !tenths.is_multiple_of(10) && tenths < 1_000 {
        // Writing to a string cannot fail.
        let _written = write!(text, ".{}", tenths % 10);
    }
    text.push(sign);
    text
}

/// A price as people write it, with two decimals at least: `$1.10`, `$0.075`.
pub(crate) fn dollars(nanos: i64) -> String {
    let text = Nanos(nanos).to_string();
    match text.split_once('.') {
        None => format!("${text}.00"),
        Some((_, fraction)) if fraction.len() == 1 => format!("${text}0"),
        Some(_) => format!("${text}"),
    }
}

#[cfg(test)]
mod tests;
