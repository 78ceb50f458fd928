//! Randomness: models refuse more of it with every generation.

use domain::model::Sampling;
use serde_json::{Map, Value};

use super::model::Model;
use crate::neutral::ChatRequest;
use crate::parameters::Unsupported;
use crate::wire::Fitting;

/// With thinking, the least `top_p`.
const LEAST_TOP_P_THINKING: f64 = 0.95;

/// Writes temperature, `top_p` and `top_k`. Values that say what holds anyway
/// are left out where the model would refuse them.
pub(super) fn write(
    request: &ChatRequest,
    model: &Model,
    is_thinking: bool,
    body: &mut Map<String, Value>,
    fitting: &mut Fitting<'_>,
) -> Result<(), Unsupported> {
    let (mut temperature, mut top_p, mut top_k) = (request.temperature, request.top_p, request.top_k);
    if model.sampling() != Sampling::Taken {
        let is_refused = model.sampling() == Sampling::Refused;
        for (field, is_default) in [
            ("temperature", temperature.map(|value| value == 1.0)),
            ("top_p", top_p.map(|value| value == 1.0)),
            ("top_k", top_k.map(|_| false)),
        ] {
            match is_default {
                Some(false) if is_refused => fitting.refuse(field)?,
                Some(_) => fitting.drop(field),
                None => {}
            }
        }
        return Ok(());
    }
    // Ours goes to 1; others' to 2.
    if temperature.is_some_and(|value| value > 1.0) {
        fitting.refuse("temperature")?;
        temperature = None;
    }
    if is_thinking {
        if temperature.is_some_and(|value| value != 1.0) {
            fitting.refuse("temperature")?;
            temperature = None;
        }
        if top_p.is_some_and(|value| value < LEAST_TOP_P_THINKING) {
            fitting.refuse("top_p")?;
            top_p = None;
        }
        if top_k.is_some() {
            fitting.refuse("top_k")?;
            top_k = None;
        }
    }
    if temperature.is_some() && top_p.is_some() && !model.takes_both_samplings() {
        if top_p == Some(1.0) {
            fitting.drop("top_p");
            top_p = None;
        } else if temperature == Some(1.0) {
            fitting.drop("temperature");
            temperature = None;
        } else {
            fitting.refuse("top_p")?;
            top_p = None;
        }
    }
    body.extend(temperature.map(|value| ("temperature".to_owned(), value.into())));
    body.extend(top_p.map(|value| ("top_p".to_owned(), value.into())));
    body.extend(top_k.map(|value| ("top_k".to_owned(), value.into())));
    Ok(())
}
