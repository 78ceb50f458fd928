//! What a service of the operator's may be, and what is never done for it.

use std::time::Duration;

use http::Method;
use url::Url;

use super::*;
use crate::client::Clocks;
use crate::client::tests::server::{Reply, Server};
use crate::egress::{EgressGuard, LocalEndpoints};

fn upstream() -> Upstream {
    Upstream::new(EgressGuard::new(LocalEndpoints::none(), Vec::new()), Clocks::default(), Vec::new())
}

fn origin(url: &str) -> Origin {
    Origin::of(&Url::parse(url).unwrap()).unwrap()
}

async fn asked(named: &str, url: &str) -> Result<Response<Bytes>, SendFailure> {
    let request = Request::builder().method(Method::GET).uri(url).body(Bytes::new()).unwrap();
    let deadline = Instant::now() + Duration::from_millis(500);
    upstream().exchange(&origin(named), request, 64, deadline).await
}

#[tokio::test]
async fn the_named_origin_may_be_on_this_machine_and_no_other() {
    let server = Server::start(|_| Reply::json(200, "{}")).await;
    let (_, endpoint) = server.reached_by(ProviderId::Custom, "", Clocks::default());
    let base = endpoint.base().to_owned();
    let answer = asked(&base, &format!("{base}/.well-known/openid-configuration?a=b")).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (200, b"{}".as_slice()));
    assert_eq!(server.requests()[0].path, "/.well-known/openid-configuration?a=b");
    let refused = asked("https://login.example.org", &base).await.unwrap_err();
    assert_eq!(refused.class, ErrorClass::EndpointRefused);
    let refused = asked(&base, "http://169.254.169.254/latest/meta-data").await.unwrap_err();
    assert_eq!(refused.class, ErrorClass::EndpointRefused);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_a_long_body_is_none() {
    let server = Server::start(|request| match request.path.as_str() {
        "/moved" => Reply::Answer(302, "location: http://169.254.169.254/\r\n", String::new()),
        _ => Reply::json(200, "x".repeat(65)),
    })
    .await;
    let (_, endpoint) = server.reached_by(ProviderId::Custom, "", Clocks::default());
    let base = endpoint.base();
    assert_eq!(asked(base, &format!("{base}/moved")).await.unwrap().status().as_u16(), 302);
    assert_eq!(asked(base, &format!("{base}/long")).await.unwrap_err().class, ErrorClass::TooLarge);
    assert_eq!(server.requests().len(), 2);
}
