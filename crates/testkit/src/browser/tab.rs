//! One tab: where it looks, what a person does in it, and what they see.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

use super::line::Line;
use crate::wait::{eventually, seen_within};

/// How long a person waits for something to appear.
const PATIENCE: Duration = Duration::from_secs(60);

/// How large the window is, and in which colours.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Whether the system is dark.
    pub is_dark: bool,
}

impl View {
    /// A desktop.
    pub const DESKTOP: Self = Self { width: 1280, height: 800, is_dark: false };
    /// A phone.
    pub const PHONE: Self = Self { width: 390, height: 844, is_dark: false };

    /// The same in the dark.
    #[must_use]
    pub const fn dark(self) -> Self {
        Self { is_dark: true, ..self }
    }

    /// `light-1280`.
    #[must_use]
    pub fn name(self) -> String {
        format!("{}-{}", if self.is_dark { "dark" } else { "light" }, self.width)
    }
}

/// A part of a page, found by role and name.
#[derive(Debug)]
pub struct Found {
    node: i64,
    /// Its accessible name.
    pub name: String,
}

/// One tab.
pub struct Tab {
    line: Arc<Line>,
    session: String,
    house: String,
    context: String,
}

impl Tab {
    pub(super) async fn over(line: Arc<Line>, session: String, house: String, context: String) -> Self {
        let tab = Self { line, session, house, context };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "DOM.enable", "Network.enable"] {
            tab.call(domain, json!({})).await;
        }
        tab.set_view(View::DESKTOP).await;
        tab
    }

    pub(super) fn house(&self) -> &str {
        &self.house
    }

    pub(super) fn context(&self) -> &str {
        &self.context
    }

    async fn call(&self, method: &str, parameters: Value) -> Value {
        self.line.call(Some(&self.session), method, parameters).await
    }

    /// Another window, other colours.
    pub async fn set_view(&self, view: View) {
        let size =
            json!({"width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": view.width < 600});
        self.call("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if view.is_dark { "dark" } else { "light" };
        let features = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.call("Emulation.setEmulatedMedia", features).await;
    }

    /// Looks at this tab: the others are hidden then, as the pages know.
    pub async fn front(&self) {
        self.call("Page.bringToFront", json!({})).await;
        self.until("document.visibilityState === 'visible'").await;
    }

    /// Opens a page of the house, and waits until it is there.
    pub async fn go(&self, path: &str) {
        self.evaluate("window.wasHere = true").await;
        self.call("Page.navigate", json!({"url": format!("{}{path}", self.house)})).await;
        self.arrived().await;
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.evaluate("window.wasHere = true").await;
        self.call("Page.reload", json!({})).await;
        self.arrived().await;
    }

    async fn arrived(&self) {
        self.until("document.readyState === 'complete' && !window.wasHere && location.href !== 'about:blank'").await;
    }

    /// Waits until an expression is true.
    pub async fn until(&self, expression: &str) {
        eventually(expression, PATIENCE, async || (self.evaluate(expression).await == json!(true)).then_some(())).await;
    }

    /// The value of an expression; of a promise, what it comes to.
    pub async fn evaluate(&self, expression: &str) -> Value {
        let how = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.line.ask(Some(&self.session), "Runtime.evaluate", how).await;
        answer["result"]["result"]["value"].clone()
    }

    /// The path the tab is at, with its query.
    pub async fn path(&self) -> String {
        self.evaluate("location.pathname + location.search").await.as_str().unwrap_or_default().to_owned()
    }

    /// The text that is shown.
    pub async fn text(&self) -> String {
        self.evaluate("document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until this text is shown on a page that is whole.
    pub async fn see(&self, text: &str) {
        self.has_text(text, true).await;
    }

    /// Waits until a page that is whole does not show this text any more.
    pub async fn miss(&self, text: &str) {
        self.has_text(text, false).await;
    }

    async fn has_text(&self, text: &str, wanted: bool) {
        let shown = "document.readyState === 'complete' ? document.body.innerText : null";
        let as_wanted = async || {
            let shown = self.evaluate(shown).await;
            (shown.as_str()?.contains(text) == wanted).then_some(())
        };
        if seen_within(PATIENCE, as_wanted).await.is_none() {
            let what = if wanted { "shown" } else { "gone" };
            panic!("not within {PATIENCE:?}: “{text}” is {what}; there is:\n{}", self.text().await);
        }
    }

    /// Everything with this role, in the order of the page, once that is whole: a
    /// person takes longer than its scripts.
    pub async fn all(&self, role: &str) -> Vec<Found> {
        self.until("document.readyState === 'complete'").await;
        let document = self.call("DOM.getDocument", json!({"depth": 0})).await;
        let query = json!({"nodeId": document["root"]["nodeId"], "role": role});
        let answer = self.line.ask(Some(&self.session), "Accessibility.queryAXTree", query).await;
        let nodes = answer["result"]["nodes"].as_array().cloned().unwrap_or_default();
        nodes
            .iter()
            .filter(|node| node["ignored"] != json!(true))
            .filter_map(|node| {
                let name = node["name"]["value"].as_str().unwrap_or_default().to_owned();
                Some(Found { node: node["backendDOMNodeId"].as_i64()?, name })
            })
            .collect()
    }

    /// The one with this role and this name; else one whose name contains it.
    pub async fn find(&self, role: &str, name: &str) -> Found {
        let what = format!("a {role} “{name}”");
        eventually(&what, PATIENCE, async || {
            let mut all = self.all(role).await;
            let at = all
                .iter()
                .position(|found| found.name == name)
                .or_else(|| all.iter().position(|found| found.name.contains(name)))?;
            Some(all.swap_remove(at))
        })
        .await
    }

    /// Whether something with this role has a name that contains `name`.
    pub async fn has(&self, role: &str, name: &str) -> bool {
        self.all(role).await.iter().any(|found| found.name.contains(name))
    }

    /// Clicks where a person would.
    pub async fn click(&self, role: &str, name: &str) {
        // What was fetched again in between is looked for again.
        let what = format!("a {role} “{name}” that stays");
        let place = eventually(&what, PATIENCE, async || {
            let found = self.find(role, name).await;
            let place = self.on(
                &found,
                "function () {
                    if (!this.isConnected) return null;
                    this.scrollIntoView({ block: 'center', inline: 'center' });
                    const box = this.getBoundingClientRect();
                    return [box.x + box.width / 2, box.y + box.height / 2];
                }",
            );
            Some(place.await).filter(Value::is_array)
        })
        .await;
        let (x, y) = (place[0].as_f64().expect("a place"), place[1].as_f64().expect("a place"));
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let mouse = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", mouse).await;
        }
    }

    /// Types into the field with this label, in place of what is there.
    pub async fn fill(&self, label: &str, text: &str) {
        let focus = "function () { this.focus(); this.select?.(); return this.isConnected; }";
        eventually(&format!("a field “{label}” that stays"), PATIENCE, async || {
            let found = self.field(label).await;
            (self.on(&found, focus).await == json!(true)).then_some(())
        })
        .await;
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// Chooses an option, by its words, in the list with this label.
    pub async fn choose(&self, label: &str, option: &str) {
        let found = self.find("combobox", label).await;
        let script = format!(
            "function () {{
                const option = [...this.options].find((option) => option.label.trim() === {option});
                if (!option) return false;
                this.value = option.value;
                this.dispatchEvent(new Event('input', {{ bubbles: true }}));
                this.dispatchEvent(new Event('change', {{ bubbles: true }}));
                return true;
            }}",
            option = json!(option)
        );
        assert_eq!(self.on(&found, &script).await, json!(true), "there is no option “{option}” in “{label}”");
    }

    /// What the field with this label holds.
    pub async fn value_of(&self, label: &str) -> String {
        let found = self.field(label).await;
        self.on(&found, "function () { return this.value }").await.as_str().unwrap_or_default().to_owned()
    }

    /// A field by its label: of a password's there is no role to ask for.
    async fn field(&self, label: &str) -> Found {
        let what = format!("a field “{label}”");
        eventually(&what, PATIENCE, async || {
            for role in ["textbox", "searchbox", "spinbutton", "combobox"] {
                let all = self.all(role).await;
                if let Some(found) = all.into_iter().find(|found| found.name.contains(label)) {
                    return Some(found);
                }
            }
            None
        })
        .await
    }

    /// Presses a key, such as `Tab`, `Enter`, `Escape`, `ArrowDown` or a letter.
    pub async fn press(&self, key: &str) {
        self.press_with(key, 0).await;
    }

    /// Presses a key with others held: 1 Alt, 2 Ctrl, 4 Meta, 8 Shift.
    pub async fn press_with(&self, key: &str, held: u8) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            " " => (32, " "),
            "End" => (35, ""),
            "Home" => (36, ""),
            "ArrowLeft" => (37, ""),
            "ArrowUp" => (38, ""),
            "ArrowRight" => (39, ""),
            "ArrowDown" => (40, ""),
            other => (other.chars().next().map_or(0, |c| c.to_ascii_uppercase() as u32), other),
        };
        let text = if held & 7 == 0 { text } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let mut press = json!({"type": kind, "key": key, "windowsVirtualKeyCode": code, "modifiers": held});
            if kind == "keyDown" && !text.is_empty() {
                press["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", press).await;
        }
    }

    /// Types where the cursor is.
    pub async fn write(&self, text: &str) {
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// The role and name of what has the focus, `button “Sign in”`.
    pub async fn focus(&self) -> String {
        let what = "(() => { const it = document.activeElement; \
                    return it ? it.tagName.toLowerCase() + ' ' + \
                    (it.getAttribute('aria-label') ?? it.labels?.[0]?.innerText ?? it.innerText ?? '').trim() : '' })()";
        self.evaluate(what).await.as_str().unwrap_or_default().to_owned()
    }

    /// Whether the page is no wider than its window. (A phone's `innerWidth` grows
    /// with the page.)
    pub async fn fits(&self) -> bool {
        let root = "document.documentElement";
        self.evaluate(&format!("{root}.scrollWidth <= {root}.clientWidth")).await == json!(true)
    }

    /// Waits until something has the focus whose role and name contain this. A page
    /// that is there gives it to whom it likes only when it is drawn.
    pub async fn focused(&self, what: &str) {
        if seen_within(PATIENCE, async || self.focus().await.contains(what).then_some(())).await.is_none() {
            panic!("not within {PATIENCE:?}: “{what}” has the focus, which “{}” has", self.focus().await);
        }
    }

    /// What a function comes to for a part of the page; null for one that is gone.
    async fn on(&self, found: &Found, function: &str) -> Value {
        let node = json!({"backendNodeId": found.node});
        let node = self.line.ask(Some(&self.session), "DOM.resolveNode", node).await["result"].clone();
        if node.is_null() {
            return Value::Null;
        }
        let how = json!({
            "objectId": node["object"]["objectId"],
            "functionDeclaration": function,
            "returnByValue": true,
        });
        self.call("Runtime.callFunctionOn", how).await["result"]["value"].clone()
    }

    /// Errors that the page wrote to the console, scripts that broke, and what
    /// its policy forbade.
    pub fn complaints(&self) -> Vec<String> {
        let told = self.line.told(&self.session);
        told.iter()
            .filter_map(|(method, what)| match method.as_str() {
                "Runtime.exceptionThrown" => Some(what["exceptionDetails"].to_string()),
                "Runtime.consoleAPICalled" if what["type"] == "error" => Some(what["args"].to_string()),
                "Log.entryAdded" if what["entry"]["level"] == "error" => {
                    Some(format!("{} {}", what["entry"]["text"], what["entry"]["url"]))
                }
                _ => None,
            })
            .collect()
    }

    /// The requests of this tab so far: their addresses.
    pub fn requests(&self) -> Vec<String> {
        let told = self.line.told(&self.session);
        let sent = told.iter().filter(|(method, _)| method == "Network.requestWillBeSent");
        sent.filter_map(|(_, what)| what["request"]["url"].as_str().map(str::to_owned)).collect()
    }

    /// A picture of the whole page as a PNG.
    pub async fn picture(&self, file: &Path) {
        let layout = self.call("Page.getLayoutMetrics", json!({})).await;
        let size = &layout["cssContentSize"];
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let how = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let picture = self.call("Page.captureScreenshot", how).await;
        keep(&picture, file);
    }

    /// A picture of what the window shows as a PNG.
    pub async fn window(&self, file: &Path) {
        let picture = self.call("Page.captureScreenshot", json!({"format": "png"})).await;
        keep(&picture, file);
    }

    /// Forgets the files that pages were made of, as if it were the first visit.
    pub async fn forget_files(&self) {
        self.call("Network.clearBrowserCache", json!({})).await;
    }

    /// What axe-core, whose script is `axe`, finds wrong with the page for people
    /// who use it otherwise than most.
    pub async fn barriers(&self, axe: &str) -> Vec<String> {
        self.evaluate(&format!("{axe}; true")).await;
        let found = self
            .evaluate(
                "axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations.map((rule) => \
                 `${rule.id} (${rule.impact}): ${rule.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(' | ')}`))",
            )
            .await;
        let found = found.as_array().unwrap_or_else(|| panic!("axe did not run: {found}"));
        found.iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
    }
}

fn keep(picture: &Value, file: &Path) {
    let text = picture["data"].as_str().expect("a picture");
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    std::fs::write(file, bytes).expect("the picture is written");
}
