//! The groups of the document, in reading order.

/// Each group with a sentence on what is in it.
pub const TAGS: &[(&str, &str)] = &[
    ("openai", "OpenAI's own format: unmodified clients call these, with a gateway token as their key."),
    ("anthropic", "Anthropic's own format: Claude's own clients call these, with a gateway token as their key."),
    ("gemini", "Google's own format: its clients call these, with a gateway token as their key."),
    ("calls", "Model calls in Ownkey's own words."),
    ("chats", "Saved chats: their owner's alone, and readable by whoever runs the server."),
    ("models", "Every model, with whose key would pay for it and what it costs."),
    ("provider keys", "People's keys at providers: saved sealed, checked, and never shown but to their owner."),
    ("keys, the short way", "One field for each provider, for scripts."),
    ("gateway tokens", "Ownkey's own tokens, which clients use in place of a provider key."),
    ("budgets", "Who may spend how much, in a day, a week, a month or in all, and how that stands."),
    ("sign-in", "Access tokens and sessions."),
    ("users", "Accounts: one's own, and everybody's for admins."),
    ("organizations", "People and teams that share provider keys, and the rules under which their calls are paid."),
    ("organizations' provider keys", "Organizations' keys, as their users' scripts know them: plain arrays."),
    ("events", "What happens, told while it happens."),
    ("usage", "What was called, whose key paid, and what it cost."),
    ("audit", "Every change, in the order it happened."),
    ("operations", "For those who run the server."),
];
