//! That no secret gets into a log, an answer or the metrics, and no value of a client into a log or
//! the metrics.

use serde_json::json;
use shotlist::catalog::Backend;

use crate::cli::{Program, serve};
use crate::support::{BACKENDS, Database, agent};

const CANARY: &str = "C4NARY";

#[test]
fn at_trace_level_no_secret_and_no_value_of_a_client_is_logged() {
    for backend in BACKENDS {
        for format in ["text", "json"] {
            let mut database = Database::built_in(backend);
            if backend == Backend::Postgres {
                database.text += "&password=C4NARYpassword";
            }
            let mut command = serve(&database);
            command.args(["--log", "trace", "--log-format", format]);
            let (mut program, url) = Program::start(command);
            let film = "query C4NARYname($t: String!) { film(by: {title: $t}) { title } }";
            for (query, variables) in [
                (film, json!({ "t": "C4NARYvalue" })),
                (film, json!({ "t": { "x": "C4NARYvalue" } })),
                ("{ film(by: {title: \"C4NARYliteral\"}) { title } }", json!({})),
                (
                    "query($c: String) { films(after: $c) { nodes { title } } }",
                    json!({ "c": "C4NARYcursor" }),
                ),
                (
                    "query($n: Int) { films(first: $n) { nodes { title } } }",
                    json!({ "n": "C4NARYnumber" }),
                ),
            ] {
                for accept in ["application/json", "text/event-stream"] {
                    let request = agent()
                        .post(format!("{url}graphql"))
                        .header("accept", accept)
                        .header("authorization", "Bearer C4NARYtoken")
                        .header("cookie", "session=C4NARYcookie")
                        .header("x-other", "C4NARYheader");
                    let body = json!({ "query": query, "variables": variables });
                    let mut response = request.send_json(body).expect("an answer");
                    let text = response.body_mut().read_to_string().expect("text");
                    assert!(!text.contains(CANARY), "{text}");
                }
            }
            for parameters in
                ["query=%7B%20__typename%20%23C4NARY%20", "query=%7BC4NARY", "C4NARY=1"]
            {
                let get = agent().get(format!("{url}graphql?{parameters}"));
                get.header("authorization", "Bearer C4NARYtoken").call().expect("an answer");
            }
            let mut metrics = agent().get(format!("{url}metrics")).call().expect("an answer");
            let metrics = metrics.body_mut().read_to_string().expect("text");
            assert!(metrics.contains("shotlist_"), "{metrics}");
            assert!(!metrics.contains(CANARY), "{metrics}");
            program.stop("TERM");
            let log = program.errors();
            // Statements are logged, so that the level is in force.
            assert!(log.contains("SELECT"), "{log}");
            let leak = log.lines().find(|line| line.contains(CANARY));
            assert_eq!(leak, None::<&str>, "{backend:?}, {format}");
        }
    }
}
