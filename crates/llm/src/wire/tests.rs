//! Which wire is spoken to whom.

use super::*;
use crate::catalogue::Catalogue;

#[test]
fn a_target_is_spoken_to_in_the_clients_wire_where_it_takes_it() {
    use WireName::{AnthropicMessages, OllamaNative, OpenAiChat, OpenAiResponses};
    let mut facts = Catalogue::builtin().models(ProviderId::OpenAi).first().cloned().unwrap();
    for (provider, wires, client, expected) in [
        (ProviderId::OpenAi, vec![], OpenAiChat, OpenAiChat),
        (ProviderId::OpenAi, vec![], OpenAiResponses, OpenAiResponses),
        (ProviderId::OpenAi, vec![], AnthropicMessages, OpenAiChat),
        (ProviderId::Ollama, vec![], OpenAiChat, OllamaNative),
        (ProviderId::Ollama, vec![OllamaNative, OpenAiChat], OpenAiChat, OllamaNative),
        (ProviderId::Ollama, vec![OpenAiChat], OpenAiChat, OpenAiChat),
        (ProviderId::Ollama, vec![OpenAiChat], AnthropicMessages, OpenAiChat),
        (ProviderId::Ollama, vec![OpenAiChat], OpenAiResponses, OpenAiChat),
    ] {
        facts.wires.clone_from(&wires);
        let target = Target { provider, model: "m", origin_host: "h", facts: Some(&facts), api_version: None };
        assert_eq!(spoken_to(&target, client), expected, "{provider} {wires:?} {client:?}");
    }
}
