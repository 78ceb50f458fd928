//! Where a key's models come from.

use domain::credential::{KeyStatus, Owner, Scope, Settings, Source};
use domain::ids::CredentialId;
use domain::registration::Said;
use domain::{Origin, Timestamp};

use super::*;

fn key(provider: ProviderId, deployments: &[&str]) -> Credential {
    let now = Timestamp::from_seconds(1_000);
    Credential {
        id: CredentialId::of_source("test"),
        scope: Scope::System,
        owner: None,
        organization: None,
        provider,
        name: "Work".to_owned(),
        note: String::new(),
        masked: String::new(),
        api_base: None,
        endpoint: "https://mine.openai.azure.com".to_owned(),
        origin: Origin::stored("https://mine.openai.azure.com".to_owned()),
        settings: Settings {
            deployments: deployments.iter().map(|name| (*name).to_owned()).collect(),
            ..Settings::default()
        },
        is_active: true,
        is_primary: true,
        priority: 0,
        status: KeyStatus::Valid,
        status_reason: None,
        checked_at: None,
        last_used_at: None,
        expires_at: None,
        rotate_after: None,
        source: Source::Stored,
        secret_version: 1,
        secret_set_at: None,
        grace_of: None,
        created_at: now,
        created_by: None,
        updated_at: now,
        updated_by: None,
    }
}

#[test]
fn the_models_of_an_azure_key_are_its_deployments_whatever_a_list_says() {
    let catalogue = Catalogue::builtin();
    let listed = Some(vec![ListedModel { id: "gpt-4o".to_owned(), ..ListedModel::default() }]);
    for listed in [None, listed] {
        let models = offers_of(&key(ProviderId::Azure, &["my-gpt", "my-embedding"]), listed, catalogue);
        let mut ids: Vec<_> = models.keys().cloned().collect();
        ids.sort();
        assert_eq!(ids, ["my-embedding", "my-gpt"]);
        let (chat, embedding) = (&models["my-gpt"], &models["my-embedding"]);
        assert_eq!((chat.facts.kind, embedding.facts.kind), (ModelKind::Chat, ModelKind::Embedding));
        // What a deployment runs, and so its price, its name does not tell.
        assert_eq!(
            (chat.facts.provider, chat.facts.price, chat.client_id()),
            (ProviderId::Azure, None, "my-gpt".to_owned())
        );
    }
    assert!(offers_of(&key(ProviderId::Azure, &[]), None, catalogue).is_empty());
}

#[test]
fn a_persons_registration_says_nothing_of_the_servers_keys() {
    let now = Timestamp::from_seconds(1_000);
    let registration = |scope| Registration {
        owner: match scope {
            Scope::Personal => Owner::User(domain::ids::UserId(uuid::Uuid::nil())),
            _ => Owner::System,
        },
        provider: ProviderId::Azure,
        namespace: "azure".to_owned(),
        model: "my-gpt".to_owned(),
        said: Said { context_window: Some(5), price: Some(Price::FREE), ..Said::default() },
        created_at: now,
        updated_at: now,
    };
    let offers = |said_by, whose| {
        let credential = Credential { scope: whose, ..key(ProviderId::Azure, &[]) };
        with_registered(HashMap::new(), &credential, &[registration(said_by)], Catalogue::builtin())
    };
    assert!(offers(Scope::Personal, Scope::System).is_empty());
    for (said_by, whose) in
        [(Scope::Personal, Scope::Personal), (Scope::System, Scope::Personal), (Scope::System, Scope::System)]
    {
        let offer = &offers(said_by, whose)["my-gpt"];
        assert_eq!((offer.facts.context_window, offer.registered), (Some(5), Some(said_by)));
        assert_eq!(offer.set_price, Some(Price::FREE));
    }
}
