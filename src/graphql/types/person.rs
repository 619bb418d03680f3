//! `Person`.

use entity::{
    award, award_person, credit, external_id, known_for, person, person_profession, production,
    shot_director,
};

use super::credit::{self as credit_type, credits_by_role};
use super::external_id::external_ids;
use super::{collaborator, filter, order};
use crate::graphql::declare::{
    Constant, Field, Object, Relation, Source, Table, Type, asc, column, connection, desc,
    embedded, groups, id, list, one,
};

/// Its table.
pub static TABLE: Table = Table::plain("person", 2);

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
            column(
                "name",
                person::Column::Name,
                "The name to show. Several people may share it; of a few, sources give none.",
            ),
            embedded("born", "PartialDate", person::Column::BornOn, "When the person was born."),
            embedded("died", "PartialDate", person::Column::DiedOn, "When the person died."),
            connection(
                "credits",
                "Credit",
                Relation::by(credit::Column::PersonId)
                    .filter(&filter::CREDIT)
                    .order([desc(credit::Column::ReleasedOn)])
                    .order_by(&order::CREDIT),
                "What the person did, the latest production first.",
            ),
            groups(
                "creditsByRole",
                "RoleCredits",
                credits_by_role(),
                "The same by role; only roles that the person has.",
            ),
            connection(
                "directed",
                "Production",
                Relation::by(credit::Column::PersonId)
                    .through(credit::Column::ProductionId)
                    .copy(production::Column::ReleasedOn, credit::Column::ReleasedOn)
                    .filter(&filter::PRODUCTION)
                    .only(credit::Column::Role, Constant::Text(credit_type::DIRECTOR))
                    .order([desc(credit::Column::ReleasedOn)])
                    .order_by(&order::CREDIT),
                "The films, shows and episodes that the person directed, the latest first.",
            ),
            list(
                "knownFor",
                "Production",
                Relation::by(known_for::Column::PersonId)
                    .through(known_for::Column::ProductionId)
                    .order([asc(known_for::Column::Position)]),
                "What the person is best known for, the best known first.",
            ),
            list(
                "professions",
                "Profession",
                Relation::by(person_profession::Column::PersonId)
                    .through(person_profession::Column::ProfessionId)
                    .order([asc(person_profession::Column::Position)]),
                "What the person does for a living, the most important first.",
            ),
            Field {
                name: "collaborators",
                ty: Type::list("Collaborator"),
                description: "The people whom the person worked with most, the most frequent first, counted over the person's latest 200 credits that have a date.",
                source: Source::Ranking(&collaborator::COLLABORATORS),
            },
            connection(
                "shots",
                "Shot",
                Relation::by(shot_director::Column::PersonId)
                    .through(shot_director::Column::ShotId)
                    .filter(&filter::SHOT)
                    .order_by(&order::SHOT_DIRECTOR),
                "The shots that the person walks through as their director.",
            ),
            connection(
                "awards",
                "Award",
                Relation::by(award_person::Column::PersonId)
                    .through(award_person::Column::AwardId)
                    .copy(award::Column::Year, award_person::Column::Year)
                    .filter(&filter::AWARD)
                    .order([desc(award_person::Column::Year)])
                    .order_by(&order::AWARD_PERSON),
                "Nominations and wins that name the person, the latest first; those without a year come last.",
            ),
            external_ids(external_id::Column::PersonId),
            one("source", "Source", person::Column::SourceId, "Where the person's data come from."),
        ],
    }
}
