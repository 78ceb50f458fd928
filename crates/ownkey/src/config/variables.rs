//! The one table of environment variables: what each means. The documentation
//! is made from it, and a misspelled one is noticed by it.

use domain::provider::PROVIDERS;

use super::environment::Environment;

/// A variable and its meaning.
pub(crate) struct Variable {
    /// Its name.
    pub(crate) name: &'static str,
    /// One sentence.
    pub(crate) meaning: &'static str,
}

/// Our own variables, in the order a reader meets them.
pub(crate) const VARIABLES: [Variable; 37] = [
    Variable { name: "OWNKEY_LISTEN", meaning: "Where to listen; default 127.0.0.1:8000." },
    Variable {
        name: "OWNKEY_DATA_DIR",
        meaning: "The data directory; default $XDG_DATA_HOME/ownkey, for root /var/lib/ownkey.",
    },
    Variable {
        name: "OWNKEY_DATABASE_URL",
        meaning: "`sqlite:///path/ownkey.db` or `postgres://user@host/database`; then `DATABASE_URL`; default SQLite in the data directory.",
    },
    Variable { name: "DATABASE_URL", meaning: "As OWNKEY_DATABASE_URL, which goes before it." },
    Variable {
        name: "REDIS_URL",
        meaning: "A Redis or Valkey in which several nodes count the rates of gateway tokens together: `redis://:password@host:6379/0`, `rediss://…` with TLS; default none: each node counts for itself. While it is away, each does, too.",
    },
    Variable {
        name: "OWNKEY_PUBLIC_URL",
        meaning: "Where people reach this server; https is needed to listen beyond this machine.",
    },
    Variable { name: "OWNKEY_TRUSTED_PROXIES", meaning: "Addresses, comma-separated, whose X-Forwarded-For counts." },
    Variable { name: "OWNKEY_CA_FILE", meaning: "More root certificates (PEM) for upstream calls." },
    Variable {
        name: "OWNKEY_LOG",
        meaning: "Log levels and form: `info` (default), `debug,json`, `llm=debug,pretty` …",
    },
    Variable {
        name: "OWNKEY_LOCAL_ENDPOINTS",
        meaning: "Origins, comma-separated, that may be on this network; default http://127.0.0.1:11434,http://127.0.0.1:1234.",
    },
    Variable {
        name: "OWNKEY_LOCAL_CIDRS",
        meaning: "Private networks, comma-separated, every address of which may be called, such as 192.168.1.0/24; default none.",
    },
    Variable {
        name: "OWNKEY_SECRET_REFERENCES",
        meaning: "Where else keys of the server may be kept: `env:NAME`, `env:PREFIX_*`, `file:/dir/`, `file:/path`, comma-separated; default nowhere.",
    },
    Variable {
        name: "OWNKEY_REVEAL",
        meaning: "`personal` (default): owners may see their personal keys again with their password; `never`.",
    },
    Variable {
        name: "OWNKEY_POLICY",
        meaning: "How far a call may go for a key, at most: `strict`: never beyond the first scope that has one; `chain` (default): beyond scopes without one; `cross`: also beyond a scope whose keys failed, for those who ask for it.",
    },
    Variable {
        name: "OWNKEY_REQUEST_KEYS",
        meaning: "`off` (default); `on`: a request may bring a provider key along (`x-ownkey-provider-key` with `x-ownkey-provider`), which is used for it and never kept.",
    },
    Variable {
        name: "OWNKEY_FETCH_IMAGES",
        meaning: "`on` (default): pictures and documents that a request names by https address are fetched, from public addresses only, for providers that do not fetch them; `off`.",
    },
    Variable {
        name: "OWNKEY_CHAT_RETENTION_DAYS",
        meaning: "For how many days a chat is kept after the last word; default for good. Temporary chats are kept for one day.",
    },
    Variable {
        name: "OWNKEY_LEDGER_DURABILITY",
        meaning: "`grouped` (default): reservations are committed without waiting for the disk; `strict`: they wait.",
    },
    Variable {
        name: "OWNKEY_WEBHOOK_URL",
        meaning: "An address that is told, signed, when a key changes or turns bad, a part of a budget is spent, or a key is used as never before; https, or listed in OWNKEY_LOCAL_ENDPOINTS. `ownkey webhook secret` says what to check signatures with.",
    },
    Variable {
        name: "OWNKEY_OIDC_ISSUER",
        meaning: "An OpenID provider that people may sign in through, by the address it calls itself: https, or http on this machine. Of all addresses this one may be on this network. Register `<public URL>/login/oidc/callback` there.",
    },
    Variable { name: "OWNKEY_OIDC_NAME", meaning: "What people call it; default its host." },
    Variable { name: "OWNKEY_OIDC_CLIENT_ID", meaning: "What it calls this server." },
    Variable {
        name: "OWNKEY_OIDC_CLIENT_SECRET",
        meaning: "What this server proves that by; unset: a public client, proven by PKCE alone.",
    },
    Variable { name: "OWNKEY_OIDC_SCOPES", meaning: "What is asked for; default `openid email profile groups`." },
    Variable {
        name: "OWNKEY_OIDC_GROUPS_CLAIM",
        meaning: "The claim with a person's groups, or a dotted path to it; default `groups`.",
    },
    Variable {
        name: "OWNKEY_OIDC_ADMIN_GROUPS",
        meaning: "Groups, comma-separated, whose people are this server's admins; everybody else who signs in through the provider then is none. Default: groups say nothing about that.",
    },
    Variable {
        name: "OWNKEY_OIDC_GROUP_MAP",
        meaning: "What groups are in organizations, comma-separated: `staff=acme:member` (`member`, `admin`, `owner`). Who is in an organization named here is up to the groups, at each sign-in.",
    },
    Variable {
        name: "OWNKEY_OIDC_ALLOWED_DOMAINS",
        meaning: "Domains, comma-separated, whose e-mail addresses the provider speaks for, and whose people may make an account; `*`: all. Default: whoever has an account or was invited, and nobody new.",
    },
    Variable {
        name: "OWNKEY_OIDC_ALLOWED_GROUPS",
        meaning: "Groups, comma-separated, whose people may make an account; with OWNKEY_OIDC_ALLOWED_DOMAINS both have to hold.",
    },
    Variable {
        name: "OWNKEY_OIDC_LINK",
        meaning: "`verified-email` (default): whoever has the verified address of an account with a password signs in to it; `never`: only to accounts without one.",
    },
    Variable {
        name: "OWNKEY_OIDC_PASSWORDS",
        meaning: "`on` (default): passwords count beside it; `off`: only the first admin's, as the way back in.",
    },
    Variable {
        name: "MASTER_KEY",
        meaning: "One or more keys of 32 random bytes in base64, comma-separated: the first seals, all open. Unset with SQLite: made once in the data directory. Unset with PostgreSQL: refused. A running server reads the file of MASTER_KEY_FILE, or the one in the data directory, again at SIGHUP.",
    },
    Variable { name: "OWNKEY_ADMIN_EMAIL", meaning: "Makes the first admin at start, with OWNKEY_ADMIN_PASSWORD." },
    Variable { name: "OWNKEY_ADMIN_PASSWORD", meaning: "The first admin's password, at least 8 characters." },
    Variable { name: "OWNKEY_URL", meaning: "For the command line: a running server, with OWNKEY_TOKEN." },
    Variable { name: "OWNKEY_TOKEN", meaning: "For the command line: a gateway or access token of that server." },
    Variable { name: "XDG_DATA_HOME", meaning: "Where data directories are; used when OWNKEY_DATA_DIR is not set." },
];

/// The table as a page.
pub(crate) fn page() -> String {
    let mut page = String::from(
        "# Environment variables\n\nMade from the code. Every variable but OWNKEY_DATA_DIR, OWNKEY_URL and\nXDG_DATA_HOME also accepts `NAME_FILE`, a file that holds the value. \
         Flags go before the\nenvironment, the environment before `.env` (read by `serve` from the data directory, then the \
         working directory),\nthat before `ownkey.toml`.\n\n| variable | meaning |\n|---|---|\n",
    );
    for variable in &VARIABLES {
        page.push_str(&format!("| `{}` | {} |\n", variable.name, variable.meaning));
    }
    page.push_str("\n## Providers\n\nKeys are the environment rung of the system scope: read-only, shown as `env:NAME`. A base URL is the provider's\ndefault endpoint on this server; it and the key must come from the same place.\n\n| provider | key | base URL |\n|---|---|---|\n");
    for provider in &PROVIDERS {
        let list = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if provider.key_variables.is_empty() && provider.base_variables.is_empty() {
            continue;
        }
        page.push_str(&format!(
            "| {} | {} | {} |\n",
            provider.display_name,
            list(provider.key_variables),
            list(provider.base_variables)
        ));
    }
    page
}

/// A sentence for each variable that begins like ours and is none.
pub(crate) fn strangers(environment: &Environment) -> Vec<String> {
    environment
        .names()
        .filter(|name| name.starts_with("OWNKEY_") && !name.starts_with("OWNKEY_TEST_"))
        .filter(|name| {
            let plain = name.strip_suffix("_FILE").unwrap_or(name);
            !VARIABLES.iter().any(|variable| variable.name == *name || variable.name == plain)
        })
        .map(|name| format!("{name} is no variable of Ownkey{}; it is ignored.", hint(name)))
        .collect()
}

/// The nearest name, when one is near.
fn hint(name: &str) -> String {
    let near = VARIABLES.iter().map(|variable| (distance(name, variable.name), variable.name)).min();
    near.filter(|(distance, _)| *distance <= 4).map(|(_, near)| format!(" (did you mean {near}?)")).unwrap_or_default()
}

/// How many letters differ, come or go.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let cost = (diagonal + usize::from(from != *to)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_variable_is_named_with_the_one_it_may_mean() {
        let environment =
            Environment::of(&[("OWNKEY_LISTN", "x"), ("OWNKEY_LOG", "info"), ("OWNKEY_CA_FILE_FILE", "x")], &[]);
        assert_eq!(
            strangers(&environment),
            ["OWNKEY_LISTN is no variable of Ownkey (did you mean OWNKEY_LISTEN?); it is ignored."]
        );
    }
}
