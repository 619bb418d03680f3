//! `Award`.

use entity::{award as row, award_person};

use crate::graphql::declare::{
    Encoding, Enum, Object, Relation, Table, asc, column, encoded, id, list, one,
};

static TABLE: Table = Table::plain("award", 7);

/// `AwardStatus`.
pub static STATUS: Enum = Enum {
    name: "AwardStatus",
    description: "How a nomination ended.",
    values: &[("WINNER", "It won."), ("NOMINEE", "It did not win, or that is not decided yet.")],
};

/// `Award`.
pub fn award() -> Object {
    Object {
        name: "Award",
        description: "One nomination or win, of a production or of people.",
        table: Some(&TABLE),
        discriminant: None,
        interfaces: &["Node"],
        fields: vec![
            id("The global id."),
            column("body", row::Column::Body, "Who awards, such as `Academy Awards`."),
            column("category", row::Column::Category, "The category in the words of the body."),
            column("year", row::Column::Year, "The year that is honoured."),
            column("ceremony", row::Column::Ceremony, "The number of the ceremony."),
            encoded("status", row::Column::Status, Encoding::Enum(&STATUS), "How it ended."),
            one("production", "Production", row::Column::ProductionId, "The production it is for."),
            list(
                "people",
                "Person",
                Relation::by(award_person::Column::AwardId)
                    .through(award_person::Column::PersonId)
                    .order([asc(award_person::Column::Position)]),
                "The people it names, in order.",
            ),
            column("detail", row::Column::Detail, "The part, the song or whatever else it is for."),
            one("source", "Source", row::Column::SourceId, "Where this comes from."),
        ],
    }
}
