//! Documents that differ in their literals only have one compiled form in common. Nobody can tell.

use std::sync::Arc;

use serde_json::{Value, json};
use shotlist::graphql::{Api, Context, Options, Request};

use crate::support::{App, each, runtime};

/// An API over the same catalogue that has compiled nothing.
fn fresh(app: &App) -> Arc<Api> {
    let _guard = runtime().enter();
    Arc::new(Api::new(app.api.catalog().clone(), Options::default()).expect("its documents"))
}

fn answer(api: &Arc<Api>, document: &str, variables: &Value) -> Value {
    let request = json!({ "query": document, "variables": variables });
    let request: Request = serde_json::from_value(request).expect("a request");
    let context = Context { wants_cost: true, ..Context::default() };
    let body = runtime().block_on(api.execute(request, context)).body;
    serde_json::from_slice(&body).expect("JSON")
}

/// Ask for all documents of a family, and for each where nothing is compiled. Returns how many
/// documents and plans are kept then.
fn ask(app: &App, family: &[String], variables: &Value) -> (usize, usize) {
    let shared = fresh(app);
    // The first two have forms of their own, and have them again.
    for document in family.iter().chain(family) {
        let alone = answer(&fresh(app), document, variables);
        assert_eq!(answer(&shared, document, variables), alone, "{document}");
    }
    let [(documents, _), _, (plans, _)] = shared.kept();
    (documents, plans)
}

/// The same document with other literals in the place of `#`.
fn family(document: &str, literals: &[&str]) -> Vec<String> {
    literals.iter().map(|literal| document.replace('#', literal)).collect()
}

fn ids(app: &App, query: &str) -> Vec<String> {
    let nodes = app.data(query, json!({}));
    let nodes = nodes["all"]["nodes"].as_array().expect("nodes").clone();
    nodes.iter().map(|node| node["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn documents_that_differ_in_literals_share_a_plan() {
    each(|app| {
        let films = ids(app, "{ all: films { nodes { id } } }");
        let quoted: Vec<_> = films.iter().map(|id| format!("\"{id}\"")).collect();
        let quoted: Vec<_> = quoted.iter().map(String::as_str).collect();
        let strings = ["\"A Film Nobody Made\"", "\"\"", "\"é🎬\"", "\"Heat\""];
        for (document, literals) in [
            ("{ film(by: {id: #}) { title credits(first: 3) { nodes { role } } } }", &quoted[..]),
            ("{ node(id: #) { id ...F } } fragment F on Film { title }", &quoted),
            ("query Two { nodes(ids: [#, #]) { id __typename } }", &quoted),
            ("{ nodes(ids: #) { id } }", &quoted),
            // Equal selections are read once.
            ("{ a: node(id: #) { id } b: node(id: #) { id } }", &quoted),
            (
                "{ films(first: #) { totalCount } films(first: #) { nodes { id } } }",
                &["1", "3", "2"],
            ),
            (
                "{ productions { nodes { ... on Film { credits(first: #) { totalCount } }
                    ... on Show { credits(first: #) { totalCount } } } } }",
                &["1", "3", "2"],
            ),
            ("{ productionsBy(keys: [{id: #}, {imdbId: \"tt0\"}]) { title } }", &quoted),
            (
                "{ films(first: #) { nodes { id } pageInfo { hasNextPage } } }",
                &["1", "3", "0", "2"],
            ),
            ("{ film(by: {title: #}) { id } }", &strings),
            ("{ films(filter: {titlePrefix: #}) { totalCount nodes { id } } }", &strings),
            ("{ films(filter: {externalId: {catalog: [#, \"imdb\"]}}) { totalCount } }", &strings),
            ("{ films(filter: {rating: {min: #}}) { totalCount } }", &["1", "7", "9"]),
            (
                "{ films(filter: {released: {from: #, to: \"2020\"}}) { totalCount } }",
                &["\"1990\"", "\"1995-12-15\"", "\"2019-01\""],
            ),
            (
                "{ films(filter: {or: [{year: {min: #}}, {votes: {max: #}}]}) { totalCount } }",
                &["1990", "2007", "0"],
            ),
            (
                "query ($n: Int = 7) { films(first: $n) { nodes { credits(first: #) { totalCount } } } }",
                &["1", "2", "3"],
            ),
        ] {
            let family = family(document, literals);
            assert!(family.len() > 2, "{document}");
            assert_eq!(ask(app, &family, &json!({})), (2, 3), "{document}");
        }
    });
}

#[test]
fn errors_are_those_of_the_document_that_was_sent() {
    each(|app| {
        let id = ids(app, "{ all: films(first: 1) { nodes { id } } }").remove(0);
        let quoted = format!("\"{id}\"");
        for (document, literals) in [
            // Of another type, out of range, no id, no cursor, nothing that is allowed.
            (
                "{ films(first: #) { nodes { id } } }",
                &["3", "1", "101", "-1", "2147483648", "99999999999999999999"][..],
            ),
            (
                "{ a: node(id: #) { id } b: node(id: #) { id } }",
                &[&quoted, "\"none\"", "\"x\"", &quoted],
            ),
            ("{ node(id: #) { id } }", &["7", "8", "123456789012345678901234567890"]),
            ("{ films(after: #) { nodes { id } } }", &["\"a\"", "\"bb\"", "\"\""]),
            (
                "{ films(filter: {titlePrefix: #}, first: 1000) { totalCount } }",
                &["\"a\"", "\"é🎬é\"", "\"\""],
            ),
            (
                "{ films(filter: {released: {from: #}}) { totalCount } }",
                &["\"1999\"", "\"2000\"", "\"soon\""],
            ),
            (
                "{ films(first: 1) { nodes { credits(first: #) { nodes { person { credits(first: 100) { nodes { production { credits(first: 100) { nodes { role } } } } } } } } } } }",
                &["1", "2", "100"],
            ),
            // A word that means something in other filters.
            ("{ film(by: {title: #}) { id } }", &["\"OTHER\"", "\"Heat\"", "\"OTHER\""]),
            // Equal literals are one field; others are not.
            (
                "{ a: films(first: #) { totalCount } a: films(first: 2) { nodes { id } } }",
                &["3", "4", "2", "5", "2"],
            ),
            (
                "{ a: films(first: #) { nodes { id } } b: films(first: 2) { nodes { id } } }",
                &["3", "4", "2", "5", "2"],
            ),
            // They stay as they are.
            ("query ($n: Int = #) { films(first: $n) { totalCount } }", &["1", "2", "x", "101"]),
            ("{ films { totalCount @include(if: #) } }", &["1", "2"]),
            ("{ __type(name: #) { name fields { name } } }", &["\"Film\"", "\"Show\"", "\"No\""]),
            (
                "query A { films(first: #) { totalCount } } query B { shows { totalCount } }",
                &["1", "2", "3"],
            ),
            ("{ films(first: #) { nodes { none } } }", &["1", "2", "3"]),
            ("{ films(first: #) { nodes { id }", &["1", "2", "3"]),
            ("{ films(first: #, filter: {titlePrefix: \"\u{1}\"}) { totalCount } }", &["1", "2"]),
        ] {
            ask(app, &family(document, literals), &json!({}));
        }
        // No variable of a client is taken for a literal.
        let document =
            "query ($a: Int) { films(first: $a) { nodes { credits(first: #) { totalCount } } } }";
        let family = family(document, &["1", "2", "3"]);
        for variables in [json!({"a": 1}), json!({"a": 1, "0": 7, "1": 7}), json!({"a": "x"})] {
            ask(app, &family, &variables);
        }
    });
}

#[test]
fn errors_of_a_part_have_their_place_in_the_document_that_was_sent() {
    each(|app| {
        app.database.sql(
            "INSERT INTO person (id, name, name_key, source_id) VALUES (9001, 'Michael Mann', 'michael mann', 1)",
        );
        let document = "{ a: films(filter: {titlePrefix: #}) { totalCount }
            b: shows(filter: {titlePrefix: #}) { totalCount } person(by: {name: \"Michael Mann\"}) { id } }";
        let family = family(document, &["\"a\"", "\"é🎬é\"", "\"\""]);
        let error = &answer(&fresh(app), &family[1], &json!({}))["errors"][0];
        assert_eq!(error["extensions"]["code"], "AMBIGUOUS");
        assert_eq!(error["locations"], json!([{ "line": 2, "column": 67 }]));
        assert_eq!(ask(app, &family, &json!({})).0, 2);
    });
}
