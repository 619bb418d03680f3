//! A profession of a person.

use sea_orm::entity::prelude::*;

/// A row of `person_profession`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person_profession")]
pub struct Model {
    /// Row id.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The person.
    pub person_id: i64,
    /// The profession.
    pub profession_id: i64,
    /// Place in its list, from 1.
    pub position: i32,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The person.
    #[sea_orm(
        belongs_to = "super::person::Entity",
        from = "Column::PersonId",
        to = "super::person::Column::Id"
    )]
    Person,
    /// The profession.
    #[sea_orm(
        belongs_to = "super::profession::Entity",
        from = "Column::ProfessionId",
        to = "super::profession::Column::Id"
    )]
    Profession,
}

impl ActiveModelBehavior for ActiveModel {}
