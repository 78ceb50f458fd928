//! The environment, read once: the process's own variables, and for `serve`
//! those of a `.env` file. Every variable also accepts `NAME_FILE`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::Failure;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The process's own environment: the operator's words.
    Process,
    /// A `.env` file.
    DotEnv,
}

/// A value and where it comes from.
pub(crate) struct Found {
    /// The value; of `NAME_FILE`, what the file holds.
    pub(crate) value: String,
    /// Where it comes from.
    pub(crate) origin: Origin,
}

/// The variables of this process.
#[derive(Default)]
pub(crate) struct Environment {
    process: BTreeMap<String, String>,
    dot_env: BTreeMap<String, String>,
    dot_env_path: Option<PathBuf>,
}

impl Environment {
    /// The process's own variables.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(crate) fn of_process() -> Self {
        Self { process: std::env::vars().collect(), ..Self::default() }
    }

    /// Adds the first `.env` found, in the data directory, then here.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub(crate) fn with_dot_env(mut self, data_dir: &Path) -> Result<Self, Failure> {
        for path in [data_dir.join(".env"), PathBuf::from(".env")] {
            if !path.is_file() {
                continue;
            }
            let wrong = |error| {
                let reason = match error {
                    // Its own words repeat the line, which may be a key.
                    dotenvy::Error::LineParse(..) => {
                        "a line is no NAME=value; put quotes around values with blanks".to_owned()
                    }
                    error => error.to_string(),
                };
                Failure::configuration(format!("{} cannot be read: {reason}.", path.display()))
            };
            for pair in dotenvy::from_path_iter(&path).map_err(wrong)? {
                let (name, value) = pair.map_err(wrong)?;
                self.dot_env.insert(name, value);
            }
            self.dot_env_path = Some(path);
            break;
        }
        Ok(self)
    }

    /// The names of all variables.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.process.keys().chain(self.dot_env.keys()).map(String::as_str)
    }

    /// The `.env` that was read.
    pub(crate) fn dot_env_path(&self) -> Option<&Path> {
        self.dot_env_path.as_deref()
    }

    /// A variable of the process itself, empty ones left out.
    pub(crate) fn process_value(&self, name: &str) -> Option<&str> {
        self.process.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A variable of the `.env` file, empty ones left out.
    pub(crate) fn dot_env_value(&self, name: &str) -> Option<&str> {
        self.dot_env.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A variable, or what the file of its `_FILE` twin holds. The process goes
    /// before `.env`; empty ones count as unset.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn value(&self, name: &str) -> Result<Option<Found>, Failure> {
        for (variables, origin) in [(&self.process, Origin::Process), (&self.dot_env, Origin::DotEnv)] {
            if let Some(value) = variables.get(name).filter(|value| !value.is_empty()) {
                return Ok(Some(Found { value: value.clone(), origin }));
            }
            let twin = format!("{name}_FILE");
            if let Some(path) = variables.get(&twin).filter(|path| !path.is_empty()) {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    Failure::configuration(format!("{twin} names {path}, which cannot be read: {error}."))
                })?;
                return Ok(Some(Found { value: text.trim().to_owned(), origin }));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
impl Environment {
    /// An environment of these variables.
    pub(crate) fn of(process: &[(&str, &str)], dot_env: &[(&str, &str)]) -> Self {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self { process: map(process), dot_env: map(dot_env), dot_env_path: None }
    }
}
