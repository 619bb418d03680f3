//! A director who walks through the shot.

use sea_orm::entity::prelude::*;

/// A row of `shot_director`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shot_director")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The shot.
    pub shot_id: i64,
    /// The director.
    pub person_id: i64,
    /// Place in its list, from 1.
    pub position: i32,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The shot.
    #[sea_orm(
        belongs_to = "super::shot::Entity",
        from = "Column::ShotId",
        to = "super::shot::Column::Id"
    )]
    Shot,
    /// The director.
    #[sea_orm(
        belongs_to = "super::person::Entity",
        from = "Column::PersonId",
        to = "super::person::Column::Id"
    )]
    Person,
}

impl ActiveModelBehavior for ActiveModel {}
