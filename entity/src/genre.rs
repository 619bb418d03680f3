//! A genre: an open vocabulary.

use sea_orm::entity::prelude::*;

/// A row of `genre`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "genre")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Short stable name, e.g. `romantic-comedy`.
    #[sea_orm(unique, column_type = "Text")]
    pub key: String,
    /// Name to show.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// The name as it is ordered: see `collation`.
    #[sea_orm(column_type = "Text")]
    pub name_key: String,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
