//! A trailer or clip about a production.

use sea_orm::entity::prelude::*;

/// A row of `video`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "video")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The production.
    pub production_id: i64,
    /// trailer, clip ...; open vocabulary.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// Name to show.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// What it shows.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// Who released it.
    pub publisher_id: Option<i64>,
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
    /// Who released it.
    #[sea_orm(
        belongs_to = "super::company::Entity",
        from = "Column::PublisherId",
        to = "super::company::Column::Id"
    )]
    Publisher,
    /// Where the row comes from.
    #[sea_orm(
        belongs_to = "super::source::Entity",
        from = "Column::SourceId",
        to = "super::source::Column::Id"
    )]
    Source,
}

impl ActiveModelBehavior for ActiveModel {}
