//! A run of an import that came to its end.

use sea_orm::entity::prelude::*;

/// A row of `import_run`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_run")]
pub struct Model {
    /// Row id.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The source.
    pub source_id: i64,
    /// Start, milliseconds since 1970.
    pub started_at_ms: i64,
    /// End, milliseconds since 1970.
    pub finished_at_ms: i64,
    /// complete; outdated once the same files would give other rows.
    #[sea_orm(column_type = "Text")]
    pub status: String,
    /// JSON: name, size and SHA-256 of each file.
    #[sea_orm(column_type = "Text")]
    pub files: String,
    /// JSON: the counts of the report.
    #[sea_orm(column_type = "Text")]
    pub counts: String,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The source.
    #[sea_orm(
        belongs_to = "super::source::Entity",
        from = "Column::SourceId",
        to = "super::source::Column::Id"
    )]
    Source,
}

impl ActiveModelBehavior for ActiveModel {}
