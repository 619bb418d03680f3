//! `AlternativeTitle`.

use entity::title_name as row;

use crate::graphql::declare::{Object, Table, column, one};

static TABLE: Table = Table::plain("title_name", 10);

/// `AlternativeTitle`.
pub fn alternative_title() -> Object {
    Object {
        name: "AlternativeTitle",
        description: "A title of a production in another region, language or form.",
        table: Some(&TABLE),
        discriminant: None,
        interfaces: &[],
        fields: vec![
            column("text", row::Column::Text, "The title."),
            column(
                "region",
                row::Column::Region,
                "The region, as the source codes it: mostly ISO 3166, such as `US`.",
            ),
            column(
                "language",
                row::Column::Language,
                "The language, as the source codes it: mostly ISO 639, such as `en`.",
            ),
            column(
                "kind",
                row::Column::Kind,
                "What it is for, in the words of the source: `working`, `festival`, `dvd` ...",
            ),
            column("isOriginal", row::Column::IsOriginal, "Whether it is the original title."),
            one("source", "Source", row::Column::SourceId, "Where this comes from."),
        ],
    }
}
