//! A field that was set by hand: no import changes it.

use sea_orm::entity::prelude::*;

/// A row of `field_lock`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "field_lock")]
pub struct Model {
    /// Row id.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// production, person, ...
    #[sea_orm(column_type = "Text")]
    pub entity: String,
    /// Its row id.
    pub entity_id: i64,
    /// The field, by the name of the catalogue's data format.
    #[sea_orm(column_type = "Text")]
    pub field: String,
    /// Who set it.
    #[sea_orm(column_type = "Text")]
    pub actor: String,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
