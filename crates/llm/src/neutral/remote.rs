//! Pictures and documents that a request names by their address. A provider
//! that does not fetch has to be sent what is there: whoever may go out fetches
//! it, and puts it in here.

use super::{ChatRequest, FileSource, Message, Part};

/// Which of the things that a request names by their address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remote {
    /// Pictures and documents.
    All,
    /// Pictures.
    Pictures,
    /// Documents.
    Documents,
}

impl Remote {
    const fn is_meant(self, part: &Part) -> bool {
        match self {
            Self::All => true,
            Self::Pictures => matches!(part, Part::Image { .. }),
            Self::Documents => matches!(part, Part::File(_)),
        }
    }
}

/// The addresses of what is not in the request itself, each once.
#[must_use]
pub fn remote(request: &ChatRequest, which: Remote) -> Vec<&str> {
    let mut urls = Vec::new();
    let mut look = |part| {
        if which.is_meant(part) {
            urls.extend(url_of(part));
        }
    };
    for part in request.messages.iter().flat_map(|message| &message.parts) {
        match part {
            Part::ToolResult(result) => result.parts.iter().for_each(&mut look),
            part => look(part),
        }
    }
    let mut seen = std::collections::HashSet::new();
    urls.retain(|url| seen.insert(*url));
    urls
}

/// Puts what was found at an address, in base64, in its place.
pub fn put_inline(request: &mut ChatRequest, url: &str, media_type: &str, data: &str) {
    for Message { parts, .. } in &mut request.messages {
        for part in parts {
            match part {
                Part::ToolResult(result) => {
                    result.parts.iter_mut().for_each(|part| replace(part, url, media_type, data));
                }
                part => replace(part, url, media_type, data),
            }
        }
    }
}

fn url_of(part: &Part) -> Option<&str> {
    let url = match part {
        Part::Image { url, .. } => url,
        Part::File(file) => match &file.source {
            FileSource::Url(url) => url,
            _ => return None,
        },
        _ => return None,
    };
    let is_remote = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    ["https://", "http://"].into_iter().any(is_remote).then_some(url)
}

fn replace(part: &mut Part, url: &str, media_type: &str, data: &str) {
    if url_of(part) != Some(url) {
        return;
    }
    match part {
        Part::Image { url, .. } => *url = format!("data:{media_type};base64,{data}"),
        Part::File(file) => {
            file.media_type = Some(media_type.to_owned());
            file.source = FileSource::Data(data.to_owned());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neutral::{File, Role, ToolResult};

    #[test]
    fn remote_pictures_are_found_once_and_replaced_everywhere() {
        let image = |url: &str| Part::Image { url: url.to_owned(), detail: None };
        let file = File { name: None, media_type: None, source: FileSource::Url("https://a/x.pdf".into()) };
        let result = ToolResult { call_id: "1".into(), parts: vec![image("https://a/1.png")], ..ToolResult::default() };
        let parts = vec![
            image("https://a/1.png"),
            image("data:image/png;base64,AA=="),
            Part::File(file),
            Part::ToolResult(result),
        ];
        let mut request = ChatRequest { messages: vec![Message { role: Role::User, parts }], ..ChatRequest::default() };
        assert_eq!(remote(&request, Remote::All), ["https://a/1.png", "https://a/x.pdf"]);
        assert_eq!(remote(&request, Remote::Pictures), ["https://a/1.png"]);
        assert_eq!(remote(&request, Remote::Documents), ["https://a/x.pdf"]);
        put_inline(&mut request, "https://a/1.png", "image/png", "BB==");
        assert_eq!(remote(&request, Remote::All), ["https://a/x.pdf"]);
        put_inline(&mut request, "https://a/x.pdf", "application/pdf", "CC==");
        assert_eq!(remote(&request, Remote::All), Vec::<&str>::new());
        assert_eq!(request.messages[0].parts[0], image("data:image/png;base64,BB=="));
    }
}
