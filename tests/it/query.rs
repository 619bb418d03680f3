//! What the example queries of the playground answer, on both databases.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::each;

#[test]
fn the_examples_answer_as_before() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/playground/examples");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the examples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "graphql"))
        .collect();
    files.sort();
    assert!((6..=12).contains(&files.len()), "{files:?}");
    each(|app| {
        for path in &files {
            let query = std::fs::read_to_string(path).expect("a query");
            let variables = match std::fs::read_to_string(path.with_extension("json")) {
                Ok(text) => serde_json::from_str(&text).expect("JSON"),
                Err(_) => json!({}),
            };
            let data: Value = app.data(&query, variables);
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
            let settings = insta::Settings::clone_current();
            settings.bind(|| insta::assert_json_snapshot!(name, data));
        }
    });
}
