//! The settings of a key: which provider takes which, and within what bounds.

use std::collections::BTreeMap;

use domain::credential::{Credential, Scope, Settings};
use domain::credential_kind::{AZURE_API_VERSION, is_api_version, is_deployment};
use domain::ids::OrganizationId;
use domain::{Caller, ProviderId, Secret, custom_header};

use crate::App;
use crate::error::{Code, Error, Result};

/// The most deployments of one key.
const MOST_DEPLOYMENTS: usize = 200;

/// Settings as somebody typed them. `None` leaves as is.
#[derive(Default)]
pub struct TypedSettings {
    /// Azure: another api-version; cleared: the default.
    pub api_version: Option<Option<String>>,
    /// Azure: other deployments.
    pub deployments: Option<Vec<String>>,
    /// Custom: another slug.
    pub slug: Option<String>,
    /// Custom: other headers with their values, instead of all former ones.
    pub headers: Option<BTreeMap<String, String>>,
}

/// Checked settings, and the headers whose values are to be sealed.
pub(super) struct CheckedSettings {
    /// What everybody may see.
    pub(super) settings: Settings,
    /// New headers; `None`: the former ones stay.
    pub(super) headers: Option<Vec<(String, Secret)>>,
}

/// The settings after an edit of `before`, or of nothing.
pub(super) fn checked(
    provider: ProviderId,
    typed: TypedSettings,
    before: &Settings,
    name: &str,
) -> Result<CheckedSettings> {
    let headers = typed.headers.map(|headers| checked_headers(provider, headers)).transpose()?;
    let settings = Settings {
        api_version: match typed.api_version {
            Some(version) => version.filter(|version| !version.trim().is_empty()),
            None => before.api_version.clone(),
        },
        deployments: typed.deployments.unwrap_or_else(|| before.deployments.clone()),
        slug: typed.slug.or_else(|| before.slug.clone()),
        headers: match &headers {
            Some(headers) => headers.iter().map(|(name, _)| name.clone()).collect(),
            None => before.headers.clone(),
        },
    };
    Ok(CheckedSettings { settings: with_slug(provider, of_azure(provider, settings)?, name)?, headers })
}

/// An api-version and deployments go with Azure, and with nothing else.
fn of_azure(provider: ProviderId, mut settings: Settings) -> Result<Settings> {
    if provider != ProviderId::Azure {
        if settings.api_version.is_some() {
            return Err(Error::invalid("settings.api_version", "is for Azure OpenAI only; leave it out"));
        }
        if !settings.deployments.is_empty() {
            return Err(Error::invalid("settings.deployments", "is for Azure OpenAI only; leave it out"));
        }
        return Ok(settings);
    }
    let version = settings.api_version.take().unwrap_or_else(|| AZURE_API_VERSION.to_owned());
    let version = version.trim().to_owned();
    if !is_api_version(&version) {
        return Err(Error::invalid(
            "settings.api_version",
            format!(
                "is no api-version; write a date like {AZURE_API_VERSION}, with -preview behind it, preview or latest"
            ),
        ));
    }
    settings.api_version = Some(version);
    if settings.deployments.len() > MOST_DEPLOYMENTS {
        return Err(Error::invalid("settings.deployments", "has more than 200 names; send fewer"));
    }
    let mut deployments: Vec<String> = Vec::new();
    for typed in &settings.deployments {
        let deployment = typed.trim();
        if !is_deployment(deployment) {
            return Err(Error::invalid(
                "settings.deployments",
                "has a name that no deployment has; use 1 to 64 letters, digits, dashes, dots and underscores each",
            ));
        }
        if !deployments.iter().any(|known| known == deployment) {
            deployments.push(deployment.to_owned());
        }
    }
    settings.deployments = deployments;
    Ok(settings)
}

/// Custom endpoints have a slug, made of their name unless typed.
fn with_slug(provider: ProviderId, mut settings: Settings, name: &str) -> Result<Settings> {
    if provider == ProviderId::Custom {
        let slug = settings.slug.take().unwrap_or_else(|| slug_of(name));
        if slug.is_empty() || slug.len() > 40 || slug != slug_of(&slug) {
            return Err(Error::invalid(
                "settings.slug",
                "must be 1 to 40 lower-case letters, digits and dashes, such as my-server",
            ));
        }
        if slug.parse::<ProviderId>().is_ok() {
            return Err(Error::invalid("settings.slug", "is a provider's name; choose another"));
        }
        settings.slug = Some(slug);
    } else if settings.slug.is_some() {
        return Err(Error::invalid("settings.slug", "is for custom endpoints only; leave it out"));
    }
    Ok(settings)
}

fn checked_headers(provider: ProviderId, typed: BTreeMap<String, String>) -> Result<Vec<(String, Secret)>> {
    let field = "settings.headers";
    if provider != ProviderId::Custom && !typed.is_empty() {
        return Err(Error::invalid(field, "is for custom endpoints only; leave it out"));
    }
    if typed.len() > custom_header::MOST {
        return Err(Error::invalid(field, "has more than 8 headers; send fewer"));
    }
    let mut headers: Vec<(String, Secret)> = Vec::new();
    for (name, value) in typed {
        let name = custom_header::name(&name).map_err(|problem| Error::invalid(field, problem))?;
        let value = custom_header::value(&value)
            .map_err(|problem| Error::invalid(field, format!("has a value, of {name}, that {problem}")))?;
        if headers.iter().any(|(known, _)| *known == name) {
            return Err(Error::invalid(field, format!("has {name} twice; send it once")));
        }
        headers.push((name, Secret::new(value)));
    }
    Ok(headers)
}

/// A slug names one endpoint of its owner, so that `slug/model` names one model.
pub(super) async fn refuse_taken_slug(
    app: &App,
    caller: &Caller,
    (scope, organization): (Scope, Option<OrganizationId>),
    settings: &Settings,
    edited: Option<&Credential>,
) -> Result<()> {
    let Some(slug) = &settings.slug else { return Ok(()) };
    if edited.is_some_and(|edited| edited.settings.slug.as_ref() == Some(slug)) {
        return Ok(());
    }
    let rows = match (scope, organization) {
        (Scope::Personal, _) => store::credentials::of_user(&app.store, caller.user).await?,
        (Scope::Organization, Some(own)) => store::credentials::of_organization(&app.store, own).await?,
        (Scope::Organization, None) | (Scope::System, _) => store::credentials::of_system(&app.store).await?,
    };
    if rows.iter().any(|row| row.credential.settings.slug.as_ref() == Some(slug)) {
        return Err(Error::new(
            Code::Conflict,
            format!("Another endpoint of yours has the slug “{slug}”. Give this one another name or settings.slug."),
        )
        .of_field("settings.slug"));
    }
    Ok(())
}

/// A name as a slug: `My Server!` is `my-server`.
fn slug_of(name: &str) -> String {
    let dashed: String =
        name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    let words: Vec<_> = dashed.split('-').filter(|word| !word.is_empty()).collect();
    let slug = words.join("-");
    if slug.is_empty() || slug.parse::<ProviderId>().is_ok() {
        format!("{slug}-endpoint").trim_start_matches('-').to_owned()
    } else {
        slug
    }
}
