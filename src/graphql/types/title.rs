//! `AlternativeTitle`.

use entity::title_name as row;

use crate::graphql::declare::{Encoding, Object, Table, column, encoded, one};

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
            encoded(
                "kinds",
                row::Column::Kinds,
                Encoding::Strings,
                "What it is for, in the words of the source: `working`, `festival`, `dvd` ...",
            ),
            encoded(
                "attributes",
                row::Column::Attributes,
                Encoding::Strings,
                "Remarks of the source, such as `literal English title`.",
            ),
            column("isOriginal", row::Column::IsOriginal, "Whether it is the original title."),
            one("source", "Source", row::Column::SourceId, "Where this comes from."),
        ],
    }
}
