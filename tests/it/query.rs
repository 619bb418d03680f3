//! What queries answer.
use serde_json::json;

use crate::support::each;

#[test]
fn the_walk_is_one_query() {
    each(|app| {
        let data = app.data("{ person(by: {name: \"Patty Jenkins\"}) { name } }", json!({}));
        assert_eq!(data, json!({"person": {"name": "Patty Jenkins"}}));
    });
}
