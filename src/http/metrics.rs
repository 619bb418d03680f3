//! What the server tells those who run it, in Prometheus' text format (version 0.0.4).
//!
//! Every number has its place elsewhere and is read when it is asked for, so a library that keeps
//! numbers of its own would have nothing to do here. There is nothing of clients in it, and no label
//! whose values they choose.

use std::fmt::{Display, Write};

use actix_web::{HttpRequest, HttpResponse, web};

use super::{State, client};
use crate::graphql::load::BUCKETS;

/// Who may read the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Nobody.
    Nobody,
    /// This machine, but not what its proxies let through.
    Local,
    /// Everybody.
    All,
}

impl std::str::FromStr for Readers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "nobody" => Ok(Self::Nobody),
            "local" => Ok(Self::Local),
            "all" => Ok(Self::All),
            _ => Err(format!("\"{text}\" is neither nobody, local nor all")),
        }
    }
}

/// `GET /metrics`. Those who may not read them see that there is nothing.
pub async fn show(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let may = match state.options.metrics {
        Readers::Nobody => false,
        Readers::Local => client::is_local(request.head()),
        Readers::All => true,
    };
    if !may {
        return super::not_found().await;
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text(&state))
}

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
}

/// Writes the lines.
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP shotlist_{name} {help}\n# TYPE shotlist_{name} {kind}");
    }

    fn line(&mut self, name: impl Display, value: impl Display) {
        let _ = writeln!(self.0, "shotlist_{name} {value}");
    }

    fn one(&mut self, kind: Kind, name: &str, help: &str, value: impl Display) {
        self.head(name, kind.name(), help);
        self.line(name, value);
    }

    /// One number for each value of a label.
    fn each<'a>(
        &mut self,
        kind: Kind,
        name: &str,
        label: &str,
        help: &str,
        values: impl IntoIterator<Item = (&'a str, u64)>,
    ) {
        self.head(name, kind.name(), help);
        for (value, number) in values {
            self.line(format_args!("{name}{{{label}=\"{value}\"}}"), number);
        }
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

fn text(state: &State) -> String {
    use Kind::{Counter, Gauge};
    let mut page = Page(String::with_capacity(8 << 10));
    page.head("build_info", "gauge", "The version of the program.");
    page.line(format_args!("build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1);
    let uptime = state.start.elapsed().as_secs();
    page.one(Gauge, "uptime_seconds", "Time since the server started.", uptime);
    if let Some(bytes) = resident_bytes() {
        page.one(Gauge, "resident_memory_bytes", "Memory that the process has.", bytes);
    }

    let load = state.api.load();
    let outcomes = load.counts().outcomes().map(|(outcome, count)| (outcome.name(), count));
    let help = "GraphQL requests, by what became of them.";
    page.each(Counter, "requests_total", "outcome", help, outcomes);
    let (up_to, count, sum) = load.counts().times();
    let name = "request_duration_seconds";
    page.head(name, "histogram", "Time of requests that were let in, waiting included.");
    for (bound, count) in BUCKETS.into_iter().zip(up_to) {
        let seconds = std::time::Duration::from_millis(bound).as_secs_f64();
        page.line(format_args!("{name}_bucket{{le=\"{seconds}\"}}"), count);
    }
    page.line(format_args!("{name}_bucket{{le=\"+Inf\"}}"), count);
    page.line(format_args!("{name}_sum"), sum.as_secs_f64());
    page.line(format_args!("{name}_count"), count);
    let admission = load.admission();
    page.one(Gauge, "requests_running", "Requests that are worked on.", admission.running());
    let help = "Requests that are worked on at once at most.";
    page.one(Gauge, "requests_running_max", help, admission.running_max());
    page.one(Gauge, "requests_queued", "Requests that wait for others.", admission.queued());
    let help = "Requests that were refused for want of room.";
    page.one(Counter, "requests_shed_total", help, admission.shed());
    let help = "Requests that were refused for a limit, by limit.";
    page.each(Counter, "limit_refusals_total", "limit", help, state.api.refusals().iter());
    let help = "Clients whose budget of points is not whole.";
    page.one(Gauge, "budgets_kept", help, load.budgets().kept());

    let kinds = ["documents", "forms", "plans"];
    let kept = |index: fn((usize, u64)) -> u64| kinds.into_iter().zip(state.api.kept().map(index));
    let help = "Compiled documents, forms that they have or may come to have in common, and plans that are kept.";
    page.each(Gauge, "compiled", "kind", help, kept(|(count, _)| count as u64));
    let help = "About how many bytes they have.";
    page.each(Gauge, "compiled_bytes", "kind", help, kept(|(_, bytes)| bytes));
    if let Some(kept) = &state.kept {
        let (hits, bytes) = kept.counts();
        let help = "Requests that were answered with an answer that was kept.";
        page.one(Counter, "kept_answers_served_total", help, hits);
        let help = "About how many bytes the answers have that are kept.";
        page.one(Gauge, "kept_answers_bytes", help, bytes);
    }
    let reader = state.api.catalog().reader();
    let help = "Statements that read the database.";
    page.one(Counter, "statements_total", help, reader.statements());
    let help = "Those of them that others ran for them.";
    page.one(Counter, "statements_shared_total", help, reader.shared_statements());
    let faults = reader.faults().map(|(class, count)| (class.name(), count));
    let help = "Statements that failed, by class of fault: \"corrupt\" is a damaged database.";
    page.each(Counter, "database_faults_total", "class", help, faults);
    let usage = reader.usage();
    let open =
        [("idle", usage.idle as u64), ("used", usage.open.saturating_sub(usage.idle) as u64)];
    let help = "Open connections that read the database.";
    page.each(Gauge, "database_connections", "state", help, open);
    let help = "Open connections that read the database at most.";
    page.one(Gauge, "database_connections_max", help, usage.max);
    let help = "Statements that wait for such a connection.";
    page.one(Gauge, "database_connections_awaited", help, usage.waiting);

    let connections = &state.connections;
    page.one(Gauge, "connections", "Open connections.", connections.live());
    page.one(Gauge, "connections_max", "Open connections at most.", connections.max());
    let cut = connections.cut().map(|(reason, count)| (reason.name(), count));
    let help = "Connections that the server cut off, by reason.";
    page.each(Counter, "connections_cut_total", "reason", help, cut);
    let in_flight = |request: usize, response: usize| {
        [("request", request as u64), ("response", response as u64)]
    };
    let (requests, responses) = (&state.request_bytes, &state.response_bytes);
    let taken = in_flight(requests.taken(), responses.taken());
    let help = "Bytes of requests not yet answered and of answers not yet read.";
    page.each(Gauge, "bytes_in_flight", "kind", help, taken);
    let max = in_flight(requests.max(), responses.max());
    page.each(Gauge, "bytes_in_flight_max", "kind", "The most that they may be.", max);

    let sockets = state.sockets.gauges();
    page.one(Gauge, "sockets", "Open WebSockets.", sockets.open());
    page.one(Gauge, "socket_operations", "Operations open on them.", sockets.operations());
    let help = "Bytes of messages and answers that are held for them.";
    page.one(Gauge, "socket_bytes", help, sockets.buffered());
    page.one(Counter, "sockets_opened_total", "WebSockets that were opened.", sockets.opened());
    let help = "WebSockets that were refused for being too many.";
    page.one(Counter, "sockets_refused_total", help, sockets.refused());
    page.head("sockets_closed_total", "counter", "WebSockets that were closed, by code.");
    for (code, count) in sockets.closed() {
        let code = code.map_or_else(|| "other".to_owned(), |code| code.to_string());
        page.line(format_args!("sockets_closed_total{{code=\"{code}\"}}"), count);
    }
    page.0
}

/// Memory of this process, where the system tells it in Linux's way.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
