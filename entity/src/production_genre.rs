//! A genre of a production.

use sea_orm::entity::prelude::*;

use super::production::Kind;

/// A row of `production_genre`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "production_genre")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The production.
    pub production_id: i64,
    /// The genre.
    pub genre_id: i64,
    /// Place in its list, from 1.
    pub position: i32,
    /// Copy of the production's, so that a genre's productions are read in order from one index.
    pub released_on: Option<i32>,
    /// Copy of the production's, for the same reason.
    pub kind: Kind,
    /// Copy of the production's, for the same reason.
    pub rating_votes: Option<i32>,
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
    /// The genre.
    #[sea_orm(
        belongs_to = "super::genre::Entity",
        from = "Column::GenreId",
        to = "super::genre::Column::Id"
    )]
    Genre,
}

impl ActiveModelBehavior for ActiveModel {}
