//! The refusals of the houses that speak OpenAI's wire, each in its own envelope.

use http::StatusCode;
use serde_json::{Value, json};

use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::wire::House;

use super::errors;

/// A refusal in this house's words; OpenAI's where the house has none of its own.
pub(crate) fn refuse(house: House, refusal: &Refusal<'_>) -> Outgoing {
    own_words(house, refusal).unwrap_or_else(|| errors::refuse(refusal))
}

/// An error in a body with status 200.
pub(crate) fn in_body(house: House) -> String {
    match house {
        House::XAi => json!({"code": "Some resource has been exhausted", "error": "The model is overloaded."}),
        House::OpenRouter => {
            json!({"error": {"code": 502, "message": "Provider returned error",
                "metadata": {"error_type": "provider_unavailable", "provider_name": "Demo"}}})
        }
        _ => return errors::in_body(),
    }
    .to_string()
}

fn own_words(house: House, refusal: &Refusal<'_>) -> Option<Outgoing> {
    match house {
        House::Azure => azure(refusal),
        House::XAi => xai(refusal),
        House::Groq => groq(refusal),
        House::Mistral => mistral(refusal),
        House::OpenRouter => openrouter(refusal),
        House::Fireworks => fireworks(refusal),
        House::HuggingFace => huggingface(refusal),
        _ => None,
    }
}

fn told(status: u16, body: &Value) -> Outgoing {
    Outgoing::json(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body.to_string())
}

fn azure(refusal: &Refusal<'_>) -> Option<Outgoing> {
    Some(match refusal {
        Refusal::NoKey | Refusal::WrongKey(_) | Refusal::BlockedKey => {
            let message = "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a \
                           valid key for an active subscription and use a correct regional API endpoint for your \
                           resource.";
            told(401, &json!({"error": {"code": "401", "message": message}}))
        }
        Refusal::MissingScope => {
            let message = "The principal lacks the required data action Microsoft.CognitiveServices/accounts/OpenAI/\
                           deployments/read.";
            told(401, &json!({"error": {"code": "PermissionDenied", "message": message}}))
        }
        Refusal::RateLimited(wait) => {
            let message =
                format!("Requests have exceeded the rate limit. Please retry after {} seconds.", wait.as_secs());
            told(429, &json!({"error": {"code": "429", "message": message}}))
                .with("retry-after", &wait.as_secs_f64().ceil().to_string())
                .with("retry-after-ms", &wait.as_millis().to_string())
                .with("x-ratelimit-remaining-requests", "0")
        }
        Refusal::NoSuchModel(_) => {
            let message = "The API deployment for this resource does not exist. If you created the deployment within the \
                           last 5 minutes, please wait a moment and try again.";
            told(404, &json!({"error": {"code": "DeploymentNotFound", "message": message}}))
        }
        Refusal::NoSuchPath(..) => told(404, &json!({"error": {"code": "404", "message": "Resource not found"}})),
        Refusal::Filtered => {
            let message =
                "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.";
            let filter = json!({"hate": {"filtered": true, "severity": "high"}});
            told(
                400,
                &json!({"error": {"message": message, "type": null, "param": "prompt", "code": "content_filter",
                "status": 400, "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": filter}}}),
            )
        }
        _ => return None,
    })
}

fn xai(refusal: &Refusal<'_>) -> Option<Outgoing> {
    let flat = |status: u16, code: &str, error: &str| Some(told(status, &json!({"code": code, "error": error})));
    let bad = "Client specified an invalid argument";
    match refusal {
        Refusal::NoKey => flat(400, bad, "No API key was provided."),
        Refusal::WrongKey(shown) => {
            let sentence =
                format!("Incorrect API key provided: {shown}. You can obtain an API key from https://console.x.ai.");
            flat(400, bad, &sentence)
        }
        Refusal::BlockedKey => {
            flat(403, "The caller does not have permission to execute the specified operation", "API key is blocked.")
        }
        Refusal::NoCredit => flat(
            403,
            "The caller does not have permission to execute the specified operation",
            "Your team has used all available credits. Please purchase more credits on https://console.x.ai.",
        ),
        Refusal::RateLimited(_) => flat(
            429,
            "Some resource has been exhausted",
            "Too many requests for this model. Please wait and try again.",
        ),
        Refusal::NoSuchModel(model) => {
            let sentence = format!("The model {model} does not exist or your team does not have access to it.");
            flat(404, "Some requested entity was not found", &sentence)
        }
        _ => None,
    }
}

fn groq(refusal: &Refusal<'_>) -> Option<Outgoing> {
    let envelope = |status: u16, message: &str, kind: &str, code: &str| {
        told(status, &json!({"error": {"message": message, "type": kind, "code": code}}))
    };
    Some(match refusal {
        Refusal::NoKey | Refusal::WrongKey(_) | Refusal::BlockedKey => {
            envelope(401, "Invalid API Key", "invalid_request_error", "invalid_api_key")
        }
        Refusal::RateLimited(wait) => {
            let told = format!("{}s", wait.as_secs_f64());
            let message = format!("Rate limit reached for model in organization org_fake. Please try again in {told}.");
            envelope(429, &message, "tokens", "rate_limit_exceeded")
                .with("retry-after", &wait.as_secs_f64().ceil().to_string())
                .with("x-ratelimit-reset-tokens", &told)
        }
        _ => return None,
    })
}

fn mistral(refusal: &Refusal<'_>) -> Option<Outgoing> {
    let flat = |status: u16, message: &str| told(status, &json!({"message": message, "request_id": "fake0001"}));
    Some(match refusal {
        Refusal::NoKey => told(401, &json!({"detail": "Unauthorized"})),
        Refusal::WrongKey(_) | Refusal::BlockedKey => told(401, &json!({"detail": "Invalid API Key"})),
        Refusal::NoCredit => flat(402, "Your account has no credit left."),
        Refusal::RateLimited(wait) => told(
            429,
            &json!({"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "param": null,
                "code": "1300"}),
        )
        .with("retry-after", &wait.as_secs_f64().ceil().to_string()),
        Refusal::UnknownField(field) => told(
            422,
            &json!({"detail": [{"type": "extra_forbidden", "loc": ["body", field],
                "msg": "Extra inputs are not permitted"}]}),
        ),
        Refusal::NoSuchModel(model) => told(
            400,
            &json!({"object": "error", "message": format!("Invalid model: {model}"), "type": "invalid_model",
                "param": null, "code": "1500"}),
        ),
        _ => return None,
    })
}

fn openrouter(refusal: &Refusal<'_>) -> Option<Outgoing> {
    let envelope = |status: u16, message: &str| told(status, &json!({"error": {"code": status, "message": message}}));
    Some(match refusal {
        Refusal::NoKey => envelope(401, "No auth credentials found"),
        Refusal::WrongKey(_) | Refusal::BlockedKey => envelope(401, "User not found."),
        Refusal::NoCredit => {
            envelope(402, "Insufficient credits. Add more using https://openrouter.ai/settings/credits")
        }
        Refusal::RateLimited(wait) => envelope(429, "Rate limit exceeded: free-models-per-min. ")
            .with("retry-after", &wait.as_secs_f64().ceil().to_string()),
        Refusal::NoSuchModel(model) => envelope(404, &format!("No endpoints found for {model}.")),
        Refusal::Filtered => envelope(403, "Input was flagged by moderation"),
        Refusal::Server(status) => {
            let body = json!({"error": {"code": status, "message": "Provider returned error",
                "metadata": {"error_type": "provider_unavailable", "provider_name": "Demo"}}});
            told(*status, &body)
        }
        _ => return None,
    })
}

fn fireworks(refusal: &Refusal<'_>) -> Option<Outgoing> {
    let envelope = |status: u16, message: &str, code: &str| {
        told(
            status,
            &json!({"error": {"object": "error", "type": "invalid_request_error", "code": code,
            "message": message}}),
        )
    };
    Some(match refusal {
        Refusal::NoKey | Refusal::WrongKey(_) | Refusal::BlockedKey => told(
            401,
            &json!({"error": {"message": "The API key you provided is invalid.", "param": null, "code": "UNAUTHORIZED",
                "type": "error"}, "request_id": "fw-sim-1"}),
        ),
        Refusal::NoCredit => envelope(
            412,
            "Account demo is suspended, possibly due to reaching the monthly spending limit or failure to pay past \
             invoices.",
            "PRECONDITION_FAILED",
        ),
        Refusal::NoSuchModel(_) => envelope(404, "Model not found, inaccessible, and/or not deployed", "NOT_FOUND"),
        _ => return None,
    })
}

fn huggingface(refusal: &Refusal<'_>) -> Option<Outgoing> {
    let flat = |status: u16, error: &str| Some(told(status, &json!({"error": error})));
    match refusal {
        Refusal::NoKey | Refusal::WrongKey(_) | Refusal::BlockedKey => flat(401, "Invalid username or password."),
        Refusal::MissingScope => {
            flat(403, "This authentication method does not have sufficient permissions to call Inference Providers.")
        }
        Refusal::NoCredit => flat(402, "You have exceeded your monthly included credits for Inference Providers."),
        _ => None,
    }
}
