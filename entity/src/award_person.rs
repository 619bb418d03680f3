//! A person named by an award.

use sea_orm::entity::prelude::*;

/// A row of `award_person`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "award_person")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The award.
    pub award_id: i64,
    /// The person.
    pub person_id: i64,
    /// Place in its list, from 1.
    pub position: i32,
    /// Copy of the award's, so that a person's awards are read in order from one index.
    pub year: Option<i32>,
    /// As the award writes it, where that is not the person's name.
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
    /// The person.
    #[sea_orm(
        belongs_to = "super::person::Entity",
        from = "Column::PersonId",
        to = "super::person::Column::Id"
    )]
    Person,
}

impl ActiveModelBehavior for ActiveModel {}
