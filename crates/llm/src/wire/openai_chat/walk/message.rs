//! What a choice says: its `delta` or `message`, with content, reasoning,
//! refusal and calls in all the forms they come in.

use super::{Arguments, CallPiece, Piece, Sink, integer};
use crate::json_scan::{RawText, Reader, ScanError};

/// Hands the pieces of one message on.
pub(super) fn walk<'a>(choice: u64, body: &'a [u8], sink: &mut impl Sink<'a>) -> Result<(), ScanError> {
    let (mut content, mut plain, mut long, mut refusal) = (None, None, None, None);
    let (mut calls, mut function) = (None, None);
    Reader::new(body).object(|name, reader| {
        if name.is("content") {
            content = Some(reader.value()?);
        } else if name.is("reasoning_content") {
            long = reader.text()?;
        } else if name.is("reasoning") {
            plain = reader.text()?;
        } else if name.is("refusal") {
            refusal = reader.text()?;
        } else if name.is("tool_calls") && reader.peek() == Some(b'[') {
            calls = Some(reader.value()?);
        } else if name.is("function_call") && reader.peek() == Some(b'{') {
            function = Some(reader.value()?);
        } else {
            reader.skip()?;
        }
        Ok(())
    })?;
    let full = |text: &RawText<'_>| !text.is_empty();
    if let Some(text) = long.filter(full).or(plain.filter(full)) {
        sink.piece(choice, Piece::Reasoning(text));
    }
    if let Some(content) = content {
        content_of(choice, content, sink)?;
    }
    if let Some(text) = refusal.filter(full) {
        sink.piece(choice, Piece::Refusal(text));
    }
    if let Some(calls) = calls {
        Reader::new(calls).array(|reader| call(choice, reader, sink))?;
    }
    if let Some(function) = function {
        let mut piece = CallPiece { index: Some(0), ..CallPiece::default() };
        function_of(&mut Reader::new(function), &mut piece)?;
        sink.piece(choice, Piece::Call(piece));
    }
    Ok(())
}

/// A string, or parts of which Mistral's may be thoughts.
fn content_of<'a>(choice: u64, content: &'a [u8], sink: &mut impl Sink<'a>) -> Result<(), ScanError> {
    if let Some(text) = RawText::of_value(content) {
        if !text.is_empty() {
            sink.piece(choice, Piece::Content(text));
        }
        return Ok(());
    }
    if content.first() != Some(&b'[') {
        return Ok(());
    }
    Reader::new(content).array(|reader| {
        if reader.peek() != Some(b'{') {
            return reader.skip();
        }
        let (mut text, mut thinking) = (None, None);
        reader.object(|name, reader| {
            if name.is("text") {
                text = reader.text()?;
            } else if name.is("thinking") {
                thinking = Some(reader.value()?);
            } else {
                reader.skip()?;
            }
            Ok(())
        })?;
        if let Some(text) = text {
            sink.piece(choice, Piece::Content(text));
        }
        thinking.map_or(Ok(()), |thinking| thoughts(choice, thinking, sink))
    })
}

/// `thinking`: a string, or parts with `text`.
fn thoughts<'a>(choice: u64, thinking: &'a [u8], sink: &mut impl Sink<'a>) -> Result<(), ScanError> {
    if let Some(text) = RawText::of_value(thinking) {
        sink.piece(choice, Piece::Reasoning(text));
        return Ok(());
    }
    if thinking.first() != Some(&b'[') {
        return Ok(());
    }
    Reader::new(thinking).array(|reader| {
        if reader.peek() != Some(b'{') {
            return reader.skip();
        }
        reader.object(|name, reader| {
            if name.is("text") {
                if let Some(text) = reader.text()? {
                    sink.piece(choice, Piece::Reasoning(text));
                }
                return Ok(());
            }
            reader.skip()
        })
    })
}

fn call<'a>(choice: u64, reader: &mut Reader<'a>, sink: &mut impl Sink<'a>) -> Result<(), ScanError> {
    if reader.peek() != Some(b'{') {
        return reader.skip();
    }
    let mut piece = CallPiece::default();
    reader.object(|name, reader| {
        if name.is("index") {
            piece.index = integer(reader.value()?);
        } else if name.is("id") {
            piece.id = reader.text()?.filter(|id| !id.is_empty());
        } else if name.is("function") && reader.peek() == Some(b'{') {
            function_of(reader, &mut piece)?;
        } else {
            reader.skip()?;
        }
        Ok(())
    })?;
    sink.piece(choice, Piece::Call(piece));
    Ok(())
}

fn function_of<'a>(reader: &mut Reader<'a>, piece: &mut CallPiece<'a>) -> Result<(), ScanError> {
    reader.object(|name, reader| {
        if name.is("name") {
            piece.name = reader.text()?.filter(|name| !name.is_empty());
        } else if name.is("arguments") {
            let value = reader.value()?;
            piece.arguments = match RawText::of_value(value) {
                Some(text) => (!text.is_empty()).then_some(Arguments::Text(text)),
                None => (value.first() == Some(&b'{')).then_some(Arguments::Json(value)),
            };
        } else {
            reader.skip()?;
        }
        Ok(())
    })
}
