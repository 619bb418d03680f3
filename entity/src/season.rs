//! A season of a show.

use sea_orm::entity::prelude::*;

/// A row of `season`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "season")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The show.
    pub show_id: i64,
    /// Its number, from 1; 0 for specials.
    pub number: i32,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The show.
    #[sea_orm(
        belongs_to = "super::show::Entity",
        from = "Column::ShowId",
        to = "super::show::Column::ProductionId"
    )]
    Show,
}

impl ActiveModelBehavior for ActiveModel {}
