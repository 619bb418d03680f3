//! What only a show has; same key as its production.

use sea_orm::entity::prelude::*;

/// A row of `show`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "show")]
pub struct Model {
    /// The production it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub production_id: i64,
    /// End of the run, a partial date.
    pub ended_on: Option<i32>,
    /// Network or service it was made for.
    pub service_id: Option<i64>,
    /// What it is based on.
    #[sea_orm(column_type = "Text", nullable)]
    pub based_on: Option<String>,
    /// How every episode works.
    #[sea_orm(column_type = "Text", nullable)]
    pub premise: Option<String>,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The production it is.
    #[sea_orm(
        belongs_to = "super::production::Entity",
        from = "Column::ProductionId",
        to = "super::production::Column::Id"
    )]
    Production,
    /// Network or service it was made for.
    #[sea_orm(
        belongs_to = "super::company::Entity",
        from = "Column::ServiceId",
        to = "super::company::Column::Id"
    )]
    Service,
}

impl ActiveModelBehavior for ActiveModel {}
