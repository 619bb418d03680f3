//! A shot or scene of a film, and the episode that discusses it.

use sea_orm::entity::prelude::*;

/// A row of `shot`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shot")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The film it is from.
    pub film_id: i64,
    /// The episode that discusses it.
    pub episode_id: Option<i64>,
    /// Short name.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// What is to be seen and what is told about it.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// Place in its list, from 1.
    pub position: i32,
    /// Start in the film, in milliseconds.
    pub starts_at_ms: Option<i32>,
    /// End in the film, in milliseconds.
    pub ends_at_ms: Option<i32>,
    /// Where the row comes from.
    pub source_id: i64,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The film it is from.
    #[sea_orm(
        belongs_to = "super::production::Entity",
        from = "Column::FilmId",
        to = "super::production::Column::Id"
    )]
    Film,
    /// The episode that discusses it.
    #[sea_orm(
        belongs_to = "super::episode::Entity",
        from = "Column::EpisodeId",
        to = "super::episode::Column::ProductionId"
    )]
    Episode,
    /// Where the row comes from.
    #[sea_orm(
        belongs_to = "super::source::Entity",
        from = "Column::SourceId",
        to = "super::source::Column::Id"
    )]
    Source,
}

impl ActiveModelBehavior for ActiveModel {}
