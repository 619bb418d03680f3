//! What was written, in order: one row for each write, in the same transaction.

use sea_orm::entity::prelude::*;

/// A row of `change`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change")]
pub struct Model {
    /// Sequence number.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who: `builtin`, an importer, an editor.
    #[sea_orm(column_type = "Text")]
    pub actor: String,
    /// Table name.
    #[sea_orm(column_type = "Text")]
    pub entity: String,
    /// Row, unless the change sums up many.
    pub entity_id: Option<i64>,
    /// insert, update, delete or load.
    #[sea_orm(column_type = "Text")]
    pub action: String,
    /// JSON: the columns written, or counts by table for a load.
    #[sea_orm(column_type = "Text")]
    pub fields: String,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
