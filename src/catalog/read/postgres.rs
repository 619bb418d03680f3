//! Reading from PostgreSQL.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool::managed::{Manager, Metrics, Object, RecycleError, RecycleResult};
use futures_util::TryStreamExt;
use percent_encoding::percent_decode_str;
use quick_cache::unsync::Cache;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::TlsStream;
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{KeyList, Parameter, Rows};
use crate::catalog::changes::CHANNEL;
use crate::catalog::database::STATEMENT_CACHE;
use crate::catalog::tls;
use crate::error::{Error, Fault, FaultClass};

/// Age at which a connection is replaced: young ones spread over the nodes again after one of them
/// was away.
const LIFETIME: Duration = Duration::from_secs(300);
/// Longest time that a listener believes in a connection that says nothing.
pub const SILENCE_MAX: Duration = Duration::from_secs(2);
/// Longest time for telling the server to stop a statement, and for it to end a connection.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// Opens connections to a server.
#[derive(Clone)]
pub struct Connector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

/// A connection, with what it has prepared.
pub struct Connection {
    client: Client,
    /// Moves the bytes.
    driver: JoinHandle<()>,
    statements: Cache<Arc<str>, Statement>,
    opened: Instant,
    tls: Option<MakeRustlsConnect>,
}

impl Connector {
    /// From the options of a URL, as the writing side has read them.
    pub fn new(connect: &PgConnectOptions, statement_timeout: Duration) -> Result<Self, Error> {
        let mut config = Config::new();
        config.user(connect.get_username()).port(connect.get_port());
        config.dbname(connect.get_database().unwrap_or(connect.get_username()));
        // A password may come from a file or the environment too.
        if let Some(password) = connect.to_url_lossy().password() {
            config.password(percent_decode_str(password).collect::<Vec<u8>>());
        }
        match connect.get_socket() {
            Some(path) => config.host_path(path),
            None => config.host(connect.get_host()),
        };
        config.application_name("shotlist").options(session(connect, statement_timeout));
        config.tcp_user_timeout(Duration::from_secs(10)).keepalives_idle(Duration::from_secs(60));
        let tls = tls::client(connect)?;
        config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        Ok(Self { config, tls: tls.map(MakeRustlsConnect::new) })
    }
}

impl Connector {
    /// Listen for changes of the catalogue, until the connection ends. `hear` is called once it
    /// listens, and for every change.
    pub async fn listen(&self, hear: impl Fn()) -> Result<(), Fault> {
        match self.tls.clone() {
            None => listen(self.config.connect(NoTls).await?, hear).await,
            Some(tls) => listen(self.config.connect(tls).await?, hear).await,
        }
    }
}

async fn listen<S>(
    (client, mut connection): (Client, tokio_postgres::Connection<Socket, S>),
    hear: impl Fn(),
) -> Result<(), Fault>
where
    S: TlsStream + Unpin,
{
    let messages = async {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(_) = message? {
                hear();
            }
        }
        Ok(())
    };
    let listen = format!("LISTEN {CHANNEL}");
    let asks = async {
        let too_late = |_| Fault::new(FaultClass::Unavailable, "the server does not answer");
        timeout(SILENCE_MAX, client.batch_execute(&listen)).await.map_err(too_late)??;
        hear();
        loop {
            sleep(SILENCE_MAX / 2).await;
            let question = client.simple_query("SELECT 1");
            timeout(SILENCE_MAX / 2, question).await.map_err(too_late)??;
        }
    };
    tokio::select! {
        ended = messages => ended,
        ended = asks => ended,
    }
}

/// What a statement is given: keys as arrays, then the rest.
pub fn parameters(keys: Option<KeyList>, rest: Vec<Parameter>) -> Vec<Parameter> {
    let mut parameters = match keys {
        None => return rest,
        Some(KeyList::Ids(ids)) => vec![Parameter::Keys(ids)],
        Some(KeyList::Texts(texts)) => vec![Parameter::Texts(texts)],
        Some(KeyList::Groups(ids, names)) => vec![Parameter::Keys(ids), Parameter::Texts(names)],
    };
    parameters.extend(rest);
    parameters
}

/// How a session starts that only reads.
fn session(connect: &PgConnectOptions, statement_timeout: Duration) -> String {
    let timeout = statement_timeout.as_millis().to_string();
    let settings = [
        ("default_transaction_read_only", "on"),
        ("statement_timeout", timeout.as_str()),
        // Statements that take arrays would be planned anew at each use otherwise.
        ("plan_cache_mode", "force_generic_plan"),
        // Such a plan does not know how small a page is, nor how few rows a filter leaves, and
        // would read whole tables to find, to join or to sort them. Every join of ours looks up
        // a few rows by their key, and every page is read in the order of an index.
        ("enable_seqscan", "off"),
        ("enable_bitmapscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("enable_sort", "off"),
        // What is switched off counts as very dear, which would make every sort of a few rows
        // worth compiling, or a second process.
        ("jit", "off"),
        ("max_parallel_workers_per_gather", "0"),
    ];
    let mut options = connect.get_options().unwrap_or_default().to_owned();
    for (name, value) in settings {
        options.push_str(&format!(" -c {name}={value}"));
    }
    options
}

impl Manager for Connector {
    type Type = Connection;
    type Error = Fault;

    async fn create(&self) -> Result<Connection, Fault> {
        // In boxes: it is rare and large, and every statement would have room for it, on either
        // database.
        let (client, driver) = match self.tls.clone() {
            None => driven(Box::pin(self.config.connect(NoTls)).await?),
            Some(tls) => driven(Box::pin(self.config.connect(tls)).await?),
        };
        let statements = Cache::new(STATEMENT_CACHE);
        Ok(Connection { client, driver, statements, opened: Instant::now(), tls: self.tls.clone() })
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Fault> {
        match connection.client.is_closed() || connection.opened.elapsed() > LIFETIME {
            true => Err(RecycleError::message("closed or too old")),
            false => Ok(()),
        }
    }
}

/// A client with the task that moves its bytes.
fn driven<S>(
    (client, connection): (Client, tokio_postgres::Connection<Socket, S>),
) -> (Client, JoinHandle<()>)
where
    S: TlsStream + Unpin + Send + 'static,
{
    let driver = tokio::spawn(async move {
        // Whoever uses the client is told too.
        if let Err(error) = connection.await {
            tracing::debug!(fault = %Fault::from(error), "a reading connection ended");
        }
    });
    (client, driver)
}

impl Connection {
    async fn fetch(&mut self, sql: &Arc<str>, parameters: &[Parameter]) -> Result<Rows, Fault> {
        let mut types = Vec::with_capacity(parameters.len() + 1);
        let mut values: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(parameters.len() + 1);
        for parameter in parameters {
            let mut add = |value, kind| {
                values.push(value);
                types.push(kind);
            };
            match parameter {
                Parameter::Int(value) => add(value, Type::INT8),
                Parameter::Text(value) => add(value, Type::TEXT),
                Parameter::Keys(keys) => add(keys, Type::INT8_ARRAY),
                Parameter::Texts(texts) => add(texts, Type::TEXT_ARRAY),
            }
        }
        let statement = match self.statements.get(sql) {
            Some(statement) => statement.clone(),
            None => {
                let statement = self.client.prepare_typed(sql, &types).await?;
                self.statements.insert(Arc::clone(sql), statement.clone());
                statement
            }
        };
        let kinds = statement.columns().iter().map(|column| Kind::of(column.type_()));
        let kinds: Vec<Kind> = kinds.collect();
        let mut rows = Rows::of(kinds.len());
        let mut read = std::pin::pin!(self.client.query_raw(&statement, values).await?);
        while let Some(row) = read.try_next().await? {
            for (column, kind) in kinds.iter().enumerate() {
                let value = row.try_get::<_, Option<Raw<'_>>>(column)?;
                push(&mut rows, column, *kind, value.map(|Raw(bytes)| bytes))?;
            }
        }
        Ok(rows)
    }

    /// Tell the server to stop what it runs; as far as it listens.
    async fn cancel(&self) {
        let order = self.client.cancel_token();
        let send = async {
            match self.tls.clone() {
                None => order.cancel_query(NoTls).await,
                Some(tls) => order.cancel_query(tls).await,
            }
        };
        let sent = timeout(GOODBYE_TIMEOUT, send).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::warn!("the database server could not be told to stop a statement");
        }
    }

    /// Close it, in good order if the server takes part.
    pub async fn close(self) {
        let Self { client, mut driver, .. } = self;
        drop(client);
        if timeout(GOODBYE_TIMEOUT, &mut driver).await.is_err() {
            driver.abort();
        }
    }
}

/// A connection in use. Dropped in the middle of a statement, it does not go back to the pool.
pub struct Lease(Option<Object<Connector>>);

impl Lease {
    pub fn of(connection: Object<Connector>) -> Self {
        Self(Some(connection))
    }

    /// Run a statement and read all its rows.
    pub async fn fetch(
        mut self,
        sql: &Arc<str>,
        parameters: Vec<Parameter>,
    ) -> Result<Rows, Fault> {
        let Some(connection) = &mut self.0 else {
            return Err(Fault::bug("the connection is gone"));
        };
        let result = connection.fetch(sql, &parameters).await;
        // A session that a statement ended early is as good as before. After any other error it may
        // have forgotten what was prepared, or be with a server that has become another's follower.
        let keep =
            result.as_ref().map_or_else(|fault| fault.class == FaultClass::Timeout, |_| true);
        if let (Some(connection), false) = (self.0.take(), keep) {
            drop(Object::take(connection));
        }
        result
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let (Some(connection), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(async move {
                // It keeps its place in the pool for so long: a server that does not answer would
                // be given ever more connections otherwise.
                connection.cancel().await;
                // The order travels by itself and may arrive late, at a statement that came after:
                // there shall be none.
                Object::take(connection).close().await;
            });
        }
    }
}

/// The bytes of a value.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(
        _: &Type,
        bytes: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(bytes))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// How a value is read.
#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
    /// Text after a byte for its version.
    Jsonb,
    /// An array of rows.
    Records,
    /// Rows as well: an array of each of their columns.
    Columns,
    Other,
}

impl Kind {
    fn of(kind: &Type) -> Self {
        match *kind {
            Type::BOOL | Type::INT2 | Type::INT4 | Type::INT8 => Self::Int,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON => Self::Text,
            Type::JSONB => Self::Jsonb,
            Type::RECORD_ARRAY => Self::Records,
            Type::RECORD => Self::Columns,
            _ => Self::Other,
        }
    }
}

/// Add a value to the rows.
fn push(rows: &mut Rows, column: usize, kind: Kind, value: Option<&[u8]>) -> Result<(), Fault> {
    match (value, kind) {
        (None, _) => rows.push_null(),
        (Some(bytes), Kind::Int) => rows.push_int(int(bytes)?),
        (Some(bytes), Kind::Text) => rows.push_text(bytes)?,
        (Some(bytes), Kind::Jsonb) => rows.push_text(bytes.get(1..).unwrap_or_default())?,
        (Some(bytes), Kind::Records) => records(bytes, column, rows)?,
        (Some(bytes), Kind::Columns) => columns(bytes, column, rows)?,
        (Some(_), Kind::Other) => {
            let detail = format!("column {column} is neither an integer nor text");
            return Err(Fault::bug(detail));
        }
    }
    Ok(())
}

/// A truth value or a number, as the protocol's binary format has them.
fn int(bytes: &[u8]) -> Result<i64, Fault> {
    match *bytes {
        [byte] => Ok(i64::from(byte)),
        [a, b] => Ok(i64::from(i16::from_be_bytes([a, b]))),
        [a, b, c, d] => Ok(i64::from(i32::from_be_bytes([a, b, c, d]))),
        [a, b, c, d, e, f, g, h] => Ok(i64::from_be_bytes([a, b, c, d, e, f, g, h])),
        _ => Err(Fault::bug("an integer has an unknown length")),
    }
}

/// Add the rows of an array to a column, each after a number that stands for its key.
///
/// The binary formats of arrays and records are those of PostgreSQL's `array_send` and
/// `record_send`; all integers are of four bytes, big-endian, and a length of -1 stands for NULL:
/// - array: dimensions, whether there are NULLs, the type of the elements, then for each dimension
///   its size and its lower bound, then the elements, each with its length;
/// - record: how many columns, then each with its type, its length and its bytes.
fn records(bytes: &[u8], column: usize, rows: &mut Rows) -> Result<(), Fault> {
    let mut bytes = Bytes(bytes);
    let (count, _) = bytes.array()?;
    // The first record tells how many columns all have.
    let columns = Bytes(bytes.0.get(4..).unwrap_or_default()).number().unwrap_or_default();
    let columns = usize::try_from(columns).unwrap_or_default();
    rows.push_rows(column, 1 + columns, |rows| {
        for _ in 0..count {
            let mut record = Bytes(bytes.value()?.ok_or_else(Bytes::broken)?);
            if usize::try_from(record.number()?).ok() != Some(columns) {
                return Err(Bytes::broken());
            }
            rows.push_int(0);
            for column in 1..=columns {
                let kind = record.kind()?;
                push(rows, column, kind, record.value()?)?;
            }
        }
        Ok(())
    })
}

/// Add the rows of a record to a column, in the same way: it has an array for each of their columns,
/// or NULL where there are no rows.
fn columns(bytes: &[u8], column: usize, rows: &mut Rows) -> Result<(), Fault> {
    let mut record = Bytes(bytes);
    let columns = record.count()?;
    let (mut arrays, mut count) = (Vec::with_capacity(columns), 0);
    for _ in 0..columns {
        record.number()?;
        let mut array = Bytes(record.value()?.unwrap_or_default());
        let (items, kind) = if array.0.is_empty() { (0, Kind::Other) } else { array.array()? };
        if !arrays.is_empty() && items != count {
            return Err(Bytes::broken());
        }
        count = items;
        arrays.push((kind, array));
    }
    rows.push_rows(column, 1 + arrays.len(), |rows| {
        for _ in 0..count {
            rows.push_int(0);
            for (column, (kind, array)) in (1..).zip(&mut arrays) {
                push(rows, column, *kind, array.value()?)?;
            }
        }
        Ok(())
    })
}

/// Bytes that are read from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn broken() -> Fault {
        Fault::bug("an array of rows ends early")
    }

    fn number(&mut self) -> Result<i32, Fault> {
        let (number, rest) = self.0.split_first_chunk().ok_or_else(Self::broken)?;
        self.0 = rest;
        Ok(i32::from_be_bytes(*number))
    }

    fn count(&mut self) -> Result<usize, Fault> {
        usize::try_from(self.number()?).map_err(|_| Self::broken())
    }

    /// A type, and how its values are read.
    fn kind(&mut self) -> Result<Kind, Fault> {
        let kind = u32::try_from(self.number()?).ok().and_then(Type::from_oid);
        Ok(kind.as_ref().map_or(Kind::Other, Kind::of))
    }

    /// The head of an array: how many elements follow, and how they are read.
    fn array(&mut self) -> Result<(usize, Kind), Fault> {
        let dimensions = self.number()?;
        let _ = self.number()?;
        let kind = self.kind()?;
        let count = match dimensions {
            0 => 0,
            1 => {
                let count = self.count()?;
                let _ = self.number()?;
                count
            }
            _ => return Err(Fault::bug("an array of rows has several dimensions")),
        };
        Ok((count, kind))
    }

    /// Bytes after their length; none where they are NULL.
    fn value(&mut self) -> Result<Option<&'a [u8]>, Fault> {
        let Ok(length) = usize::try_from(self.number()?) else { return Ok(None) };
        let (value, rest) = self.0.split_at_checked(length).ok_or_else(Self::broken)?;
        self.0 = rest;
        Ok(Some(value))
    }
}
