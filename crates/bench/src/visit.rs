//! A house with somebody in it and a browser that looks at it: for the pictures
//! and for what a person waits for.

use std::time::Duration;

use provider_sim::Script;
use serde_json::Value;
use testkit::{Browser, House, Options, Person, Tab};

use crate::Failure;

/// Whose house it is.
const NAME: &str = "ann";

/// Made-up keys of several providers.
pub(crate) const KEYS: [(&str, &str, &str); 5] = [
    ("openai", "work", "sk-proj-DEMO0123456789abcdefghijk7Qx2"),
    ("anthropic", "private", "sk-ant-api03-DEMO0123456789abcdefghijkb123"),
    ("google", "experiments", "AIzaSyDEMO0123456789abcdefghijklmno9f4K"),
    ("groq", "fast", "gsk_DEMO0123456789abcdefghijklmnXw1P"),
    ("mistral", "old", "DEMOinvalid0123456789abcdefgh8Kd"),
];

/// All that a visit needs.
pub(crate) struct Visit {
    /// The server, and the scripted provider behind it.
    pub(crate) house: House,
    /// Who lives there.
    pub(crate) ann: Person,
    /// What she looks with.
    pub(crate) browser: Browser,
}

impl Visit {
    /// A house whose clock begins so long before now.
    pub(crate) async fn begin(script: Script, ago: Duration) -> Result<Self, Failure> {
        let browser = Browser::start().await.ok_or("Chromium is not installed")?;
        let house = House::start_with(Options { script, ago, ..Options::default() }).await;
        let ann = house.admin(NAME).await;
        Ok(Self { house, ann, browser })
    }

    /// A tab in which she has signed in.
    pub(crate) async fn signed_in(&self) -> Tab {
        self.browser.signed_in(&self.house, &self.ann.email).await
    }

    /// Saves one of her keys.
    pub(crate) async fn save_key(&self, (provider, name, key): (&str, &str, &str)) {
        let body = serde_json::json!({"provider": provider, "name": name, "api_key": key});
        self.ann.client.post("/v2/credentials?check=sync", &body).await.expect(201);
    }
}

/// A number that a page's expression comes to.
pub(crate) async fn number(tab: &Tab, expression: &str) -> Result<f64, Failure> {
    let value: Value = tab.evaluate(expression).await;
    value.as_f64().ok_or_else(|| format!("{expression} is {value}").into())
}
