//! Every list of the schema, walked page by page.

use serde_json::{Value, json};
use shotlist::graphql::declare::{Object, Source};

use crate::oracle::world;
use crate::support::{App, BACKENDS};

/// The cursors of a whole list, read by pages of a size. `outer` has `LIST` where the list goes.
fn walk(app: &App, outer: &str, field: &str, first: usize) -> Vec<String> {
    let list = format!(
        "list: {field}(first: {first}, after: $after) {{
           totalCount edges {{ cursor }} pageInfo {{ startCursor endCursor hasNextPage hasPreviousPage }}
         }}"
    );
    let query = format!("query Page($after: String) {}", outer.replace("LIST", &list));
    let mut cursors: Vec<String> = Vec::new();
    let mut after = Value::Null;
    loop {
        let data = app.data(&query, json!({ "after": after }));
        let page = if data.get("list").is_some() { &data["list"] } else { &data["node"]["list"] };
        let edges = page["edges"].as_array().expect("edges");
        let info = &page["pageInfo"];
        assert_eq!(info["hasPreviousPage"], json!(!cursors.is_empty()), "{field}");
        assert_eq!(
            info["startCursor"],
            edges.first().map_or(Value::Null, |edge| edge["cursor"].clone())
        );
        assert_eq!(
            info["endCursor"],
            edges.last().map_or(Value::Null, |edge| edge["cursor"].clone())
        );
        cursors.extend(edges.iter().map(|edge| edge["cursor"].as_str().expect("text").to_owned()));
        let total = page["totalCount"].as_u64().and_then(|total| usize::try_from(total).ok());
        assert_eq!(info["hasNextPage"], json!(Some(cursors.len()) < total), "{field}");
        if info["hasNextPage"] == false {
            assert_eq!(Some(cursors.len()), total, "{field}");
            return cursors;
        }
        after = info["endCursor"].clone();
    }
}

/// The same from the end, backwards; in the order of the list.
fn walk_back(app: &App, outer: &str, field: &str, last: usize) -> Vec<String> {
    let list = format!(
        "list: {field}(last: {last}, before: $before) {{
           edges {{ cursor }} pageInfo {{ startCursor hasNextPage hasPreviousPage }}
         }}"
    );
    let query = format!("query Page($before: String) {}", outer.replace("LIST", &list));
    let mut cursors: Vec<String> = Vec::new();
    let mut before = Value::Null;
    loop {
        let data = app.data(&query, json!({ "before": before }));
        let page = if data.get("list").is_some() { &data["list"] } else { &data["node"]["list"] };
        assert_eq!(page["pageInfo"]["hasNextPage"], json!(!cursors.is_empty()), "{field}");
        let edges = page["edges"].as_array().expect("edges").iter();
        let mut read: Vec<_> =
            edges.map(|edge| edge["cursor"].as_str().expect("text").to_owned()).collect();
        read.append(&mut cursors);
        cursors = read;
        if page["pageInfo"]["hasPreviousPage"] == false {
            return cursors;
        }
        before = page["pageInfo"]["startCursor"].clone();
    }
}

fn connections(object: &Object) -> Vec<&'static str> {
    let connections =
        object.fields.iter().filter(|field| matches!(field.source, Source::Connection(_)));
    connections.map(|field| field.name).collect()
}

/// Small pages give what large ones give: every row once, in the same order.
fn check(app: &App, outer: &str, field: &str) -> usize {
    let whole = walk(app, outer, field, 100);
    let mut distinct = whole.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), whole.len(), "{outer} {field}");
    for first in [1, 7] {
        if first == 1 && whole.len() > 30 {
            continue;
        }
        assert_eq!(walk(app, outer, field, first), whole, "{outer} {field}");
        assert_eq!(walk_back(app, outer, field, first), whole, "{outer} {field} backwards");
    }
    whole.len()
}

#[test]
fn every_list_of_the_schema_is_walked_to_its_last_row() {
    for backend in BACKENDS {
        let app = App::on(world::random(backend));
        let schema = app.api.schema();
        let mut longest = 0;
        let query = schema.object("Query").expect("the root");
        for field in connections(query) {
            assert!(check(&app, "{ LIST }", field) > 0, "{field} is empty");
        }
        let node = schema.possible("Node");
        for object in node.into_iter().filter(|object| !connections(object).is_empty()) {
            let name = object.name;
            let root = match name {
                "Person" => "people".to_owned(),
                "Company" => "companies".to_owned(),
                other => format!("{}s", other.to_lowercase()),
            };
            let parents =
                app.data(&format!("{{ {root}(first: 5) {{ nodes {{ id }} }} }}"), json!({}));
            let parents = parents[&root]["nodes"].as_array().expect("a list").clone();
            for field in connections(object) {
                let mut rows = 0;
                for parent in &parents {
                    let outer =
                        format!("{{ node(id: {}) {{ ... on {name} {{ LIST }} }} }}", parent["id"]);
                    let length = check(&app, &outer, field);
                    longest = longest.max(length);
                    rows += length;
                }
                assert!(rows > 0, "{name}.{field} is empty for every parent tried");
            }
        }
        assert!(longest > 100, "no list is longer than a page");
    }
}

#[test]
fn a_page_goes_on_where_rows_came_and_went() {
    for backend in BACKENDS {
        let app = App::on(world::random(backend));
        let page = |after: &Value| {
            let query = "query($after: String) { people(first: 10, after: $after) { nodes { id } pageInfo { endCursor hasPreviousPage } } }";
            app.data(query, json!({ "after": after }))["people"].take()
        };
        let first = page(&Value::Null);
        let second = page(&first["pageInfo"]["endCursor"]);
        // The row that the cursor was made of goes, and one comes at the end.
        app.database.sql("DELETE FROM credit WHERE person_id = 10; DELETE FROM shot_director WHERE person_id = 10; DELETE FROM award_person WHERE person_id = 10; DELETE FROM external_id WHERE person_id = 10; DELETE FROM person WHERE id = 10; INSERT INTO person (id, name, name_key, source_id) VALUES (999, 'new', 'new', 1)");
        assert_eq!(page(&first["pageInfo"]["endCursor"]), second);
    }
}
