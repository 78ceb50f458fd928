//! Our own icons, drawn in strokes on a field of 24 by 24. They are always
//! beside a word, and say nothing to a screen reader.

use maud::{Markup, PreEscaped};

/// Draws an icon.
pub(crate) fn icon(icon: Icon) -> Markup {
    PreEscaped(format!(r#"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>"#, icon.strokes()))
}

macro_rules! icons {
    ($($(#[$doc:meta])* $name:ident => $strokes:literal,)*) => {
        /// What an icon stands for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Icon { $($(#[$doc])* $name,)* }

        impl Icon {
            const fn strokes(self) -> &'static str {
                match self { $(Self::$name => $strokes,)* }
            }
        }
    };
}

icons! {
    /// A conversation.
    Chat => r#"<path d="M20 15a3 3 0 0 1-3 3H9l-5 4V6a3 3 0 0 1 3-3h10a3 3 0 0 1 3 3z"/>"#,
    /// A provider key.
    Key => r#"<circle cx="8" cy="15" r="4.5"/><path d="m11.5 11.5 8-8M16 7l3 3M13.5 9.5l2 2"/>"#,
    /// Models.
    Models => r#"<path d="m12 3 8.5 4.75v8.5L12 21l-8.5-4.75v-8.5zM3.5 7.75 12 12.5l8.5-4.75M12 12.5V21"/>"#,
    /// The playground.
    Play => r#"<rect x="3" y="4" width="7.5" height="16" rx="1.5"/><rect x="13.5" y="4" width="7.5" height="16" rx="1.5"/>"#,
    /// Usage.
    Chart => r#"<path d="M4 20V4M4 20h16M8.5 16v-5M13 16V8M17.5 16v-3"/>"#,
    /// A gateway token.
    Token => r#"<rect x="3" y="6" width="18" height="12" rx="2.5"/><path d="M7 10.5h5M7 13.5h3M16.5 10.5v3"/>"#,
    /// Health.
    Pulse => r#"<path d="M3 12h4l2.5-6 4.5 12 2.5-6H21"/>"#,
    /// Administration.
    Shield => r#"<path d="M12 3 5 5.75v5.5c0 4.5 3 7.75 7 9.75 4-2 7-5.25 7-9.75v-5.5z"/>"#,
    /// A person.
    Person => r#"<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c1-4 4-6 7.5-6s6.5 2 7.5 6"/>"#,
    /// The account's menu, on a phone.
    Menu => r#"<path d="M4 7h16M4 12h16M4 17h16"/>"#,
    /// More actions.
    More => r#"<path stroke-width="3" d="M5.5 12h.01M12 12h.01M18.5 12h.01"/>"#,
    /// Light.
    Sun => r#"<circle cx="12" cy="12" r="4"/><path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"/>"#,
    /// Dark.
    Moon => r#"<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"/>"#,
    /// As the system has it.
    Screen => r#"<rect x="3" y="4" width="18" height="12" rx="2"/><path d="M9 20h6M12 16v4"/>"#,
    /// In, by another door.
    Enter => r#"<path d="M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M10 8l4 4-4 4M14 12H3"/>"#,
    /// Good.
    Check => r#"<path d="m4.5 12.5 5 5 10-11"/>"#,
    /// Bad.
    Cross => r#"<path d="m6 6 12 12M18 6 6 18"/>"#,
    /// Look here.
    Warning => r#"<path d="M12 4 2.75 20h18.5zM12 10v4.5M12 17.25h.01"/>"#,
    /// Not known.
    Question => r#"<circle cx="12" cy="12" r="9"/><path d="M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.5h.01"/>"#,
    /// Waiting.
    Clock => r#"<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3.5 2"/>"#,
    /// Under way.
    Turning => r#"<path d="M20 12a8 8 0 1 1-2.5-5.8M20 3v4.5h-4.5"/>"#,
    /// Switched off.
    Pause => r#"<path d="M9 5v14M15 5v14"/>"#,
    /// Not reached.
    Unplugged => r#"<path d="M3 3l18 18M9 4v3M15 4v3M7 8.5v2.5a5 5 0 0 0 5 5 5 5 0 0 0 2-.4M17 12V8h-6M12 16v5"/>"#,
    /// Not allowed, not readable.
    Lock => r#"<rect x="5" y="10.5" width="14" height="10" rx="2"/><path d="M8 10.5V7.5a4 4 0 0 1 8 0v3"/>"#,
    /// Add.
    Plus => r#"<path d="M12 5v14M5 12h14"/>"#,
    /// Copy.
    Copy => r#"<rect x="8.5" y="8.5" width="12" height="12" rx="2"/><path d="M15.5 8.5v-3a2 2 0 0 0-2-2h-8a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h3"/>"#,
    /// Edit.
    Pen => r#"<path d="M4 20l1-4.5L16.5 4a2 2 0 0 1 3 0l.5.5a2 2 0 0 1 0 3L8.5 19z"/>"#,
    /// Delete.
    Bin => r#"<path d="M4 6.5h16M9.5 6.5V4h5v2.5M6.5 6.5 7.5 20.5h9l1-14M10 10.5v6M14 10.5v6"/>"#,
    /// First among several.
    Star => r#"<path d="m12 3.5 2.6 5.4 5.9.8-4.3 4.1 1.1 5.8L12 16.8l-5.3 2.8 1.1-5.8L3.5 9.7l5.9-.8z"/>"#,
    /// Search.
    Search => r#"<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>"#,
    /// Send.
    Send => r#"<path d="M12 19.5V5M5.5 11.5 12 5l6.5 6.5"/>"#,
    /// Stop.
    Stop => r#"<rect x="6" y="6" width="12" height="12" rx="2"/>"#,
    /// Attach.
    Clip => r#"<path d="m20 11-8.5 8.5a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 4.8 4.8L9.5 17a1.7 1.7 0 0 1-2.4-2.4l7.4-7.4"/>"#,
    /// Settings.
    Dials => r#"<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>"#,
    /// Download.
    Download => r#"<path d="M12 4v11M6.5 10.5 12 16l5.5-5.5M4.5 20h15"/>"#,
    /// Elsewhere.
    Out => r#"<path d="M14 4h6v6M20 4l-9 9M18 14v4.5a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 4 18.5v-11A1.5 1.5 0 0 1 5.5 6H10"/>"#,
    /// A branch of a conversation.
    Branch => r#"<circle cx="6.5" cy="5.5" r="2.5"/><circle cx="6.5" cy="18.5" r="2.5"/><circle cx="17.5" cy="8.5" r="2.5"/><path d="M6.5 8v8M17.5 11c0 3.5-5 3-8.5 5.5"/>"#,
    /// One before.
    Left => r#"<path d="m14.5 5-7 7 7 7"/>"#,
    /// One after.
    Right => r#"<path d="m9.5 5 7 7-7 7"/>"#,
    /// Opens below.
    Down => r#"<path d="m5 9.5 7 7 7-7"/>"#,
    /// A folder, a list of conversations.
    List => r#"<path d="M8.5 6H20M8.5 12H20M8.5 18H20M4 6h.01M4 12h.01M4 18h.01"/>"#,
    /// A local server.
    Machine => r#"<rect x="3.5" y="4.5" width="17" height="6" rx="1.5"/><rect x="3.5" y="13.5" width="17" height="6" rx="1.5"/><path d="M7 7.5h.01M7 16.5h.01"/>"#,
    /// Sign out.
    Leave => r#"<path d="M10 4H5.5A1.5 1.5 0 0 0 4 5.5v13A1.5 1.5 0 0 0 5.5 20H10M15 7.5l4.5 4.5-4.5 4.5M19.5 12H9"/>"#,
    /// Pages about the API.
    Book => r#"<path d="M5 4.5h9a3 3 0 0 1 3 3V20H8a3 3 0 0 1-3-3zM17 20h2V7"/>"#,
    /// Sees pictures.
    Eye => r#"<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="2.75"/>"#,
    /// Calls functions.
    Wrench => r#"<path d="M20 7.5a5 5 0 0 1-6.7 4.7L6.5 19a2 2 0 0 1-2.9-2.9l6.9-6.8A5 5 0 0 1 16.5 3l-2.7 2.8.5 2.4 2.4.5L19.5 6c.3.5.5 1 .5 1.5z"/>"#,
    /// Thinks before it answers.
    Thought => r#"<path d="M9 17.5A6.5 6.5 0 1 1 15 17.5v1.5H9zM9.5 21.5h5M12 17v-4.5M9.75 10.5 12 12.5l2.25-2"/>"#,
    /// Answers in a given form.
    Braces => r#"<path d="M9 4H8a2 2 0 0 0-2 2v3.5A2.5 2.5 0 0 1 4 12a2.5 2.5 0 0 1 2 2.5V18a2 2 0 0 0 2 2h1M15 4h1a2 2 0 0 1 2 2v3.5a2.5 2.5 0 0 0 2 2.5 2.5 2.5 0 0 0-2 2.5V18a2 2 0 0 1-2 2h-1"/>"#,
    /// Code.
    Code => r#"<path d="m8 7-5 5 5 5M16 7l5 5-5 5M14 4.5l-4 15"/>"#,
}
