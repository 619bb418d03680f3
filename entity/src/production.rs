//! A film, a show or an episode: what they share.

use sea_orm::entity::prelude::*;

/// What a production is: the value of its `kind` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// A film of any length.
    #[sea_orm(num_value = 1)]
    Film,
    /// A show: a series of episodes.
    #[sea_orm(num_value = 2)]
    Show,
    /// One episode of a show.
    #[sea_orm(num_value = 3)]
    Episode,
}

/// A row of `production`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "production")]
pub struct Model {
    /// Row id, part of the global id for ever.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// 1 film, 2 show, 3 episode: see [`Kind`].
    pub kind: Kind,
    /// `feature`, `short`, `tv_movie`, `documentary_series` ...; open vocabulary.
    #[sea_orm(column_type = "Text")]
    pub format: String,
    /// Title; only an episode may lack one.
    #[sea_orm(column_type = "Text", nullable)]
    pub title: Option<String>,
    /// The title as it is ordered: see `collation`.
    #[sea_orm(column_type = "Text", nullable)]
    pub title_key: Option<String>,
    /// Title in the original language, where it differs.
    #[sea_orm(column_type = "Text", nullable)]
    pub original_title: Option<String>,
    /// What it is about.
    #[sea_orm(column_type = "Text", nullable)]
    pub synopsis: Option<String>,
    /// First release, a partial date.
    pub released_on: Option<i32>,
    /// Length; of a show, of its usual episode.
    pub runtime_minutes: Option<i32>,
    /// Made for adults only.
    pub is_adult: bool,
    /// Average rating in tenths, 10 to 100.
    pub rating_tenths: Option<i16>,
    /// Votes behind the average.
    pub rating_votes: Option<i32>,
}

/// Relations by foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
