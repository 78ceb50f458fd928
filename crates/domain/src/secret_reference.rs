//! Keys that are not in the store but where the operator keeps secrets:
//! `env:NAME` or `file:/path`. Which of them may be named is the operator's
//! word, given at start: who can choose an endpoint in a browser must not be
//! able to have any file of the server sent there.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

/// Variables that no pattern opens: the server's own secrets.
const NEVER: [&str; 4] = ["MASTER_KEY", "OWNKEY_", "DATABASE_URL", "REDIS_URL"];

/// Directories whose files are not what they seem.
const NO_FILES: [&str; 3] = ["/proc", "/sys", "/dev"];

/// The longest reference, in characters.
const MAX_LENGTH: usize = 1_024;

/// Where a key is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretReference {
    /// In this environment variable of the server.
    Variable(String),
    /// In this file on the server: absolute, plain.
    File(PathBuf),
}

impl SecretReference {
    /// Whether it names what no list opens.
    #[must_use]
    pub fn is_never_lent(&self) -> bool {
        match self {
            Self::Variable(name) => is_own(name),
            Self::File(path) => NO_FILES.iter().any(|place| path.starts_with(place)),
        }
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl FromStr for SecretReference {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.chars().count() > MAX_LENGTH || text.chars().any(char::is_control) {
            return Err("is no reference; write env:NAME or file:/path, on one line");
        }
        if let Some(name) = text.strip_prefix("env:") {
            return if is_variable(name) {
                Ok(Self::Variable(name.to_owned()))
            } else {
                Err("names no environment variable; write it like env:OPENAI_KEY")
            };
        }
        let path = text.strip_prefix("file:").ok_or("is no reference; write env:NAME or file:/path")?;
        if is_plain(path) && !path.ends_with('/') {
            Ok(Self::File(PathBuf::from(path)))
        } else {
            Err("names no file; write an absolute path without dots, like file:/run/secrets/openai")
        }
    }
}

/// Letters, digits and underscores.
fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Absolute, and written the one way.
fn is_plain(path: &str) -> bool {
    let parts = Path::new(path).components();
    path.starts_with('/')
        && !path.contains("//")
        && parts.clone().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
        && !path.split('/').any(|part| part == ".")
}

/// Whether a variable is the server's own, whatever a pattern says.
fn is_own(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    NEVER.iter().any(|own| name.starts_with(own))
}

/// One entry of the operator's list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Variable(String),
    VariablePrefix(String),
    File(PathBuf),
    Directory(PathBuf),
}

/// What the operator lets references name; nothing unless said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedReferences {
    rules: Vec<Rule>,
}

impl fmt::Display for AllowedReferences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, rule) in self.rules.iter().enumerate() {
            f.write_str(if number == 0 { "" } else { "," })?;
            match rule {
                Rule::Variable(name) => write!(f, "env:{name}")?,
                Rule::VariablePrefix(prefix) => write!(f, "env:{prefix}*")?,
                Rule::File(path) => write!(f, "file:{}", path.display())?,
                Rule::Directory(path) => write!(f, "file:{}/", path.display())?,
            }
        }
        Ok(())
    }
}

impl AllowedReferences {
    /// Reads a comma-separated list of `env:NAME`, `env:PREFIX_*`,
    /// `file:/dir/` and `file:/path`.
    ///
    /// # Errors
    /// Says which entry is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        Ok(Self { rules: entries.map(rule).collect::<Result<_, _>>()? })
    }

    /// Whether a reference is on the list.
    #[must_use]
    pub fn permit(&self, reference: &SecretReference) -> bool {
        match reference {
            SecretReference::Variable(name) => self.permits_variable(name),
            SecretReference::File(path) => self.permits_file(path),
        }
    }

    /// Whether a variable is on the list.
    #[must_use]
    pub fn permits_variable(&self, name: &str) -> bool {
        !is_own(name)
            && self.rules.iter().any(|rule| match rule {
                Rule::Variable(allowed) => allowed == name,
                Rule::VariablePrefix(prefix) => name.starts_with(prefix.as_str()),
                Rule::File(_) | Rule::Directory(_) => false,
            })
    }

    /// Whether a path, as it is written, is on the list.
    #[must_use]
    pub fn permits_file(&self, path: &Path) -> bool {
        !NO_FILES.iter().any(|place| path.starts_with(place))
            && self.rules.iter().any(|rule| match rule {
                Rule::File(allowed) => allowed == path,
                Rule::Directory(allowed) => path.starts_with(allowed),
                Rule::Variable(_) | Rule::VariablePrefix(_) => false,
            })
    }

    /// The list with each path as `resolve` finds it on this machine: a file's
    /// directory, or the directory itself, without symbolic links.
    #[must_use]
    pub fn resolved(&self, resolve: impl Fn(&Path) -> Option<PathBuf>) -> Self {
        let rules = self.rules.iter().filter_map(|rule| match rule {
            Rule::File(path) => Some(Rule::File(resolve(path.parent()?)?.join(path.file_name()?))),
            Rule::Directory(path) => Some(Rule::Directory(resolve(path)?)),
            other => Some(other.clone()),
        });
        Self { rules: rules.collect() }
    }
}

fn rule(entry: &str) -> Result<Rule, String> {
    let wrong = |why: &str| Err(format!("has “{entry}”, which {why}"));
    if let Some(name) = entry.strip_prefix("env:") {
        if is_own(name) {
            return wrong("is one of the server's own secrets and is never lent");
        }
        return match name.strip_suffix('*') {
            Some(prefix) if prefix.ends_with('_') && is_variable(prefix) => Ok(Rule::VariablePrefix(prefix.to_owned())),
            None if is_variable(name) => Ok(Rule::Variable(name.to_owned())),
            _ => wrong("is no variable; write env:NAME or env:PREFIX_*"),
        };
    }
    let Some(path) = entry.strip_prefix("file:") else {
        return wrong("is no reference; write env:NAME, env:PREFIX_*, file:/dir/ or file:/path");
    };
    let is_directory = path.ends_with('/');
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    if !is_plain(path) || path == "/" {
        return wrong("is no path; write file:/dir/ or file:/path, absolute and without dots");
    }
    if NO_FILES.iter().any(|place| Path::new(path).starts_with(place)) {
        return wrong("is no place for secrets");
    }
    Ok(if is_directory { Rule::Directory(PathBuf::from(path)) } else { Rule::File(PathBuf::from(path)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(list: &str, reference: &str) -> bool {
        AllowedReferences::parse(list).unwrap().permit(&reference.parse().unwrap())
    }

    #[test]
    fn only_what_the_operator_named_may_be_named() {
        for (list, reference, permitted) in [
            ("", "env:OPENAI_KEY", false),
            ("env:OPENAI_KEY", "env:OPENAI_KEY", true),
            ("env:OPENAI_KEY", "env:OPENAI_KEY2", false),
            ("env:LLM_*", "env:LLM_OPENAI", true),
            ("env:LLM_*", "env:LLMOPENAI", false),
            ("file:/run/secrets/", "file:/run/secrets/openai", true),
            ("file:/run/secrets/", "file:/run/secrets/deep/openai", true),
            ("file:/run/secrets/", "file:/run/secrets-of-others/openai", false),
            ("file:/run/secrets/", "file:/etc/shadow", false),
            ("file:/run/one", "file:/run/one", true),
            ("file:/run/one", "file:/run/one/two", false),
            ("env:A, file:/run/secrets/", "env:A", true),
        ] {
            assert_eq!(permits(list, reference), permitted, "{list} {reference}");
        }
    }

    #[test]
    fn the_servers_own_secrets_are_never_lent() {
        let list = AllowedReferences { rules: vec![Rule::VariablePrefix(String::new()), Rule::Directory("/".into())] };
        for name in ["MASTER_KEY", "MASTER_KEY_FILE", "OWNKEY_ADMIN_PASSWORD", "DATABASE_URL", "REDIS_URL", "ownkey_x"]
        {
            assert!(!list.permits_variable(name), "{name}");
        }
        assert!(list.permits_variable("ANYTHING_ELSE"));
        for path in ["/proc/self/environ", "/sys/x", "/dev/stdin"] {
            assert!(!list.permits_file(Path::new(path)), "{path}");
        }
        for list in ["env:MASTER_KEY", "env:OWNKEY_*", "env:*", "file:/", "file:/proc/", "file:relative", "KEY"] {
            assert!(AllowedReferences::parse(list).is_err(), "{list}");
        }
    }

    #[test]
    fn a_list_is_written_as_it_is_read() {
        for list in ["", "env:A,env:LLM_*,file:/run/secrets/,file:/run/one"] {
            assert_eq!(AllowedReferences::parse(list).unwrap().to_string(), list);
        }
    }

    #[test]
    fn a_reference_is_written_one_way() {
        for text in ["env:", "env:A B", "env:A=B", "file:x", "file:/a/../b", "file:/a/./b", "file://a", "file:/a/", "a"]
        {
            assert!(text.parse::<SecretReference>().is_err(), "{text}");
        }
        for text in ["env:A_1", "file:/run/secrets/open ai"] {
            assert_eq!(text.parse::<SecretReference>().unwrap().to_string(), text);
        }
    }
}
