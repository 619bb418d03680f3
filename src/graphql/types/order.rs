//! The orders that requests choose among. Lists over different tables share an input where its keys
//! mean the same.

use entity::{award, award_person, company, credit, episode, genre, person, production};
use entity::{production_company, production_genre};

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

macro_rules! by_release {
    ($($(#[$doc:meta])* $name:ident: $table:ident;)+) => {
        $($(#[$doc])* pub static $name: Ordering = Ordering {
            input: "ReleaseOrder",
            keys: &RELEASE_KEYS,
            columns: &[|| $table::Column::ReleasedOn.into()],
        };)+
    };
}

by_release! {
    /// Of a person's work.
    CREDIT: credit;
    /// Of a company's parts.
    COMPANY_CREDIT: production_company;
    /// Of a genre's productions.
    GENRE_PRODUCTION: production_genre;
}

static PERSON_KEYS: Enum = Enum {
    name: "PersonOrderField",
    description: "What people can be ordered by.",
    values: &[("NAME", "Name; case and accents do not count."), ("BORN", "Date of birth.")],
};

/// Of all people.
pub static PERSON: Ordering = Ordering {
    input: "PersonOrder",
    keys: &PERSON_KEYS,
    columns: &[|| person::Column::NameKey.into(), || person::Column::BornOn.into()],
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

/// Of nominations and wins, all of them or a production's.
pub static AWARD: Ordering =
    Ordering { input: "AwardOrder", keys: &AWARD_KEYS, columns: &[|| award::Column::Year.into()] };

/// Of the nominations and wins of a person.
pub static AWARD_PERSON: Ordering = Ordering {
    input: "AwardOrder",
    keys: &AWARD_KEYS,
    columns: &[|| award_person::Column::Year.into()],
};
