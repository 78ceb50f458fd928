//! Neutral events of items and deltas. What came in pieces is not told again
//! when it is done.

use crate::json_scan::{RawText, Reader};
use crate::neutral::{Answer, StreamEvent};
use crate::wire::openai_responses::response::{BETWEEN_THOUGHTS, call, of_call, state};
use crate::wire::openai_responses::walk::{Event, Item};
use crate::wire::stream_of;

/// What a delta adds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Text,
    Refusal,
    Summary,
    Thought,
}

/// The part that grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    slot: Slot,
    item: u64,
    part: u64,
}

/// A call under way.
#[derive(Debug)]
pub(super) struct Call {
    item: u64,
    has_arguments: bool,
    /// A first surrogate half whose second may come.
    half: Option<u16>,
}

/// Makes neutral events of items and deltas.
#[derive(Debug, Default)]
pub(super) struct Builder {
    pub(super) events: Vec<StreamEvent>,
    place: Option<Place>,
    half: Option<u16>,
    pub(super) calls: Vec<Call>,
    waiting: Vec<serde_json::Value>,
    pub(super) has_output: bool,
}

impl Builder {
    pub(super) fn add(&mut self, slot: Slot, event: &Event<'_>) {
        let Some(delta) = event.delta else { return };
        let place = Place { slot, item: event.output_index, part: event.part_index };
        self.go_to(place);
        let mut text = String::new();
        delta.append_to(&mut text, &mut self.half);
        self.tell(slot, text);
    }

    /// Ends what grew, and begins something else.
    fn go_to(&mut self, place: Place) {
        if self.place == Some(place) {
            return;
        }
        self.close();
        let is_next_thought = |before: Place| before.item == place.item && before.slot == place.slot;
        if place.slot == Slot::Summary && self.place.is_some_and(is_next_thought) {
            self.tell(place.slot, BETWEEN_THOUGHTS.to_owned());
        }
        self.place = Some(place);
    }

    /// The rest of a character that never came.
    pub(super) fn close(&mut self) {
        if let (Some(place), Some(_)) = (self.place, self.half.take()) {
            self.tell(place.slot, char::REPLACEMENT_CHARACTER.to_string());
        }
    }

    /// The whole of a part: told, if it did not come in pieces.
    pub(super) fn done(&mut self, slot: Slot, event: &Event<'_>) {
        let place = Place { slot, item: event.output_index, part: event.part_index };
        if self.place == Some(place) {
            return self.close();
        }
        let whole = event.whole.filter(|whole| !whole.is_empty());
        // A part that ended before another began was told in pieces.
        let is_earlier = self.place.is_some_and(|now| (now.item, now.part) > (place.item, place.part));
        if let Some(whole) = whole.filter(|_| !is_earlier) {
            self.go_to(place);
            self.tell(slot, whole.text().into_owned());
        }
    }

    fn tell(&mut self, slot: Slot, text: String) {
        if text.is_empty() {
            return;
        }
        self.has_output = true;
        self.events.push(match slot {
            Slot::Text => StreamEvent::Delta { text },
            Slot::Refusal => StreamEvent::Refusal { text },
            Slot::Summary | Slot::Thought => StreamEvent::Reasoning { text },
        });
    }

    pub(super) fn item(&mut self, event: &Event<'_>, is_done: bool) {
        let Some(Ok(item)) = event.item.map(|value| Item::read(&mut Reader::new(value))) else { return };
        if item.is("reasoning") && is_done {
            self.waiting.extend(state(&item));
            return;
        }
        let Some(whole) = call(&item) else { return };
        if !self.calls.iter().any(|known| known.item == event.output_index) {
            self.begin(event.output_index, &whole.id, whole.name);
        }
        if is_done && !whole.arguments.is_empty() {
            self.push_arguments(event.output_index, whole.arguments);
        }
    }

    fn begin(&mut self, item: u64, id: &str, name: String) {
        let index = self.calls.len();
        self.calls.push(Call { item, has_arguments: false, half: None });
        self.has_output = true;
        self.events.push(StreamEvent::ToolCallStart { index, id: id.to_owned(), name });
        self.events.extend(of_call(&mut self.waiting, id).into_iter().map(StreamEvent::Replay));
    }

    pub(super) fn arguments(&mut self, event: &Event<'_>) {
        let Some(delta) = event.delta else { return };
        let known = self.calls.iter_mut().enumerate().rev().find(|(_, call)| call.item == event.output_index);
        let Some((index, call)) = known else { return };
        let mut arguments = String::new();
        delta.append_to(&mut arguments, &mut call.half);
        if !arguments.is_empty() {
            call.has_arguments = true;
            self.events.push(StreamEvent::ToolCallArguments { index, arguments });
        }
    }

    /// The whole of a call's arguments: told, if they did not come in pieces.
    pub(super) fn arguments_done(&mut self, item: u64, whole: Option<RawText<'_>>) {
        if let Some(whole) = whole.filter(|whole| !whole.is_empty()) {
            self.push_arguments(item, whole.text().into_owned());
        }
    }

    fn push_arguments(&mut self, item: u64, arguments: String) {
        let known = self.calls.iter_mut().enumerate().rev().find(|(_, call)| call.item == item);
        if let Some((index, call)) = known.filter(|(_, call)| !call.has_arguments) {
            call.has_arguments = true;
            self.events.push(StreamEvent::ToolCallArguments { index, arguments });
        }
    }

    /// An answer that was told only as a whole.
    pub(super) fn whole(&mut self, answer: Answer) {
        for event in stream_of(answer) {
            match event {
                StreamEvent::ToolCallStart { index, .. } => {
                    self.calls.push(Call { item: index as u64, has_arguments: true, half: None });
                    self.events.push(event);
                }
                StreamEvent::Usage { .. } | StreamEvent::Finish(_) => {}
                other => self.events.push(other),
            }
        }
    }
}
