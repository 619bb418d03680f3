//! Another title of a production.

use sea_orm::entity::prelude::*;

/// A row of `title_name`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "title_name")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The production.
    pub production_id: i64,
    /// The title.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// Region code of the source.
    #[sea_orm(column_type = "Text", nullable)]
    pub region: Option<String>,
    /// Language code of the source.
    #[sea_orm(column_type = "Text", nullable)]
    pub language: Option<String>,
    /// The original title.
    pub is_original: bool,
    /// Place in its list, from 1.
    pub position: i32,
    /// Where the row comes from.
    pub source_id: i64,
    /// What it is for: a JSON array of strings. working, festival, dvd ...; open vocabulary.
    #[sea_orm(column_type = "Text")]
    pub kinds: String,
    /// Remarks of the source: a JSON array of strings.
    #[sea_orm(column_type = "Text")]
    pub attributes: String,
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
    /// Where the row comes from.
    #[sea_orm(
        belongs_to = "super::source::Entity",
        from = "Column::SourceId",
        to = "super::source::Column::Id"
    )]
    Source,
}

impl ActiveModelBehavior for ActiveModel {}
