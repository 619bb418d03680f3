//! GraphQL over the catalogue: an operation is compiled once into a few batched statements, whose
//! rows are written straight to JSON.
//!
//! - [`types`] declares every field once, in the words of [`declare`]; [`schema`] makes the type
//!   system of the declarations.
//! - [`guard`] refuses what would cost too much.
//! - [`load`] lets in as many requests as can be served, and no client more than its share.
//! - [`plan`] compiles a validated operation, [`execute`] runs the statements, [`render`] writes.
//!
//! One request, from end to end, is [`Api::execute`].

mod compiled;
pub mod cursor;
pub mod declare;
pub mod documents;
pub mod error;
mod execute;
pub mod filter;
pub mod guard;
pub mod id;
pub mod load;
pub mod plan;
mod render;
pub mod schema;
pub mod types;
mod unique;

pub use compiled::validated;

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use apollo_compiler::executable::{ExecutableDocument, Operation};
use apollo_compiler::introspection;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use futures_util::FutureExt;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

use compiled::{Compiled, Document, Found, Literals};
use documents::Documents;
use error::{GraphQLError, Location, code};
use execute::Read;
use guard::{Exceeded, Limit, Limits, Refusals};
use load::admission::Permit;
use load::{Client, Load, REQUEST_POINTS, Refused};
use plan::Plan;
use plan::argument::Shapes;
use plan::bind::Bound;
use render::Introspected;
use schema::Schema;

use crate::catalog::{Backend, Catalog, Stop};
use crate::error::{Error, Fault, FaultClass};

/// So much work a request may do in the thread that serves its connection, and others: about a
/// quarter of a millisecond, in looks of a statement whether to stop. The time itself would count
/// against it what others do meanwhile.
const BRIEF: u32 = 20;
/// So often a plan that took longer is read aside before that is tried again.
const READS_ASIDE: u32 = 256;
/// Bytes of plans that stay compiled, about.
const PLANS_KEPT_BYTES: u64 = 16 << 20;

/// Bytes of answers about the schema that are kept.
const INTROSPECTED_KEPT_BYTES: u64 = 4 << 20;

/// A GraphQL request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The document.
    #[serde(default)]
    pub query: Option<String>,
    /// The id of a document that the server knows, in its place.
    #[serde(default)]
    pub document_id: Option<String>,
    /// Which of its operations, where it has several.
    #[serde(default)]
    pub operation_name: Option<String>,
    /// Values of variables.
    #[serde(default)]
    pub variables: Option<JsonMap>,
    /// What a protocol on top of GraphQL adds.
    #[serde(default)]
    pub extensions: Option<JsonMap>,
}

impl Request {
    /// A request that is a document alone.
    pub fn of(query: impl Into<String>) -> Self {
        Self { query: Some(query.into()), ..Self::default() }
    }
}

/// What a transport knows of a request beside its text.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Under which the log tells about it.
    pub request_id: String,
    /// Whether it may only be a query, since its transport is meant to be safe.
    pub only_queries: bool,
    /// Whether the answer tells what it cost.
    pub wants_cost: bool,
    /// Whose points it costs; those of no client are not counted.
    pub client: Option<Client>,
    /// Since when its time runs, if not from now on.
    pub since: Option<Instant>,
}

/// Settings of the API.
#[derive(Clone, Debug)]
pub struct Options {
    /// Longest time that a request may take.
    pub deadline: Duration,
    /// What a request may ask for.
    pub limits: Limits,
    /// How many requests are let in.
    pub load: load::Options,
    /// Which documents can be named instead of sent.
    pub documents: documents::Options,
    /// Whether clients may ask about the schema.
    pub introspection: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            limits: Limits::default(),
            load: load::Options::default(),
            documents: documents::Options::default(),
            introspection: true,
        }
    }
}

/// How far a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was executed: the answer has `data`, be it null.
    Executed,
    /// It was refused, by its own fault.
    Refused,
    /// Its transport does not allow such an operation.
    NotAllowed,
    /// Its client has used up what it may.
    RateLimited,
    /// The server has no room for it at present.
    Overloaded,
    /// It did not end by its deadline.
    TimedOut,
    /// It met a defect of the server.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 7] = [
        Self::Executed,
        Self::Refused,
        Self::NotAllowed,
        Self::RateLimited,
        Self::Overloaded,
        Self::TimedOut,
        Self::Failed,
    ];

    /// Its name among the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Refused => "refused",
            Self::NotAllowed => "not_allowed",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
        }
    }
}

/// The answer to a request.
#[derive(Debug)]
pub struct Response {
    /// How far it came.
    pub outcome: Outcome,
    /// JSON.
    pub body: Vec<u8>,
    /// After how many seconds it may be sent again, where it was not let in.
    pub retry_after: Option<u64>,
    /// For how many seconds it may be kept, where it is the same for everyone.
    pub max_age: Option<u32>,
}

impl Response {
    /// The answer to a request that was not executed, by its own fault.
    pub fn refusal(errors: &[GraphQLError]) -> Self {
        Self::without_data(Outcome::Refused, errors)
    }

    fn timed_out() -> Self {
        let sentence = "The request took too long; ask for less.";
        let error = GraphQLError::new(FaultClass::Timeout.code(), sentence);
        Self::without_data(Outcome::TimedOut, &[error])
    }

    fn without_data(outcome: Outcome, errors: &[GraphQLError]) -> Self {
        Self::with_extensions(outcome, errors, None)
    }

    fn with_extensions(
        outcome: Outcome,
        errors: &[GraphQLError],
        extensions: Option<Extensions>,
    ) -> Self {
        #[derive(Serialize)]
        struct Refusal<'a> {
            errors: &'a [GraphQLError],
            #[serde(skip_serializing_if = "Option::is_none")]
            extensions: Option<Extensions>,
        }
        let body = serde_json::to_vec(&Refusal { errors, extensions }).unwrap_or_default();
        Self { outcome, body, retry_after: None, max_age: None }
    }
}

/// What an answer tells beside its data and errors.
#[derive(Clone, Copy, Debug, Serialize)]
struct Extensions {
    cost: Cost,
}

/// What a request cost.
#[derive(Clone, Copy, Debug, Serialize)]
struct Cost {
    /// The most that it could come to, in points; see [`guard::cost`].
    requested: u64,
    /// The most that is allowed.
    max: u64,
    /// The rows that the database returned, if it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
}

/// The API over one catalogue.
pub struct Api {
    schema: Schema,
    catalog: Catalog,
    options: Options,
    refusals: Refusals,
    load: Load,
    named: Documents,
    compiled: Compiled,
    plans: Cache<PlanKey, Arc<Plan>, ByBytes>,
    /// What operations ask about the schema, by document and name.
    introspected: Cache<(u64, Option<String>), Arc<Introspected>, ByBytes>,
    /// How many requests may block a thread at once.
    turns: Arc<Semaphore>,
    /// Where requests that block run: not on the threads that serve connections, so that a heavy
    /// one delays neither other clients nor the answers to health checks.
    runtime: tokio::runtime::Handle,
}

/// A request that is to be executed.
struct Prepared {
    plan: Arc<Plan>,
    bound: Bound,
    introspected: Option<Arc<Introspected>>,
    /// The most that it can come to, in points.
    cost: u64,
    /// Those of its document, where the plan knows it without them.
    literals: Option<Literals>,
}

/// A request on its way to a thread that may block.
enum Work {
    /// It has not been looked at.
    Waiting(Request),
    /// It may run.
    Prepared(Permit, Prepared),
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

impl Weighter<(u64, Option<String>), Arc<Introspected>> for ByBytes {
    fn weight(&self, _: &(u64, Option<String>), introspected: &Arc<Introspected>) -> u64 {
        introspected.bytes() as u64
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
    /// # Errors
    /// Trusted documents that cannot be read, or one that could not be executed.
    ///
    /// # Panics
    /// Outside of a runtime.
    pub fn new(catalog: Catalog, options: Options) -> Result<Self, Error> {
        let reader = catalog.reader();
        // One more than there are processors, so that none is idle while a turn passes on: more would
        // push each other out of the caches, and delay whoever serves connections.
        let turns = (reader.threads() + 1).min(reader.usage().max);
        let api = Self {
            turns: Arc::new(Semaphore::new(turns)),
            schema: Schema::of(options.clone()),
            catalog,
            load: Load::new(&options.load),
            named: Documents::load(&options.documents)?,
            options,
            refusals: Refusals::default(),
            compiled: Compiled::default(),
            plans: Cache::with_weighter(1_000, PLANS_KEPT_BYTES, ByBytes),
            introspected: Cache::with_weighter(100, INTROSPECTED_KEPT_BYTES, ByBytes),
            runtime: tokio::runtime::Handle::current(),
        };
        for (id, text) in api.named.trusted() {
            api.compiled.own(text, &api.options.limits, &api.schema).map_err(|errors| {
                let reason = errors.first().map_or("it is not valid", GraphQLError::message);
                Error::refused(format!("the trusted document {id}: {reason}"))
            })?;
        }
        Ok(api)
    }

    /// The catalogue.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// How many requests were refused for each limit.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// How many requests are let in, and what became of them.
    pub fn load(&self) -> &Load {
        &self.load
    }

    /// Compiled documents that are kept, forms that several have in common, compiled operations, and
    /// the bytes of each, about.
    pub fn kept(&self) -> [(usize, u64); 3] {
        let plans = (self.plans.len(), self.plans.weight());
        [self.compiled.documents(), self.compiled.forms(), plans]
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn ping(&self) -> Result<(), Fault> {
        self.catalog.reader().ping().await
    }

    /// Answer a request by its deadline, if there is room for it.
    ///
    /// A panic is answered as an error. When the deadline has come or the returned future is
    /// dropped, the work stops, and so do its statements; its place or its permit is free again.
    ///
    /// It runs where it is polled, as far as that is no burden to others: on PostgreSQL, which does
    /// the work elsewhere, and on SQLite for a moment. What takes longer there is done in a thread
    /// that may block.
    pub async fn execute(self: &Arc<Self>, request: Request, context: Context) -> Response {
        let start = Instant::now();
        let request_id = context.request_id.clone();
        let answer = AssertUnwindSafe(self.admitted(request, context)).catch_unwind().await;
        let response = answer.unwrap_or_else(|_| broken_off(&request_id, "it panicked"));
        self.load.counts().add(response.outcome, start.elapsed());
        response
    }

    async fn admitted(self: &Arc<Self>, request: Request, context: Context) -> Response {
        if let Err(refused) = self.load.enter(context.client.as_ref()) {
            return refused.into();
        }
        let waited = context.since.map_or(Duration::ZERO, |since| since.elapsed());
        let stop = Stop::after(self.options.deadline.saturating_sub(waited));
        let _abandon = stop.abandon();
        let blocks = self.catalog.reader().backend() == Backend::Sqlite;
        let permit = match self.load.at_once() {
            Some(permit) => permit,
            None if blocks => return self.aside(Work::Waiting(request), context, stop).await,
            None => match self.load.wait().await {
                Ok(permit) => permit,
                Err(refused) => return refused.into(),
            },
        };
        if blocks {
            // Those who have come meanwhile take their permits first, or are refused: the thread
            // may be kept by as many as may run, and not by everyone in turn.
            tokio::task::yield_now().await;
        }
        let prepared = match self.prepare(&request, &context) {
            Ok(prepared) => prepared,
            Err(rejection) => return self.reject(rejection, &context),
        };
        if !blocks {
            let read = tokio::select! {
                biased;
                read = self.read(&prepared, &stop) => read,
                () = stop.due() => return Response::timed_out(),
            };
            return self.tell(&prepared, &read, &context);
        }
        match self.read_briefly(&prepared, &stop) {
            Some(read) => self.tell(&prepared, &read, &context),
            None => self.aside(Work::Prepared(permit, prepared), context, stop).await,
        }
    }

    /// Read what does not take long; none where not everything is read then. It is read once more
    /// from the start, so that all of it is of one state of the catalogue.
    fn read_briefly(&self, prepared: &Prepared, stop: &Stop) -> Option<Read> {
        let aside = &prepared.plan.aside;
        if aside.load(Ordering::Relaxed) > 0 {
            aside.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let brief = stop.brief(BRIEF);
        let read = self.read(prepared, &brief).now_or_never();
        if !brief.is_spent() {
            return read;
        }
        aside.store(READS_ASIDE, Ordering::Relaxed);
        None
    }

    /// Answer in a thread that may block.
    async fn aside(self: &Arc<Self>, work: Work, context: Context, stop: Stop) -> Response {
        let api = Arc::clone(self);
        let request_id = context.request_id.clone();
        let runtime = self.runtime.clone();
        // It waits in a task: a permit that is free must not lie idle until a thread that serves a
        // thousand connections comes round to it.
        let task = self.runtime.spawn(async move {
            let (permit, work) = match work {
                Work::Prepared(permit, prepared) => (permit, Ok(prepared)),
                Work::Waiting(request) => match api.load.wait().await {
                    Ok(permit) => (permit, Err(request)),
                    Err(refused) => return refused.into(),
                },
            };
            // More threads would only wait, each with memory of its own.
            let turns = Arc::clone(&api.turns);
            let turn = tokio::select! {
                turn = turns.acquire_owned() => turn.ok(),
                () = stop.due() => return Response::timed_out(),
            };
            let request_id = context.request_id.clone();
            let handle = runtime.clone();
            let blocked = runtime.spawn_blocking(move || {
                // What runs has a permit, whether or not anyone waits for it still.
                let _held = (permit, turn);
                let prepared = match work {
                    Ok(prepared) => prepared,
                    Err(request) => match api.prepare(&request, &context) {
                        Ok(prepared) => prepared,
                        Err(rejection) => return api.reject(rejection, &context),
                    },
                };
                let read = handle.block_on(api.read(&prepared, &stop));
                // What blocks the thread is told to stop by an error.
                if stop.is_due() {
                    return Response::timed_out();
                }
                api.tell(&prepared, &read, &context)
            });
            answer_of(blocked, &request_id).await
        });
        answer_of(task, &request_id).await
    }

    fn reject(&self, rejection: Rejection, context: &Context) -> Response {
        let Rejection { outcome, errors, cost, retry_after } = rejection;
        if outcome == Outcome::Failed {
            let request_id = context.request_id.as_str();
            tracing::error!(request_id, ?errors, "a request met a defect");
            let errors = errors.into_iter().map(|error| error.request_id(request_id));
            return Response::without_data(Outcome::Failed, &errors.collect::<Vec<_>>());
        }
        self.refusals.count(&errors);
        let extensions = cost.filter(|_| context.wants_cost).map(|cost| Extensions { cost });
        let refusal = Response::with_extensions(outcome, &errors, extensions);
        Response { retry_after, ..refusal }
    }

    /// Everything that comes before the first statement.
    fn prepare(&self, request: &Request, context: &Context) -> Result<Prepared, Rejection> {
        let given = self.named.find(request)?;
        let (limits, schema) = (&self.options.limits, &self.schema);
        let prepared = match self.compiled.find(&given.text, limits) {
            Some(Found::Own(document)) => Some(self.bound(&document, None, request, context)),
            Some(Found::Common(document, literals)) => {
                let prepared = self.bound(&document, Some(literals), request, context);
                // What does not fit is told of the document itself.
                let fits = !prepared.as_ref().is_err_and(|err| err.outcome == Outcome::Refused);
                fits.then_some(prepared)
            }
            None => None,
        };
        let prepared = match prepared {
            Some(prepared) => prepared,
            None => {
                let document = self.compiled.own(&given.text, limits, schema)?;
                self.bound(&document, None, request, context)
            }
        };
        self.named.register(given);
        prepared
    }

    /// A document with the values of a request.
    fn bound(
        &self,
        document: &Document,
        literals: Option<Literals>,
        request: &Request,
        context: &Context,
    ) -> Result<Prepared, Rejection> {
        let name = request.operation_name.as_deref().filter(|name| !name.is_empty());
        let operation = document.valid.operations.get(name).map_err(|error| {
            GraphQLError::new(code::OPERATION_RESOLUTION_FAILURE, error.message().to_string())
        })?;
        if context.only_queries && !operation.is_query() {
            let sentence = "Send a mutation with POST.";
            let error = GraphQLError::new(code::BAD_REQUEST, sentence);
            return Err(Rejection { outcome: Outcome::NotAllowed, ..error.into() });
        }
        let given = request.variables.as_ref().map_or_else(Cow::default, Cow::Borrowed);
        let given = match &literals {
            Some(literals) => {
                let mut given = given.into_owned();
                literals.add_to(&mut given);
                Cow::Owned(given)
            }
            None => given,
        };
        let variables = coerce_variable_values(&self.schema.compiled, operation, &given)
            .map_err(|error| request_error(&error, &document.valid))?;
        let shapes = Shapes::of(operation, &variables, &self.schema)?;
        let plan = self.plan(document, operation, &shapes)?;
        let bound = plan::bind::bind(&plan, &variables)?;
        let cost: u64 = guard::cost::cost(&plan, &bound);
        let max = self.options.limits.cost;
        self.options.limits.check(Limit::Cost, cost).map_err(|exceeded| {
            let cost = Cost { requested: cost, max, rows: None };
            Rejection { cost: Some(cost), ..GraphQLError::from(exceeded).into() }
        })?;
        self.load.charge(context.client.as_ref(), cost.saturating_sub(REQUEST_POINTS))?;

        if plan.introspects && !self.options.introspection {
            let sentence = "This server does not tell its schema.";
            return Err(GraphQLError::new(code::INTROSPECTION_DISABLED, sentence).into());
        }
        let introspected = match plan.introspects {
            true => Some(self.introspect(document, operation, &variables)?),
            false => None,
        };
        Ok(Prepared { plan, bound, introspected, cost, literals })
    }

    /// What an operation asks about the schema. It is the same each time, but for variables.
    fn introspect(
        &self,
        document: &Document,
        operation: &Operation,
        variables: &Valid<JsonMap>,
    ) -> Result<Arc<Introspected>, Rejection> {
        let answer = || {
            let schema = &self.schema;
            let (compiled, implementers) = (&schema.compiled, &schema.implementers);
            let valid = &document.valid;
            let response =
                introspection::partial_execute(compiled, implementers, valid, operation, variables)
                    .map_err(|error| request_error(&error, valid))?;
            // A variable is null where null may not stand, which refuses other requests, too.
            match response.errors.into_iter().next() {
                Some(error) => {
                    let place = error.locations.first();
                    let place = place.map(|at| Location { line: at.line, column: at.column });
                    Err(GraphQLError::new(code::BAD_USER_INPUT, error.message).at(place).into())
                }
                None => Ok(Arc::new(Introspected::of(response.data.as_ref()))),
            }
        };
        if !operation.variables.is_empty() {
            return answer();
        }
        let name = operation.name.as_ref().map(|name| name.as_str().to_owned());
        self.introspected.get_or_insert_with(&(document.id, name), answer)
    }

    async fn read(&self, prepared: &Prepared, stop: &Stop) -> Read {
        let Prepared { plan, bound, cost, .. } = prepared;
        let rows_max = guard::cost::rows_max(*cost);
        execute::run(self.catalog.reader(), plan, bound, rows_max, stop).await
    }

    /// Write the answer.
    fn tell(&self, prepared: &Prepared, read: &Read, context: &Context) -> Response {
        match self.try_tell(prepared, read, context) {
            Ok((body, max_age)) => {
                Response { outcome: Outcome::Executed, body, retry_after: None, max_age }
            }
            Err(rejection) => self.reject(rejection, context),
        }
    }

    fn try_tell(
        &self,
        Prepared { plan, bound, introspected, cost: requested, literals }: &Prepared,
        Read { outcomes, rows }: &Read,
        context: &Context,
    ) -> Result<(Vec<u8>, Option<u32>), Rejection> {
        let (requested, rows, max) = (*requested, *rows, self.options.limits.cost);
        let cost = Cost { requested, max, rows: Some(rows) };
        let rows_max = guard::cost::rows_max(requested);
        if rows > rows_max {
            let exceeded = Exceeded { limit: Limit::Rows, max: rows_max, found: rows };
            return Err(Rejection { cost: Some(cost), ..GraphQLError::from(exceeded).into() });
        }
        let request_id = context.request_id.as_str();
        let rendered = render::render(plan, bound, outcomes, introspected.as_deref(), request_id);
        let (data, errors) = match literals {
            Some(literals) => rendered
                .map(|(data, errors)| (data, literals.placed(errors)))
                .map_err(|error| literals.placed(vec![error]))?,
            None => rendered?,
        };
        let extensions = context.wants_cost.then_some(Extensions { cost });
        // What is told on request depends on more than the request's address.
        let max_age = plan.max_age.filter(|_| errors.is_empty() && extensions.is_none());
        Ok((assemble(&data, &errors, extensions), max_age))
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

/// Why a request is not executed.
struct Rejection {
    outcome: Outcome,
    errors: Vec<GraphQLError>,
    /// What it would cost, where that is known.
    cost: Option<Cost>,
    /// After how many seconds it may be sent again.
    retry_after: Option<u64>,
}

impl From<Vec<GraphQLError>> for Rejection {
    fn from(errors: Vec<GraphQLError>) -> Self {
        let outcome = match errors.iter().any(GraphQLError::is_internal) {
            true => Outcome::Failed,
            false => Outcome::Refused,
        };
        Self { outcome, errors, cost: None, retry_after: None }
    }
}

impl From<Refused> for Rejection {
    fn from(refused: Refused) -> Self {
        let retry_after = Some(refused.retry_after);
        Self { outcome: refused.outcome, retry_after, ..refused.error().into() }
    }
}

impl From<GraphQLError> for Rejection {
    fn from(error: GraphQLError) -> Self {
        vec![error].into()
    }
}

/// What a task answers, which ends with whoever waits for it.
async fn answer_of(task: JoinHandle<Response>, request_id: &str) -> Response {
    let answer = AbortOnDropHandle::new(task).await;
    answer.unwrap_or_else(|error| broken_off(request_id, &error.to_string()))
}

fn broken_off(request_id: &str, reason: &str) -> Response {
    tracing::error!(request_id, reason, "a request ended early");
    let sentence = FaultClass::Bug.sentence();
    let error = GraphQLError::new(code::INTERNAL_SERVER_ERROR, sentence);
    Response::without_data(Outcome::Failed, &[error.request_id(request_id)])
}

fn assemble(data: &[u8], errors: &[GraphQLError], extensions: Option<Extensions>) -> Vec<u8> {
    let mut body = Vec::with_capacity(data.len() + 10);
    body.extend_from_slice(b"{\"data\":");
    body.extend_from_slice(data);
    if !errors.is_empty() {
        body.extend_from_slice(b",\"errors\":");
        body.extend_from_slice(&serde_json::to_vec(errors).unwrap_or_default());
    }
    if let Some(extensions) = extensions {
        body.extend_from_slice(b",\"extensions\":");
        body.extend_from_slice(&serde_json::to_vec(&extensions).unwrap_or_default());
    }
    body.push(b'}');
    body
}

fn request_error(
    error: &apollo_compiler::request::RequestError,
    document: &ExecutableDocument,
) -> GraphQLError {
    let message = error.message().to_string();
    // A value may be secret, whoever sent it: answers are logged where requests are not.
    let told = message.split_once(": ").and_then(|(what, rest)| {
        let (_, ty) = rest.rsplit_once(" to type ")?;
        what.starts_with("could not coerce").then(|| format!("{what} to type {ty}"))
    });
    let span = error.location();
    GraphQLError::new(code::BAD_USER_INPUT, told.unwrap_or(message))
        .at(span.and_then(|span| Location::of(span, &document.sources)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_that_nobody_waits_for_is_stopped() {
        let (alive, mut ended) = tokio::sync::oneshot::channel::<()>();
        let endless = async move {
            std::future::pending::<()>().await;
            drop(alive);
            Response::refusal(&[])
        };
        let answer = answer_of(tokio::spawn(endless), "r1");
        assert!(tokio::time::timeout(Duration::from_millis(10), answer).await.is_err());
        let ended = tokio::time::timeout(Duration::from_secs(10), &mut ended).await;
        assert!(ended.expect("it is stopped").is_err());
    }

    #[tokio::test]
    async fn a_panic_is_answered_as_an_error() {
        let panics = async {
            tokio::task::yield_now().await;
            panic!("a defect")
        };
        let response = answer_of(tokio::spawn(panics), "r1").await;
        assert_eq!(response.outcome, Outcome::Failed);
        let text = String::from_utf8(response.body).expect("JSON is UTF-8");
        assert!(text.contains("INTERNAL_SERVER_ERROR") && text.contains("r1"), "{text}");
        assert!(!text.contains("defect"), "{text}");
    }
}
