//! What a request costs: as many statements as its document has lists, whatever they return.

use serde_json::{Value, json};
use shotlist::catalog::Backend;
use shotlist::graphql::guard::Limits;
use shotlist::{graphql, http};

use crate::oracle::world;
use crate::support::{App, BACKENDS, each};

/// PostgreSQL reads lists together with the rows that they hang on; SQLite each by itself.
fn on(app: &App, sqlite: u64, postgres: u64) -> u64 {
    match app.database.backend {
        Backend::Sqlite => sqlite,
        Backend::Postgres => postgres,
    }
}

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
        assert_eq!(one, on(app, 4, 1), "people, films, genres and shots");
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
        assert_eq!(fifty, on(&app, 16, 5), "one for each list of the document, or less");
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
        assert_eq!(count, on(app, 4, 1), "the film, two pages and a count");
        let length = |key: &str| data["film"][key]["nodes"].as_array().map(Vec::len);
        assert_eq!((length("a"), length("b"), length("c")), (Some(2), Some(2), Some(3)));
    });
}

#[test]
fn what_many_rows_name_is_read_once_for_all() {
    each(|app| {
        let (count, data) = app.statements(|| {
            app.data(
                "{ show(by: {title: \"One Perfect Shot\"}) { episodes(first: 6) { nodes {
                     season { episodes(first: 6) { nodes { title } } }
                 } } } }",
                json!({}),
            )
        });
        assert_eq!(count, on(app, 3, 2), "the show with its episodes, and those of the one season");
        let episodes = data["show"]["episodes"]["nodes"].as_array().expect("a list");
        let of_season = episodes.iter().map(|episode| &episode["season"]["episodes"]["nodes"]);
        assert_eq!(of_season.filter_map(|nodes| nodes.as_array()).flatten().count(), 36);
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

/// What clients want whole, each with the type that it is asked of and the statements that it costs.
const WALKS: [(&str, &str, &str, [u64; 2]); 4] = [
    (
        "a show with its seasons, episodes, ratings and guests",
        "Show",
        "title seasons(first: 10) { nodes { number episodes(first: 20) { totalCount nodes {
           title rating { average votes } credits(filter: {role: SELF}, first: 5) { nodes { person { name } characters } }
         } } } }",
        [5, 1],
    ),
    (
        "a filmography by role and date, with what the person is known for and the collaborators",
        "Person",
        "name professions { name } knownFor { title } creditsByRole { role credits(first: 5) {
           totalCount nodes { production { title released { year } } } } }
         collaborators(first: 5) { productionCount person { name } }",
        [7, 5],
    ),
    (
        "a film with its cast in billing order, crew by department, shots and who discusses it",
        "Film",
        "title cast: credits(filter: {department: CAST}, first: 10) { nodes { person { name } characters } }
         creditsByDepartment { department credits(first: 5) { nodes { job person { name } } } }
         shots(first: 5) { nodes { title directors { name } } }
         discussedIn(first: 5) { nodes { title show { title } } }",
        [7, 3],
    ),
    (
        "a company's productions by role",
        "Company",
        "name productionsByRole { role productions(first: 5) { totalCount nodes { production { title } } } }",
        [4, 4],
    ),
];

#[test]
fn whole_walks_cost_as_many_statements_for_one_as_for_all() {
    for backend in BACKENDS {
        // Seventy whole shows are more than one request may ask for.
        let limits = Limits { cost: u64::MAX, ..Limits::default() };
        let options = graphql::Options { limits, ..graphql::Options::default() };
        let app = App::with_api(world::random(backend), options, http::Options::default());
        for (what, object, body, expected) in WALKS {
            let query = format!(
                "query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {object} {{ {body} }} }} }}"
            );
            let table = app.api.schema().object(object).and_then(|object| object.table);
            let tag = table.expect("a table").tag;
            let ids: Vec<String> = (1..=70)
                .map(|key| {
                    let mut text = Vec::new();
                    graphql::id::encode(tag, key, &mut text);
                    String::from_utf8(text).expect("it is ASCII")
                })
                .collect();
            let (count, data) = app.statements(|| app.data(&query, json!({ "ids": ids })));
            println!("{backend:?}: {count} statements for {what}");
            assert_eq!(count, on(&app, expected[0], expected[1]), "{what}");
            let text = data.to_string();
            for list in ["nodes\":[{", "name\":"] {
                assert!(text.contains(list), "{what} is empty");
            }
        }
    }
}

#[test]
fn many_keys_cost_one_statement_for_each_kind() {
    let lines = r#"{"type":"source","key":"s","name":"S"}
{"type":"film","key":"a","title":"One","format":"feature"}
{"type":"film","key":"b","title":"Two","format":"feature"}
{"type":"film","key":"c","title":"Two","format":"feature"}
{"type":"external_id","of":{"production":"a"},"catalog":"imdb","scope":"title","value":"tt1","source":"s"}
{"type":"external_id","of":{"production":"a"},"catalog":"imdb","scope":"title","value":"tt2","canonical":false,"source":"s"}
{"type":"external_id","of":{"production":"b"},"catalog":"tmdb","scope":"movie","value":"7","source":"s"}"#;
    let query = "query($keys: [ProductionBy!]!) { productionsBy(keys: $keys) {
        title externalIds(filter: {catalog: \"imdb\"}) { value isCanonical } } }";
    for backend in BACKENDS {
        let app = App::on(world::written(backend, lines));
        // One that was merged into another finds the same thing, and tells which is current.
        let one = json!({"title": "One", "externalIds": [
            {"value": "tt1", "isCanonical": true}, {"value": "tt2", "isCanonical": false}]});
        let two = json!({"title": "Two", "externalIds": []});
        let keys = json!([{"imdbId": "tt2"}, {"tmdbId": "7"}, {"imdbId": "tt3"}, {"title": "One"}, {"id": "AQE"}, {"id": "AgE"}, {"imdbId": "tt1"}]);
        let found = json!([one, two, null, one, one, null, one]);
        let (few, data) = app.statements(|| app.data(query, json!({ "keys": keys })));
        assert_eq!(data["productionsBy"], found);
        let mut many = keys.as_array().expect("a list").clone();
        many.extend((0..93).map(|number| json!({ "imdbId": format!("tt9{number}") })));
        let (count, data) = app.statements(|| app.data(query, json!({ "keys": many })));
        assert_eq!(data["productionsBy"].as_array().map(Vec::len), Some(100));
        // Four kinds of keys, and the ids of what each finds.
        println!("{backend:?}: {few} statements for 7 keys, {count} for 100");
        assert!(count == few && few <= 8, "{few} and {count}");
        let answer = app.answer(query, json!({ "keys": [{"title": "Two"}, {"title": "One"}] }));
        assert_eq!(answer["data"]["productionsBy"], json!([null, one]));
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "AMBIGUOUS");
        assert_eq!(error["path"], json!(["productionsBy", 0]));
    }
}
