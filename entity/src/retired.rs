//! Ids of other catalogues whose things have left this one.

use sea_orm::entity::prelude::*;

/// A row of `retired`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "retired")]
pub struct Model {
    /// Row id.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The other catalogue.
    #[sea_orm(column_type = "Text")]
    pub catalog: String,
    /// Which of its id spaces.
    #[sea_orm(column_type = "Text")]
    pub scope: String,
    /// The id.
    #[sea_orm(column_type = "Text")]
    pub value: String,
    /// production or person.
    #[sea_orm(column_type = "Text")]
    pub entity: String,
    /// The row id that it had, and has again if it returns.
    pub entity_id: i64,
    /// Taken out by hand: no import brings it back.
    pub is_by_hand: bool,
    /// When it left, milliseconds since 1970.
    pub at_ms: i64,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
