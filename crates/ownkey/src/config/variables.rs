//! Every environment variable of Ownkey and what it means: the one table, which
//! `contract/env.md` repeats and which finds mistyped names.

/// Name and meaning, in the order people look for them.
pub(crate) const VARIABLES: [(&str, &str); 18] = [
    ("OWNKEY_LISTEN", "Where to listen; `127.0.0.1:8000` unless set."),
    ("OWNKEY_DATA_DIR", "The data directory; `$XDG_DATA_HOME/ownkey` unless set, for root `/var/lib/ownkey`."),
    ("OWNKEY_DATABASE_URL", "`sqlite:///path/ownkey.db` or `postgres://…`; SQLite in the data directory unless set."),
    ("DATABASE_URL", "As OWNKEY_DATABASE_URL, which goes before it."),
    ("OWNKEY_PUBLIC_URL", "Where people reach this server, such as `https://keys.example.org`."),
    ("OWNKEY_TRUSTED_PROXIES", "Addresses of proxies whose `X-Forwarded-For` counts, separated by commas."),
    ("OWNKEY_CA_FILE", "A PEM file with more root certificates for calls to providers."),
    ("OWNKEY_LOG", "What to log: `info`, `debug,json`, `llm=debug,pretty` …"),
    (
        "OWNKEY_LOCAL_ENDPOINTS",
        "Origins on this network that provider keys may name, separated by commas; Ollama and LM Studio on this machine unless set.",
    ),
    ("OWNKEY_REVEAL", "`personal` (default): owners may see their keys again; `never`: nobody may."),
    ("OWNKEY_LEDGER_DURABILITY", "`grouped` (default), or `strict`: reservations wait for the disk, too."),
    ("OWNKEY_ADMIN_EMAIL", "The first admin's e-mail address; without it a set-up link is printed."),
    ("OWNKEY_ADMIN_PASSWORD", "The first admin's password."),
    (
        "MASTER_KEY",
        "Keys of 32 bytes in base64, separated by commas: the first seals, all open. Unset with SQLite: made once, in the data directory.",
    ),
    (
        "OWNKEY_URL",
        "For the command line: the server to talk to, together with OWNKEY_TOKEN; unset: the data directory.",
    ),
    ("OWNKEY_TOKEN", "For the command line: a gateway token with the scopes that the commands need."),
    ("XDG_DATA_HOME", "Where the data directory is, unless OWNKEY_DATA_DIR says."),
    ("HOME", "Where the data directory is, unless XDG_DATA_HOME says."),
];

/// The prefix of our own variables.
const PREFIX: &str = "OWNKEY_";

/// How many letters may differ for a name to be taken for a mistyped one.
const TOLERANCE: usize = 4;

/// A sentence for each name that looks like one of ours and is none.
pub(crate) fn warnings<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.filter(|name| name.starts_with(PREFIX) && !is_known(name)).map(warning).collect()
}

fn is_known(name: &str) -> bool {
    VARIABLES.iter().any(|(known, _)| name == *known || name.strip_suffix("_FILE") == Some(known))
}

fn warning(name: &str) -> String {
    let plain = name.strip_suffix("_FILE").unwrap_or(name);
    let ours = VARIABLES.iter().map(|(known, _)| *known).filter(|known| known.starts_with(PREFIX));
    let nearest = ours.map(|known| (distance(plain, known), known)).min();
    match nearest {
        Some((letters, known)) if letters <= TOLERANCE => {
            format!("{name} is no variable of Ownkey and is ignored. Did you mean {known}?")
        }
        _ => format!("{name} is no variable of Ownkey and is ignored."),
    }
}

/// How many letters must be changed, added or left out.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, a) in from.bytes().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        for (b, above) in to.bytes().zip(row.iter_mut().skip(1)) {
            let cheapest = (diagonal + usize::from(a != b)).min(left + 1).min(*above + 1);
            (diagonal, left) = (*above, cheapest);
            *above = cheapest;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_variable_is_named_with_the_one_that_was_meant() {
        let names =
            ["OWNKEY_LISTN", "OWNKEY_LISTEN", "OWNKEY_CA_FILE", "OWNKEY_TOKEN_FILE", "PATH", "OWNKEY_FROBNICATE_ALL"];
        let warnings = warnings(names.into_iter());
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].ends_with("Did you mean OWNKEY_LISTEN?"), "{}", warnings[0]);
        assert!(warnings[1].ends_with("is ignored."), "{}", warnings[1]);
    }

    #[test]
    fn a_distance_counts_letters() {
        for (from, to, letters) in
            [("", "", 0), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "ac", 1), ("ab", "xaby", 2)]
        {
            assert_eq!(distance(from, to), letters, "{from} {to}");
        }
    }
}
