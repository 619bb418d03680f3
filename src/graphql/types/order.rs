//! The orders that requests choose among. Lists over different tables share an input where its keys
//! mean the same.

use entity::{
    award, award_company, award_person, award_production, company, credit, episode, genre, person,
    production, production_company, production_genre, season, shot, shot_director, source,
    title_name, video,
};

use crate::graphql::declare::{Enum, Ordering};

static PRODUCTION_KEYS: Enum = Enum {
    name: "ProductionOrderField",
    description: "What productions can be ordered by.",
    values: &[
        ("TITLE", "Title; case and accents do not count, leading articles do."),
        ("RELEASED", "First release."),
        ("RATING", "Average rating."),
        ("VOTES", "Number of votes."),
        ("RUNTIME", "Running time."),
        ("ADDED", "When it entered the catalogue."),
    ],
};

/// Of all productions.
pub static PRODUCTION: Ordering = Ordering {
    input: "ProductionOrder",
    keys: &PRODUCTION_KEYS,
    columns: &[
        || production::Column::TitleKey.into(),
        || production::Column::ReleasedOn.into(),
        || production::Column::RatingTenths.into(),
        || production::Column::RatingVotes.into(),
        || production::Column::RuntimeMinutes.into(),
        || production::Column::Id.into(),
    ],
};

static EPISODE_KEYS: Enum = Enum {
    name: "EpisodeOrderField",
    description: "What the episodes of a show can be ordered by.",
    values: &[("NUMBER", "Season, then number within the season."), ("RELEASED", "First release.")],
};

/// Of the episodes of a show.
pub static EPISODE: Ordering = Ordering {
    input: "EpisodeOrder",
    keys: &EPISODE_KEYS,
    columns: &[|| episode::Column::PlaceInShow.into(), || episode::Column::ReleasedOn.into()],
};

static RELEASE_KEYS: Enum = Enum {
    name: "ReleaseOrderField",
    description: "What work on productions can be ordered by.",
    values: &[("RELEASED", "First release of the production.")],
};

static POSITION_KEYS: Enum = Enum {
    name: "PositionOrderField",
    description: "What things with a place in their list can be ordered by.",
    values: &[("POSITION", "The place: billing position, number within the film, ...")],
};

static ADDED_KEYS: Enum = Enum {
    name: "AddedOrderField",
    description: "What things without an order of their own can be ordered by.",
    values: &[("ADDED", "When it entered the catalogue.")],
};

static NUMBER_KEYS: Enum = Enum {
    name: "SeasonOrderField",
    description: "What seasons can be ordered by.",
    values: &[("NUMBER", "The number.")],
};

/// Orders with one key.
macro_rules! by_one_key {
    ($($(#[$doc:meta])* $name:ident: $input:literal, $keys:ident, $table:ident::$column:ident;)+) => {
        $($(#[$doc])* pub static $name: Ordering = Ordering {
            input: $input,
            keys: &$keys,
            columns: &[|| $table::Column::$column.into()],
        };)+
    };
}

by_one_key! {
    /// Of a person's work.
    CREDIT: "ReleaseOrder", RELEASE_KEYS, credit::ReleasedOn;
    /// Of a company's parts.
    COMPANY_CREDIT: "ReleaseOrder", RELEASE_KEYS, production_company::ReleasedOn;
    /// Of a genre's productions.
    GENRE_PRODUCTION: "ReleaseOrder", RELEASE_KEYS, production_genre::ReleasedOn;
    /// Of a production's credits.
    BILLING: "PositionOrder", POSITION_KEYS, credit::Position;
    /// Of a production's companies.
    COMPANY_BILLING: "PositionOrder", POSITION_KEYS, production_company::Position;
    /// Of a production's other titles.
    ALTERNATIVE_TITLE: "PositionOrder", POSITION_KEYS, title_name::Position;
    /// Of the shots of a film or an episode.
    SHOT: "PositionOrder", POSITION_KEYS, shot::Position;
    /// Of all shots.
    ALL_SHOTS: "AddedOrder", ADDED_KEYS, shot::Id;
    /// Of a director's shots.
    SHOT_DIRECTOR: "AddedOrder", ADDED_KEYS, shot_director::Id;
    /// Of the episodes that discuss a film.
    DISCUSSION: "AddedOrder", ADDED_KEYS, shot::Id;
    /// Of videos.
    VIDEO: "AddedOrder", ADDED_KEYS, video::Id;
    /// Of sources.
    SOURCE: "AddedOrder", ADDED_KEYS, source::Id;
    /// Of the seasons of a show.
    SEASON: "SeasonOrder", NUMBER_KEYS, season::Number;
}

static PERSON_KEYS: Enum = Enum {
    name: "PersonOrderField",
    description: "What people can be ordered by.",
    values: &[
        ("NAME", "Name; case and accents do not count."),
        ("BORN", "Date of birth."),
        ("DIED", "Date of death."),
        ("ADDED", "When the person entered the catalogue."),
    ],
};

/// Of all people.
pub static PERSON: Ordering = Ordering {
    input: "PersonOrder",
    keys: &PERSON_KEYS,
    columns: &[
        || person::Column::NameKey.into(),
        || person::Column::BornOn.into(),
        || person::Column::DiedOn.into(),
        || person::Column::Id.into(),
    ],
};

static NAME_KEYS: Enum = Enum {
    name: "NameOrderField",
    description: "What things with a name can be ordered by.",
    values: &[("NAME", "Name; case and accents do not count.")],
};

/// Of all companies.
pub static COMPANY: Ordering = Ordering {
    input: "NameOrder",
    keys: &NAME_KEYS,
    columns: &[|| company::Column::NameKey.into()],
};

/// Of all genres.
pub static GENRE: Ordering =
    Ordering { input: "NameOrder", keys: &NAME_KEYS, columns: &[|| genre::Column::NameKey.into()] };

static AWARD_KEYS: Enum = Enum {
    name: "AwardOrderField",
    description: "What nominations and wins can be ordered by.",
    values: &[("YEAR", "The year honoured.")],
};

/// Of all nominations and wins.
pub static AWARD: Ordering =
    Ordering { input: "AwardOrder", keys: &AWARD_KEYS, columns: &[|| award::Column::Year.into()] };

/// Of the nominations and wins of a person.
pub static AWARD_PERSON: Ordering = Ordering {
    input: "AwardOrder",
    keys: &AWARD_KEYS,
    columns: &[|| award_person::Column::Year.into()],
};

/// Of the nominations and wins of a production.
pub static AWARD_PRODUCTION: Ordering = Ordering {
    input: "AwardOrder",
    keys: &AWARD_KEYS,
    columns: &[|| award_production::Column::Year.into()],
};

/// Of the nominations and wins of a company.
pub static AWARD_COMPANY: Ordering = Ordering {
    input: "AwardOrder",
    keys: &AWARD_KEYS,
    columns: &[|| award_company::Column::Year.into()],
};
