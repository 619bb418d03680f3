//! What only an episode has; same key as its production.

use sea_orm::entity::prelude::*;

/// A row of `episode`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "episode")]
pub struct Model {
    /// The production it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub production_id: i64,
    /// The show it belongs to; none where the source names one that it does not have.
    pub show_id: Option<i64>,
    /// Season, from 1; 0 for specials.
    pub season_number: Option<i32>,
    /// Number within the season.
    pub episode_number: Option<i32>,
    /// Copy of the production's, so that a show's episodes are read in order from one index.
    pub released_on: Option<i32>,
    /// Orders the episodes of a show; the database computes it from season and number.
    pub place_in_show: i64,
    /// The season of that number.
    pub season_id: Option<i64>,
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
    /// The show it belongs to.
    #[sea_orm(
        belongs_to = "super::show::Entity",
        from = "Column::ShowId",
        to = "super::show::Column::ProductionId"
    )]
    Show,
    /// The season of that number.
    #[sea_orm(
        belongs_to = "super::season::Entity",
        from = "Column::SeasonId",
        to = "super::season::Column::Id"
    )]
    Season,
}

impl ActiveModelBehavior for ActiveModel {}
