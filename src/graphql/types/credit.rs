//! `Credit`.

use entity::credit as row;

use crate::graphql::declare::{Encoding, Enum, Object, Table, column, encoded, id, one};

static TABLE: Table = Table { name: "credit", tag: 4, discriminator: None, sides: &[] };

/// The stored role of directors.
pub const DIRECTOR: &str = "director";

/// `CreditRole`.
pub static ROLE: Enum = Enum {
    name: "CreditRole",
    description: "What somebody did on a production. Where none fits it is `OTHER`, and the credit's `job` has the source's own words.",
    values: &[
        ("DIRECTOR", "Directed it."),
        ("WRITER", "Wrote it, or what it is based on."),
        ("PRODUCER", "Produced it."),
        ("EXECUTIVE_PRODUCER", "Was its executive producer."),
        ("DEVELOPER", "Developed it for the screen."),
        ("ACTOR", "Plays or speaks a part."),
        ("SELF", "Appears in person."),
        ("CINEMATOGRAPHER", "Was its director of photography."),
        ("EDITOR", "Edited it."),
        ("COMPOSER", "Wrote its music or one of its songs."),
        ("PRODUCTION_DESIGNER", "Designed its look."),
        ("CASTING_DIRECTOR", "Cast it."),
        ("OTHER", "Did something else: see `job`."),
    ],
};

/// `Credit`.
pub fn credit() -> Object {
    Object {
        name: "Credit",
        description: "What one person did on one production in one role.",
        table: Some(&TABLE),
        discriminant: None,
        interfaces: &["Node"],
        fields: vec![
            id("The global id."),
            encoded("role", row::Column::Role, Encoding::Enum(&ROLE), "What the person did."),
            column("job", row::Column::Job, "The job in the words of the source."),
            encoded(
                "characters",
                row::Column::Characters,
                Encoding::Strings,
                "The characters played, in order; empty where none is known.",
            ),
            column(
                "position",
                row::Column::Position,
                "Billing position within the production and role, from 1.",
            ),
            one("person", "Person", row::Column::PersonId, "The person."),
            one("production", "Production", row::Column::ProductionId, "The production."),
            one("source", "Source", row::Column::SourceId, "Where this comes from."),
        ],
    }
}
