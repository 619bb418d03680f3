//! `ExternalId`.

use entity::external_id as row;

use super::filter;
use crate::graphql::declare::{Column, Field, Object, Relation, Table, column, list, one};

static TABLE: Table = Table::plain("external_id", 11);

/// The ids of whatever this column points at.
pub fn external_ids(parent: impl Into<Column>) -> Field {
    let relation = Relation::by(parent).filter(&filter::EXTERNAL_ID);
    list("externalIds", "ExternalId", relation, "Its ids in other catalogues, at most 100.")
}

/// `ExternalId`.
pub fn external_id() -> Object {
    Object {
        name: "ExternalId",
        description: "The id that another catalogue has for the same thing.",
        table: Some(&TABLE),
        discriminant: None,
        interfaces: &[],
        fields: vec![
            column(
                "catalog",
                row::Column::Catalog,
                "The other catalogue: `imdb`, `tmdb`, `wikipedia` ...",
            ),
            column(
                "scope",
                row::Column::Scope,
                "Which of its id spaces: `title`, `name`, `movie` ...",
            ),
            column("value", row::Column::Value, "The id."),
            column(
                "isCanonical",
                row::Column::IsCanonical,
                "Whether it is the current id. One that its catalogue merged into another is not; it goes on finding the same thing.",
            ),
            one("source", "Source", row::Column::SourceId, "Where this comes from."),
        ],
    }
}
