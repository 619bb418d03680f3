//! `Award`.

use entity::{award as row, award_company, award_person, award_production};

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
        description: "One nomination or win, of productions, people or companies.",
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
            column(
                "class",
                row::Column::Class,
                "The group that the category belongs to, such as `Acting`.",
            ),
            column(
                "canonicalCategory",
                row::Column::CanonicalCategory,
                "The category in words that stay the same over the years.",
            ),
            list(
                "productions",
                "Production",
                Relation::by(award_production::Column::AwardId)
                    .through(award_production::Column::ProductionId)
                    .order([asc(award_production::Column::Position)]),
                "The productions it is for, in order; mostly one, none where it is for no production.",
            ),
            list(
                "people",
                "Person",
                Relation::by(award_person::Column::AwardId)
                    .through(award_person::Column::PersonId)
                    .order([asc(award_person::Column::Position)]),
                "The people it names, in order.",
            ),
            list(
                "companies",
                "Company",
                Relation::by(award_company::Column::AwardId)
                    .through(award_company::Column::CompanyId)
                    .order([asc(award_company::Column::Position)]),
                "The companies it names, in order.",
            ),
            column("name", row::Column::Name, "Whom it names, in the words of the body."),
            column("detail", row::Column::Detail, "The part, the song or whatever else it is for."),
            column("note", row::Column::Note, "Remarks of the body."),
            column(
                "citation",
                row::Column::Citation,
                "Why it was awarded, in the words of the body.",
            ),
            one("source", "Source", row::Column::SourceId, "Where this comes from."),
        ],
    }
}
