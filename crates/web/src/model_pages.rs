//! One page of the models that can be called, as the clients of two wires turn
//! pages: by the id that comes before or after.

use app::error::Error;
use app::models::ModelLine;

/// The most models of one page, and as many as come when nobody says how many:
/// clients that do not turn pages see them all.
const MOST: usize = 1_000;

/// `created` of models whose provider does not say, in seconds: a fixed moment,
/// so that lists do not change from one call to the next.
const UNKNOWN_CREATED: i64 = 1_700_000_000;

/// When a model was made, in seconds.
pub(crate) fn created(line: &ModelLine) -> i64 {
    line.created.unwrap_or(UNKNOWN_CREATED)
}

/// A query as it came. Parameters that nobody asks for are ignored.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a>(pub(crate) &'a str);

/// A page, and whether there are more models in the direction of turning.
pub(crate) struct Page<'a> {
    pub(crate) lines: &'a [ModelLine],
    pub(crate) has_more: bool,
}

impl Asked<'_> {
    /// A parameter's value; an empty one is none.
    pub(crate) fn parameter(self, name: &str) -> Option<String> {
        let found = form_urlencoded::parse(self.0.as_bytes()).find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
    }

    /// How many models a page has, when more than `MOST` are as good as that.
    pub(crate) fn clamped_size(self, name: &str) -> Result<usize, Error> {
        let Some(text) = self.parameter(name) else { return Ok(MOST) };
        match text.parse::<u32>() {
            Ok(0) => Ok(MOST),
            Ok(size) => Ok((size as usize).min(MOST)),
            Err(_) => Err(Error::invalid(name, "is no whole number; send one from 1 to 1000")),
        }
    }

    /// How many models a page has, when no more than `MOST` are taken.
    pub(crate) fn exact_size(self, name: &str) -> Result<usize, Error> {
        let Some(text) = self.parameter(name) else { return Ok(MOST) };
        let size = text.parse::<usize>().ok().filter(|size| (1..=MOST).contains(size));
        size.ok_or_else(|| Error::invalid(name, "must be a whole number from 1 to 1000"))
    }

    /// Where the model is that a parameter names.
    pub(crate) fn place(self, name: &str, lines: &[ModelLine]) -> Result<Option<usize>, Error> {
        let Some(id) = self.parameter(name) else { return Ok(None) };
        let place = lines.iter().position(|line| line.client_id == id);
        place.map(Some).ok_or_else(|| {
            Error::invalid(name, "names no model of this list, which may have changed; begin again without it")
        })
    }
}

impl<'a> Page<'a> {
    /// The `size` models after the one at `place`, or the first ones.
    pub(crate) fn after(lines: &'a [ModelLine], place: Option<usize>, size: usize) -> Self {
        let rest = lines.get(place.map_or(0, |place| place + 1)..).unwrap_or_default();
        Self { lines: rest.get(..size).unwrap_or(rest), has_more: rest.len() > size }
    }

    /// The `size` models before the one at `place`.
    pub(crate) fn before(lines: &'a [ModelLine], place: usize, size: usize) -> Self {
        let start = place.saturating_sub(size);
        Self { lines: lines.get(start..place).unwrap_or_default(), has_more: start > 0 }
    }
}
