//! A company's part in a production.

use sea_orm::entity::prelude::*;

/// The roles.
pub const ROLES: &[&str] = &[
    "produced_by",
    "in_association_with",
    "distributor",
    "network",
    "service",
    "publisher",
    "other",
];

/// A row of `production_company`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "production_company")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The production.
    pub production_id: i64,
    /// The company.
    pub company_id: i64,
    /// `produced_by`, `in_association_with`, `distributor`, `network`, `service`, `publisher`, `other`.
    #[sea_orm(column_type = "Text")]
    pub role: String,
    /// Only this company has it in this role.
    pub is_exclusive: bool,
    /// Place in its list, from 1.
    pub position: i32,
    /// Copy of the production's, so that a company's productions are read in order from one index.
    pub released_on: Option<i32>,
    /// Where the row comes from.
    pub source_id: i64,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The production.
    #[sea_orm(
        belongs_to = "super::production::Entity",
        from = "Column::ProductionId",
        to = "super::production::Column::Id"
    )]
    Production,
    /// The company.
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
