//! What lists cost in a large catalogue, by the counters of the databases.
//!
//! `SHOTLIST_LARGE` sets how many productions it has.

use std::time::{Duration, Instant};

use apollo_compiler::ExecutableDocument;
use serde_json::{Value, json};
use shotlist::catalog::read::Parameter;
use shotlist::catalog::{Backend, Catalog, Options};
use shotlist::graphql::id;
use shotlist::graphql::plan::argument::Shapes;
use shotlist::graphql::plan::bind::{Bound, bind};
use shotlist::graphql::plan::compile::compile;
use shotlist::graphql::plan::{Level, Plan};
use shotlist::graphql::schema::Schema;
use shotlist::import::generate;

use crate::oracle::setting;
use crate::support::{App, BACKENDS, Database, fetch, runtime};

/// Steps of SQLite that reading a row and asking whether it fits takes, at the most.
const STEPS_OF_A_ROW: u64 = 25;
/// Pages of this many.
const SIZE: usize = 20;

fn generated(backend: Backend) -> Database {
    let productions = u32::try_from(setting("SHOTLIST_LARGE", 1_000_000)).expect("a count");
    let database = Database::empty(backend);
    let catalog = database.open();
    let began = Instant::now();
    runtime().block_on(async {
        let options = generate::Options { productions, seed: 1 };
        generate::generate(&catalog, options).await.expect("it is generated");
        catalog.close().await.expect("it closes");
    });
    println!("{backend:?}: {productions} productions generated in {:?}", began.elapsed());
    database
}

/// The plan of a query with its values.
fn planned(schema: &Schema, backend: Backend, query: &str, variables: &Value) -> (Plan, Bound) {
    let document = ExecutableDocument::parse_and_validate(&schema.compiled, query, "query")
        .unwrap_or_else(|error| panic!("{query}: {error}"));
    let operation = document.operations.get(None).expect("an operation");
    let variables = serde_json::from_value(variables.clone()).expect("variables");
    let shapes = Shapes::of(operation, &variables, schema).expect(query);
    let plan = compile(schema, &document, operation, &shapes, backend).expect(query);
    let bound = bind(&plan, &variables).expect(query);
    (plan, bound)
}

/// What the database says of the work that a statement costs it.
struct Meter {
    database: Database,
    /// Of PostgreSQL, one connection with the settings of those that answer requests.
    catalog: Option<Catalog>,
}

impl Meter {
    fn of(database: Database) -> Self {
        let one = Options { read_connections: Some(1), ..Options::default() };
        let catalog = (database.backend == Backend::Postgres)
            .then(|| runtime().block_on(Catalog::open(&database.url, &one)).expect("it opens"));
        Self { database, catalog }
    }

    /// Rows that PostgreSQL read of a table (of all, where none is named), or steps of SQLite.
    fn cost(&self, sql: &str, parameters: &[Parameter], table: Option<&str>) -> u64 {
        match &self.catalog {
            None => steps(&self.database, sql, parameters),
            Some(catalog) => {
                let values: Vec<_> = parameters.iter().map(literal).collect();
                let explain = match values.as_slice() {
                    [] => "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE q".to_owned(),
                    values => {
                        format!("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE q({})", values.join(", "))
                    }
                };
                let text = runtime().block_on(async {
                    let run = async |sql: String| {
                        fetch(catalog, &sql, Vec::new())
                            .await
                            .unwrap_or_else(|error| panic!("{sql}: {error}"))
                    };
                    run(format!("PREPARE q AS {sql}")).await;
                    let rows = run(explain).await;
                    run("DEALLOCATE q".to_owned()).await;
                    rows.text(0, 0).expect("text").expect("a plan").to_owned()
                });
                let plan: Value = serde_json::from_str(&text).expect("JSON");
                rows_read(&plan[0]["Plan"], table)
            }
        }
    }

    /// The cost of all statements of a query that hang on the root.
    fn query(&self, schema: &Schema, query: &str, variables: &Value) -> u64 {
        let (plan, bound) = planned(schema, self.database.backend, query, variables);
        let costs = plan.first.iter().map(|&index| {
            let bound = &bound.levels[index];
            let sql = plan.levels[index].statement.text(bound.bounds);
            self.cost(&sql, &bound.parameters, None)
        });
        costs.sum()
    }
}

fn literal(parameter: &Parameter) -> String {
    let text = |text: &String| format!("'{}'", text.replace('\'', "''"));
    match parameter {
        Parameter::Int(value) => value.to_string(),
        Parameter::Text(value) => text(value),
        Parameter::Keys(keys) => {
            let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
            format!("ARRAY[{}]::bigint[]", keys.join(", "))
        }
        Parameter::Texts(texts) => {
            format!("ARRAY[{}]::text[]", texts.iter().map(text).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Rows that the steps of a plan read from tables and indexes, those that did not fit among them.
fn rows_read(node: &Value, table: Option<&str>) -> u64 {
    let number = |name: &str| node[name].as_f64().unwrap_or_default();
    let relation = node["Relation Name"].as_str();
    let own = if relation.is_some() && (table.is_none() || table == relation) {
        let rows = number("Actual Rows") + number("Rows Removed by Filter");
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
        let rows = (rows * number("Actual Loops")).round() as u64;
        rows
    } else {
        0
    };
    let below = node["Plans"].as_array().into_iter().flatten();
    own + below.map(|node| rows_read(node, table)).sum::<u64>()
}

/// Steps of SQLite's virtual machine.
fn steps(database: &Database, sql: &str, parameters: &[Parameter]) -> u64 {
    use rusqlite::types::Value as Sql;
    let path = database.text.trim_start_matches("sqlite://");
    let connection = rusqlite::Connection::open(path).expect("it opens");
    let mut statement = connection.prepare(sql).expect(sql);
    let values = parameters.iter().map(|parameter| match parameter {
        Parameter::Int(value) => Sql::Integer(*value),
        Parameter::Text(text) => Sql::Text(text.clone()),
        Parameter::Keys(keys) => Sql::Text(json!(keys).to_string()),
        Parameter::Texts(texts) => Sql::Text(json!(texts).to_string()),
    });
    let mut rows = statement.query(rusqlite::params_from_iter(values)).expect(sql);
    while rows.next().expect("a row").is_some() {}
    drop(rows);
    let steps = statement.get_status(rusqlite::StatementStatus::VmStep);
    u64::try_from(steps).expect("a count")
}

/// The median time that a request takes.
fn time(app: &App, query: &str, variables: &Value) -> Duration {
    let mut times: Vec<_> = (0..31)
        .map(|_| {
            let began = Instant::now();
            app.data(query, variables.clone());
            began.elapsed()
        })
        .collect();
    times.sort();
    times[15]
}

fn a_large_catalogue_costs_what_is_shown(backend: Backend) {
    let meter = Meter::of(generated(backend));
    let database = &meter.database;
    let schema = Schema::new();

    // Fifty productions with as many credits as any, and fifty with a page of them.
    let ids = |which: &str| -> Vec<i64> {
        let sql = format!(
            "SELECT CAST(production_id AS text) FROM credit GROUP BY production_id {which} LIMIT 50"
        );
        database.texts(&sql).iter().map(|id| id.parse().expect("a key")).collect()
    };
    let many = ids("ORDER BY count(*) DESC, 1");
    let few = ids("HAVING count(*) = 6");
    assert_eq!((many.len(), few.len()), (50, 50));
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Production { credits(first: 5) { nodes { role } } } } }";
    let (plan, bound) = planned(&schema, backend, query, &json!({ "ids": ["AQE", "AQI"] }));
    let credits = plan.levels.iter().position(|level| level.relation.link == "credit");
    let credits = credits.expect("a level");
    // On PostgreSQL they come with the productions.
    let gathers = |level: &Level| level.gathered.iter().any(|gathered| gathered.level == credits);
    let index = plan.levels.iter().position(gathers).unwrap_or(credits);
    let sql = plan.levels[index].statement.text(bound.levels[index].bounds);
    let cost = |ids: &[i64]| -> u64 {
        let keys = match backend {
            Backend::Postgres => vec![Parameter::Keys(ids.to_vec())],
            Backend::Sqlite => ids.iter().map(|id| Parameter::Int(*id)).collect(),
        };
        let rest = bound.levels[credits].parameters.as_slice();
        keys.into_iter().map(|key| meter.cost(&sql, &[&[key], rest].concat(), Some("credit"))).sum()
    };
    let total: i64 = many
        .iter()
        .map(|id| {
            let sql =
                format!("SELECT CAST(count(*) AS text) FROM credit WHERE production_id = {id}");
            database.texts(&sql)[0].parse::<i64>().expect("a count")
        })
        .sum();
    let (of_many, of_few) = (cost(&many), cost(&few));
    let unit = if backend == Backend::Sqlite { "steps" } else { "credit rows read" };
    println!(
        "{backend:?}: credits(first: 5) of 50 productions with {total} credits: {of_many} {unit}; of 50 with 6 each: {of_few}"
    );
    match backend {
        // Five of each: nobody asks whether there are more.
        Backend::Postgres => assert_eq!((of_many, of_few), (250, 250)),
        Backend::Sqlite => assert!(of_many * 10 <= of_few * 11 && of_many < 300 * 100),
    }

    // Late pages: of a whole table in several orders, of the person with most credits, of the soap.
    let soap = database.texts(
        "SELECT CAST(show_id AS text) FROM episode GROUP BY show_id ORDER BY count(*) DESC LIMIT 1",
    );
    let global = |tag: u8, id: i64| {
        let mut text = Vec::new();
        id::encode(tag, id, &mut text);
        String::from_utf8(text).expect("it is ASCII")
    };
    let soap = global(1, soap[0].parse().expect("a key"));
    let person = global(2, 1);
    let lists = [
        ("{ list: productions(PAGE) }".to_owned(), 1_000),
        ("{ list: productions(orderBy: {field: VOTES, direction: DESC}, PAGE) }".to_owned(), 1_000),
        ("{ list: productions(orderBy: {field: TITLE}, PAGE) }".to_owned(), 1_000),
        ("{ list: films(filter: {rating: {min: 1}}, orderBy: [{field: RATING, direction: DESC}, {field: VOTES, direction: DESC}], PAGE) }".to_owned(), 100),
        ("{ list: people(orderBy: {field: NAME}, PAGE) }".to_owned(), 1_000),
        ("{ list: episodes(filter: {released: {from: \"2000\"}}, orderBy: {field: RELEASED}, PAGE) }".to_owned(), 1_000),
        (format!("{{ node(id: \"{person}\") {{ ... on Person {{ list: credits(PAGE) }} }} }}"), 400),
        (format!("{{ node(id: \"{soap}\") {{ ... on Show {{ list: episodes(PAGE) }} }} }}"), 400),
    ];
    let app = App::on(meter.database.share());
    for (list, page) in lists {
        let body = "{ nodes { __typename } pageInfo { hasNextPage endCursor } }";
        let query = |size: usize| {
            let list = list.replace("PAGE)", &format!("first: {size}, after: $c) {body}"));
            format!("query($c: String) {list}")
        };
        let cursor_after = |rows: usize| {
            let mut cursor = Value::Null;
            let mut left = rows;
            while left > 0 {
                let size = left.min(100);
                let data = app.data(&query(size), json!({ "c": cursor }));
                let at = if data.get("list").is_some() { "/list" } else { "/node/list" };
                cursor = data.pointer(at).expect("a page")["pageInfo"]["endCursor"].clone();
                assert!(cursor.is_string(), "{list} ends before row {rows}");
                left -= size;
            }
            json!({ "c": cursor })
        };
        let (early, late) = (cursor_after(SIZE), cursor_after((page - 1) * SIZE));
        let query = query(SIZE);
        let first = time(&app, &query, &json!({ "c": null }));
        let last = time(&app, &query, &late);
        let ratio = last.as_secs_f64() / first.as_secs_f64();
        println!("{backend:?}: page {page} / page 1: {ratio:.2} ({last:?} / {first:?}) {list}");
        // Keys after the first sort what that leaves equal.
        if list.contains("node(") || list.contains("[{") {
            continue;
        }
        let (first, last) =
            (meter.query(&schema, &query, &early), meter.query(&schema, &query, &late));
        assert!(last * 2 <= first * 3, "page {page} costs {last}, page 2 costs {first}: {list}");
    }

    // Filters: whatever few or many rows fit.
    let mut slowest: Vec<(Duration, u64, String)> = Vec::new();
    for filter in [
        "kind: SHOW",
        "genre: {any: \"drama\"}",
        "genre: {any: \"western\"}",
        "genre: {all: [\"drama\", \"comedy\"], none: \"horror\"}",
        "genre: {any: \"drama\"}, year: {min: 1990, max: 1999}",
        "year: {min: 1895, max: 1899}",
        "released: {from: \"2020-03-03\", to: \"2020-03-03\"}",
        "rating: {min: 9}",
        "votes: {min: 100000}",
        "runtimeMinutes: {min: 300}",
        "format: MINI_SERIES",
        "titlePrefix: \"z\"",
        "credit: {person: \"PERSON\"}",
        "credit: {person: \"PERSON\", role: DIRECTOR}",
        "credit: {department: MUSIC}",
        "company: {company: \"COMPANY\", role: DISTRIBUTOR}",
        "alternativeTitle: {language: \"ja\"}",
        "alternativeTitle: {region: \"XWW\"}",
        "externalId: {catalog: \"tmdb\"}",
        "externalId: {isCanonical: false}",
        "externalId: {catalog: \"imdb\", isCanonical: false}",
        "genre: {all: \"western\"}",
        "show: \"SHOW\"",
        "hasShots: true",
        "or: [{genre: {any: \"western\"}}, {credit: {person: \"PERSON\"}}]",
        "not: {genre: {any: \"drama\"}}",
    ] {
        let list = if filter.contains("SHOW\"") { "episodes" } else { "productions" };
        let filter = filter.replace("PERSON", &person).replace("COMPANY", &global(3, 1));
        let filter = filter.replace("SHOW\"", &format!("{}\"", global(1, 2)));
        for order in ["", "orderBy: {field: VOTES, direction: DESC}, ", "orderBy: {field: TITLE}, "]
        {
            let query = format!(
                "{{ {list}({order}filter: {{ {filter} }}, first: 20) {{ nodes {{ title }} }} }}"
            );
            let began = Instant::now();
            app.data(&query, json!({}));
            let took = began.elapsed();
            let cost = meter.query(&schema, &query, &json!({}));
            slowest.push((took, cost, format!("{order}{filter}")));
        }
    }
    slowest.sort_by_key(|(_, cost, _)| std::cmp::Reverse(*cost));
    for (took, cost, what) in &slowest[..12] {
        println!("{backend:?}: {cost} {unit}, {took:?}: {what}");
    }
    // A tenth of the productions, however many fit and wherever they stand in the order.
    let most = (setting("SHOTLIST_LARGE", 1_000_000) / 10).max(25_000);
    let most = if backend == Backend::Sqlite { most * STEPS_OF_A_ROW } else { most };
    let (_, cost, what) = &slowest[0];
    assert!(*cost < most, "{cost} {unit} for 20 rows that are shown: {what}");

    // What is counted has to be read.
    for counted in [
        "{ productions { totalCount } }",
        "{ productions { facets { kinds { count } } } }",
        "{ productions { facets { genres { count } } } }",
        "{ productions(filter: {year: {min: 1990, max: 1999}}) { totalCount facets { formats { count } decades { count } genres { count } } } }",
        "{ genre(by: {key: \"drama\"}) { productions { totalCount facets { decades { count } } } } }",
    ] {
        let began = Instant::now();
        app.data(counted, json!({}));
        println!("{backend:?}: {:?}: {counted}", began.elapsed());
    }
}

/// One after the other: each takes gigabytes.
#[test]
fn a_large_catalogue_costs_what_is_shown_on_both_databases() {
    BACKENDS.into_iter().for_each(a_large_catalogue_costs_what_is_shown);
}
