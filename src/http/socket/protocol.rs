//! The sub-protocol `graphql-transport-ws`, as a machine that knows no network: messages of the
//! client go in, what is to be done comes out.
//!
//! Source: <https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverWebSocket.md>.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::body;
use crate::graphql::error::{GraphQLError, code};
use crate::graphql::{Outcome, Request, Response};

/// The name of the sub-protocol, as the two sides negotiate it.
pub const NAME: &str = "graphql-transport-ws";

/// Longest id of an operation, in bytes. Ids are repeated with each message, and kept.
const ID_BYTES_MAX: usize = 128;
/// Longest reason that fits a close frame, in bytes, by RFC 6455.
const REASON_BYTES_MAX: usize = 123;

/// Why and how a socket is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Status code: below 4000 by RFC 6455, from there by the sub-protocol.
    pub code: u16,
    /// For people.
    pub reason: String,
}

impl Close {
    /// A close with a reason, cut to what a frame can hold.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        Self { code, reason }
    }

    /// 1000: nobody needs the socket any more.
    pub fn idle() -> Self {
        Self::new(1000, "No operation for a long time")
    }

    /// 1001: the server stops.
    pub fn stopping() -> Self {
        Self::new(1001, "The server is stopping; connect again")
    }

    /// 1001: the client no longer answers.
    pub fn silent() -> Self {
        Self::new(1001, "No answer to pings")
    }

    /// 1002: the frames break the rules of WebSocket.
    pub fn malformed() -> Self {
        Self::new(1002, "The frames are not those of a WebSocket")
    }

    /// 1007: text that is not text.
    pub fn not_utf8() -> Self {
        Self::new(1007, "Text must be UTF-8")
    }

    /// 1009: a message that is larger than the server reads.
    pub fn too_large(max: usize) -> Self {
        Self::new(1009, format!("A message may have at most {max} bytes"))
    }

    /// 1013: the client reads more slowly than the server can wait for.
    pub fn too_slow() -> Self {
        Self::new(1013, "Answers are not being read")
    }

    /// 1013: no memory for a message.
    pub fn no_room() -> Self {
        Self::new(1013, "The server is busy; try again in a moment")
    }

    /// 4400: a message that the sub-protocol does not know.
    pub fn bad_message(reason: impl Into<String>) -> Self {
        Self::new(4400, reason)
    }

    /// 4401: an operation before the server has acknowledged the connection.
    pub fn unauthorized() -> Self {
        Self::new(4401, "Unauthorized: send connection_init first")
    }

    /// 4406: the client speaks none of the sub-protocols that the server speaks.
    pub fn no_common_protocol() -> Self {
        Self::new(4406, format!("Subprotocol not acceptable: only {NAME} is spoken here"))
    }

    /// 4408: no `connection_init` in time.
    pub fn init_timeout() -> Self {
        Self::new(4408, "Connection initialisation timeout")
    }

    /// 4409: an id that is in use.
    pub fn duplicate(id: &str) -> Self {
        Self::new(4409, format!("Subscriber for {id} already exists"))
    }

    /// 4429: a second `connection_init`.
    pub fn second_init() -> Self {
        Self::new(4429, "Too many initialisation requests")
    }
}

/// What a message of the client asks for.
#[derive(Debug)]
pub enum Action {
    /// Send this text.
    Send(String),
    /// Run this operation, and hand its answer to [`Protocol::answer`].
    Start {
        /// Which one.
        operation: Operation,
        /// What it asks.
        request: Box<Request>,
    },
    /// Drop this operation: nobody waits for it any more.
    Stop(Operation),
}

/// One operation of a socket. An id may be used again once its operation has ended, so the number
/// tells the two apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The id that the client gave it.
    pub id: String,
    /// How many came before it on this socket.
    pub number: u64,
}

/// What one socket may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Operations that are open at once.
    pub operations: usize,
    /// Bytes that the messages of the open operations may have together.
    pub bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The client has not introduced itself.
    Connected,
    Acknowledged,
    /// Closed by an error; nothing is heard any more.
    Closed,
}

struct Open {
    number: u64,
    bytes: usize,
}

/// The server's side of one socket.
pub struct Protocol {
    stage: Stage,
    limits: Limits,
    open: HashMap<String, Open>,
    open_bytes: usize,
    begun: u64,
}

impl Protocol {
    /// A socket that has just been opened.
    pub fn new(limits: Limits) -> Self {
        Self { stage: Stage::Connected, limits, open: HashMap::new(), open_bytes: 0, begun: 0 }
    }

    /// Whether the client has introduced itself.
    pub fn is_acknowledged(&self) -> bool {
        self.stage == Stage::Acknowledged
    }

    /// How many operations are open.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Bytes of the messages that opened them.
    pub fn open_bytes(&self) -> usize {
        self.open_bytes
    }

    /// Take a text of the client. Any text at all may come.
    ///
    /// # Errors
    /// How the socket is to be closed. What comes afterwards is ignored.
    pub fn receive(&mut self, text: &str) -> Result<Option<Action>, Close> {
        if self.stage == Stage::Closed {
            return Ok(None);
        }
        let action = self.heed(text);
        if action.is_err() {
            self.stage = Stage::Closed;
        }
        action
    }

    fn heed(&mut self, text: &str) -> Result<Option<Action>, Close> {
        let Ok(Value::Object(mut message)) = serde_json::from_str(text) else {
            return Err(Close::bad_message("A message must be a JSON object"));
        };
        let kind = match message.remove("type") {
            Some(Value::String(kind)) => kind,
            Some(_) => return Err(Close::bad_message("`type` must be a string")),
            None => return Err(Close::bad_message("`type` is missing")),
        };
        match kind.as_str() {
            "connection_init" => {
                optional_object(&message)?;
                match self.stage {
                    Stage::Connected => {
                        self.stage = Stage::Acknowledged;
                        Ok(Some(Action::Send(r#"{"type":"connection_ack"}"#.to_owned())))
                    }
                    _ => Err(Close::second_init()),
                }
            }
            "ping" => Ok(Some(Action::Send(match optional_object(&message)? {
                Some(payload) => format!(r#"{{"type":"pong","payload":{payload}}}"#),
                None => r#"{"type":"pong"}"#.to_owned(),
            }))),
            "pong" => optional_object(&message).map(|_| None),
            "subscribe" => self.subscribe(message, text.len()).map(Some),
            "complete" => {
                let id = id(&mut message)?;
                Ok(self.end(&id).map(|open| Action::Stop(Operation { id, number: open.number })))
            }
            // Only the server sends these.
            "connection_ack" | "next" | "error" => {
                Err(Close::bad_message(format!("Clients send no {kind} messages")))
            }
            _ => Err(Close::bad_message("There is no message of this type")),
        }
    }

    fn subscribe(
        &mut self,
        mut message: Map<String, Value>,
        bytes: usize,
    ) -> Result<Action, Close> {
        let id = id(&mut message)?;
        let request = request(message.remove("payload"))?;
        if self.stage != Stage::Acknowledged {
            return Err(Close::unauthorized());
        }
        if self.open.contains_key(&id) {
            return Err(Close::duplicate(&id));
        }
        let Limits { operations, bytes: bytes_max } = self.limits;
        let excess = if self.open.len() >= operations {
            Some(format!("A socket may have at most {operations} operations at once."))
        } else if self.open_bytes + bytes > bytes_max {
            Some(format!("The operations of a socket may have at most {bytes_max} bytes at once."))
        } else {
            None
        };
        if let Some(sentence) = excess {
            let error = GraphQLError::new(code::TOO_MANY_OPERATIONS, sentence);
            let refusal = Response::refusal(&[error]);
            return Ok(Action::Send(error_message(&id, &refusal.body)));
        }
        let number = self.begun;
        self.begun += 1;
        self.open.insert(id.clone(), Open { number, bytes });
        self.open_bytes += bytes;
        Ok(Action::Start { operation: Operation { id, number }, request: Box::new(request) })
    }

    /// The messages that tell the client how an operation went; none where it no longer waits.
    pub fn answer(&mut self, operation: &Operation, response: &Response) -> Vec<String> {
        let Operation { id, number } = operation;
        if self.stage == Stage::Closed
            || self.open.get(id).is_none_or(|open| open.number != *number)
        {
            return Vec::new();
        }
        self.end(id);
        match response.outcome {
            Outcome::Executed => vec![next_message(id, &response.body), complete_message(id)],
            _ => vec![error_message(id, &response.body)],
        }
    }

    fn end(&mut self, id: &str) -> Option<Open> {
        let open = self.open.remove(id)?;
        self.open_bytes -= open.bytes;
        Some(open)
    }
}

/// The payload of a message that may do without one.
fn optional_object(message: &Map<String, Value>) -> Result<Option<&Value>, Close> {
    match message.get("payload") {
        None | Some(Value::Null) => Ok(None),
        Some(payload @ Value::Object(_)) => Ok(Some(payload)),
        Some(_) => Err(Close::bad_message("`payload` must be an object")),
    }
}

fn id(message: &mut Map<String, Value>) -> Result<String, Close> {
    match message.remove("id") {
        Some(Value::String(id)) if (1..=ID_BYTES_MAX).contains(&id.len()) => Ok(id),
        _ => Err(Close::bad_message(format!("`id` must be a string of 1 to {ID_BYTES_MAX} bytes"))),
    }
}

/// The request of a `subscribe` message.
fn request(payload: Option<Value>) -> Result<Request, Close> {
    body::request(payload.unwrap_or_default())
        .map_err(|sentence| Close::bad_message(format!("`payload`: {sentence}")))
}

fn next_message(id: &str, body: &[u8]) -> String {
    // The answer may be large and is valid JSON: it is copied, not parsed.
    let body = std::str::from_utf8(body).unwrap_or("null");
    let mut text = String::with_capacity(body.len() + id.len() + 40);
    text.push_str(r#"{"id":"#);
    text.push_str(&Value::from(id).to_string());
    text.push_str(r#","type":"next","payload":"#);
    text.push_str(body);
    text.push('}');
    text
}

fn complete_message(id: &str) -> String {
    format!(r#"{{"id":{},"type":"complete"}}"#, Value::from(id))
}

/// The message of a request that was not executed: its errors are the payload.
fn error_message(id: &str, body: &[u8]) -> String {
    let refusal: Value = serde_json::from_slice(body).unwrap_or_default();
    let errors = refusal.get("errors").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
    format!(r#"{{"id":{},"type":"error","payload":{errors}}}"#, Value::from(id))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const INIT: &str = r#"{"type":"connection_init"}"#;

    fn protocol() -> Protocol {
        Protocol::new(Limits { operations: 2, bytes: 1000 })
    }

    fn acknowledged() -> Protocol {
        let mut protocol = protocol();
        protocol.receive(INIT).expect("it is acknowledged");
        protocol
    }

    fn subscribe(id: &str) -> String {
        json!({ "type": "subscribe", "id": id, "payload": { "query": "{ a }" } }).to_string()
    }

    fn sent(action: Result<Option<Action>, Close>) -> Value {
        match action {
            Ok(Some(Action::Send(text))) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("{other:?}"),
        }
    }

    fn started(action: Result<Option<Action>, Close>) -> (Operation, Request) {
        match action {
            Ok(Some(Action::Start { operation, request })) => (operation, *request),
            other => panic!("{other:?}"),
        }
    }

    fn executed(body: &str) -> Response {
        let mut response = Response::refusal(&[]);
        response.outcome = Outcome::Executed;
        response.body = body.into();
        response
    }

    #[test]
    fn an_operation_goes_from_subscribe_to_complete() {
        let mut protocol = protocol();
        assert_eq!(sent(protocol.receive(INIT)), json!({ "type": "connection_ack" }));
        assert!(protocol.is_acknowledged());
        let message = json!({ "type": "subscribe", "id": "\"1\"", "payload": {
            "query": "query A($a: Int) { a }", "operationName": "A", "variables": { "a": 1 },
            "extensions": null,
        } });
        let (operation, request) = started(protocol.receive(&message.to_string()));
        assert_eq!((operation.id.as_str(), protocol.open()), ("\"1\"", 1));
        assert_eq!(request.operation_name.as_deref(), Some("A"));
        assert_eq!(request.variables.expect("variables")["a"], 1);

        let messages = protocol.answer(&operation, &executed(r#"{"data":{"a":1}}"#));
        let messages: Vec<Value> =
            messages.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect();
        let next = json!({ "id": "\"1\"", "type": "next", "payload": { "data": { "a": 1 } } });
        assert_eq!(messages, [next, json!({ "id": "\"1\"", "type": "complete" })]);
        assert_eq!(protocol.open(), 0);
        assert!(protocol.answer(&operation, &executed("{}")).is_empty());
    }

    #[test]
    fn a_refused_request_is_an_error_message() {
        let mut protocol = acknowledged();
        let (operation, _) = started(protocol.receive(&subscribe("1")));
        let refusal = Response::refusal(&[GraphQLError::new(code::PARSE_FAILED, "No.")]);
        let messages = protocol.answer(&operation, &refusal);
        let message: Value = serde_json::from_str(&messages[0]).expect("JSON");
        assert_eq!(messages.len(), 1);
        assert_eq!((&message["id"], &message["type"]), (&json!("1"), &json!("error")));
        assert_eq!(message["payload"][0]["extensions"]["code"], code::PARSE_FAILED);
    }

    #[test]
    fn an_id_can_be_used_again_once_it_is_free() {
        let mut protocol = acknowledged();
        let (first, _) = started(protocol.receive(&subscribe("1")));
        let complete = r#"{"type":"complete","id":"1"}"#;
        let Ok(Some(Action::Stop(stopped))) = protocol.receive(complete) else {
            panic!("it is not stopped")
        };
        assert_eq!(stopped, first);
        // The two may cross on their way.
        assert!(matches!(protocol.receive(complete), Ok(None)));
        let (second, _) = started(protocol.receive(&subscribe("1")));
        assert!(protocol.answer(&first, &executed("{}")).is_empty());
        assert_eq!(protocol.answer(&second, &executed("{}")).len(), 2);
    }

    #[test]
    fn pings_are_answered_at_any_time_with_what_they_carry() {
        let mut protocol = protocol();
        let ping = r#"{"type":"ping","payload":{"a":[1,"é"]}}"#;
        let pong = json!({ "type": "pong", "payload": { "a": [1, "é"] } });
        assert_eq!(sent(protocol.receive(ping)), pong);
        assert_eq!(sent(protocol.receive(r#"{"type":"ping"}"#)), json!({ "type": "pong" }));
        assert!(matches!(protocol.receive(r#"{"type":"pong","payload":null}"#), Ok(None)));
    }

    #[test]
    fn what_breaks_the_protocol_closes_the_socket_with_its_code() {
        let long = "é".repeat(500);
        for (code, message) in [
            (4400, "".to_owned()),
            (4400, "null".to_owned()),
            (4400, "[]".to_owned()),
            (4400, "{}".to_owned()),
            (4400, r#"{"type":1}"#.to_owned()),
            (4400, r#"{"type":"start","id":"1"}"#.to_owned()),
            (4400, r#"{"type":"connection_terminate"}"#.to_owned()),
            (4400, r#"{"type":"next","id":"1","payload":{}}"#.to_owned()),
            (4400, r#"{"type":"ping","payload":[]}"#.to_owned()),
            (4400, r#"{"type":"complete"}"#.to_owned()),
            (4400, r#"{"type":"subscribe","payload":{"query":"{ a }"}}"#.to_owned()),
            (4400, r#"{"type":"subscribe","id":1,"payload":{"query":"{ a }"}}"#.to_owned()),
            (4400, subscribe("")),
            (4400, subscribe(&long)),
            (4400, r#"{"type":"subscribe","id":"1"}"#.to_owned()),
            (4400, r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#.to_owned()),
            (
                4400,
                r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }","variables":[]}}"#
                    .to_owned(),
            ),
            (4400, "[".repeat(10_000)),
            (4429, INIT.to_owned()),
        ] {
            let mut protocol = acknowledged();
            let close = protocol.receive(&message).expect_err(&message);
            assert_eq!(close.code, code, "{message}");
            assert!(close.reason.len() <= REASON_BYTES_MAX && close.reason.len() > 5);
            assert!(matches!(protocol.receive(&subscribe("2")), Ok(None)), "{message}");
        }
        let early = protocol().receive(&subscribe("1")).expect_err("it is too early");
        assert_eq!(early.code, 4401);
        let init = protocol().receive(r#"{"type":"connection_init","payload":"token"}"#);
        assert_eq!(init.expect_err("it is no object").code, 4400);
        let mut protocol = acknowledged();
        started(protocol.receive(&subscribe("1")));
        let duplicate = protocol.receive(&subscribe("1")).expect_err("it is open");
        assert_eq!(duplicate, Close::new(4409, "Subscriber for 1 already exists"));
    }

    #[test]
    fn open_operations_are_bounded_in_number_and_in_bytes() {
        let mut protocol = acknowledged();
        started(protocol.receive(&subscribe("1")));
        let (second, _) = started(protocol.receive(&subscribe("2")));
        let refused = sent(protocol.receive(&subscribe("3")));
        assert_eq!(refused["type"], "error");
        assert_eq!(refused["payload"][0]["extensions"]["code"], code::TOO_MANY_OPERATIONS);
        protocol.answer(&second, &executed("{}"));
        let long = format!("{}{}", " ".repeat(950), subscribe("3"));
        assert_eq!(sent(protocol.receive(&long))["type"], "error");
        started(protocol.receive(&subscribe("3")));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(texts in prop::collection::vec(text(), 1..20)) {
            let mut protocol = protocol();
            let mut running = Vec::new();
            for text in texts {
                match protocol.receive(&text) {
                    Ok(Some(Action::Start { operation, .. })) => running.push(operation),
                    Ok(Some(Action::Stop(operation))) => running.retain(|open| *open != operation),
                    Ok(Some(Action::Send(text))) => {
                        prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
                    }
                    Ok(None) => {}
                    Err(close) => prop_assert!(close.reason.len() <= REASON_BYTES_MAX),
                }
                prop_assert_eq!(protocol.open(), running.len());
                prop_assert!(running.len() <= 2);
            }
            let closed = protocol.stage == Stage::Closed;
            for operation in running {
                let messages = protocol.answer(&operation, &executed("{}"));
                prop_assert_eq!(messages.len(), if closed { 0 } else { 2 });
            }
            prop_assert!(closed || protocol.open_bytes == 0);
        }
    }

    /// Texts that are nearly right, and any others.
    fn text() -> impl Strategy<Value = String> {
        let kind = prop::sample::select(vec![
            "connection_init",
            "ping",
            "pong",
            "subscribe",
            "complete",
            "next",
            "other",
        ]);
        let id = prop_oneof![Just(json!("1")), Just(json!("2")), Just(json!("3")), Just(json!(3))];
        let payload = prop_oneof![
            4 => Just(json!({ "query": "{ a }" })),
            1 => Just(json!({})),
            1 => Just(Value::Null),
            1 => Just(json!([{}])),
        ];
        let message = (kind, id, payload).prop_map(|(kind, id, payload)| {
            json!({ "type": kind, "id": id, "payload": payload }).to_string()
        });
        prop_oneof![1 => Just(INIT.to_owned()), 8 => message, 1 => any::<String>()]
    }
}
