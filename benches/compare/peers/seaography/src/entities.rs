//! The tables that the queries need, in the compact form that `sea-orm-cli` writes for Seaography.
//!
//! Seaography sorts by the columns in the order of the entity, whatever the order in the query: the
//! key, which decides between equals, is the last column here. It cannot put what has no date or no
//! votes last; the queries leave that out.

/// A film, a show or an episode: what they share.
pub mod production {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "production")]
    pub struct Model {
        pub kind: i16,
        #[sea_orm(column_type = "Text")]
        pub format: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub title: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub title_key: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub original_title: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub synopsis: Option<String>,
        pub released_on: Option<i32>,
        pub runtime_minutes: Option<i32>,
        pub is_adult: bool,
        pub rating_tenths: Option<i16>,
        pub rating_votes: Option<i32>,
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(has_many)]
        pub credits: HasMany<super::credit::Entity>,
        #[sea_orm(has_many)]
        pub production_companies: HasMany<super::production_company::Entity>,
        #[sea_orm(has_many)]
        pub production_genres: HasMany<super::production_genre::Entity>,
        #[sea_orm(has_many, via = "production_genre")]
        pub genres: HasMany<super::genre::Entity>,
        #[sea_orm(has_many)]
        pub shots: HasMany<super::shot::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// What only a show has; same key as its production.
pub mod show {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "show")]
    pub struct Model {
        pub ended_on: Option<i32>,
        pub service_id: Option<i64>,
        #[sea_orm(column_type = "Text", nullable)]
        pub based_on: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub premise: Option<String>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub production_id: i64,
        #[sea_orm(belongs_to, from = "production_id", to = "id")]
        pub production: BelongsTo<super::production::Entity>,
        #[sea_orm(has_many)]
        pub episodes: HasMany<super::episode::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// What only an episode has; same key as its production.
pub mod episode {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "episode")]
    pub struct Model {
        pub show_id: Option<i64>,
        pub season_number: Option<i32>,
        pub episode_number: Option<i32>,
        pub released_on: Option<i32>,
        pub place_in_show: i64,
        pub season_id: Option<i64>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub production_id: i64,
        #[sea_orm(belongs_to, from = "production_id", to = "id")]
        pub production: BelongsTo<super::production::Entity>,
        #[sea_orm(belongs_to, from = "show_id", to = "production_id")]
        pub show: BelongsTo<Option<super::show::Entity>>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A genre.
pub mod genre {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "genre")]
    pub struct Model {
        #[sea_orm(unique, column_type = "Text")]
        pub key: String,
        #[sea_orm(column_type = "Text")]
        pub name: String,
        #[sea_orm(column_type = "Text")]
        pub name_key: String,
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(has_many)]
        pub production_genres: HasMany<super::production_genre::Entity>,
        #[sea_orm(has_many, via = "production_genre")]
        pub productions: HasMany<super::production::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A genre of a production.
pub mod production_genre {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "production_genre")]
    pub struct Model {
        pub production_id: i64,
        pub genre_id: i64,
        pub position: i32,
        pub released_on: Option<i32>,
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(belongs_to, from = "production_id", to = "id")]
        pub production: BelongsTo<super::production::Entity>,
        #[sea_orm(belongs_to, from = "genre_id", to = "id")]
        pub genre: BelongsTo<super::genre::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Somebody credited.
pub mod person {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "person")]
    pub struct Model {
        #[sea_orm(column_type = "Text", nullable)]
        pub name: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub name_key: Option<String>,
        pub born_on: Option<i32>,
        pub died_on: Option<i32>,
        pub source_id: i64,
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(has_many)]
        pub credits: HasMany<super::credit::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Who did what on which production.
pub mod credit {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "credit")]
    pub struct Model {
        pub production_id: i64,
        pub person_id: i64,
        #[sea_orm(column_type = "Text")]
        pub role: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub category: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub job: Option<String>,
        #[sea_orm(column_type = "Text")]
        pub characters: String,
        pub position: i32,
        pub is_billed: bool,
        pub crew_position: Option<i32>,
        pub released_on: Option<i32>,
        pub source_id: i64,
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(belongs_to, from = "production_id", to = "id")]
        pub production: BelongsTo<super::production::Entity>,
        #[sea_orm(belongs_to, from = "person_id", to = "id")]
        pub person: BelongsTo<super::person::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A shot or scene of a film, and the episode that discusses it.
pub mod shot {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "shot")]
    pub struct Model {
        pub film_id: i64,
        pub episode_id: Option<i64>,
        #[sea_orm(column_type = "Text")]
        pub title: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub description: Option<String>,
        pub position: i32,
        pub starts_at_ms: Option<i32>,
        pub ends_at_ms: Option<i32>,
        pub source_id: i64,
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(belongs_to, from = "film_id", to = "id")]
        pub film: BelongsTo<super::production::Entity>,
        #[sea_orm(belongs_to, from = "episode_id", to = "production_id")]
        pub episode: BelongsTo<Option<super::episode::Entity>>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A studio, network, service or producer.
pub mod company {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "company")]
    pub struct Model {
        #[sea_orm(column_type = "Text")]
        pub name: String,
        #[sea_orm(column_type = "Text")]
        pub name_key: String,
        #[sea_orm(column_type = "Text")]
        pub kind: String,
        pub source_id: i64,
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(has_many)]
        pub production_companies: HasMany<super::production_company::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A company's part in a production.
pub mod production_company {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "production_company")]
    pub struct Model {
        pub production_id: i64,
        pub company_id: i64,
        #[sea_orm(column_type = "Text")]
        pub role: String,
        pub is_exclusive: bool,
        pub position: i32,
        pub released_on: Option<i32>,
        pub source_id: i64,
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(belongs_to, from = "production_id", to = "id")]
        pub production: BelongsTo<super::production::Entity>,
        #[sea_orm(belongs_to, from = "company_id", to = "id")]
        pub company: BelongsTo<super::company::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The catalogue is read only.
pub fn register(mut builder: seaography::Builder) -> seaography::Builder {
    seaography::register_entity!(builder, production, mutation: false);
    seaography::register_entity!(builder, show, mutation: false);
    seaography::register_entity!(builder, episode, mutation: false);
    seaography::register_entity!(builder, genre, mutation: false);
    seaography::register_entity!(builder, production_genre, mutation: false);
    seaography::register_entity!(builder, person, mutation: false);
    seaography::register_entity!(builder, credit, mutation: false);
    seaography::register_entity!(builder, shot, mutation: false);
    seaography::register_entity!(builder, company, mutation: false);
    seaography::register_entity!(builder, production_company, mutation: false);
    builder
}
