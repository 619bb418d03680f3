//! Errors as clients see them: a sentence for people, a stable code for programs, never a cause.

use apollo_compiler::parser::{SourceMap, SourceSpan};
use serde::Serialize;

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
        let before = sources.get(&span.file_id())?.source_text().get(..span.offset())?;
        let line_start = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
        let lines = before.replace("\r\n", "\n").matches(['\n', '\r']).count();
        Some(Self { line: lines + 1, column: before[line_start..].chars().count() + 1 })
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
    /// An error of the whole request.
    pub fn new(code: &'static str, message: impl Into<Box<str>>) -> Self {
        Self {
            message: message.into(),
            locations: Vec::new(),
            path: Vec::new(),
            extensions: Extensions { code, argument: None, request_id: None },
        }
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
