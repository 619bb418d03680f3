//! The oracle: random operations, run by the server and by graphql-js with naive resolvers over the
//! same rows, must give the same JSON.
//!
//! `SHOTLIST_ORACLE_CASES` sets how many operations, `SHOTLIST_ORACLE_SEED` which.

pub mod generate;
pub mod reference;
pub mod world;

use std::cell::{Cell, RefCell};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use serde_json::{Value, json};
use shotlist::catalog::{Backend, Options};
use shotlist::graphql::guard::Limits;
use shotlist::graphql::guard::scan::tokens;
use shotlist::{graphql, http};

use crate::support::{App, BACKENDS};
use generate::{Generator, Operation};
use reference::Reference;
use world::World;

/// A number from the environment.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Run random operations; the first difference, shrunk, is the error.
fn compare(
    app: &App,
    cases: u64,
    crowd: usize,
    tamper: impl Fn(&Operation, Value) -> Value,
) -> Result<Tally, String> {
    let world = World::of(&app.database);
    let reference = RefCell::new(Reference::start(&world));
    let tally = Cell::new(Tally::default());
    let config = Config {
        cases: u32::try_from(cases).expect("a count"),
        rng_seed: RngSeed::Fixed(setting("SHOTLIST_ORACLE_SEED", 1)),
        failure_persistence: None,
        max_shrink_iters: 10_000,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&vec(any::<u32>(), 0..600), |choices| {
        let operation = Generator::operation(&world, app.api.schema(), &choices);
        let request = json!({
            "query": operation.text, "variables": operation.variables,
        });
        // From the third one on, documents that differ in literals have one compiled form.
        let first = with_other_literals(&operation.text);
        let second = with_other_literals(&first);
        for sibling in [first, second] {
            app.post(&json!({ "query": sibling, "variables": operation.variables }));
        }
        let (_, answer) = app.post(&request);
        // The second answer may be one that was kept, and those that are asked for together may
        // share their statements.
        let again = std::thread::scope(|scope| {
            let all: Vec<_> = (0..crowd).map(|_| scope.spawn(|| app.post(&request).1)).collect();
            all.into_iter().map(|one| one.join().expect("an answer")).collect::<Vec<_>>()
        });
        if let Some(other) = again.into_iter().find(|again| !is_same(again, &answer)) {
            return Err(TestCaseError::fail(format!("{request}\n{answer}\nthen: {other}")));
        }
        let ours = normal(tamper(&operation, answer));
        let theirs = reference.borrow_mut().ask(&json!({
            "query": operation.text, "variables": operation.reference_variables,
        }));
        let mut counted = tally.get();
        counted.operations += 1;
        counted.bytes += ours.to_string().len();
        counted.refused += u64::from(theirs.get("data").is_none());
        counted.failed += u64::from(theirs.get("data").is_some() && theirs.get("errors").is_some());
        tally.set(counted);
        match difference(&ours, &theirs) {
            None => Ok(()),
            Some(difference) => Err(TestCaseError::fail(format!(
                "{}\nvariables: {}\n{difference}",
                operation.text, operation.variables
            ))),
        }
    });
    match result {
        Ok(()) => Ok(tally.get()),
        Err(TestError::Fail(reason, _)) => Err(reason.to_string()),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

/// A document that differs in the literals of its arguments only, if it has any.
fn with_other_literals(text: &str) -> String {
    let (mut other, mut at, mut is_default) = (String::new(), 0, false);
    for range in tokens(text) {
        let token = &text[range.clone()];
        if !is_default && let Ok(number) = token.parse::<i64>() {
            other += &text[at..range.start];
            other += &(number + 1).to_string();
            at = range.end;
        } else if !is_default && token.len() > 2 && token.starts_with('"') {
            other += &text[at..range.start];
            other += "\"x";
            other += &token[1..];
            at = range.end;
        }
        is_default = token == "=";
    }
    other + &text[at..]
}

/// What a run consisted of.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    operations: u64,
    /// Of all answers.
    bytes: usize,
    /// Refused by both before execution.
    refused: u64,
    /// With errors in both.
    failed: u64,
}

/// The first difference between the two answers.
fn difference(ours: &Value, theirs: &Value) -> Option<String> {
    // Refusals differ in their words.
    match (ours.get("data"), theirs.get("data")) {
        (None, None) => return None,
        (Some(_), Some(_)) => {}
        _ => return Some(format!("refused by one only\nours:   {ours}\ntheirs: {theirs}")),
    }
    // As text: the order of the members counts.
    let data = |answer: &Value| answer["data"].to_string();
    if data(ours) != data(theirs) {
        return Some(format!("ours:   {}\ntheirs: {}", data(ours), data(theirs)));
    }
    let errors = |answer: &Value| {
        let mut errors: Vec<String> = answer["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| format!("{} {}", error["path"], error["code"]))
            .collect();
        errors.sort();
        errors
    };
    let (ours, theirs) = (errors(ours), errors(theirs));
    (ours != theirs).then(|| format!("errors\nours:   {ours:?}\ntheirs: {theirs:?}"))
}

/// The server's answer in the reference's words: cursors by row, errors by path and code.
fn normal(mut answer: Value) -> Value {
    if let Some(errors) = answer["errors"].as_array() {
        let errors = errors
            .iter()
            .map(|error| json!({ "path": error["path"], "code": error["extensions"]["code"] }));
        answer["errors"] = errors.collect();
    } else if let Some(answer) = answer.as_object_mut() {
        answer.shift_remove("errors");
    }
    if let Some(data) = answer.get_mut("data") {
        without_cursors(data);
    }
    answer
}

fn without_cursors(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_cursors),
        Value::Object(members) => members.values_mut().for_each(without_cursors),
        Value::String(text) => {
            if let Some(row) = row_of_cursor(text) {
                *text = format!("cursor:{row}");
            }
        }
        _ => {}
    }
}

/// The row that a cursor stands for.
pub fn row_of_cursor(text: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let values = bytes.get(9..).filter(|_| bytes[0] == 1)?;
    let values = format!("[{}]", std::str::from_utf8(values).ok()?);
    serde_json::from_str::<Vec<Value>>(&values).ok()?.last()?.as_i64()
}

/// An app that takes on whatever is asked.
fn unlimited(backend: Backend) -> App {
    App::with_api(world::random(backend), no_limits(), http::Options::default())
}

/// The reference has none.
fn no_limits() -> graphql::Options {
    let limits = Limits {
        depth: 60,
        aliases: 1_000,
        root_fields: 1_000,
        directives: 1_000,
        cost: u64::MAX,
        ..Limits::default()
    };
    graphql::Options { limits, ..graphql::Options::default() }
}

/// Whether two answers say the same: ids of requests, in errors, are never the same.
fn is_same(one: &Value, other: &Value) -> bool {
    one["data"] == other["data"] && normal(one.clone())["errors"] == normal(other.clone())["errors"]
}

fn compare_on(backend: Backend) {
    let app = unlimited(backend);
    let cases = setting("SHOTLIST_ORACLE_CASES", 5_000);
    let tally =
        compare(&app, cases, 1, |_, answer| answer).unwrap_or_else(|found| panic!("{found}"));
    println!("{backend:?}: {tally:?}");
    assert!(tally.refused * 20 < tally.operations, "too many are refused: {tally:?}");
    assert!(tally.failed > 0, "none had a field error: {tally:?}");
}

#[test]
fn random_operations_give_the_json_of_graphql_js_on_sqlite() {
    compare_on(Backend::Sqlite);
}

#[test]
fn random_operations_give_the_json_of_graphql_js_on_postgresql() {
    compare_on(Backend::Postgres);
}

#[test]
fn so_they_do_when_they_share_statements() {
    let limits = no_limits();
    let read = Options { read_connections: Some(1), ..Options::default() };
    let kept_none = http::Options { kept_bytes_max: 0, ..http::Options::default() };
    let app = App::over(world::random(Backend::Postgres), &read, limits, kept_none);
    let cases = setting("SHOTLIST_ORACLE_CASES", 5_000) / 10;
    let tally = compare(&app, cases, 6, |_, answer| answer);
    let tally = tally.unwrap_or_else(|found| panic!("{found}"));
    let shared = app.api.catalog().reader().shared_statements();
    println!("{tally:?}, {shared} statements shared");
    assert!(shared > cases, "{shared} statements shared");
}

#[test]
fn the_oracle_finds_a_dropped_alias() {
    let app = unlimited(BACKENDS[0]);
    let tamper = |operation: &Operation, mut answer: Value| {
        if let (Some((alias, name)), Some(data)) =
            (&operation.aliased_root, answer["data"].as_object_mut())
            && let Some(value) = data.shift_remove(alias)
        {
            data.insert(name.clone(), value);
        }
        answer
    };
    let difference = compare(&app, 2_000, 0, tamper).expect_err("the fault is found");
    println!("{difference}");
    assert!(difference.lines().count() < 20, "it is shrunk: {difference}");
}

#[test]
fn both_databases_hold_the_same_rows() {
    let [sqlite, postgres] = BACKENDS.map(|backend| World::of(&world::random(backend)));
    for (table, rows) in &sqlite.tables {
        assert_eq!(rows, &postgres.tables[table], "{table}");
    }
}
