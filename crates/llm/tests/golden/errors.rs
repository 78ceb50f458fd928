//! Failures: class, retry, wait and what they say about the key.

use domain::Timestamp;
use domain::credential::KeyStatus;
use domain::provider::WireName;
use llm::wire;

use crate::manifest::cases;

#[test]
fn every_error_is_classified_as_the_manifest_says() {
    for case in cases("error") {
        let (file, expect, body) = (&case.file, &case.expect, case.body());
        let wire = case.wire().unwrap();
        let status = case.status.unwrap();
        let error = if status == 200 {
            let error = wire.decode_answer(case.provider, &body).unwrap_err();
            if let Some(client) = case.client_wire() {
                assert_eq!(client.inspect_answer(case.provider, &body).unwrap_err(), error, "{file}");
            }
            error
        } else {
            wire.read_error(case.provider, status, &case.header_map(), &body)
        };
        assert_eq!(Some(error.class.as_str()), expect["error_class"].as_str(), "{file}: class");
        assert_eq!(Some(error.is_retryable), expect["retryable"].as_bool(), "{file}: retryable");
        let wait = error.retry_after.map(|wait| wait.from(Timestamp::default()).as_secs_f64().ceil() as u64);
        assert_eq!(wait, expect["retry_after_s"].as_u64(), "{file}: wait");
        assert_eq!(error.key_status.map(KeyStatus::as_str), expect["key_status"].as_str(), "{file}: key");
        assert!(!error.message.is_empty() && !error.message.contains('<'), "{file}: {}", error.message);
        for secret in ["****", "***", "…key9", "key9"] {
            assert!(!error.message.contains(secret), "{file}: {}", error.message);
        }
    }
}

#[test]
fn keys_echoed_in_any_field_do_not_survive() {
    let key = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
    for body in [
        r#"{"error":{"message":"Bad key KEY.","type":"KEY","code":"KEY","param":"KEY"}}"#,
        r#"{"error":"KEY"}"#,
        r#"{"detail":"token=KEY"}"#,
        r#"{"detail":[{"loc":["body","KEY"],"msg":"KEY"}]}"#,
        r#"{"message":{"detail":"KEY"}}"#,
        r#"{"error":{"message":"Authorization: Bearer KEY"}}"#,
        r#"{"error":{"message":"https://x.y/?api_key=KEY"}}"#,
        "\"KEY\"",
        "KEY",
    ] {
        let body = body.replace("KEY", key);
        let wire = wire::of(WireName::OpenAiChat).unwrap();
        let error = wire.read_error(domain::ProviderId::Custom, 401, &http::HeaderMap::new(), body.as_bytes());
        assert!(!format!("{error:?}").contains("FAKE"), "{error:?}");
    }
}
