//! Where a fact comes from.

use sea_orm::entity::prelude::*;

/// A row of `source`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "source")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Short stable name, e.g. `report`.
    #[sea_orm(unique, column_type = "Text")]
    pub key: String,
    /// Name to show.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Licence of the data.
    #[sea_orm(column_type = "Text", nullable)]
    pub licence: Option<String>,
    /// Line that must be shown with the data.
    #[sea_orm(column_type = "Text", nullable)]
    pub attribution: Option<String>,
    /// Where to find it.
    #[sea_orm(column_type = "Text", nullable)]
    pub url: Option<String>,
    /// When it was read, a partial date.
    pub retrieved_on: Option<i32>,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
