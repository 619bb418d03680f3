//! Errors as clients see them: a sentence for people, a stable code for programs, never a cause.

use apollo_compiler::parser::{SourceMap, SourceSpan};
use serde::Serialize;

use super::guard::Exceeded;

/// Codes of errors that are the request's, by the names that Apollo's clients and gateways match.
pub mod code {
    /// The document is not GraphQL.
    pub const PARSE_FAILED: &str = "GRAPHQL_PARSE_FAILED";
    /// The document does not fit the schema.
    pub const VALIDATION_FAILED: &str = "GRAPHQL_VALIDATION_FAILED";
    /// A variable or an argument has a wrong value.
    pub const BAD_USER_INPUT: &str = "BAD_USER_INPUT";
    /// A cursor is not one of this list.
    pub const INVALID_CURSOR: &str = "INVALID_CURSOR";
    /// The document has no such operation, or several and none was named.
    pub const OPERATION_RESOLUTION_FAILURE: &str = "OPERATION_RESOLUTION_FAILURE";
    /// The operation selects more than the server takes on.
    pub const QUERY_TOO_COMPLEX: &str = "QUERY_TOO_COMPLEX";
    /// Several things fit a key that should name one.
    pub const AMBIGUOUS: &str = "AMBIGUOUS";
    /// The request is not a GraphQL request.
    pub const BAD_REQUEST: &str = "BAD_REQUEST";
    /// The server has no room for the request at present.
    pub const OVERLOADED: &str = "OVERLOADED";
    /// The client has used up its points.
    pub const RATE_LIMITED: &str = "RATE_LIMITED";
    /// No document is registered under the hash: it has to be sent once.
    pub const PERSISTED_QUERY_NOT_FOUND: &str = "PERSISTED_QUERY_NOT_FOUND";
    /// The server takes no documents by id, or none that clients register.
    pub const PERSISTED_QUERY_NOT_SUPPORTED: &str = "PERSISTED_QUERY_NOT_SUPPORTED";
    /// The document is not one of those that the server trusts.
    pub const PERSISTED_QUERY_NOT_IN_LIST: &str = "PERSISTED_QUERY_NOT_IN_LIST";
    /// The server does not tell its schema.
    pub const INTROSPECTION_DISABLED: &str = "INTROSPECTION_DISABLED";
    /// Whoever asks may not.
    pub const FORBIDDEN: &str = "FORBIDDEN";
    /// A socket has as many operations open as it may have.
    pub const TOO_MANY_OPERATIONS: &str = "TOO_MANY_OPERATIONS";
    /// An address has as many sockets open as it may have.
    pub const TOO_MANY_SOCKETS: &str = "TOO_MANY_SOCKETS";
    /// A defect of the server.
    pub const INTERNAL_SERVER_ERROR: &str = "INTERNAL_SERVER_ERROR";
}

/// A place in the document, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Location {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl Location {
    /// Where a span of a document begins.
    pub fn of(span: SourceSpan, sources: &SourceMap) -> Option<Self> {
        let text = sources.get(&span.file_id())?.source_text();
        Lines::of(text).location(span.offset())
    }
}

/// The lines of a document, to find many places in it.
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// The lines of a text; they end as GraphQL says, with LF, CR or both.
    pub fn of(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let ends = (0..bytes.len()).filter(|&index| match bytes[index] {
            b'\n' => true,
            b'\r' => bytes.get(index + 1) != Some(&b'\n'),
            _ => false,
        });
        Self { text, starts: std::iter::once(0).chain(ends.map(|end| end + 1)).collect() }
    }

    /// The place of a byte.
    pub fn location(&self, offset: usize) -> Option<Location> {
        let line = self.starts.partition_point(|start| *start <= offset);
        let before = self.text.get(*self.starts.get(line - 1)?..offset)?;
        Some(Location { line, column: before.chars().count() + 1 })
    }
}

/// A step into the response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PathSegment {
    /// A response key.
    Key(String),
    /// An index of a list.
    Index(usize),
}

/// What programs read.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Extensions {
    /// Stable code.
    pub code: &'static str,
    /// The argument at fault, as `Type.field(argument:)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub argument: Option<Box<str>>,
    /// Under which the log has the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Box<str>>,
    /// The limit that the request exceeds, as `limit`, `max` and `found`.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub exceeded: Option<Box<Exceeded>>,
}

/// An error of the response.
#[derive(Clone, Debug, Serialize)]
pub struct GraphQLError {
    /// The sentence.
    pub message: Box<str>,
    /// Where in the document.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
    /// Where in the response; empty for an error of the whole request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<PathSegment>,
    /// What programs read.
    pub extensions: Extensions,
}

impl GraphQLError {
    /// What clients are told.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// An error of the whole request.
    pub fn new(code: &'static str, message: impl Into<Box<str>>) -> Self {
        Self {
            message: message.into(),
            locations: Vec::new(),
            path: Vec::new(),
            extensions: Extensions { code, argument: None, request_id: None, exceeded: None },
        }
    }

    /// Whether it is a defect of the server.
    pub fn is_internal(&self) -> bool {
        self.extensions.code == code::INTERNAL_SERVER_ERROR
    }

    /// For exceeding this limit.
    pub fn exceeding(mut self, exceeded: Exceeded) -> Self {
        self.extensions.exceeded = Some(Box::new(exceeded));
        self
    }

    /// The limit that the request exceeds.
    pub fn exceeded(&self) -> Option<&Exceeded> {
        self.extensions.exceeded.as_deref()
    }

    /// At this place of the document.
    pub fn at(mut self, location: Option<Location>) -> Self {
        self.locations.extend(location);
        self
    }

    /// By this argument.
    pub fn argument(mut self, argument: impl Into<Box<str>>) -> Self {
        self.extensions.argument = Some(argument.into());
        self
    }

    /// With the id under which the log has the cause.
    pub fn request_id(mut self, request_id: &str) -> Self {
        self.extensions.request_id = Some(request_id.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, Location};

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let text = "a\nbé\r\nc🎬d\re";
        let lines = Lines::of(text);
        for (found, line, column) in
            [("a", 1, 1), ("b", 2, 1), ("é", 2, 2), ("c", 3, 1), ("d", 3, 3), ("e", 4, 1)]
        {
            let offset = text.find(found).expect(found);
            assert_eq!(lines.location(offset), Some(Location { line, column }), "{found}");
        }
    }
}
