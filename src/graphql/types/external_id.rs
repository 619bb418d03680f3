//! `ExternalId`.

use entity::external_id as row;

use crate::graphql::declare::{Object, Table, column, one};

static TABLE: Table = Table { name: "external_id", tag: 11, discriminator: None, sides: &[] };

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
            one("source", "Source", row::Column::SourceId, "Where this comes from."),
        ],
    }
}
