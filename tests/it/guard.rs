//! What a request may ask for: each limit at its edge, hostile documents, and what a request costs.

use std::fmt::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};
use shotlist::catalog::Backend;
use shotlist::graphql::guard::cost::rows_max;
use shotlist::graphql::guard::{Limit, Limits};
use shotlist::{graphql, http};

use crate::oracle::generate::Generator;
use crate::oracle::setting;
use crate::oracle::world::{self, World};
use crate::support::{App, BACKENDS, Database, agent, each, scripts};

/// What every refusal must take no longer than.
const PATIENCE: Duration = Duration::from_secs(1);

fn app() -> App {
    App::on(Database::built_in(Backend::Sqlite))
}

fn limited(limits: Limits) -> App {
    let options = graphql::Options { limits, ..graphql::Options::default() };
    let database = Database::built_in(Backend::Sqlite);
    App::with_api(database, options, http::Options::default())
}

/// The limit that a query exceeds, with the most that is allowed and what was found.
fn exceeded(app: &App, query: &str) -> Option<(String, u64, u64)> {
    let (status, answer) = app.post(&json!({ "query": query }));
    let error = &answer["errors"][0];
    if error["extensions"]["code"] != "QUERY_TOO_COMPLEX" {
        return None;
    }
    assert_eq!(status, 400, "{answer}");
    assert!(answer.get("data").is_none(), "{answer}");
    let number = |name: &str| error["extensions"][name].as_u64().expect("a number");
    let (limit, max, found) =
        (error["extensions"]["limit"].as_str(), number("max"), number("found"));
    let sentence = error["message"].as_str().expect("a sentence");
    assert!(sentence.contains(&max.to_string()), "{sentence}");
    Some((limit.expect("a name").to_owned(), max, found))
}

/// How often requests were refused for a limit.
fn refusals(app: &App, limit: Limit) -> u64 {
    let mut all = app.api.refusals().iter();
    all.find(|(name, _)| *name == limit.name()).expect("every limit is counted").1
}

fn repeated(count: u64, text: impl Fn(u64) -> String) -> String {
    (0..count).map(text).collect()
}

/// A selection within selections.
fn deep(levels: u64, open: &str, last: &str) -> String {
    let levels = usize::try_from(levels).expect("a number");
    format!("{}{last}{}", format!("{open} {{ ").repeat(levels), " }".repeat(levels))
}

/// A query that has just so much of something.
type Query = fn(u64) -> String;

/// For each limit that is a setting its query.
fn queries() -> Vec<(Limit, Query)> {
    vec![
        (Limit::DocumentBytes, |bytes| {
            let text = "{ __typename }";
            format!("{text}{}", repeated(bytes - text.len() as u64, |_| " ".to_owned()))
        }),
        (Limit::Tokens, |tokens| {
            // What GraphQL ignores does not count.
            let names = repeated(tokens - 12, |_| " a, # {\n".to_owned());
            format!("{{ a(b: [{names}]) {{ c }} }}")
        }),
        (Limit::Nesting, |levels| {
            let levels = usize::try_from(levels).expect("a number") - 2;
            format!("{{ a(b: {}{}) }}", "[".repeat(levels), "]".repeat(levels))
        }),
        (Limit::Depth, |levels| format!("{{ {} }}", deep(levels - 1, "a", "b"))),
        (Limit::Aliases, |count| {
            format!(
                "{{ genres(first: 1) {{ nodes {{ {} }} }} }}",
                repeated(count, |n| format!(" a{n}: name"))
            )
        }),
        (Limit::RootFields, |count| {
            format!("{{ {} }}", repeated(count, |_| " __typename".to_owned()))
        }),
        (Limit::Directives, |count| {
            let fields = repeated(count, |_| " __typename @include(if: true)".to_owned());
            format!("{{ genres(first: 1) {{ nodes {{ {fields} }} }} }}")
        }),
        (Limit::ExpandedFields, |count| {
            format!(
                "{{ genres(first: 1) {{ nodes {{ {} }} }} }}",
                repeated(count - 2, |_| " name".to_owned())
            )
        }),
        (Limit::IntrospectionRoots, |count| {
            format!(
                "{{ {} }}",
                repeated(count, |n| format!(" a{n}: __schema {{ queryType {{ name }} }}"))
            )
        }),
        (Limit::IntrospectionLists, |count| {
            let lists = repeated(count, |_| " interfaces { name }".to_owned());
            format!("{{ __type(name: \"Genre\") {{ {lists} }} }}")
        }),
        (Limit::IntrospectionDepth, |levels| {
            let types = deep(levels, "fields { type", "name").replace(" }", " } }");
            format!("{{ __type(name: \"Film\") {{ {types} }} }}")
        }),
        (Limit::Cost, |points| {
            let page = |size: u64, name: u64| {
                format!(" a{name}: genres(first: {size}) {{ nodes {{ name }} }}")
            };
            let pages = repeated(points / 100 - 1, |name| page(99, name + 1));
            format!("{{ {pages} {} }}", page(99 + points % 100, 0))
        }),
    ]
}

#[test]
fn each_limit_lets_its_last_pass_and_refuses_one_more() {
    let small = Limits { tokens: 600, expanded_fields: 250, cost: 1_100, ..Limits::default() };
    let app = limited(small);
    for (limit, query) in queries() {
        let max = small.max(limit);
        let name = limit.name();
        assert_eq!(exceeded(&app, &query(max)), None, "{name}: {}", query(max));
        let before = refusals(&app, limit);
        let more = exceeded(&app, &query(max + 1));
        assert_eq!(more, Some((name.to_owned(), max, max + 1)), "{}", query(max + 1));
        assert_eq!(refusals(&app, limit), before + 1, "{name}");
    }
    let settings = queries().len();
    assert!(Limit::ALL.len() > settings, "the rest is fixed");
}

#[test]
fn a_refusal_tells_the_limit_in_words_and_where() {
    let app = app();
    let query = format!("query A {{ __typename }}\nquery B {{ {} }}", deep(15, "a", "b"));
    let (status, answer) = app.post(&json!({ "query": query, "operationName": "A" }));
    assert_eq!(status, 400);
    assert_eq!(
        answer,
        json!({ "errors": [{
            "message": "The operation nests its fields 16 levels deep; at most 15 are allowed.",
            "locations": [{ "line": 2, "column": 1 }],
            "extensions": { "code": "QUERY_TOO_COMPLEX", "limit": "depth", "max": 15, "found": 16 },
        }] }),
    );
}

#[test]
fn what_the_planner_and_the_renderer_refuse_is_named_and_counted_too() {
    let app = limited(Limits {
        aliases: 10_000,
        root_fields: 10_000,
        cost: u64::MAX,
        directives: 1_000,
        depth: 60,
        ..Limits::default()
    });
    let roots =
        |count| repeated(count, |n| format!(" a{n}: genre(by: {{key: \"k{n}\"}}) {{ name }}"));
    let tests = repeated(51, |_| " {isAdult: true}".to_owned());
    let around = "{credit: {production: {credit: {production: {isAdult: true}}}}}";
    let fields: String = repeated(1_200, |n| format!(" a{n}: title"));
    let on = |name: &str| format!("{name} {{ nodes {{ ...F }} }}");
    let many = format!(
        "{{ {} {} {} }} fragment F on Production {{ {fields} }}",
        on("productions"),
        on("a: productions(first: 1)"),
        on("b: productions(first: 2)")
    );
    let large = (0..9).fold("title".to_owned(), |inner, _| {
        format!("episodes {{ nodes {{ show {{ {inner} }} }} }}")
    });
    for (limit, query) in [
        (Limit::Statements, format!("{{ {} }}", roots(201))),
        (Limit::FilterTests, format!("{{ films(filter: {{or: [{tests}]}}) {{ totalCount }} }}")),
        (Limit::FilterSteps, format!("{{ films(filter: {around}) {{ totalCount }} }}")),
        (Limit::PlannedFields, many),
        (Limit::ResponseBytes, format!("{{ shows {{ nodes {{ {large} }} }} }}")),
    ] {
        let found = exceeded(&app, &query);
        let (name, max, found) = found.unwrap_or_else(|| panic!("{}: {query}", limit.name()));
        assert_eq!((name.as_str(), max), (limit.name(), Limits::default().max(limit)), "{query}");
        assert!(found > max, "{found}");
        assert_eq!(refusals(&app, limit), 1, "{name}");
    }
}

/// Fragments, each of which spreads the next one so many times.
fn chain(levels: usize, times: usize, body: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    for level in 0..levels {
        let next = format!("...F{} ", level + 1).repeat(times);
        let _ = write!(text, " fragment F{level} on Film {{ {} }}", body(&next));
    }
    format!("{text} fragment F{levels} on Film {{ title }}")
}

/// A document that comes to much more than its size.
struct Bomb {
    name: &'static str,
    query: String,
    /// The limit that it meets; none where it is refused for what it says.
    limit: Option<&'static str>,
}

fn bomb(name: &'static str, limit: impl Into<Option<&'static str>>, query: String) -> Bomb {
    Bomb { name, query, limit: limit.into() }
}

const FILM: &str = "{ film(by: {title: \"Heat\"}) { ...F0 } }";

/// Documents of which the text alone is too much.
fn texts() -> Vec<Bomb> {
    let within =
        |open: &str, close: &str| format!("{}1{}", open.repeat(2_000), close.repeat(2_000));
    let lists = within("[", "]");
    vec![
        bomb("braces in braces", "nesting", deep(4_000, "a", "b")),
        bomb("braces without an end", "nesting", "{ a ".repeat(7_000)),
        bomb("brackets without an end", "nesting", format!("{{ a(b: {}", "[".repeat(14_000))),
        bomb("lists in lists", "nesting", format!("{{ a(b: {lists}) }}")),
        bomb("objects in objects", "nesting", format!("{{ a(b: {}) }}", within("{a:", "}"))),
        bomb("types in types", "nesting", format!("query($a: {lists}) {{ a }}")),
        bomb("strings over lines", None, "\"\n".repeat(30_000)),
        bomb("a string without an end", None, format!("{{ a(b: \"{}", "x".repeat(60_000))),
        bomb("control characters", None, "\u{1}".repeat(14_000)),
        bomb("many small fields", "tokens", format!("{{ {} }}", "a ".repeat(20_000))),
        bomb("much white space", "documentBytes", " ".repeat(1_000_000)),
    ]
}

/// Documents that expand to too much.
fn expansions() -> Vec<Bomb> {
    let plain = |next: &str| next.to_owned();
    let shots = |next: &str| format!("shots {{ nodes {{ film {{ {next} }} }} }}");
    let aliases = repeated(250, |n| format!(" a{n}: __typename"));
    let circle = (0..3).fold(String::new(), |text, n| {
        format!("{text} fragment F{n} on Film {{ ...F{0} ...F{0} }}", (n + 1) % 3)
    });
    let operations = repeated(100, |n| format!(" query Q{n} {FILM}"));
    let unused = "{ __typename }";
    vec![
        bomb("4 KB of aliases at the root", "rootFields", format!("{{ {aliases} }}")),
        bomb("4 KB of aliases", "aliases", format!("{{ films {{ nodes {{ {aliases} }} }} }}")),
        bomb("doubling", "expandedFields", format!("{FILM}{}", chain(30, 2, plain))),
        bomb(
            "ten times, six times over",
            "expandedFields",
            format!("{FILM}{}", chain(6, 10, plain)),
        ),
        bomb("unused doubling", "expandedFields", format!("{unused}{}", chain(30, 2, plain))),
        bomb("lists that double", "depth", format!("{FILM}{}", chain(5, 9, shots))),
        bomb("a chain of fragments", "nesting", format!("{FILM}{}", chain(1_000, 1, plain))),
        bomb("a fragment of itself", None, "{ ...A } fragment A on Query { ...A }".to_owned()),
        bomb("fragments in a circle", None, format!("{FILM}{circle}")),
        bomb(
            "operations that share a fragment",
            "expandedFields",
            format!("{operations}{}", chain(3, 9, plain)),
        ),
        bomb(
            "directives",
            "directives",
            format!("{{ __typename {} }}", "@include(if: true) ".repeat(1_500)),
        ),
        bomb(
            "unknown directives",
            "directives",
            format!("{{ __typename {} }}", "@a ".repeat(5_000)),
        ),
    ]
}

/// Documents that ask for too much.
fn demands() -> Vec<Bomb> {
    let ids = format!("{{ nodes(ids: [{}]) {{ id }} }}", "\"AQE\" ".repeat(9_000));
    let circle = deep(8, "fields { type", "name").replace(" }", " } }");
    let credits = |inner: &str| format!("credits(first: 100) {{ nodes {{ {inner} }} }}");
    let pages = credits(&format!("person {{ {} }}", credits("role")));
    let types = repeated(29, |n| {
        format!(" a{n}: fields {{ name args {{ name type {{ name ofType {{ name }} }} }} }}")
    });
    let types = format!("types {{ fields {{ type {{ ofType {{ {types} }} }} }} }}");
    vec![
        bomb("a list of ids", None, ids),
        bomb(
            "pages in pages",
            "cost",
            format!("{{ films(first: 100) {{ nodes {{ {pages} }} }} }}"),
        ),
        bomb(
            "short lists over pages",
            "cost",
            format!(
                "{{ awards(first: 50) {{ nodes {{ people {{ knownFor {{ {pages} }} }} }} }} }}"
            ),
        ),
        bomb(
            "lists of the schema",
            "introspectionLists",
            format!("{{ __schema {{ {} }} }}", "types { name } ".repeat(200)),
        ),
        bomb(
            "the schema in a circle",
            "introspectionDepth",
            format!("{{ __schema {{ types {{ {circle} }} }} }}"),
        ),
        bomb("the schema in the schema", "cost", format!("{{ __schema {{ {types} }} }}")),
    ]
}

#[test]
fn hostile_documents_are_refused_within_a_second() {
    let app = app();
    for Bomb { name, query, limit } in texts().into_iter().chain(expansions()).chain(demands()) {
        let began = Instant::now();
        let (status, answer) = app.post(&json!({ "query": query }));
        let took = began.elapsed();
        println!("{took:>10.2?} {name}, {} bytes", query.len());
        assert!(took < PATIENCE, "{name}: {took:?}");
        assert_eq!(status, 400, "{name}: {answer}");
        assert!(answer.get("data").is_none(), "{name}: {answer}");
        let extensions = &answer["errors"][0]["extensions"];
        match limit {
            Some(limit) => assert_eq!(extensions["limit"], limit, "{name}: {answer}"),
            None => assert!(extensions.get("limit").is_none(), "{name}: {answer}"),
        }
    }
    assert_eq!(app.data("{ __typename }", json!({})), json!({ "__typename": "Query" }));
}

#[test]
fn fields_that_overlap_thousands_of_times_are_compared_quickly() {
    let app = app();
    let films = |fields: String| format!("{{ films(first: 1) {{ nodes {{ {fields} }} }} }}");
    let shots = |next: &str| format!("shots {{ nodes {{ film {{ {next} }} }} }}");
    let lists = repeated(1_100, |_| " shots { nodes { film { title } position } }".to_owned());
    let differing = repeated(1_000, |n| format!(" shots(first: {}) {{ nodes {{ id }} }}", n % 90));
    for (name, query, expected) in [
        ("one field", films(repeated(9_990, |_| " title".to_owned())), 200),
        ("one list", films(lists), 200),
        ("fragments that come to 9,000 fields", format!("{FILM}{}", chain(4, 9, shots)), 400),
        ("a list with differing arguments", films(differing), 400),
    ] {
        let began = Instant::now();
        let (status, answer) = app.post(&json!({ "query": query }));
        println!("{:>10.2?} {name}, {} bytes", began.elapsed(), query.len());
        assert_eq!(status, expected, "{name}: {answer}");
        assert!(began.elapsed() < 5 * PATIENCE, "{name}: {:?}", began.elapsed());
    }
}

#[test]
fn the_server_tells_its_limits_without_a_statement() {
    let limits = Limits { depth: 12, ..Limits::default() };
    let app = limited(limits);
    let info = app.data("{ __type(name: \"ServerLimits\") { fields { name } } }", json!({}));
    let names = info["__type"]["fields"].as_array().expect("a list").iter();
    let names: Vec<&str> = names.map(|field| field["name"].as_str().expect("a name")).collect();
    let query = format!("{{ serverInfo {{ version limits {{ {} }} }} }}", names.join(" "));
    let (statements, data) = app.statements(|| app.data(&query, json!({})));
    assert_eq!(statements, 0);
    let told = &data["serverInfo"];
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    for limit in Limit::ALL {
        assert_eq!(told["limits"][limit.name()], limits.max(*limit), "{}", limit.name());
    }
    for (name, number) in [("depth", 12), ("pageSize", 100), ("keys", 100), ("deadlineMs", 10_000)]
    {
        assert_eq!(told["limits"][name], number, "{name}");
    }
}

/// The answer to a request that asks what it costs.
fn with_cost(app: &App, body: &Value) -> Value {
    let mut response = agent()
        .post(format!("{}/graphql", app.url))
        .header("accept", "application/graphql-response+json")
        .header("x-shotlist-cost", "1")
        .send_json(body)
        .expect("an answer");
    let text = response.body_mut().read_to_string().expect("text");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_cost_is_told_when_asked_for() {
    each(|app| {
        let query = "query($first: Int) { genres(first: $first) { nodes { name } } }";
        let ask = |variables: Value| json!({ "query": query, "variables": variables });
        for (variables, requested) in [
            (json!({}), 21),
            (json!({"first": null}), 21),
            (json!({"first": 3}), 4),
            (json!({"first": 100}), 101),
        ] {
            let answer = with_cost(app, &ask(variables));
            let cost = &answer["extensions"]["cost"];
            assert_eq!((&cost["requested"], &cost["max"]), (&json!(requested), &json!(50_000)));
            let rows = cost["rows"].as_u64().expect("a number");
            let shown = answer["data"]["genres"]["nodes"].as_array().map_or(0, Vec::len) as u64;
            assert!([shown, shown + 1].contains(&rows), "{answer}");
        }
        let (_, quiet) = app.post(&ask(json!({})));
        assert!(quiet.get("extensions").is_none(), "{quiet}");
        let dear = "{ films(first: 100) { nodes { directors(first: 100) { nodes {
            credits(first: 100) { nodes { role } } } } } } }";
        let answer = with_cost(app, &json!({ "query": dear }));
        let requested = answer["extensions"]["cost"]["requested"].as_u64().expect("a number");
        assert_eq!(requested, 1 + 100 * (2 + 100 * (2 + 100)));
        assert_eq!(answer["errors"][0]["extensions"]["found"], requested);
        assert_eq!(answer["errors"][0]["extensions"]["limit"], "cost");
        let wrong = with_cost(app, &json!({ "query": "{ nothing }" }));
        assert!(wrong.get("extensions").is_none(), "{wrong}");
    });
}

/// The objects of an answer.
fn objects(value: &Value) -> u64 {
    match value {
        Value::Array(items) => items.iter().map(objects).sum(),
        Value::Object(members) => 1 + members.values().map(objects).sum::<u64>(),
        _ => 0,
    }
}

#[test]
fn an_object_of_the_schema_costs_a_point() {
    let app = app();
    let wrapped = "type { kind name ofType { name ofType { name ofType { name } } } }";
    for query in [
        introspection(),
        "{ __type(name: \"Production\") { possibleTypes { name } fields { name } } }".to_owned(),
        format!("{{ __schema {{ types {{ fields {{ args {{ {wrapped} }} {wrapped} }} }} }} }}"),
        "{ __schema { types { fields { type { ofType { fields { name } } } } } } }".to_owned(),
        "query($name: String = \"Film\") { __type(name: $name) { name } }".to_owned(),
    ] {
        let answer = with_cost(&app, &json!({ "query": query }));
        let asked = answer["data"].as_object().expect("it is answered").values();
        let objects: u64 = asked.map(objects).sum();
        let requested = &answer["extensions"]["cost"]["requested"];
        assert_eq!(*requested, objects, "{query}");
    }
}

/// The lists that are not paged.
const LISTS: [&str; 8] = [
    "genres",
    "externalIds",
    "sources",
    "knownFor",
    "professions",
    "directors",
    "people",
    "productions",
];

#[test]
fn the_cost_bounds_the_rows_that_are_read() {
    for backend in BACKENDS {
        let app = App::on(world::random(backend));
        let world = World::of(&app.database);
        let config = Config {
            rng_seed: RngSeed::Fixed(setting("SHOTLIST_ORACLE_SEED", 1)),
            ..Config::default()
        };
        let mut runner = TestRunner::new(config);
        let (mut executed, mut paged, mut most) = (0, 0, 0);
        let (mut nearest, mut costs) = (0.0_f64, Vec::new());
        for _ in 0..setting("SHOTLIST_COST_CASES", 500) {
            let choices =
                vec(any::<u32>(), 0..600).new_tree(&mut runner).expect("choices").current();
            let operation = Generator::operation(&world, app.api.schema(), &choices);
            let body = json!({ "query": operation.text, "variables": operation.variables });
            let answer = with_cost(&app, &body);
            let cost = &answer["extensions"]["cost"];
            let Some(requested) = cost["requested"].as_u64() else { continue };
            costs.push(requested);
            let Some(rows) = cost["rows"].as_u64() else { continue };
            assert!(rows <= rows_max(requested), "{rows} rows: {}", operation.text);
            // But for lists that are not paged, the cost is a bound by itself: of two rows that fit
            // the key of a look-up, one is a point.
            if !LISTS.iter().any(|list| operation.text.contains(list)) {
                assert!(rows <= 2 * requested, "{rows} rows, {requested}: {}", operation.text);
                paged += 1;
            }
            executed += 1;
            most = most.max(rows);
            if requested > 0 {
                nearest = nearest.max(rows as f64 / requested as f64);
            }
        }
        costs.sort_unstable();
        let at = |share: usize| costs[costs.len() * share / 100];
        println!(
            "{backend:?}: {executed} executed, at most {most} rows and {nearest:.2} rows a point"
        );
        println!(
            "costs: half below {}, 99 of 100 below {}, the most {:?}",
            at(50),
            at(99),
            costs.last()
        );
        assert!(executed > 400 && paged > 100, "{executed} and {paged}");
    }
}

#[test]
fn lists_longer_than_most_end_a_request_that_is_full_of_them() {
    let mut lines = json!({ "type": "source", "key": "s", "name": "S" }).to_string();
    for film in 0..100 {
        let key = format!("f{film}");
        let line = json!({ "type": "film", "key": key, "title": "Two", "format": "feature" });
        let _ = write!(lines, "\n{line}");
        for number in 0..100 {
            let line = json!({
                "type": "external_id", "of": { "production": key }, "catalog": "test",
                "scope": "title", "value": format!("{film}-{number}"), "source": "s",
            });
            let _ = write!(lines, "\n{line}");
        }
    }
    for backend in BACKENDS {
        let app = App::on(world::written(backend, &lines));
        for (query, requested, rows) in [
            // What fits an ambiguous key is not followed.
            ("{ film(by: {title: \"Two\"}) { externalIds { value } } }", 3, 2),
            // The row that tells whether a page goes on is not followed either.
            (
                "{ films(first: 1) { nodes { externalIds { value } } pageInfo { hasNextPage } } }",
                4,
                102,
            ),
            (
                "{ films(last: 1) { nodes { externalIds { value } } pageInfo { hasPreviousPage } } }",
                4,
                102,
            ),
            ("{ films(first: 1) { nodes { title } pageInfo { hasNextPage } } }", 2, 2),
            // If nobody asks for it, it is not read.
            ("{ films(first: 1) { nodes { externalIds { value } } } }", 4, 101),
            ("{ films(first: 100) { nodes { externalIds { value } } } }", 301, 10_100),
        ] {
            let answer = with_cost(&app, &json!({ "query": query }));
            let expected = json!({ "requested": requested, "max": 50_000, "rows": rows });
            assert_eq!(answer["extensions"]["cost"], expected, "{query}: {answer}");
            assert!(answer.get("data").is_some(), "{query}: {answer}");
        }
        let twice = "{ films(first: 100) { nodes { externalIds { value }
            again: externalIds(filter: {catalog: \"test\"}) { value } } } }";
        let requested = 1 + 100 * (1 + 2 + 2 + 1);
        let found = exceeded(&app, twice);
        assert_eq!(found, Some(("rows".to_owned(), rows_max(requested), 20_100)));
        assert_eq!(refusals(&app, Limit::Rows), 1);
    }
}

/// The question about the schema that graphql-js makes, with all that it may ask for.
fn introspection() -> String {
    let script = "import { getIntrospectionQuery } from 'graphql';
        process.stdout.write(getIntrospectionQuery({
            specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true,
            inputValueDeprecation: true, oneOf: true,
        }));";
    let output = Command::new("node")
        .args(["--input-type=module", "-e", script])
        .current_dir(scripts())
        .output()
        .expect("node is missing: install Node.js 20 or newer");
    let query = String::from_utf8(output.stdout).expect("text");
    assert!(query.contains("__schema"), "{}", String::from_utf8_lossy(&output.stderr));
    query
}

#[test]
fn what_clients_send_is_allowed() {
    let app = app();
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/playground/examples");
    let mut examples = 0;
    for file in std::fs::read_dir(folder).expect("the examples") {
        let path = file.expect("a file").path();
        if path.extension().is_none_or(|extension| extension != "graphql") {
            continue;
        }
        let query = std::fs::read_to_string(&path).expect("text");
        let variables = std::fs::read_to_string(path.with_extension("json"));
        let variables: Value =
            variables.map_or(json!({}), |text| serde_json::from_str(&text).expect("JSON"));
        let answer = with_cost(&app, &json!({ "query": query, "variables": variables }));
        println!("{}: {}", path.display(), answer["extensions"]);
        assert!(answer.get("data").is_some(), "{}: {answer}", path.display());
        examples += 1;
    }
    assert!(examples >= 10, "{examples}");

    // What graphql-js, and every tool on top of it, asks for first.
    let query = introspection();
    let data = app.data(&query, json!({}));
    assert!(data["__schema"]["types"].as_array().is_some_and(|types| types.len() > 50));
}

#[test]
fn a_default_of_the_settings_is_the_default_of_the_program() {
    let shown = Command::new(env!("CARGO_BIN_EXE_shotlist"))
        .current_dir(std::env::temp_dir())
        .arg("config")
        .output()
        .expect("it runs");
    let shown = String::from_utf8(shown.stdout).expect("text");
    let limits = Limits::default();
    for limit in &Limit::ALL[..queries().len()] {
        let name: String = limit
            .name()
            .chars()
            .map(|letter| match letter {
                'A'..='Z' => format!("_{}", letter.to_ascii_lowercase()),
                _ => letter.to_string(),
            })
            .collect();
        let line = format!("{name}_max = {}  # default\n", limits.max(*limit));
        assert!(shown.contains(&line), "{line}{shown}");
    }
}
