//! Every list and look-up of the schema is read from an index, in order, on both databases.
//!
//! The databases are asked how they would go about it with everything else made unattractive: what
//! still reads a whole table or sorts one has no index to use.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::response::JsonMap;
use serde_json::{Value, json};
use shotlist::catalog::Backend;
use shotlist::graphql::declare::{Field, Object, Source};
use shotlist::graphql::filter::FilterInput;
use shotlist::graphql::plan::Keys;
use shotlist::graphql::plan::argument::Shapes;
use shotlist::graphql::plan::compile::compile;
use shotlist::graphql::plan::statement::{Bounds, Reading};
use shotlist::graphql::schema::Schema;

use crate::support::{BACKENDS, Database, runtime};

/// Every SQL text of a query, for every pattern of NULLs in its cursors, and whether it reads for
/// keys.
fn texts(schema: &Schema, query: &str, variables: &Value, backend: Backend) -> Vec<(String, bool)> {
    let document = ExecutableDocument::parse_and_validate(&schema.compiled, query, "query")
        .unwrap_or_else(|error| panic!("{query}: {error}"));
    let operation = document.operations.get(None).expect("an operation");
    let variables: JsonMap = serde_json::from_value(variables.clone()).expect("variables");
    let shapes = Shapes::of(operation, &variables, schema).expect(query);
    let plan = compile(schema, &document, operation, &shapes, backend);
    let plan = plan.unwrap_or_else(|error| panic!("{query}: {}", error.message));
    let mut texts = Vec::new();
    // What is gathered has no text of its own.
    for level in plan.levels.iter().filter(|level| !level.is_gathered) {
        // Bit by bit: which order values of a cursor are NULL.
        let nullable = |index: usize| level.statement.order()[index].column.nullable;
        let terms = level.statement.order().len();
        let patterns = || {
            let fits = |nulls: &usize| {
                (0..terms).all(|index| nulls & (1 << index) == 0 || nullable(index))
            };
            (0..1 << terms).filter(fits).map(Some)
        };
        let given = variables.contains_key("c");
        let none = || vec![None];
        let (after, before) = match level.statement.reading() {
            Reading::UpTo => (patterns().collect(), none()),
            Reading::From => (none(), patterns().collect()),
            Reading::Page if given => (patterns().collect(), none()),
            Reading::LastPage if given => (none(), patterns().collect()),
            _ => (none(), none()),
        };
        for after in after {
            for &before in &before {
                let text = level.statement.text(Bounds { after, before }).to_string();
                texts.push((text, level.keys != Keys::Root));
            }
        }
    }
    texts
}

/// A connection to ask for plans.
enum Planner {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Planner {
    fn of(database: &Database) -> Self {
        use sqlx::{Connection, Executor};
        runtime().block_on(async {
            match database.backend {
                Backend::Sqlite => {
                    let connection = sqlx::SqliteConnection::connect(&database.text).await;
                    Self::Sqlite(connection.expect("it opens"))
                }
                Backend::Postgres => {
                    let connection = sqlx::PgConnection::connect(&database.text).await;
                    let mut connection = connection.expect("it opens");
                    let settings =
                        "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;
                        SET enable_bitmapscan = off; SET enable_hashjoin = off;
                        SET enable_mergejoin = off; SET enable_sort = off;
                        SET enable_incremental_sort = off";
                    connection.execute(sqlx::raw_sql(settings)).await.expect("they are set");
                    Self::Postgres(connection)
                }
            }
        })
    }

    /// What the plan of a statement has that an index would save it.
    fn faults(&mut self, sql: &str, is_keyed: bool) -> Vec<String> {
        use sqlx::{AssertSqlSafe, Executor, Row, raw_sql};
        match self {
            Self::Sqlite(connection) => {
                let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
                let rows = runtime().block_on(sqlx::query(explain).fetch_all(connection));
                let rows = rows.expect("a plan");
                let steps = rows.iter().map(|row| (row.get("parent"), row.get("detail")));
                faults_of_steps(&steps.collect::<Vec<_>>(), is_keyed)
            }
            Self::Postgres(connection) => {
                let count = (1..).find(|n| !sql.contains(&format!("${n}"))).expect("an end") - 1;
                let arguments = match count {
                    0 => String::new(),
                    count => format!("({})", vec!["NULL"; count].join(", ")),
                };
                let prepare = format!("PREPARE q AS {sql}");
                let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE q{arguments}");
                let text: String = runtime().block_on(async {
                    connection.execute(raw_sql(AssertSqlSafe(prepare))).await.expect(sql);
                    let row = raw_sql(AssertSqlSafe(explain)).fetch_one(&mut *connection).await;
                    connection.execute(raw_sql("DEALLOCATE q")).await.expect("it is forgotten");
                    row.expect("a plan").try_get_unchecked(0).expect("text")
                });
                let plan: Value = serde_json::from_str(&text).expect("JSON");
                let mut faults = Vec::new();
                walk(&plan[0]["Plan"], &mut faults);
                faults
            }
        }
    }
}

/// Steps of SQLite, each with its parent's number.
fn faults_of_steps(steps: &[(i64, String)], is_keyed: bool) -> Vec<String> {
    let of = |detail: &str, names: &[&str]| {
        let words: Vec<&str> = detail.split(' ').take(2).collect();
        matches!(words.as_slice(), ["SCAN" | "SEARCH", name] if names.contains(name))
    };
    // What is no table: keys, words of groups, rows that were found before.
    let made = ["k", "r", "f", "q", "u", "c", "d", "y", "CONSTANT", "json_each"];
    let is_made = |detail: &str| {
        let name = detail.split(' ').nth(1).unwrap_or_default();
        let numbered =
            |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.parse::<u8>().is_ok());
        made.contains(&name)
            || detail.contains("VIRTUAL TABLE")
            || numbered("p")
            || numbered("f")
            || name.starts_with('(')
            || name.chars().next().is_some_and(|first| first.is_ascii_digit())
    };
    let mut faults = Vec::new();
    for (parent, detail) in steps {
        if detail.starts_with("SCAN") && !detail.contains("USING") && !is_made(detail) {
            // A list from the root, in the order of its key, is read as it lies; and so is a page
            // that was picked before.
            let picked = steps.iter().any(|(_, detail)| detail == "CO-ROUTINE l");
            let may = of(detail, &["l"]) && (picked || !is_keyed);
            if !may {
                faults.push(detail.clone());
            }
        }
        // Where a page is picked there is nothing to sort, unless few rows were found before;
        // sorting the page itself is free.
        let siblings = || steps.iter().filter(|(other, _)| other == parent && *parent != 0);
        let sorted = siblings().any(|(_, detail)| detail.contains("TEMP B-TREE FOR ORDER"));
        let found = siblings().any(|(_, detail)| of(detail, &["f"]));
        if of(detail, &["l", "x"]) && sorted && !found {
            faults.push(format!("{detail}, sorted"));
        }
    }
    faults
}

/// Tables read from end to end, and rows of a table sorted to pick some of them.
fn walk(node: &Value, faults: &mut Vec<String>) {
    let kind = node["Node Type"].as_str().unwrap_or_default();
    if kind == "Seq Scan" {
        faults.push(format!("Seq Scan on {}", node["Relation Name"]));
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        let below = child["Node Type"].as_str().unwrap_or_default();
        let sorts = below == "Sort" || below == "Incremental Sort";
        if kind == "Limit" && sorts && reads_a_table(child) {
            faults.push(format!("sorted: {}", child["Plans"][0]["Node Type"]));
        }
        walk(child, faults);
    }
}

/// Whether a step has rows of a table below it, which were neither picked nor found before.
fn reads_a_table(node: &Value) -> bool {
    let kind = node["Node Type"].as_str().unwrap_or_default();
    let inner = |node: &&Value| {
        !matches!(node["Parent Relationship"].as_str(), Some("InitPlan" | "SubPlan"))
    };
    let below = || node["Plans"].as_array().into_iter().flatten().filter(inner);
    match kind {
        "Append" | "Limit" => false,
        // The few words that a filter names.
        _ if node["Relation Name"] == "genre" => false,
        _ if finds(node) => false,
        _ => node["Relation Name"].is_string() || below().any(reads_a_table),
    }
}

fn finds(node: &Value) -> bool {
    node["Node Type"] == "CTE Scan" || node["Plans"].as_array().into_iter().flatten().any(finds)
}

/// One filter for each of the tests that a filter offers, and some that combine them.
fn filters(input: &FilterInput, depth: usize) -> Vec<String> {
    let mut all = vec![];
    for field in (input.fields)() {
        let name = field.name;
        let ty = field.test.input_type();
        let nested = field.test.nested().filter(|_| depth > 0);
        let values: Vec<String> = match (field.test.nested(), nested, ty.name) {
            (_, Some(nested), _) => filters(nested, depth - 1),
            (Some(_), None, _) => continue,
            (_, _, "IntRange") => vec!["{ min: 1 }".into(), "{ min: 1, max: 2 }".into()],
            (_, _, "FloatRange") => vec!["{ min: 8.5 }".into(), "{ max: 9 }".into()],
            (_, _, "DateRange") => vec!["{ from: \"1995\" }".into(), "{ to: \"1996\" }".into()],
            (_, _, "Boolean") => vec!["true".into(), "false".into()],
            (_, _, "String" | "ID") if ty.list => {
                vec!["\"AQE\"".into(), "[\"AQE\", \"AQI\"]".into()]
            }
            (_, _, "String") => vec!["\"a\"".into()],
            (_, _, "Int") => vec!["1".into(), "[1, 2]".into()],
            (_, _, declared) => {
                let declared =
                    shotlist::graphql::types::ENUMS.iter().find(|known| known.name == declared);
                let values = declared.expect("an enum").values;
                let (first, last) = (values[0].0, values[values.len() - 1].0);
                vec![first.to_owned(), last.to_owned(), format!("[{first}, {last}]")]
            }
        };
        all.extend(values.into_iter().map(|value| format!("{{ {name}: {value} }}")));
    }
    if let (true, [first, second, ..]) = (depth > 0, all.clone().as_slice()) {
        all.push(format!("{{ or: [{first}, {second}] }}"));
        all.push(format!("{{ and: [{first}, {second}], not: {second} }}"));
    }
    all
}

/// Queries that read a field in every way that it can be read.
fn queries(object: &Object, field: &Field) -> Vec<(String, Value)> {
    let around = |inner: &str| match object.name {
        "Query" => inner.to_owned(),
        name => format!("node(id: \"AQE\") {{ ... on {name} {{ {inner} }} }}"),
    };
    let name = field.name;
    match &field.source {
        Source::List(_) => {
            vec![(format!("{{ {} }}", around(&format!("{name} {{ __typename }}"))), json!({}))]
        }
        Source::Connection(relation) => {
            let parts = "{ nodes { __typename } pageInfo { hasNextPage hasPreviousPage } }";
            let page = |arguments: &str, variables: &str, given: Value| {
                let inner = around(&format!("{name}({arguments}) {parts}"));
                (format!("query{variables} {{ {inner} }}"), given)
            };
            let keys = relation.ordering.into_iter().flat_map(|ordering| ordering.keys.values);
            let orders = keys.flat_map(|(key, _)| {
                ["ASC", "DESC"]
                    .map(|way| format!("orderBy: {{ field: {key}, direction: {way} }}, "))
            });
            let with = |order: String| {
                let after =
                    (format!("{order}first: 5, after: $c"), "($c: String)", json!({"c": "x"}));
                let before =
                    (format!("{order}last: 5, before: $c"), "($c: String)", json!({"c": "x"}));
                [
                    (format!("{order}first: 5"), "", json!({})),
                    (format!("{order}last: 5"), "", json!({})),
                    after,
                    before,
                ]
            };
            let orders: Vec<String> = std::iter::once(String::new()).chain(orders).collect();
            let ways = orders.clone().into_iter().flat_map(with);
            let mut queries: Vec<_> = ways
                .map(|(arguments, variables, given)| page(&arguments, variables, given))
                .collect();
            // Every test of its filter in every order, from the start and from a cursor on.
            let filters = relation.filter.map(|input| filters(input, 1)).unwrap_or_default();
            for filter in &filters {
                for order in orders.iter().filter(|order| !order.contains("DESC")) {
                    let arguments = format!("{order}filter: {filter}, first: 5");
                    queries.push(page(&arguments, "", json!({})));
                    let arguments = format!("{arguments}, after: $c");
                    let parts = if order.is_empty() { parts } else { "{ nodes { __typename } }" };
                    let inner = around(&format!("{name}({arguments}) {parts}"));
                    queries.push((format!("query($c: String) {{ {inner} }}"), json!({"c": "x"})));
                }
            }
            queries
        }
        Source::Lookup(lookup) => lookup
            .keys
            .iter()
            .map(|key| {
                let text =
                    format!("{{ {name}(by: {{ {}: \"AQE\" }}) {{ __typename }} }}", key.name);
                (text, json!({}))
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_list_and_look_up_is_read_from_an_index() {
    let schema = Schema::new();
    let mut found = Vec::new();
    for backend in BACKENDS {
        // Without rows and statistics, a plan says what there is to use and not what is cheapest.
        let database = Database::empty(backend);
        runtime().block_on(database.open().close()).expect("it closes");
        let mut planner = Planner::of(&database);
        let mut checked = 0;
        // Many queries come to the same statements.
        let mut seen = std::collections::HashSet::new();
        let roots = schema.object("Query").into_iter().chain(schema.possible("Node"));
        for object in roots {
            for (query, variables) in object.fields.iter().flat_map(|field| queries(object, field))
            {
                for (sql, is_keyed) in texts(&schema, &query, &variables, backend) {
                    if !seen.insert(sql.clone()) {
                        continue;
                    }
                    for fault in planner.faults(&sql, is_keyed) {
                        found.push(format!("{backend:?}: {query}\n{sql}\n{fault}"));
                    }
                    checked += 1;
                }
            }
        }
        println!("{backend:?}: {checked} statements");
        assert!(checked > 300);
    }
    assert!(
        found.is_empty(),
        "{} faults, first {}",
        found.len(),
        found.iter().step_by(found.len() / 5 + 1).cloned().collect::<Vec<_>>().join("\n\n")
    );
}
