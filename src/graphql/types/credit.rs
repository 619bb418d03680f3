//! `Credit`.

use entity::credit as row;

use super::{filter, order};
use crate::graphql::declare::{
    Encoding, Enum, Grouping, Object, Relation, Table, asc, column, connection, desc, encoded,
    group_key, id, one,
};
use crate::graphql::filter::Groups;

static TABLE: Table = Table::plain("credit", 4);

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

static DEPARTMENT: Enum = Enum {
    name: "CreditDepartment",
    description: "The department that a role belongs to.",
    values: &[
        ("DIRECTING", "Directors."),
        ("WRITING", "Writers and developers."),
        ("PRODUCTION", "Producers and executive producers."),
        ("CAST", "Who is to be seen or heard: actors, and people who appear in person."),
        ("CAMERA", "Cinematographers."),
        ("EDITING", "Editors."),
        ("MUSIC", "Composers."),
        ("ART", "Production designers."),
        ("CASTING", "Casting directors."),
        ("OTHER", "Everybody else."),
    ],
};

/// The roles of each department.
pub static DEPARTMENTS: Groups = Groups {
    declared: &DEPARTMENT,
    words: &[
        &[DIRECTOR],
        &["writer", "developer"],
        &["producer", "executive_producer"],
        &["actor", "self"],
        &["cinematographer"],
        &["editor"],
        &["composer"],
        &["production_designer"],
        &["casting_director"],
        &["other"],
    ],
};

/// The credits of a production, divided by department.
pub fn credits_by_department() -> Relation {
    Relation::by(row::Column::ProductionId)
        .filter(&filter::CREDIT)
        .order([asc(row::Column::Position)])
        .order_by(&order::BILLING)
        .grouped(Grouping::Groups(|| row::Column::Role.into(), &DEPARTMENTS))
}

/// The credits of a person, divided by role.
pub fn credits_by_role() -> Relation {
    Relation::by(row::Column::PersonId)
        .filter(&filter::CREDIT)
        .order([desc(row::Column::ReleasedOn)])
        .order_by(&order::CREDIT)
        .grouped(Grouping::Words(|| row::Column::Role.into(), &ROLE))
}

/// `DepartmentCredits`.
pub fn department_credits() -> Object {
    Object {
        name: "DepartmentCredits",
        description: "The credits of one department on a production.",
        table: None,
        discriminant: None,
        interfaces: &[],
        fields: vec![
            group_key("department", &DEPARTMENT, "The department."),
            connection(
                "credits",
                "Credit",
                credits_by_department(),
                "Its credits, in billing order.",
            ),
        ],
    }
}

/// `RoleCredits`.
pub fn role_credits() -> Object {
    Object {
        name: "RoleCredits",
        description: "The credits of a person in one role.",
        table: None,
        discriminant: None,
        interfaces: &[],
        fields: vec![
            group_key("role", &ROLE, "The role."),
            connection(
                "credits",
                "Credit",
                credits_by_role(),
                "The credits in it, the latest production first.",
            ),
        ],
    }
}

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
            encoded(
                "department",
                row::Column::Role,
                Encoding::Group(&DEPARTMENTS),
                "The department that the role belongs to.",
            ),
            column(
                "category",
                row::Column::Category,
                "The source's word for the role, where it is another one: `actress`, `archive_footage` ...",
            ),
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
                "Billing position within the production, from 1; of some sources, within the role. Those whom a source only lists come after those it bills.",
            ),
            column(
                "isBilled",
                row::Column::IsBilled,
                "Whether the source bills the person, and does not only list everybody who had the role.",
            ),
            one("person", "Person", row::Column::PersonId, "The person."),
            one("production", "Production", row::Column::ProductionId, "The production."),
            one("source", "Source", row::Column::SourceId, "Where this comes from."),
        ],
    }
}
