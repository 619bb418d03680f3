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
    /// Role, song or the like.
    #[sea_orm(column_type = "Text", nullable)]
    pub detail: Option<String>,
    /// Where the row comes from.
    pub source_id: i64,
    /// The group that the category belongs to.
    #[sea_orm(column_type = "Text", nullable)]
    pub class: Option<String>,
    /// The category in words that stay the same over the years.
    #[sea_orm(column_type = "Text", nullable)]
    pub canonical_category: Option<String>,
    /// Who is named, in the words of the body.
    #[sea_orm(column_type = "Text", nullable)]
    pub name: Option<String>,
    /// Remarks of the body.
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// Why it was awarded, in the words of the body.
    #[sea_orm(column_type = "Text", nullable)]
    pub citation: Option<String>,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Where the row comes from.
    #[sea_orm(
        belongs_to = "super::source::Entity",
        from = "Column::SourceId",
        to = "super::source::Column::Id"
    )]
    Source,
}

impl ActiveModelBehavior for ActiveModel {}
