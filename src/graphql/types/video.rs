//! `Video`.

use entity::video as row;

use crate::graphql::declare::{Encoding, Enum, Object, Table, column, encoded, id, one};

static TABLE: Table = Table::plain("video", 9);

/// `VideoKind`.
pub static KIND: Enum = Enum {
    name: "VideoKind",
    description: "What a video is.",
    values: &[
        ("TRAILER", "A trailer."),
        ("CLIP", "A piece of the production."),
        ("OTHER", "Anything else."),
    ],
};

/// `Video`.
pub fn video() -> Object {
    Object {
        name: "Video",
        description: "A trailer or clip about a production.",
        table: Some(&TABLE),
        discriminant: None,
        interfaces: &["Node"],
        fields: vec![
            id("The global id."),
            encoded("kind", row::Column::Kind, Encoding::Enum(&KIND), "What it is."),
            column("title", row::Column::Title, "The name to show."),
            column("description", row::Column::Description, "What it shows."),
            one("publisher", "Company", row::Column::PublisherId, "The company that released it."),
            one(
                "production",
                "Production",
                row::Column::ProductionId,
                "The production it is about.",
            ),
            one("source", "Source", row::Column::SourceId, "Where this comes from."),
        ],
    }
}
