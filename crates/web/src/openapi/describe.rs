//! What a door says of itself, beside what follows from its row in the table.

use app::Code;
use http::Method;
use serde_json::Value;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};

use super::TAGS;
use super::shape::Shape;
use crate::router::Door;

/// What the document says of one door.
pub struct Described {
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) detail: Option<&'static str>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    pub(super) refusals: Vec<Code>,
    pub(super) is_idempotent: bool,
    pub(super) is_call: bool,
    pub(super) may_estimate: bool,
    resumes: bool,
    touches_nothing: bool,
}

/// What a door takes.
pub(super) struct Body {
    pub(super) kind: &'static str,
    pub(super) shape: Shape,
    pub(super) example: Option<Value>,
    /// It may also be a form with files that has the same fields.
    pub(super) or_form: bool,
}

/// One status, what it means, and what it holds.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) what: &'static str,
    /// Media types with their shapes; a type without one is text.
    pub(super) contents: Vec<(&'static str, Option<Shape>)>,
}

/// Starts a description.
pub(crate) fn says(tag: &'static str, summary: &'static str) -> Described {
    Described {
        tag,
        summary,
        detail: None,
        parameters: Vec::new(),
        body: None,
        answers: Vec::new(),
        refusals: Vec::new(),
        is_idempotent: false,
        is_call: false,
        may_estimate: false,
        resumes: false,
        touches_nothing: false,
    }
}

impl Described {
    /// More than the summary says, in whole sentences.
    pub(crate) fn at_length(mut self, detail: &'static str) -> Self {
        self.detail = Some(detail);
        self
    }

    /// The query parameters.
    pub(crate) fn query<T: IntoParams>(mut self) -> Self {
        self.parameters = T::into_params(|| Some(ParameterIn::Query));
        self
    }

    /// A JSON body.
    pub(crate) fn takes<T: ToSchema>(mut self) -> Self {
        self.body = Some(Body { kind: "application/json", shape: Shape::of::<T>(), example: None, or_form: false });
        self
    }

    /// A form body.
    pub(crate) fn takes_form<T: ToSchema>(mut self) -> Self {
        self.body = Some(Body {
            kind: "application/x-www-form-urlencoded",
            shape: Shape::of::<T>(),
            example: None,
            or_form: false,
        });
        self
    }

    /// A body that is taken.
    pub(crate) fn example(mut self, example: Value) -> Self {
        if let Some(body) = &mut self.body {
            body.example = Some(example);
        }
        self
    }

    /// The body may also be a form with files.
    pub(crate) fn or_form(mut self) -> Self {
        if let Some(body) = &mut self.body {
            body.or_form = true;
        }
        self
    }

    /// A JSON answer.
    pub(crate) fn gives<T: ToSchema>(mut self, status: u16, what: &'static str) -> Self {
        let contents = vec![("application/json", Some(Shape::of::<T>()))];
        self.answers.push(Answer { status, what, contents });
        self
    }

    /// A JSON answer that is a list `L` of `T`; a schema of its own, named after both.
    pub(crate) fn gives_list<L: ToSchema, T: ToSchema>(mut self, status: u16, what: &'static str) -> Self {
        let mut list = Shape::of::<L>();
        let item = Shape::of::<T>();
        list.name = format!("{}Of{}", list.name, item.name);
        list.others.push((item.name, item.schema));
        list.others.extend(item.others);
        self.answers.push(Answer { status, what, contents: vec![("application/json", Some(list))] });
        self
    }

    /// An answer without a body.
    pub(crate) fn gives_other(mut self, status: u16, what: &'static str) -> Self {
        self.answers.push(Answer { status, what, contents: Vec::new() });
        self
    }

    /// An answer that is text of this type.
    pub(crate) fn gives_text(mut self, status: u16, what: &'static str, kind: &'static str) -> Self {
        self.answers.push(Answer { status, what, contents: vec![(kind, None)] });
        self
    }

    /// The last answer also comes as JSON.
    pub(crate) fn or_json<T: ToSchema>(mut self) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.contents.push(("application/json", Some(Shape::of::<T>())));
        }
        self
    }

    /// The last answer also comes as server-sent events.
    pub(crate) fn or_events(mut self) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.contents.push(("text/event-stream", None));
        }
        self
    }

    /// The last answer also comes as bytes of the provider's own type.
    pub(crate) fn or_bytes(mut self) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.contents.push(("application/octet-stream", None));
        }
        self
    }

    /// An answer that is server-sent events only.
    pub(crate) fn gives_events(self, status: u16, what: &'static str) -> Self {
        self.gives_text(status, what, "text/event-stream")
    }

    /// It takes a `Last-Event-ID`.
    pub(crate) fn resumes(mut self) -> Self {
        self.resumes = true;
        self
    }

    /// What can go wrong here, beside what follows from the door's need, path,
    /// query and body.
    pub(crate) fn refuses(mut self, codes: &[Code]) -> Self {
        self.refusals.extend_from_slice(codes);
        self
    }

    /// It takes an `Idempotency-Key`.
    pub(crate) fn idempotent(mut self) -> Self {
        self.is_idempotent = true;
        self
    }

    /// It calls a model: the `x-ownkey-*` headers in and out, and everything
    /// that can go wrong on the way to a provider.
    pub(crate) fn calls_a_model(mut self) -> Self {
        self.is_call = true;
        self.is_idempotent = true;
        self
    }

    /// Its answer may be an estimate, which a header then says.
    pub(crate) fn may_estimate(mut self) -> Self {
        self.may_estimate = true;
        self
    }

    /// It answers from memory: no database is asked.
    pub(crate) fn touches_nothing(mut self) -> Self {
        self.touches_nothing = true;
        self
    }

    /// Whether the door takes any query parameter.
    pub(crate) fn has_query(&self) -> bool {
        !self.parameters.is_empty()
    }

    pub(super) fn asks_the_store(&self) -> bool {
        !self.touches_nothing
    }

    /// The request headers it reads, as the components name them.
    pub(super) fn header_names(&self) -> Vec<&'static str> {
        let mut names = vec!["request-id"];
        if self.is_idempotent {
            names.push("idempotency-key");
        }
        if self.resumes {
            names.push("last-event-id");
        }
        if self.is_call {
            names.extend([
                "ownkey-credential",
                "ownkey-policy",
                "ownkey-params",
                "ownkey-brought-key",
                "ownkey-brought-provider",
            ]);
        }
        names
    }
}

/// What is missing from a door's description, one sentence each.
#[must_use]
pub fn gaps(door: &Door) -> Vec<String> {
    let Some(described) = &door.described else { return Vec::new() };
    let mut gaps = Vec::new();
    let mut missing = |is_missing: bool, what: &str| {
        if is_missing {
            gaps.push(format!("{} {}: {what}", door.method, door.path));
        }
    };
    missing(described.summary.trim().len() < 8, "has no summary");
    missing(!TAGS.iter().any(|(tag, _)| *tag == described.tag), "has a tag that openapi/tags.rs does not list");
    let successes: Vec<&Answer> = described.answers.iter().filter(|answer| answer.status < 300).collect();
    missing(successes.is_empty(), "says no success; use gives, gives_list, gives_text or gives_other(204, ..)");
    let is_bare = |answer: &&Answer| answer.status != 204 && answer.contents.is_empty();
    missing(described.answers.iter().any(|answer| is_bare(&answer)), "answers a body without a schema; use gives");
    missing(successes.iter().any(|answer| answer.what.trim().is_empty()), "does not say what its answer is");
    let is_change = matches!(door.method, Method::POST | Method::PUT | Method::PATCH);
    let lacks_example = described.body.as_ref().is_some_and(|body| body.example.is_none());
    missing(is_change && lacks_example, "has no example of its body; use example");
    gaps
}
