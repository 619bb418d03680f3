//! A nomination or win.

use sea_orm::entity::prelude::*;

/// A row of `award`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "award")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Who awards, e.g. Academy Awards.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// Category in the words of the body.
    #[sea_orm(column_type = "Text", nullable)]
    pub category: Option<String>,
    /// Year honoured.
    pub year: Option<i32>,
    /// Number of the ceremony.
    pub ceremony: Option<i32>,
    /// winner or nominee.
    #[sea_orm(column_type = "Text")]
    pub status: String,
    /// The production honoured.
    pub production_id: Option<i64>,
    /// Role, song or the like.
    #[sea_orm(column_type = "Text", nullable)]
    pub detail: Option<String>,
    /// Where the row comes from.
    pub source_id: i64,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The production honoured.
    #[sea_orm(
        belongs_to = "super::production::Entity",
        from = "Column::ProductionId",
        to = "super::production::Column::Id"
    )]
    Production,
    /// Where the row comes from.
    #[sea_orm(
        belongs_to = "super::source::Entity",
        from = "Column::SourceId",
        to = "super::source::Column::Id"
    )]
    Source,
}

impl ActiveModelBehavior for ActiveModel {}
