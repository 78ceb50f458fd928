//! A browser on its way to a provider and back.

use testkit::{Answer, House};

/// A browser on its way: what it keeps, and where it was sent.
pub(super) struct Journey {
    pub(super) cookie: String,
    pub(super) sent_to: url::Url,
    /// A session's cookie that goes along.
    pub(super) session: Option<String>,
}

impl Journey {
    /// Begins to sign in.
    pub(super) async fn begin(house: &House) -> Self {
        Self::begin_at(house, "/login/oidc", None).await
    }

    pub(super) async fn begin_at(house: &House, path: &str, session: Option<String>) -> Self {
        let headers: Vec<(&str, &str)> = session.iter().map(|session| ("cookie", session.as_str())).collect();
        let answer = house.nobody().send(http::Method::GET, path, &headers, Vec::new()).await.expect(303);
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        Self { cookie, sent_to: answer.header("location").parse().unwrap(), session }
    }

    /// What the provider's page was asked with.
    pub(super) fn asked(&self, name: &str) -> String {
        let mut pairs = self.sent_to.query_pairs();
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    /// The query with which an honest provider sends them back.
    pub(super) fn honest(&self) -> String {
        let code = format!("{}.{}", self.asked("nonce"), self.asked("code_challenge"));
        format!("code={code}&state={}", self.asked("state"))
    }

    /// Comes back with this query.
    pub(super) async fn back_with(&self, house: &House, query: &str) -> Answer {
        let cookies = [Some(self.cookie.as_str()), self.session.as_deref()];
        let cookies = cookies.into_iter().flatten().collect::<Vec<_>>().join("; ");
        let path = format!("/login/oidc/callback?{query}");
        house.nobody().send(http::Method::GET, &path, &[("cookie", &cookies)], Vec::new()).await
    }

    pub(super) async fn back(&self, house: &House) -> Answer {
        self.back_with(house, &self.honest()).await
    }
}

/// There and back: the answer at the end.
pub(super) async fn journey(house: &House) -> Answer {
    Journey::begin(house).await.back(house).await
}

/// There and back: the session's cookie.
pub(super) async fn signed_in(house: &House) -> String {
    session_of(&journey(house).await.expect(303)).unwrap()
}

/// The session that an answer sets.
pub(super) fn session_of(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let set: Vec<&str> = cookies.filter(|cookie| !cookie.contains("_journey=")).collect();
    assert!(set.len() <= 1, "{set:?}");
    set.first().map(|cookie| cookie.split(';').next().unwrap().to_owned())
}

/// An answer that signs nobody in, and the sentence on its page.
pub(super) fn refused(answer: &Answer) -> String {
    assert!(answer.status.is_client_error() || answer.status.is_server_error(), "{}", answer.status);
    assert_eq!(session_of(answer), None);
    let gone = answer.headers.get_all("set-cookie").iter().any(|value| {
        let value = value.to_str().unwrap();
        value.contains("_journey=;") && value.contains("Max-Age=0")
    });
    assert!(gone, "the journey is over");
    let text = answer.text();
    let alert = text.split("role=\"alert\"").nth(1).unwrap();
    alert.split("<div>").nth(1).unwrap().split("</div>").next().unwrap().to_owned()
}
