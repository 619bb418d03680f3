//! What people do for a living: an open vocabulary.

use sea_orm::entity::prelude::*;

/// A row of `profession`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "profession")]
pub struct Model {
    /// Row id.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Short stable name, e.g. `costume-designer`.
    #[sea_orm(unique, column_type = "Text")]
    pub key: String,
    /// Name to show.
    #[sea_orm(column_type = "Text")]
    pub name: String,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
