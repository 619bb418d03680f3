//! What is told of a run, thing by thing: rows of `change`.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::batch::Batch;
use super::bulk::Id;
use crate::error::Error;

/// Who the change rows name.
pub const ACTOR: &str = "import:imdb";

/// Milliseconds since 1970.
pub fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// Changes that are told in `change`: the thing, what happened, and the fields.
#[derive(Default)]
pub struct Changes(Vec<Value>);

impl Changes {
    /// Tell of a change.
    pub fn add(&mut self, entity: &str, id: i64, action: &str, fields: &BTreeSet<&str>) {
        let fields = Value::from_iter(fields.iter().copied()).to_string();
        self.0.push(json!([now(), ACTOR, entity, id, action, fields]));
    }

    /// Write the rows.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn write(self, batch: &Batch<'_>) -> Result<(), Error> {
        let columns = ["at_ms", "actor", "entity", "entity_id", "action", "fields"];
        batch.insert(Id::Change, &columns, &self.0).await
    }
}
