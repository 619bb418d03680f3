//! The messages of one socket, a line each. A line `+` answers the oldest operation that is open, a
//! line `-` refuses it.

#![no_main]

use std::collections::VecDeque;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use shotlist::graphql::error::{GraphQLError, code};
use shotlist::graphql::{Outcome, Response};
use shotlist::http::socket::protocol::{Action, Limits, Operation, Protocol};

const LIMITS: Limits = Limits { operations: 3, bytes: 600 };

fn answer(protocol: &mut Protocol, operation: &Operation, is_refused: bool) -> Vec<Value> {
    let mut response = Response::refusal(&[GraphQLError::new(code::PARSE_FAILED, "No.")]);
    if !is_refused {
        response.outcome = Outcome::Executed;
        response.body = br#"{"data":{"a":1}}"#.to_vec();
    }
    let messages = protocol.answer(operation, &response);
    let messages = messages.iter().map(|text| serde_json::from_str(text).expect("it is JSON"));
    let messages: Vec<Value> = messages.collect();
    assert!(messages.iter().all(|message| message["id"] == operation.id.as_str()));
    messages
}

fuzz_target!(|text: &str| {
    let mut protocol = Protocol::new(LIMITS);
    let mut running = VecDeque::new();
    let mut closed = false;
    for line in text.split('\n') {
        if let "+" | "-" = line {
            if let Some(operation) = running.pop_front() {
                let messages = answer(&mut protocol, &operation, line == "-");
                let expected = if closed {
                    0
                } else if line == "-" {
                    1
                } else {
                    2
                };
                assert_eq!(messages.len(), expected);
                assert!(
                    answer(&mut protocol, &operation, false).is_empty(),
                    "it is answered twice"
                );
            }
            continue;
        }
        match protocol.receive(line) {
            Ok(None) => {}
            action if closed => panic!("the socket is closed, and yet: {action:?}"),
            Ok(Some(Action::Start { operation, .. })) => {
                assert!(protocol.is_acknowledged());
                assert!(running.iter().all(|open: &Operation| open.id != operation.id));
                running.push_back(operation);
            }
            Ok(Some(Action::Stop(operation))) => {
                let before = running.len();
                running.retain(|open| *open != operation);
                assert_eq!(running.len() + 1, before, "what is stopped was open");
            }
            Ok(Some(Action::Send(text))) => {
                let message: Value = serde_json::from_str(&text).expect("it is JSON");
                assert!(message["type"].is_string());
            }
            Err(close) => {
                closed = true;
                assert!((4400..4500).contains(&close.code), "{close:?}");
                assert!(close.reason.len() <= 123, "a close frame has no room for {close:?}");
            }
        }
        if !closed {
            assert_eq!(protocol.open(), running.len());
        }
        assert!(protocol.open() <= LIMITS.operations && protocol.open_bytes() <= LIMITS.bytes);
    }
    for operation in &running {
        assert_eq!(answer(&mut protocol, operation, false).is_empty(), closed);
    }
    assert!(closed || (protocol.open(), protocol.open_bytes()) == (0, 0));
});
