//! "By title" means the same on every database: case and accents do not count, leading articles do,
//! scripts follow one another as in Unicode.

use serde_json::{Value, json};
use shotlist::catalog::Backend;

use crate::oracle::world;
use crate::support::{App, BACKENDS, Database};

/// Titles in their order; those in one group have the same key, and stand as they were added.
const TITLES: &[&[&str]] = &[
    &["...And Justice for All"],
    &["13th"],
    &["A Beautiful Mind"],
    &["Ali", "ALI", "Åli"],
    &["Ａｍｅ́ｌｉｅ", "amelie", "Amélie"],
    &["Being There"],
    &["Heat"],
    &["Ⅱ", "II"],
    &["İstanbul", "Istanbul"],
    &["Straße"],
    &["The Wire"],
    &["Theodora"],
    &["Zodiac"],
    &["æon"],
    &["Øystein"],
    &["Ωmega", "ωMEGA"],
    &["Елки", "Ёлки", "ЁЛКИ"],
    &["שבלולים"],
    &["رقص"],
    &["दंगल"],
    // Korean syllables are what they consist of.
    &["기생충"],
    &["あん"],
    &["アキラ"],
    &["七人の侍"],
    &["霸王别姬"],
];

fn titles(backend: Backend) -> Database {
    // Added from the last group to the first, each group in its order.
    let films = TITLES.iter().rev().flat_map(|group| group.iter());
    let films = films.enumerate().map(|(index, title)| {
        format!(
            "{}\n",
            json!({"type": "film", "key": index.to_string(), "title": title, "format": "feature"})
        )
    });
    world::written(backend, &films.collect::<String>())
}

fn read(app: &App, arguments: &str) -> Vec<String> {
    let query = format!("{{ films({arguments}, first: 100) {{ nodes {{ title }} }} }}");
    let data = app.data(&query, Value::Null);
    let nodes = data["films"]["nodes"].as_array().expect("nodes").iter();
    nodes.map(|film| film["title"].as_str().expect("a title").to_owned()).collect()
}

#[test]
fn titles_of_many_scripts_stand_in_one_order() {
    for backend in BACKENDS {
        let app = App::on(titles(backend));
        let expected: Vec<_> = TITLES.iter().copied().flatten().copied().collect();
        assert_eq!(read(&app, "orderBy: {field: TITLE}"), expected, "{backend:?}");
        // Backwards, ties too.
        let backwards: Vec<_> = expected.iter().rev().copied().collect();
        let descending = "orderBy: {field: TITLE, direction: DESC}";
        assert_eq!(read(&app, descending), backwards, "{backend:?}");
    }
}

#[test]
fn a_prefix_is_compared_as_titles_are_ordered() {
    for backend in BACKENDS {
        let app = App::on(titles(backend));
        for (prefix, found) in [
            ("AME", TITLES[4]),
            ("ame\u{301}", TITLES[4]),
            ("the ", TITLES[10]),
            ("ёл", TITLES[16]),
            ("七人", TITLES[23]),
            ("wire", &[]),
            ("%", &[]),
            ("_", &[]),
        ] {
            let prefix = Value::from(prefix);
            let arguments = format!("filter: {{titlePrefix: {prefix}}}, orderBy: {{field: TITLE}}");
            assert_eq!(read(&app, &arguments), found, "{backend:?}: {prefix}");
        }
    }
}
