//! Somebody credited.

use sea_orm::entity::prelude::*;

/// A row of `person`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Name to show; not unique. Sources know people without one.
    #[sea_orm(column_type = "Text", nullable)]
    pub name: Option<String>,
    /// The name as it is ordered: see `collation`.
    #[sea_orm(column_type = "Text", nullable)]
    pub name_key: Option<String>,
    /// Birth, a partial date.
    pub born_on: Option<i32>,
    /// Death, a partial date.
    pub died_on: Option<i32>,
    /// Where the row comes from.
    pub source_id: i64,
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
