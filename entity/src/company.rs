//! A studio, network, service or producer.

use sea_orm::entity::prelude::*;

/// A row of `company`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "company")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Name to show.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// The name as it is ordered: see `collation`.
    #[sea_orm(column_type = "Text")]
    pub name_key: String,
    /// studio, network, service, producer; open vocabulary.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
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
