//! Organizations, members, teams and invitations, on both databases.

use domain::ProviderId;
use domain::audit::{Actor, Event};
use domain::ids::{InvitationId, OrganizationId, TeamId};
use domain::organization::{Invitation, KeyOrder, MemberRole, Organization, Rules, Team, TeamRole};
use domain::resolve::Fallback;

use crate::changes::{self, ChangeKind};
use crate::error::StoreError;
use crate::open::Store;
use crate::testing::{NOW, add_user, entropy, on_both};
use crate::{invitations, memberships, organizations, teams};

fn organization(slug: &str) -> Organization {
    Organization {
        id: OrganizationId::generate(NOW, &entropy()),
        slug: slug.to_owned(),
        name: slug.to_uppercase(),
        rules: Rules {
            order: KeyOrder::OrgFirst,
            fallback: Some(Fallback::Strict),
            allowed_providers: Some(vec![ProviderId::OpenAi, ProviderId::Groq]),
            markup_basis_points: 2_000,
            personal_markup: true,
            ..Rules::default()
        },
        suspended_at: None,
        created_at: NOW,
        created_by: None,
        updated_at: NOW,
        updated_by: None,
    }
}

fn team(organization: OrganizationId, slug: &str) -> Team {
    Team {
        id: TeamId::generate(NOW, &entropy()),
        organization,
        slug: slug.to_owned(),
        name: slug.to_uppercase(),
        markup_basis_points: Some(500),
        models: Some(vec!["fast".to_owned()]),
        suspended_at: None,
        created_at: NOW,
        created_by: None,
        updated_at: NOW,
        updated_by: None,
    }
}

async fn add(store: &Store, slug: &str) -> Organization {
    let new = organization(slug);
    let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
    organizations::insert(&mut change, &new).await.unwrap();
    change.commit(Event::OrganizationCreated { organization: new.id, slug: slug.to_owned() }).await.unwrap();
    new
}

async fn add_team(store: &Store, organization: OrganizationId, slug: &str) -> Team {
    let new = team(organization, slug);
    let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
    teams::insert(&mut change, &new).await.unwrap();
    change.commit(Event::TeamCreated { team: new.id, organization, slug: slug.to_owned() }).await.unwrap();
    new
}

#[tokio::test]
async fn an_organization_comes_back_as_it_was_saved_and_is_found_however_its_slug_is_written() {
    on_both(async |place| {
        let store = place.open().await;
        let acme = add(&store, "Acme").await;
        assert_eq!(organizations::by_id(&store, acme.id).await.unwrap(), Some(acme.clone()));
        assert_eq!(organizations::by_slug(&store, "aCME").await.unwrap(), Some(acme.clone()));
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        let again = organizations::insert(&mut change, &organization("ACME")).await;
        assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
        change.rollback().await.unwrap();
        let edited = Organization {
            name: "Acme GmbH".to_owned(),
            rules: Rules { may_cross: true, ..Rules::default() },
            suspended_at: Some(NOW),
            ..acme.clone()
        };
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        assert!(organizations::update(&mut change, &edited).await.unwrap());
        change.commit(Event::OrganizationUpdated { organization: acme.id, fields: vec!["name"] }).await.unwrap();
        assert_eq!(organizations::by_id(&store, acme.id).await.unwrap(), Some(edited.clone()));
        assert_eq!(organizations::list(&store, None, Some("gmbh"), 0, 10).await.unwrap(), (vec![edited], 1));
        assert_eq!(organizations::list(&store, None, Some("%"), 0, 10).await.unwrap().1, 0);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn somebody_belongs_where_they_were_taken_in_and_nowhere_once_they_were_taken_out() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (add_user(&store, "ann@x.org").await.id, add_user(&store, "bob@x.org").await.id);
        let (acme, other) = (add(&store, "acme").await.id, add(&store, "other").await.id);
        let crew = add_team(&store, acme, "crew").await;
        let seq = changes::latest(&store).await.unwrap();
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        memberships::set(&mut change, acme, ann, MemberRole::Owner, None).await.unwrap();
        memberships::set(&mut change, acme, bob, MemberRole::Member, None).await.unwrap();
        memberships::set(&mut change, other, bob, MemberRole::Admin, None).await.unwrap();
        memberships::set_in_team(&mut change, crew.id, bob, TeamRole::Lead, None).await.unwrap();
        assert_eq!(memberships::owners(&mut change, acme).await.unwrap(), 1);
        assert_eq!(memberships::owners(&mut change, other).await.unwrap(), 0);
        change.commit(Event::MemberSet { organization: acme, user: ann, role: MemberRole::Owner }).await.unwrap();
        let told = changes::since(&store, seq, 10).await.unwrap();
        assert_eq!(told.iter().filter(|change| change.kind == Some(ChangeKind::Membership)).count(), 2);

        let his = memberships::of_user(&store, bob).await.unwrap();
        let roles: Vec<_> = his.organizations.iter().map(|place| (place.slug.as_str(), place.role)).collect();
        assert_eq!(roles, [("acme", MemberRole::Member), ("other", MemberRole::Admin)]);
        assert_eq!((his.teams.len(), his.teams[0].team, his.teams[0].role), (1, crew.id, TeamRole::Lead));
        assert_eq!(memberships::of_organization(&store, acme, 0, 10).await.unwrap().1, 2);
        assert_eq!(teams::list(&store, None, Some(bob), 0, 10).await.unwrap(), (vec![crew.clone()], 1));

        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        assert!(memberships::remove(&mut change, acme, bob).await.unwrap());
        assert!(!memberships::remove(&mut change, acme, bob).await.unwrap());
        change.commit(Event::MemberRemoved { organization: acme, user: bob }).await.unwrap();
        let his = memberships::of_user(&store, bob).await.unwrap();
        assert!(his.teams.is_empty() && his.organizations.len() == 1, "{his:?}");
        assert_eq!(memberships::of_team(&store, crew.id, 0, 10).await.unwrap().1, 0);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_deleted_organization_is_gone_with_its_teams_and_gives_its_slug_free() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@x.org").await.id;
        let acme = add(&store, "acme").await;
        let crew = add_team(&store, acme.id, "crew").await;
        assert_eq!(teams::by_id(&store, crew.id).await.unwrap(), Some(crew.clone()));
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        memberships::set(&mut change, acme.id, ann, MemberRole::Owner, None).await.unwrap();
        memberships::set_in_team(&mut change, crew.id, ann, TeamRole::Lead, None).await.unwrap();
        change.commit(Event::MemberSet { organization: acme.id, user: ann, role: MemberRole::Owner }).await.unwrap();
        let held = organizations::holdings(&store, acme.id).await.unwrap();
        assert_eq!((held.teams, held.members, held.credentials), (1, 1, 0));
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        assert!(organizations::tombstone(&mut change, acme.id, Some(ann)).await.unwrap());
        change.commit(Event::OrganizationDeleted { organization: acme.id }).await.unwrap();
        assert_eq!(organizations::by_id(&store, acme.id).await.unwrap(), None);
        assert_eq!(teams::by_id(&store, crew.id).await.unwrap(), None);
        assert_eq!(memberships::of_user(&store, ann).await.unwrap(), domain::organization::Belonging::default());
        assert_eq!(organizations::labelled(&store, &[acme.id]).await.unwrap(), [(acme.id, "ACME".to_owned())]);
        add(&store, "acme").await;
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_invitation_lets_one_person_in_once() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (add_user(&store, "ann@x.org").await.id, add_user(&store, "bob@x.org").await.id);
        let acme = add(&store, "acme").await.id;
        let invitation = |seconds| Invitation {
            id: InvitationId::generate(NOW, &entropy()),
            organization: acme,
            email: "Ann@x.org".to_owned(),
            role: MemberRole::Admin,
            teams: vec![TeamId::generate(NOW, &entropy())],
            expires_at: NOW.plus(std::time::Duration::from_secs(seconds)),
            created_at: NOW,
            created_by: None,
            accepted_at: None,
            accepted_by: None,
            revoked_at: None,
        };
        let (first, second, old) = (invitation(60), invitation(60), invitation(0));
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        invitations::insert(&mut change, &old, "old").await.unwrap();
        invitations::insert(&mut change, &first, "first").await.unwrap();
        invitations::insert(&mut change, &second, "second").await.unwrap();
        assert_eq!(invitations::take(&mut change, "old", ann).await.unwrap(), None);
        assert_eq!(invitations::take(&mut change, "first", ann).await.unwrap(), None, "a newer one took its place");
        let taken = invitations::take(&mut change, "second", ann).await.unwrap().unwrap();
        assert_eq!((taken.id, taken.teams, taken.accepted_by), (second.id, second.teams.clone(), Some(ann)));
        assert_eq!(invitations::take(&mut change, "second", bob).await.unwrap(), None);
        assert!(!invitations::revoke(&mut change, acme, second.id).await.unwrap());
        change
            .commit(Event::InvitationCreated { invitation: first.id, organization: acme, role: first.role })
            .await
            .unwrap();
        assert_eq!(invitations::list(&store, acme, 0, 10).await.unwrap().1, 0);
        let known = invitations::by_code(&store, "second").await.unwrap().unwrap();
        assert!(!known.is_open(NOW) && invitations::by_id(&store, acme, first.id).await.unwrap().is_some());
        store.close().await;
    })
    .await;
}
