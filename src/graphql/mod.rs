//! GraphQL over the catalogue: an operation is compiled once into a few batched statements, whose
//! rows are written straight to JSON.
//!
//! - [`types`] declares every field once, in the words of [`declare`]; [`schema`] makes the type
//!   system of the declarations.
//! - [`plan`] compiles a validated operation, [`execute`] runs the statements, [`render`] writes.
//!
//! One request, from end to end, is [`Api::execute`].

pub mod cursor;
pub mod declare;
pub mod error;
mod execute;
pub mod filter;
pub mod id;
pub mod plan;
mod render;
pub mod schema;
pub mod types;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::executable::{ExecutableDocument, Operation, Selection, SelectionSet};
use apollo_compiler::introspection;
use apollo_compiler::parser::Parser;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::{DiagnosticList, Valid};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::Deserialize;

use error::{GraphQLError, Location, code};
use plan::Plan;
use plan::argument::Shapes;
use schema::Schema;

use crate::catalog::Catalog;
use crate::error::{Fault, FaultClass};

/// Bytes of a document.
pub const DOCUMENT_BYTES_MAX: usize = 65_536;
/// Lexical tokens of a document, white space and commas among them.
pub const TOKENS_MAX: usize = 15_000;
/// How deep a document may nest.
pub const NESTING_MAX: usize = 100;
/// Lists of the schema that a document may ask for; the usual introspection asks for twelve.
const INTROSPECTION_LISTS_MAX: usize = 100;
/// Errors that a refused document is answered with.
const DIAGNOSTICS_MAX: usize = 10;
/// Bytes of document text that stay compiled.
const DOCUMENTS_KEPT_BYTES: u64 = 4 << 20;
/// Bytes of plans that stay compiled, about.
const PLANS_KEPT_BYTES: u64 = 64 << 20;

/// A GraphQL request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The document.
    pub query: String,
    /// Which of its operations, where it has several.
    #[serde(default)]
    pub operation_name: Option<String>,
    /// Values of variables.
    #[serde(default)]
    pub variables: Option<JsonMap>,
}

/// How far a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was executed: the answer has `data`, be it null.
    Executed,
    /// It was refused, by its own fault.
    Refused,
    /// It met a defect of the server.
    Failed,
}

/// The answer to a request.
#[derive(Debug)]
pub struct Response {
    /// How far it came.
    pub outcome: Outcome,
    /// JSON.
    pub body: Vec<u8>,
}

impl Response {
    /// The answer to a request that was not executed.
    pub fn refusal(errors: &[GraphQLError]) -> Self {
        #[derive(serde::Serialize)]
        struct Refusal<'a> {
            errors: &'a [GraphQLError],
        }
        let body = serde_json::to_vec(&Refusal { errors }).unwrap_or_default();
        Self { outcome: Outcome::Refused, body }
    }

    fn failure(errors: &[GraphQLError]) -> Self {
        Self { outcome: Outcome::Failed, ..Self::refusal(errors) }
    }
}

/// The API over one catalogue.
pub struct Api {
    schema: Schema,
    catalog: Catalog,
    documents: Cache<String, Arc<Document>, ByBytes>,
    plans: Cache<PlanKey, Arc<Plan>, ByBytes>,
    document_ids: AtomicU64,
    /// Where requests run: not on the threads that serve connections, so that a heavy one delays
    /// neither other clients nor the answers to health checks.
    runtime: tokio::runtime::Handle,
}

/// A parsed and validated document.
struct Document {
    /// Stands for its text in the keys of plans.
    id: u64,
    valid: Valid<ExecutableDocument>,
}

/// A plan serves all requests that agree in this.
#[derive(Clone, PartialEq, Eq, Hash)]
struct PlanKey {
    document: u64,
    operation: Option<String>,
    shapes: String,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<String, Arc<Document>> for ByBytes {
    fn weight(&self, text: &String, _: &Arc<Document>) -> u64 {
        text.len() as u64 + 1
    }
}

impl Weighter<PlanKey, Arc<Plan>> for ByBytes {
    fn weight(&self, key: &PlanKey, plan: &Arc<Plan>) -> u64 {
        (key.shapes.len() + plan.bytes) as u64
    }
}

impl Api {
    /// The API over a catalogue. Requests run on the runtime in which it is made.
    ///
    /// # Panics
    /// Outside of a runtime.
    pub fn new(catalog: Catalog) -> Self {
        Self {
            schema: Schema::new(),
            catalog,
            documents: Cache::with_weighter(1_000, DOCUMENTS_KEPT_BYTES, ByBytes),
            plans: Cache::with_weighter(1_000, PLANS_KEPT_BYTES, ByBytes),
            document_ids: AtomicU64::new(0),
            runtime: tokio::runtime::Handle::current(),
        }
    }

    /// The catalogue.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn ping(self: &Arc<Self>) -> Result<(), Fault> {
        let api = Arc::clone(self);
        // A connection belongs to the runtime in which it was opened.
        let ping = self.runtime.spawn(async move { api.catalog.reader().ping().await });
        ping.await.unwrap_or_else(|error| Err(Fault::bug(error.to_string())))
    }

    /// Answer a request.
    ///
    /// It runs in a task of its own: a client that goes away interrupts no statement half-way, and
    /// a panic is answered as an error.
    pub async fn execute(self: &Arc<Self>, request: Request, request_id: String) -> Response {
        let api = Arc::clone(self);
        let id = request_id.clone();
        let answer = async move { api.answer(&request, &id).await };
        guarded(&self.runtime, answer, &request_id).await
    }

    async fn answer(&self, request: &Request, request_id: &str) -> Response {
        match self.try_answer(request, request_id).await {
            Ok(body) => Response { outcome: Outcome::Executed, body },
            Err(errors) if errors.iter().any(GraphQLError::is_internal) => {
                tracing::error!(request_id, ?errors, "a request met a defect");
                let errors = errors.into_iter().map(|error| error.request_id(request_id));
                Response::failure(&errors.collect::<Vec<_>>())
            }
            Err(errors) => Response::refusal(&errors),
        }
    }

    async fn try_answer(
        &self,
        request: &Request,
        request_id: &str,
    ) -> Result<Vec<u8>, Vec<GraphQLError>> {
        let document = self.document(&request.query)?;
        let name = request.operation_name.as_deref().filter(|name| !name.is_empty());
        let operation = document.valid.operations.get(name).map_err(|error| {
            vec![GraphQLError::new(code::OPERATION_RESOLUTION_FAILURE, error.message().to_string())]
        })?;
        let given = JsonMap::new();
        let given = request.variables.as_ref().unwrap_or(&given);
        let variables = coerce_variable_values(&self.schema.compiled, operation, given)
            .map_err(|error| vec![request_error(&error, &document.valid)])?;
        let shapes =
            Shapes::of(operation, &variables, &self.schema).map_err(|error| vec![error])?;
        let plan = self.plan(&document, operation, &shapes).map_err(|error| vec![error])?;
        let bound = plan::bind::bind(&plan, &variables).map_err(|error| vec![error])?;

        let introspected = if plan.introspects {
            let schema = &self.schema;
            bound_introspection(&document.valid).map_err(|error| vec![error])?;
            introspection::check_max_depth(&document.valid, operation)
                .and_then(|()| {
                    introspection::partial_execute(
                        &schema.compiled,
                        &schema.implementers,
                        &document.valid,
                        operation,
                        &variables,
                    )
                })
                .map_err(|error| vec![request_error(&error, &document.valid)])?
                .data
        } else {
            None
        };
        let outcomes = execute::run(self.catalog.reader(), &plan, &bound).await;
        let (data, errors) =
            render::render(&plan, &bound, &outcomes, introspected.as_ref(), request_id)
                .map_err(|error| vec![error])?;
        Ok(assemble(&data, &errors))
    }

    /// The document of a text, parsed and validated once.
    fn document(&self, text: &str) -> Result<Arc<Document>, Vec<GraphQLError>> {
        if let Some(document) = self.documents.get(text) {
            return Ok(document);
        }
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(vec![GraphQLError::new(
                code::QUERY_TOO_COMPLEX,
                format!(
                    "The document has {} bytes; at most {DOCUMENT_BYTES_MAX} are allowed.",
                    text.len()
                ),
            )]);
        }
        let ast = Parser::new()
            .recursion_limit(NESTING_MAX)
            .token_limit(TOKENS_MAX)
            .parse_ast(text, "document")
            .map_err(|error| diagnostics(code::PARSE_FAILED, &error.errors))?;
        let valid = ast
            .to_executable_validate(&self.schema.compiled)
            .map_err(|error| diagnostics(code::VALIDATION_FAILED, &error.errors))?;
        let id = self.document_ids.fetch_add(1, Ordering::Relaxed);
        let document = Arc::new(Document { id, valid });
        self.documents.insert(text.to_owned(), Arc::clone(&document));
        Ok(document)
    }

    /// The plan of an operation, compiled once for each shape of its variables.
    fn plan(
        &self,
        document: &Document,
        operation: &Operation,
        shapes: &Shapes,
    ) -> Result<Arc<Plan>, GraphQLError> {
        let key = PlanKey {
            document: document.id,
            operation: operation.name.as_ref().map(|name| name.as_str().to_owned()),
            shapes: shapes.key(),
        };
        self.plans.get_or_insert_with(&key, || {
            let backend = self.catalog.reader().backend();
            plan::compile::compile(&self.schema, &document.valid, operation, shapes, backend)
                .map(Arc::new)
        })
    }
}

/// Run an answer in a task of its own, where neither a panic nor a vanished client harms others.
async fn guarded(
    runtime: &tokio::runtime::Handle,
    answer: impl Future<Output = Response> + Send + 'static,
    request_id: &str,
) -> Response {
    match runtime.spawn(answer).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(request_id, %error, "a request ended early");
            let sentence = FaultClass::Bug.sentence();
            let error = GraphQLError::new(code::INTERNAL_SERVER_ERROR, sentence);
            Response::failure(&[error.request_id(request_id)])
        }
    }
}

fn assemble(data: &[u8], errors: &[GraphQLError]) -> Vec<u8> {
    let mut body = Vec::with_capacity(data.len() + 10);
    body.extend_from_slice(b"{\"data\":");
    body.extend_from_slice(data);
    if !errors.is_empty() {
        body.extend_from_slice(b",\"errors\":");
        body.extend_from_slice(&serde_json::to_vec(errors).unwrap_or_default());
    }
    body.push(b'}');
    body
}

/// Refuse a document that asks for many lists of the schema: each may be the whole of it.
fn bound_introspection(document: &ExecutableDocument) -> Result<(), GraphQLError> {
    const LISTS: [&str; 8] = [
        "args",
        "directives",
        "enumValues",
        "fields",
        "inputFields",
        "interfaces",
        "possibleTypes",
        "types",
    ];
    fn count(set: &SelectionSet) -> usize {
        let counts = set.selections.iter().map(|selection| match selection {
            Selection::Field(field) => {
                let is_list = set.ty.starts_with("__") && LISTS.contains(&field.name.as_str());
                usize::from(is_list) + field.selection_set.as_ref().map_or(0, count)
            }
            Selection::InlineFragment(fragment) => count(&fragment.selection_set),
            Selection::FragmentSpread(_) => 0,
        });
        counts.sum()
    }
    let operations = document.operations.iter().map(|operation| &operation.selection_set);
    let fragments = document.fragments.values().map(|fragment| &fragment.selection_set);
    let lists: usize = operations.chain(fragments).map(count).sum();
    if lists <= INTROSPECTION_LISTS_MAX {
        return Ok(());
    }
    let sentence = format!(
        "The document asks for {lists} lists of the schema; at most {INTROSPECTION_LISTS_MAX} are allowed."
    );
    Err(GraphQLError::new(code::QUERY_TOO_COMPLEX, sentence))
}

fn request_error(
    error: &apollo_compiler::request::RequestError,
    document: &ExecutableDocument,
) -> GraphQLError {
    let span = error.location();
    GraphQLError::new(code::BAD_USER_INPUT, error.message().to_string())
        .at(span.and_then(|span| Location::of(span, &document.sources)))
}

fn diagnostics(code: &'static str, list: &DiagnosticList) -> Vec<GraphQLError> {
    let errors = list.iter().take(DIAGNOSTICS_MAX).map(|diagnostic| {
        let span = diagnostic.error.location();
        GraphQLError::new(code, diagnostic.error.to_string())
            .at(span.and_then(|span| Location::of(span, diagnostic.sources)))
    });
    errors.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_answered_as_an_error() {
        let panics = async {
            tokio::task::yield_now().await;
            panic!("a defect")
        };
        let response = guarded(&tokio::runtime::Handle::current(), panics, "r1").await;
        assert_eq!(response.outcome, Outcome::Failed);
        let text = String::from_utf8(response.body).expect("JSON is UTF-8");
        assert!(text.contains("INTERNAL_SERVER_ERROR") && text.contains("r1"), "{text}");
        assert!(!text.contains("defect"), "{text}");
    }
}
