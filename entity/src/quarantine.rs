//! What a source said that the catalogue could not take, word for word.

use sea_orm::entity::prelude::*;

/// A row of `quarantine`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quarantine")]
pub struct Model {
    /// Row id.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The source.
    pub source_id: i64,
    /// Which of its id spaces the row is about.
    #[sea_orm(column_type = "Text")]
    pub scope: String,
    /// The id that the row is about.
    #[sea_orm(column_type = "Text")]
    pub key: String,
    /// The file.
    #[sea_orm(column_type = "Text")]
    pub file: String,
    /// The line, from 1.
    pub line: i64,
    /// What the catalogue could not take.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// Whether the row is in the catalogue, but for what the reason names.
    pub is_loaded: bool,
    /// The row as it was read.
    #[sea_orm(column_type = "Text")]
    pub raw: String,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The source.
    #[sea_orm(
        belongs_to = "super::source::Entity",
        from = "Column::SourceId",
        to = "super::source::Column::Id"
    )]
    Source,
}

impl ActiveModelBehavior for ActiveModel {}
