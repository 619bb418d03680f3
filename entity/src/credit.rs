//! Who did what on which production.

use sea_orm::entity::prelude::*;

/// The roles; what is none of them is `other`, with the source's words in `job`.
pub const ROLES: &[&str] = &[
    "director",
    "writer",
    "producer",
    "executive_producer",
    "developer",
    "actor",
    "self",
    "cinematographer",
    "editor",
    "composer",
    "production_designer",
    "casting_director",
    "other",
];

/// A row of `credit`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credit")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The production.
    pub production_id: i64,
    /// The person.
    pub person_id: i64,
    /// A role code, `other` where none fits.
    #[sea_orm(column_type = "Text")]
    pub role: String,
    /// The source's word for the role, where it is another one.
    #[sea_orm(column_type = "Text", nullable)]
    pub category: Option<String>,
    /// The source's own words for the job.
    #[sea_orm(column_type = "Text", nullable)]
    pub job: Option<String>,
    /// Characters played: a JSON array of strings.
    #[sea_orm(column_type = "Text")]
    pub characters: String,
    /// Place in its list, from 1.
    pub position: i32,
    /// Whether the source bills the person. Those whom it only lists come after those it bills.
    pub is_billed: bool,
    /// Place in the source's list of all who had the role, from 1, where it has one.
    pub crew_position: Option<i32>,
    /// Copy of the production's, so that a person's work is read in order from one index.
    pub released_on: Option<i32>,
    /// Where the row comes from.
    pub source_id: i64,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The production.
    #[sea_orm(
        belongs_to = "super::production::Entity",
        from = "Column::ProductionId",
        to = "super::production::Column::Id"
    )]
    Production,
    /// The person.
    #[sea_orm(
        belongs_to = "super::person::Entity",
        from = "Column::PersonId",
        to = "super::person::Column::Id"
    )]
    Person,
    /// Where the row comes from.
    #[sea_orm(
        belongs_to = "super::source::Entity",
        from = "Column::SourceId",
        to = "super::source::Column::Id"
    )]
    Source,
}

impl ActiveModelBehavior for ActiveModel {}
