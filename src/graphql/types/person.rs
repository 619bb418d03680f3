//! `Person`.

use entity::{award_person, credit, external_id, person, shot_director};

use super::credit as credit_type;
use super::external_id::external_ids;
use super::order;
use crate::graphql::declare::{
    Constant, Object, Relation, Table, Type, column, connection, desc, embedded, id, one,
};

/// Its table.
pub static TABLE: Table = Table { name: "person", tag: 2, discriminator: None, sides: &[] };

/// `Person`.
pub fn person() -> Object {
    Object {
        name: "Person",
        description: "Somebody who is credited on a production or named by an award.",
        table: Some(&TABLE),
        discriminant: None,
        interfaces: &["Node"],
        fields: vec![
            id("The global id."),
            column("name", person::Column::Name, "The name to show. Several people may share it."),
            embedded("born", "PartialDate", person::Column::BornOn, "When the person was born."),
            embedded("died", "PartialDate", person::Column::DiedOn, "When the person died."),
            connection(
                "credits",
                "Credit",
                Relation::by(credit::Column::PersonId)
                    .filter(
                        credit::Column::Role,
                        "role",
                        Type::named(credit_type::ROLE.name),
                        "Only credits of this role.",
                    )
                    .order([desc(credit::Column::ReleasedOn)])
                    .order_by(&order::CREDIT),
                "What the person did, the latest production first.",
            ),
            connection(
                "directed",
                "Production",
                Relation::by(credit::Column::PersonId)
                    .through(credit::Column::ProductionId)
                    .only(credit::Column::Role, Constant::Text(credit_type::DIRECTOR))
                    .order([desc(credit::Column::ReleasedOn)])
                    .order_by(&order::CREDIT),
                "The films, shows and episodes that the person directed, the latest first.",
            ),
            connection(
                "shots",
                "Shot",
                Relation::by(shot_director::Column::PersonId)
                    .through(shot_director::Column::ShotId),
                "The shots that the person walks through as their director.",
            ),
            connection(
                "awards",
                "Award",
                Relation::by(award_person::Column::PersonId)
                    .through(award_person::Column::AwardId)
                    .order([desc(award_person::Column::Year)])
                    .order_by(&order::AWARD_PERSON),
                "Nominations and wins that name the person, the latest first; those without a year come last.",
            ),
            external_ids(external_id::Column::PersonId),
            one("source", "Source", person::Column::SourceId, "Where the person's data come from."),
        ],
    }
}
