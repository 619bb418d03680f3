//! `Source`, and what it gave.

use entity::{production_source, source as row};

use crate::graphql::declare::{Encoding, Object, Table, column, embedded, encoded, id, one};

static TABLE: Table = Table::plain("source", 8);
static FACT_TABLE: Table = Table::plain("production_source", 13);

/// `Source`.
pub fn source() -> Object {
    Object {
        name: "Source",
        description: "Where facts come from. Show the attribution wherever you show its data.",
        table: Some(&TABLE),
        discriminant: None,
        interfaces: &["Node"],
        fields: vec![
            id("The global id."),
            column("key", row::Column::Key, "Its short stable name."),
            column("name", row::Column::Name, "The name to show."),
            column("licence", row::Column::Licence, "The licence of its data."),
            column("attribution", row::Column::Attribution, "The line to show with its data."),
            column("url", row::Column::Url, "Where to find it."),
            embedded("retrieved", "PartialDate", row::Column::RetrievedOn, "When it was read."),
        ],
    }
}

/// `FactSource`.
pub fn fact_source() -> Object {
    Object {
        name: "FactSource",
        description: "A source together with the fields that it gave.",
        table: Some(&FACT_TABLE),
        discriminant: None,
        interfaces: &[],
        fields: vec![
            encoded(
                "fields",
                production_source::Column::Fields,
                Encoding::Strings,
                "The fields, by the names of the catalogue's data format.",
            ),
            one("source", "Source", production_source::Column::SourceId, "The source."),
        ],
    }
}
