//! A company named by an award.

use sea_orm::entity::prelude::*;

/// A row of `award_company`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "award_company")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The award.
    pub award_id: i64,
    /// The company.
    pub company_id: i64,
    /// Place in its list, from 1.
    pub position: i32,
    /// Copy of the award's, so that a company's awards are read in order from one index.
    pub year: Option<i32>,
    /// As the award writes it, where that is not its name.
    #[sea_orm(column_type = "Text", nullable)]
    pub name: Option<String>,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The award.
    #[sea_orm(
        belongs_to = "super::award::Entity",
        from = "Column::AwardId",
        to = "super::award::Column::Id"
    )]
    Award,
    /// The company.
    #[sea_orm(
        belongs_to = "super::company::Entity",
        from = "Column::CompanyId",
        to = "super::company::Column::Id"
    )]
    Company,
}

impl ActiveModelBehavior for ActiveModel {}
