//! Every list of the schema, walked page by page.
//!
//! `SHOTLIST_WALK_CASES` sets how many random walks are made, `SHOTLIST_ORACLE_SEED` which.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use serde_json::{Value, json};
use shotlist::catalog::Backend;
use shotlist::graphql::declare::{Field, Object, Relation, Source};
use shotlist::graphql::id;
use shotlist::graphql::schema::Schema;

use crate::oracle::generate::Generator;
use crate::oracle::reference::Reference;
use crate::oracle::world::{self, World};
use crate::oracle::{row_of_cursor, setting};
use crate::support::{App, BACKENDS, fetch, runtime};

/// A list of the schema: how a request comes to it, and where the answer has it.
#[derive(Clone)]
struct List {
    /// The document around it, with `LIST` where it goes.
    outer: String,
    /// A JSON pointer into the data.
    at: String,
    /// The field.
    field: &'static str,
    /// Arguments, with a comma behind each.
    arguments: String,
    /// Declarations of variables, with a comma behind each, and their values.
    declared: String,
    variables: Value,
}

impl List {
    fn new(outer: &str, at: &str, field: &'static str) -> Self {
        let (arguments, declared) = (String::new(), String::new());
        let (outer, at) = (outer.to_owned(), at.to_owned());
        Self { outer, at, field, arguments, declared, variables: json!({}) }
    }

    fn query(&self, page: &str, parts: &str) -> String {
        let Self { outer, field, arguments, declared, .. } = self;
        let list = format!("list: {field}({arguments}{page}) {{ {parts} }}");
        let bound = if page.contains("$c") { "$c: String" } else { "" };
        match format!("{declared}{bound}").trim_end_matches(", ") {
            "" => outer.replace("LIST", &list),
            declared => format!("query({declared}) {}", outer.replace("LIST", &list)),
        }
    }

    fn variables(&self, cursor: &Value) -> Value {
        let mut variables = self.variables.clone();
        variables["c"] = cursor.clone();
        variables
    }

    fn page<'v>(&self, data: &'v Value) -> &'v Value {
        data.pointer(&self.at).unwrap_or_else(|| panic!("{} is not in {data}", self.at))
    }
}

fn cursors(page: &Value) -> Vec<String> {
    let edges = page["edges"].as_array().expect("edges").iter();
    edges.map(|edge| edge["cursor"].as_str().expect("text").to_owned()).collect()
}

/// The cursors of a whole list, read by pages of a size.
fn walk(app: &App, list: &List, first: usize) -> Vec<String> {
    let parts = "totalCount edges { cursor } pageInfo { startCursor endCursor hasNextPage hasPreviousPage }";
    let query = list.query(&format!("first: {first}, after: $c"), parts);
    let mut read: Vec<String> = Vec::new();
    let mut after = Value::Null;
    loop {
        let data = app.data(&query, list.variables(&after));
        let page = list.page(&data);
        let (edges, info) = (cursors(page), &page["pageInfo"]);
        assert_eq!(info["hasPreviousPage"], json!(!read.is_empty()), "{query}");
        assert_eq!(info["startCursor"], json!(edges.first()));
        assert_eq!(info["endCursor"], json!(edges.last()));
        read.extend(edges);
        let total = page["totalCount"].as_u64().and_then(|total| usize::try_from(total).ok());
        assert_eq!(info["hasNextPage"], json!(Some(read.len()) < total), "{query}");
        if info["hasNextPage"] == false {
            assert_eq!(Some(read.len()), total, "{query}");
            return read;
        }
        after = info["endCursor"].clone();
    }
}

/// The same from the end, backwards; in the order of the list.
fn walk_back(app: &App, list: &List, last: usize) -> Vec<String> {
    let parts = "edges { cursor } pageInfo { startCursor hasNextPage hasPreviousPage }";
    let query = list.query(&format!("last: {last}, before: $c"), parts);
    let mut read: Vec<String> = Vec::new();
    let mut before = Value::Null;
    loop {
        let data = app.data(&query, list.variables(&before));
        let page = list.page(&data);
        assert_eq!(page["pageInfo"]["hasNextPage"], json!(!read.is_empty()), "{query}");
        read.splice(0..0, cursors(page));
        if page["pageInfo"]["hasPreviousPage"] == false {
            return read;
        }
        before = page["pageInfo"]["startCursor"].clone();
    }
}

fn relation(field: &Field) -> Option<&Relation> {
    match &field.source {
        Source::Connection(relation) => Some(relation),
        _ => None,
    }
}

fn connections(object: &Object) -> impl Iterator<Item = &Field> {
    object.fields.iter().filter(|field| relation(field).is_some())
}

/// The rows of an object's table that are of its type.
fn rows_of<'w>(world: &'w World, object: &Object) -> Vec<&'w Value> {
    let table = object.table.expect("a table");
    let is_of = |row: &&Value| match (table.discriminator, object.discriminant) {
        (Some(column), Some(value)) => row[column.name] == value,
        _ => true,
    };
    world.rows(table.name).iter().filter(is_of).collect()
}

fn global_id(object: &Object, row: &Value) -> String {
    let mut text = Vec::new();
    let table = object.table.expect("a table");
    id::encode(table.tag, row["id"].as_i64().expect("a key"), &mut text);
    String::from_utf8(text).expect("it is ASCII")
}

/// Every connection of the schema, with the object that has it, and the ways to come to it: from
/// the root, from a node, from a group of a node.
fn lists<'s>(schema: &'s Schema, world: &World) -> Vec<(&'s Object, &'s Field, Vec<List>)> {
    let query = schema.object("Query").expect("the root");
    let mut lists: Vec<_> = connections(query)
        .map(|field| (query, field, vec![List::new("{ LIST }", "/list", field.name)]))
        .collect();
    for object in schema.possible("Node") {
        let ids: Vec<_> = rows_of(world, object).iter().map(|row| global_id(object, row)).collect();
        let around = |id: &String, inner: &str| {
            format!("{{ node(id: \"{id}\") {{ ... on {} {{ {inner} }} }} }}", object.name)
        };
        lists.extend(connections(object).map(|field| {
            let ways =
                ids.iter().map(|id| List::new(&around(id, "LIST"), "/node/list", field.name));
            (object, field, ways.collect())
        }));
        for groups in object.fields.iter().filter(|field| matches!(field.source, Source::Groups(_)))
        {
            let group = schema.object(groups.ty.name).expect("a group");
            lists.extend(connections(group).map(|field| {
                let ways = ids.iter().map(|id| {
                    let inner = format!("groups: {} {{ LIST }}", groups.name);
                    List::new(&around(id, &inner), "/node/groups/0/list", field.name)
                });
                (group, field, ways.collect())
            }));
        }
    }
    lists
}

/// Small pages give what large ones give: every row once, in the same order.
fn check(app: &App, list: &List) -> usize {
    let whole = walk(app, list, 100);
    let distinct: HashSet<_> = whole.iter().collect();
    assert_eq!(distinct.len(), whole.len(), "{}", list.query("", ""));
    for size in [1, 7] {
        if size == 1 && whole.len() > 30 {
            continue;
        }
        assert_eq!(walk(app, list, size), whole, "{}", list.query("", ""));
        assert_eq!(walk_back(app, list, size), whole, "backwards: {}", list.query("", ""));
    }
    whole.len()
}

#[test]
fn every_list_of_the_schema_is_walked_to_its_last_row() {
    for backend in BACKENDS {
        let app = App::on(world::random(backend));
        let world = World::of(&app.database);
        let schema = app.api.schema();
        let lists = lists(schema, &world);
        let mut longest = 0;
        for (object, field, ways) in &lists {
            let name = format!("{}.{}", object.name, field.name);
            let relation = relation(field).expect("a connection");
            assert!(relation.filter.is_some(), "{name} has no filter");
            assert!(relation.ordering.is_some(), "{name} has no order to choose");
            let mut rows = 0;
            for (index, list) in ways.iter().enumerate() {
                // Five parents, or as many as it takes to find a row.
                if index >= 5 && rows > 0 {
                    break;
                }
                let groups = app.data(&list.query("first: 0", "__typename"), json!({}));
                if groups.pointer(&list.at).is_none() {
                    continue;
                }
                let length = check(&app, list);
                longest = longest.max(length);
                rows += length;
            }
            assert!(rows > 0, "{name} is empty for every parent tried");
        }
        assert!(longest > 100, "no list is longer than a page");
        // Whatever the schema offers as a list has been walked.
        let walked: HashSet<_> =
            lists.iter().map(|(object, field, _)| (object.name, field.name)).collect();
        for (name, declared) in &schema.compiled.types {
            let apollo_compiler::schema::ExtendedType::Object(declared) = declared else {
                continue;
            };
            for field in declared.fields.values() {
                let is_list = field.ty.inner_named_type().ends_with("Connection");
                let key = (name.as_str(), field.name.as_str());
                assert!(!is_list || walked.contains(&key), "{key:?} is not walked");
            }
        }
    }
}

/// Run random cases; the first that fails, shrunk, is the error.
fn property(cases: u64, shrinks: u32, case: impl Fn(&[u32]) -> Result<(), String>) {
    let config = Config {
        cases: u32::try_from(cases).expect("a count"),
        rng_seed: RngSeed::Fixed(setting("SHOTLIST_ORACLE_SEED", 1)),
        failure_persistence: None,
        max_shrink_iters: shrinks,
        ..Config::default()
    };
    let result = TestRunner::new(config)
        .run(&vec(any::<u32>(), 0..60), |choices| case(&choices).map_err(TestCaseError::fail));
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

/// The rows of a whole list, as the reference has them: filtered and sorted in memory, once.
fn plain(reference: &mut Reference, list: &List) -> Result<Option<Vec<i64>>, String> {
    let parts = "edges { cursor } pageInfo { endCursor hasNextPage }";
    let query = list.query("first: 100, after: $c", parts);
    let mut rows = Vec::new();
    let mut after = Value::Null;
    loop {
        let request = json!({ "query": query, "variables": list.variables(&after) });
        let answer = reference.ask(&request);
        if answer.get("errors").is_some() || answer.get("data").is_none() {
            return Err(format!("the reference: {answer}\n{request}"));
        }
        let Some(page) = answer["data"].pointer(&list.at) else { return Ok(None) };
        let keys = cursors(page).into_iter().map(|text| text.replace("cursor:", ""));
        rows.extend(keys.map(|key| key.parse::<i64>().expect("a key")));
        if page["pageInfo"]["hasNextPage"] == false {
            return Ok(Some(rows));
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// A walk by pages of random sizes, forwards or backwards, gives what a plain read gives.
fn walks_equal_plain_reads(backend: Backend) {
    let worlds = 5;
    let cases = setting("SHOTLIST_WALK_CASES", 2_500) / worlds;
    let (walks, pages, rows) = (Cell::new(0), Cell::new(0), Cell::new(0));
    for seed in 0..worlds {
        let app = App::on(world::seeded(backend, 100 + seed));
        let world = World::of(&app.database);
        let reference = RefCell::new(Reference::start(&world));
        let lists = lists(app.api.schema(), &world);
        property(cases, 500, |choices| {
            let mut generator = Generator::new(&world, app.api.schema(), choices);
            let (_, field, ways) = &lists[generator.pick(lists.len())];
            let mut list = ways[generator.pick(ways.len())].clone();
            let relation = relation(field).expect("a connection");
            if let (true, Some(ordering)) = (generator.pick(4) > 0, relation.ordering) {
                list.declared += &format!("$order: [{}!], ", ordering.input);
                list.arguments += "orderBy: $order, ";
                list.variables["order"] = json!(generator.order(ordering.input));
            }
            if let (true, Some(filter)) = (generator.pick(2) > 0, relation.filter) {
                list.declared += &format!("$filter: {}, ", filter.name);
                list.arguments += "filter: $filter, ";
                list.variables["filter"] = generator.filter(filter.name, &mut 4);
            }
            let Some(expected) = plain(&mut reference.borrow_mut(), &list)? else { return Ok(()) };
            let backward = generator.pick(2) == 1;
            let (page, parts) = match backward {
                false => (
                    "first: $n, after: $c",
                    "edges { cursor } pageInfo { endCursor hasNextPage hasPreviousPage }",
                ),
                true => (
                    "last: $n, before: $c",
                    "edges { cursor } pageInfo { startCursor hasNextPage hasPreviousPage }",
                ),
            };
            list.declared += "$n: Int, ";
            let query = list.query(page, parts);
            let mut read: Vec<i64> = Vec::new();
            let mut cursor = Value::Null;
            loop {
                list.variables["n"] = json!(1 + generator.pick(9));
                let request = json!({ "query": query, "variables": list.variables(&cursor) });
                let (_, answer) = app.post(&request);
                if answer.get("errors").is_some() {
                    return Err(format!("{request}\n{answer}"));
                }
                let page = list.page(&answer["data"]);
                let keys =
                    cursors(page).into_iter().map(|text| row_of_cursor(&text).expect("a row"));
                let keys: Vec<_> = keys.collect();
                let info = &page["pageInfo"];
                let (more, behind, end) = match backward {
                    false => ("hasNextPage", "hasPreviousPage", "endCursor"),
                    true => ("hasPreviousPage", "hasNextPage", "startCursor"),
                };
                if info[behind] != json!(!read.is_empty()) {
                    return Err(format!("{request}\n{behind} is {}", info[behind]));
                }
                if backward {
                    read.splice(0..0, keys)
                } else {
                    let end = read.len();
                    read.splice(end..end, keys)
                };
                pages.set(pages.get() + 1);
                if info[more] == false {
                    break;
                }
                cursor = info[end].clone();
            }
            walks.set(walks.get() + 1);
            rows.set(rows.get() + read.len());
            if read == expected {
                return Ok(());
            }
            Err(format!("{query}\n{}\nwalked: {read:?}\nplain:  {expected:?}", list.variables))
        });
    }
    let (walks, pages, rows) = (walks.get(), pages.get(), rows.get());
    println!("{backend:?}: {walks} walks, {pages} pages, {rows} rows");
    assert!(walks * 3 > worlds * cases, "too few had a list to walk");
}

#[test]
fn random_walks_equal_plain_reads_on_sqlite() {
    walks_equal_plain_reads(Backend::Sqlite);
}

#[test]
fn random_walks_equal_plain_reads_on_postgresql() {
    walks_equal_plain_reads(Backend::Postgres);
}

/// A list whose rows come and go: the statements that add one with some order values, and that
/// remove one.
struct Moving {
    list: List,
    orders: &'static str,
    /// SQL for the keys of its rows.
    keys: &'static str,
    add: fn(i64, &mut dyn FnMut(usize) -> usize) -> String,
    remove: fn(i64) -> String,
}

fn date(pick: &mut dyn FnMut(usize) -> usize) -> String {
    ["NULL", "19950000", "20170602", "20170600", "19271006"][pick(5)].to_owned()
}

fn moving(world: &World, schema: &Schema) -> Vec<Moving> {
    let node = |name: &str, field: &'static str| {
        let object = schema.object(name).expect("an object");
        let id = global_id(object, rows_of(world, object)[0]);
        let outer = format!("{{ node(id: \"{id}\") {{ ... on {name} {{ LIST }} }} }}");
        List::new(&outer, "/node/list", field)
    };
    vec![
        Moving {
            list: List::new("{ LIST }", "/list", "people"),
            orders: "PersonOrder",
            keys: "SELECT id FROM person",
            add: |key, pick| {
                let name = ["a", "ava", "zoe", "m"][pick(4)];
                format!(
                    "INSERT INTO person (id, name, name_key, born_on, source_id) VALUES ({key}, '{name}', '{name}', {}, 1)",
                    date(pick)
                )
            },
            remove: |key| {
                // One of them has the credits below.
                let key = if key == 1 { 0 } else { key };
                let tables = ["credit", "shot_director", "award_person", "external_id"];
                let links =
                    tables.map(|table| format!("DELETE FROM {table} WHERE person_id = {key};"));
                format!("{} DELETE FROM person WHERE id = {key}", links.concat())
            },
        },
        Moving {
            list: List::new("{ LIST }", "/list", "productions"),
            orders: "ProductionOrder",
            keys: "SELECT id FROM production",
            add: |key, pick| {
                let title = ["NULL", "'a'", "'ava'", "'zoe'"][pick(4)];
                let rating = [("NULL", "NULL"), ("50", "7"), ("50", "9"), ("99", "7")][pick(4)];
                format!(
                    "INSERT INTO production (id, kind, format, title, title_key, released_on, rating_tenths, rating_votes) VALUES ({key}, 3, 'episode', {title}, {title}, {}, {}, {})",
                    date(pick),
                    rating.0,
                    rating.1
                )
            },
            // Only what was added has nothing that hangs on it.
            remove: |key| format!("DELETE FROM production WHERE id = {key} AND id >= 10000"),
        },
        Moving {
            list: node("Person", "credits"),
            orders: "ReleaseOrder",
            keys: "SELECT id FROM credit WHERE person_id = 1",
            add: |key, pick| {
                format!(
                    "INSERT INTO credit (id, production_id, person_id, role, position, released_on, source_id) VALUES ({key}, {}, 1, 'other', 1, {}, 1) ON CONFLICT DO NOTHING",
                    1 + pick(70),
                    date(pick)
                )
            },
            remove: |key| format!("DELETE FROM credit WHERE id = {key}"),
        },
    ]
}

fn rows_stay_where_others_come_and_go(backend: Backend) {
    let cases = setting("SHOTLIST_WALK_CASES", 2_500) / 20;
    let app = App::on(world::seeded(backend, 200));
    let world = World::of(&app.database);
    let lists = moving(&world, app.api.schema());
    let next = Cell::new(10_000);
    let tally = Cell::new((0, 0));
    // What is there depends on the cases before: there is nothing to shrink.
    property(cases, 0, |choices| {
        let mut generator = Generator::new(&world, app.api.schema(), choices);
        let moving = &lists[generator.pick(lists.len())];
        let mut list = moving.list.clone();
        list.declared += &format!("$order: [{}!], $n: Int, ", moving.orders);
        list.variables["order"] = json!(generator.order(moving.orders));
        list.arguments += "orderBy: $order, ";
        let keys = || -> Vec<i64> {
            let rows = fetch(app.api.catalog(), moving.keys, Vec::new());
            let rows = runtime().block_on(rows).expect("rows");
            (0..rows.len())
                .map(|row| rows.int(row, 0).expect("an integer").expect("a key"))
                .collect()
        };
        let mut there = keys();
        let mut throughout: HashSet<i64> = there.iter().copied().collect();
        let backward = generator.pick(2) == 1;
        let (page, more, end) = match backward {
            false => ("first: $n, after: $c", "hasNextPage", "endCursor"),
            true => ("last: $n, before: $c", "hasPreviousPage", "startCursor"),
        };
        let parts = format!("edges {{ cursor }} pageInfo {{ {more} {end} }}");
        let query = list.query(page, &parts);
        let mut seen: BTreeMap<i64, usize> = BTreeMap::new();
        let mut cursor = Value::Null;
        loop {
            list.variables["n"] = json!(5 + generator.pick(20));
            let data = app.data(&query, list.variables(&cursor));
            let page = list.page(&data);
            for text in cursors(page) {
                *seen.entry(row_of_cursor(&text).expect("a row")).or_default() += 1;
            }
            if page["pageInfo"][more] == false {
                break;
            }
            cursor = page["pageInfo"][end].clone();
            // Sometimes the very row that the cursor is of.
            let gone = match (generator.pick(3), row_of_cursor(cursor.as_str().expect("text"))) {
                (0, Some(row)) => row,
                _ => there[generator.pick(there.len())],
            };
            next.set(next.get() + 1);
            let added = (moving.add)(next.get(), &mut |bound| generator.pick(bound));
            app.database.sql(&format!("{}; {added}", (moving.remove)(gone)));
            there = keys();
            throughout.retain(|key| there.contains(key));
        }
        let (walks, rows) = tally.get();
        tally.set((walks + 1, rows + throughout.len()));
        let twice: Vec<_> = seen.iter().filter(|(_, count)| **count > 1).collect();
        let missing: Vec<_> = throughout.iter().filter(|key| !seen.contains_key(key)).collect();
        if twice.is_empty() && missing.is_empty() {
            return Ok(());
        }
        Err(format!("{query}\n{}\ntwice: {twice:?}\nmissing: {missing:?}", list.variables))
    });
    println!("{backend:?}: {:?} walks and rows that were there throughout", tally.get());
}

#[test]
fn rows_that_stay_are_walked_once_whatever_comes_and_goes_on_sqlite() {
    rows_stay_where_others_come_and_go(Backend::Sqlite);
}

#[test]
fn rows_that_stay_are_walked_once_whatever_comes_and_goes_on_postgresql() {
    rows_stay_where_others_come_and_go(Backend::Postgres);
}
