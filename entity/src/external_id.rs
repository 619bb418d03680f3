//! An id of another catalogue. Ids that were merged keep their row, so that they resolve for ever.

use sea_orm::entity::prelude::*;

/// A row of `external_id`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "external_id")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// imdb, tmdb, wikipedia ...; open vocabulary.
    #[sea_orm(column_type = "Text")]
    pub catalog: String,
    /// Which of the catalogue's id spaces: title, name, movie ....
    #[sea_orm(column_type = "Text")]
    pub scope: String,
    /// The id.
    #[sea_orm(column_type = "Text")]
    pub value: String,
    /// The production it names.
    pub production_id: Option<i64>,
    /// The person it names.
    pub person_id: Option<i64>,
    /// The company it names.
    pub company_id: Option<i64>,
    /// Where the row comes from.
    pub source_id: i64,
    /// False where its catalogue has merged it into another id of the same thing.
    pub is_canonical: bool,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The production it names.
    #[sea_orm(
        belongs_to = "super::production::Entity",
        from = "Column::ProductionId",
        to = "super::production::Column::Id"
    )]
    Production,
    /// The person it names.
    #[sea_orm(
        belongs_to = "super::person::Entity",
        from = "Column::PersonId",
        to = "super::person::Column::Id"
    )]
    Person,
    /// The company it names.
    #[sea_orm(
        belongs_to = "super::company::Entity",
        from = "Column::CompanyId",
        to = "super::company::Column::Id"
    )]
    Company,
    /// Where the row comes from.
    #[sea_orm(
        belongs_to = "super::source::Entity",
        from = "Column::SourceId",
        to = "super::source::Column::Id"
    )]
    Source,
}

impl ActiveModelBehavior for ActiveModel {}
