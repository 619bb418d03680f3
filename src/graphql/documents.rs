//! Documents that are named instead of sent: those that the operator trusts, and those that clients
//! have registered by sending them once.
//!
//! Sources: GraphQL over HTTP, appendix on persisted documents (`documentId`); Apollo's automatic
//! persisted queries (`extensions.persistedQuery`).

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Request;
use super::error::{GraphQLError, code};
use crate::error::Error;

/// Bytes of the documents that clients have registered and that are kept.
const REGISTERED_BYTES: u64 = 4 << 20;
/// What stands before the hash in an id that is the hash of its document.
const BY_HASH: &str = "sha256:";

/// What the trusted documents are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// There are none.
    #[default]
    Off,
    /// They can be named; other documents can be sent.
    Allow,
    /// No other document is executed.
    Require,
}

impl std::str::FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "allow" => Ok(Self::Allow),
            "require" => Ok(Self::Require),
            _ => Err(format!("\"{text}\" is neither off, allow nor require")),
        }
    }
}

/// Settings of named documents.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the trusted documents are for.
    pub mode: Mode,
    /// Where they are: a folder of files that end in `.graphql` or `.gql`, or a manifest.
    pub path: PathBuf,
    /// Whether clients may register documents.
    pub registering: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { mode: Mode::Off, path: PathBuf::new(), registering: true }
    }
}

/// The documents that can be named.
pub struct Documents {
    mode: Mode,
    /// By their id, and by their hash.
    trusted: HashMap<String, Arc<str>>,
    /// By their hash; none where clients may not register any.
    registered: Option<Cache<String, Arc<str>, ByBytes>>,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<String, Arc<str>> for ByBytes {
    fn weight(&self, hash: &String, text: &Arc<str>) -> u64 {
        (hash.len() + text.len()) as u64
    }
}

/// A document as a request gives it.
#[derive(Debug, PartialEq, Eq)]
pub struct Given {
    /// Its text.
    pub text: Arc<str>,
    /// The hash under which it is to be registered, once it has turned out to be valid.
    pub register: Option<String>,
}

/// `extensions.persistedQuery`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersistedQuery {
    version: u32,
    sha256_hash: String,
}

/// A manifest as Apollo's tools write it.
#[derive(Deserialize)]
struct Manifest {
    format: String,
    version: u32,
    operations: Vec<Operation>,
}

#[derive(Deserialize)]
struct Operation {
    id: String,
    body: String,
}

impl Documents {
    /// Read the trusted documents.
    ///
    /// # Errors
    /// A file that cannot be read or is none of the known forms, and an id that does not fit its
    /// document.
    pub fn load(options: &Options) -> Result<Self, Error> {
        let path = &options.path;
        let read = match options.mode {
            Mode::Off => BTreeMap::new(),
            Mode::Allow | Mode::Require if path.is_dir() => folder(path)?,
            Mode::Allow | Mode::Require => manifest(path)?,
        };
        if options.mode != Mode::Off && read.is_empty() {
            return Err(refused(path, "it holds no document"));
        }
        let mut trusted = HashMap::with_capacity(2 * read.len());
        for (id, text) in read {
            let hash = hash(&text);
            if id.strip_prefix(BY_HASH).is_some_and(|named| named != hash) {
                return Err(refused(path, &format!("the id {id} is not the hash of its document")));
            }
            let text: Arc<str> = text.into();
            trusted.insert(hash, Arc::clone(&text));
            trusted.insert(id, text);
        }
        let registered = Cache::with_weighter(1_000, REGISTERED_BYTES, ByBytes);
        Ok(Self {
            mode: options.mode,
            trusted,
            registered: options.registering.then_some(registered),
        })
    }

    /// The trusted documents, by their ids and hashes.
    pub fn trusted(&self) -> impl Iterator<Item = (&str, &str)> {
        self.trusted.iter().map(|(id, text)| (id.as_str(), &**text))
    }

    /// The document of a request, sent or named.
    ///
    /// # Errors
    /// When there is none, it is not known, or it may not be executed.
    pub fn find(&self, request: &Request) -> Result<Given, GraphQLError> {
        let query = request.query.as_deref();
        let text = |text: &Arc<str>| Given { text: Arc::clone(text), register: None };
        if let Some(id) = &request.document_id {
            if query.is_some() {
                let sentence = "Send a document or the id of one, not both.";
                return Err(GraphQLError::new(code::BAD_REQUEST, sentence));
            }
            if self.mode == Mode::Off {
                let sentence = "This server has no documents with an id; send the document itself.";
                return Err(GraphQLError::new(code::PERSISTED_QUERY_NOT_SUPPORTED, sentence));
            }
            let by_hash = || self.trusted.get(id.strip_prefix(BY_HASH)?);
            return self.trusted.get(id).or_else(by_hash).map(text).ok_or_else(not_in_list);
        }
        if let Some(extension) =
            request.extensions.as_ref().and_then(|all| all.get("persistedQuery"))
        {
            return self.persisted(extension, query);
        }
        let query = query.ok_or_else(|| {
            GraphQLError::new(code::BAD_REQUEST, "The request has no document: `query` is missing.")
        })?;
        match self.mode {
            Mode::Require => self.trusted.get(&hash(query)).map(text).ok_or_else(not_in_list),
            Mode::Off | Mode::Allow => Ok(Given { text: query.into(), register: None }),
        }
    }

    fn persisted(
        &self,
        extension: &apollo_compiler::response::JsonValue,
        query: Option<&str>,
    ) -> Result<Given, GraphQLError> {
        let read = serde_json::to_value(extension).and_then(serde_json::from_value);
        let fits = |read: &PersistedQuery| {
            let hash = read.sha256_hash.as_bytes();
            read.version == 1 && hash.len() == 64 && hash.iter().all(u8::is_ascii_hexdigit)
        };
        let Some(PersistedQuery { sha256_hash, .. }) = read.ok().filter(fits) else {
            let sentence = "`extensions.persistedQuery` must have `version` 1 and `sha256Hash`, 64 hexadecimal digits.";
            return Err(GraphQLError::new(code::BAD_REQUEST, sentence));
        };
        let sha256_hash = sha256_hash.to_ascii_lowercase();
        if query.is_some_and(|query| hash(query) != sha256_hash) {
            let sentence = "`sha256Hash` is not the hash of `query`.";
            return Err(GraphQLError::new(code::BAD_REQUEST, sentence));
        }
        if let Some(text) = self.trusted.get(&sha256_hash) {
            return Ok(Given { text: Arc::clone(text), register: None });
        }
        if self.mode == Mode::Require {
            return Err(not_in_list());
        }
        // Apollo's clients know these messages, not only the codes.
        let Some(registered) = &self.registered else {
            let code = code::PERSISTED_QUERY_NOT_SUPPORTED;
            return Err(GraphQLError::new(code, "PersistedQueryNotSupported"));
        };
        match (query, registered.get(&sha256_hash)) {
            (_, Some(text)) => Ok(Given { text, register: None }),
            (Some(query), None) => Ok(Given { text: query.into(), register: Some(sha256_hash) }),
            (None, None) => {
                let code = code::PERSISTED_QUERY_NOT_FOUND;
                Err(GraphQLError::new(code, "PersistedQueryNotFound"))
            }
        }
    }

    /// Keep a document that has turned out to be valid, if it is to be registered.
    pub fn register(&self, given: Given) {
        if let (Some(hash), Some(registered)) = (given.register, &self.registered) {
            registered.insert(hash, given.text);
        }
    }
}

fn not_in_list() -> GraphQLError {
    let sentence = "This document is not one of those that the server trusts.";
    GraphQLError::new(code::PERSISTED_QUERY_NOT_IN_LIST, sentence)
}

/// The SHA-256 of a document, in hexadecimal digits.
pub fn hash(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::with_capacity(64), |mut hash, byte| {
        let _ = write!(hash, "{byte:02x}");
        hash
    })
}

/// The files of a folder and those below it, by their hash.
fn folder(path: &Path) -> Result<BTreeMap<String, String>, Error> {
    let mut read = BTreeMap::new();
    for entry in std::fs::read_dir(path).map_err(|error| refused(path, &error.to_string()))? {
        let entry = entry.map_err(|error| refused(path, &error.to_string()))?.path();
        let ending = entry.extension().and_then(|ending| ending.to_str());
        if entry.is_dir() {
            read.extend(folder(&entry)?);
        } else if matches!(ending, Some("graphql" | "gql")) {
            let text = std::fs::read_to_string(&entry)
                .map_err(|error| refused(&entry, &error.to_string()))?;
            read.insert(hash(&text), text);
        }
    }
    Ok(read)
}

/// A manifest: Apollo's, or an object of documents by their ids as Relay's compiler and GraphQL
/// Code Generator write it.
fn manifest(path: &Path) -> Result<BTreeMap<String, String>, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| refused(path, &error.to_string()))?;
    if let Ok(read) = serde_json::from_str::<BTreeMap<String, String>>(&text) {
        return Ok(read);
    }
    match serde_json::from_str(&text) {
        Ok(Manifest { format, version: 1, operations })
            if format == "apollo-persisted-query-manifest" =>
        {
            Ok(operations.into_iter().map(|Operation { id, body }| (id, body)).collect())
        }
        _ => Err(refused(
            path,
            "it is neither an object of documents by their ids nor an Apollo manifest of version 1",
        )),
    }
}

fn refused(path: &Path, reason: &str) -> Error {
    Error::refused(format!("the trusted documents {}: {reason}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, text: &str) -> Result<Documents, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(file);
        std::fs::write(&path, text).expect("it is written");
        let path = if file.ends_with(".json") { path } else { folder.path().to_owned() };
        let options = Options { mode: Mode::Allow, path, registering: true };
        Documents::load(&options).map_err(|error| error.to_string())
    }

    fn named(id: &str) -> Request {
        Request { document_id: Some(id.to_owned()), ..Request::default() }
    }

    #[test]
    fn every_form_of_trusted_documents_is_read() {
        let text = "{ __typename }";
        let hash = hash(text);
        let apollo = format!(
            r#"{{"format": "apollo-persisted-query-manifest", "version": 1, "operations":
                [{{"id": "one", "name": "Q", "type": "query", "body": "{text}"}}]}}"#
        );
        for (file, written, id) in [
            ("q.graphql", text.to_owned(), hash.clone()),
            ("q.gql", text.to_owned(), format!("sha256:{hash}")),
            ("m.json", format!(r#"{{"one": "{text}"}}"#), "one".to_owned()),
            ("m.json", format!(r#"{{"{hash}": "{text}"}}"#), format!("sha256:{hash}")),
            ("m.json", apollo, "one".to_owned()),
        ] {
            let documents = load(file, &written).expect(file);
            let given = documents.find(&named(&id)).expect(&id);
            assert_eq!(&*given.text, text);
            assert!(documents.find(&named("other")).is_err());
        }
    }

    #[test]
    fn a_wrong_manifest_is_told() {
        for (file, text, reason) in [
            ("m.json", "[]", "neither"),
            ("m.json", "{}", "no document"),
            ("m.json", r#"{"sha256:00": "{ __typename }"}"#, "not the hash"),
            ("m.json", r#"{"format": "other", "version": 1, "operations": []}"#, "neither"),
            ("q.txt", "{ __typename }", "no document"),
        ] {
            let error = load(file, text).err().expect(text);
            assert!(error.contains(reason), "{error}");
        }
    }
}
