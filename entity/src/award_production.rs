//! A production that an award honours.

use sea_orm::entity::prelude::*;

/// A row of `award_production`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "award_production")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The award.
    pub award_id: i64,
    /// The production.
    pub production_id: i64,
    /// Place in its list, from 1.
    pub position: i32,
    /// Copy of the award's, so that a production's awards are read in order from one index.
    pub year: Option<i32>,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The award.
    #[sea_orm(
        belongs_to = "super::award::Entity",
        from = "Column::AwardId",
        to = "super::award::Column::Id"
    )]
    Award,
    /// The production.
    #[sea_orm(
        belongs_to = "super::production::Entity",
        from = "Column::ProductionId",
        to = "super::production::Column::Id"
    )]
    Production,
}

impl ActiveModelBehavior for ActiveModel {}
