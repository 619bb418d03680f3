//! What a request costs: as many statements as its document has lists, whatever they return.

use serde_json::{Value, json};

use crate::oracle::world;
use crate::support::{App, BACKENDS, each};

const WALK: &str = "query Walk($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Person {
      name
      directed(first: 5) {
        nodes {
          title
          genres { name }
          ... on Film { shots { nodes { title episode { seasonNumber show { title service { name } } } } } }
        }
      }
    }
  }
}";

const DIRECTORS: [&str; 6] = [
    "Patty Jenkins",
    "Aaron Sorkin",
    "Kasi Lemmons",
    "Jon M. Chu",
    "Malcolm D. Lee",
    "Michael Mann",
];

#[test]
fn six_directors_cost_as_many_statements_as_one() {
    each(|app| {
        let ids = DIRECTORS.map(|name| {
            let query = "query($name: String!) { person(by: {name: $name}) { id } }";
            app.data(query, json!({ "name": name }))["person"]["id"].take()
        });
        let (one, _) = app.statements(|| app.data(WALK, json!({ "ids": &ids[..1] })));
        let (six, data) = app.statements(|| app.data(WALK, json!({ "ids": ids })));
        println!("statements for one director: {one}, for six: {six}");
        assert_eq!(one, six);
        assert_eq!(one, 4, "people, films, genres and shots");
        for (name, person) in DIRECTORS.iter().zip(data["nodes"].as_array().expect("a list")) {
            assert_eq!(person["name"], *name);
            let shows = person["directed"]["nodes"]
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|film| film["shots"]["nodes"].as_array().into_iter().flatten())
                .map(|shot| &shot["episode"]["show"]["title"]);
            assert_eq!(shows.collect::<Vec<_>>(), ["One Perfect Shot"], "{name}");
        }
    });
}

#[test]
fn fifty_parents_cost_as_many_statements_as_one() {
    let query = "query Deep($first: Int!) {
      productions(first: $first) {
        totalCount
        nodes {
          title
          genres { name }
          credits(first: 5) { totalCount nodes { role person { name awards(first: 2) { nodes { body } } } } }
          directors(first: 2) { nodes { name } }
          companies { edges { cursor node { role company { name kind } } } }
          awards(first: 3) { nodes { year people { name } } pageInfo { hasNextPage } }
          externalIds { value source { name } }
          sources { fields source { name } }
          ... on Film { shots(first: 2) { nodes { title directors { name } } } }
          ... on Episode { show { title episodes(first: 3) { nodes { title } } } shots(first: 2) { nodes { title } } }
        }
      }
    }";
    for backend in BACKENDS {
        let app = App::on(world::random(backend));
        let (one, _) = app.statements(|| app.data(query, json!({"first": 1})));
        let (fifty, data) = app.statements(|| app.data(query, json!({"first": 50})));
        println!("{backend:?}: statements for 1 parent: {one}, for 50: {fifty}");
        let items = data["productions"]["nodes"].as_array().map(Vec::len);
        assert_eq!(items, Some(50));
        assert_eq!(fifty, 16, "one for each list of the document");
        // The one production has no episodes below it to ask for, so it may cost less, never more.
        assert!(one <= fifty);
        // With the same lists below, the number is the same.
        let (ten, _) = app.statements(|| app.data(query, json!({"first": 40})));
        assert_eq!(ten, fifty);
    }
}

#[test]
fn a_list_that_is_asked_for_twice_is_read_once() {
    each(|app| {
        let (count, data) = app.statements(|| {
            app.data(
                "{ film(by: {title: \"Heat\"}) {
                     a: credits(first: 2) { nodes { role } }
                     b: credits(first: 2) { nodes { person { name } } totalCount }
                     c: credits(first: 3) { nodes { role } }
                 } }",
                json!({}),
            )
        });
        assert_eq!(count, 4, "the film, two pages and a count");
        let length = |key: &str| data["film"][key]["nodes"].as_array().map(Vec::len);
        assert_eq!((length("a"), length("b"), length("c")), (Some(2), Some(2), Some(3)));
    });
}

#[test]
fn nothing_is_counted_that_is_not_asked_for() {
    each(|app| {
        let cost = |query: &str| app.statements(|| app.data(query, Value::Null)).0;
        assert_eq!(cost("{ people { nodes { name } pageInfo { hasNextPage endCursor } } }"), 1);
        assert_eq!(cost("{ people { totalCount } }"), 1);
        assert_eq!(cost("{ people { totalCount nodes { name } } }"), 2);
        assert_eq!(cost("{ __typename __schema { queryType { name } } }"), 0);
        assert_eq!(cost("{ node(id: \"AgE\") { id } }"), 1);
    });
}
