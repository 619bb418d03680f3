//! The root: the contents page of the API.

use entity::{award, company, genre, person, production, shot, source};

use super::production::{DISCRIMINANT_EPISODE, DISCRIMINANT_FILM, DISCRIMINANT_SHOW};
use super::{filter, order};
use crate::graphql::declare::{
    Constant, Field, Interface, Lookup, LookupBy, LookupKey, Object, Relation, Source, Type,
    connection, id, lookup, lookups, server,
};

const BY_ID: LookupKey = LookupKey {
    name: "id",
    description: "The global id. An id of something else finds nothing.",
    by: LookupBy::Id,
};
const BY_TITLE: LookupKey = LookupKey {
    name: "title",
    description: "The exact title. Titles are not unique: where several fit, the answer is an error with the code `AMBIGUOUS`, never a guess.",
    by: LookupBy::Column(|| production::Column::Title.into()),
};
const BY_IMDB_TITLE: LookupKey = LookupKey {
    name: "imdbId",
    description: "The IMDb id, `tt` and digits.",
    by: LookupBy::ExternalId { catalog: "imdb", scope: "title" },
};
const BY_IMDB_NAME: LookupKey = LookupKey {
    name: "imdbId",
    description: "The IMDb id, `nm` and digits.",
    by: LookupBy::ExternalId { catalog: "imdb", scope: "name" },
};
const BY_IMDB_COMPANY: LookupKey = LookupKey {
    name: "imdbId",
    description: "The IMDb id, `co` and digits.",
    by: LookupBy::ExternalId { catalog: "imdb", scope: "company" },
};
const BY_TMDB_MOVIE: LookupKey = LookupKey {
    name: "tmdbId",
    description: "The TMDB id of a movie, digits.",
    by: LookupBy::ExternalId { catalog: "tmdb", scope: "movie" },
};
const BY_PERSON_NAME: LookupKey = LookupKey {
    name: "name",
    description: "The exact name. Names are not unique: where several fit, the answer is an error with the code `AMBIGUOUS`, never a guess.",
    by: LookupBy::Column(|| person::Column::Name.into()),
};
const BY_COMPANY_NAME: LookupKey = LookupKey {
    name: "name",
    description: "The exact name. Where several companies share it, the answer is an error with the code `AMBIGUOUS`, never a guess.",
    by: LookupBy::Column(|| company::Column::Name.into()),
};
const BY_GENRE_KEY: LookupKey = LookupKey {
    name: "key",
    description: "The short stable name, such as `romantic-comedy`.",
    by: LookupBy::Column(|| genre::Column::Key.into()),
};

static FILM_BY: Lookup =
    Lookup { input: "FilmBy", keys: &[BY_ID, BY_TITLE, BY_IMDB_TITLE, BY_TMDB_MOVIE] };
static SHOW_BY: Lookup = Lookup { input: "ShowBy", keys: &[BY_ID, BY_TITLE, BY_IMDB_TITLE] };
static EPISODE_BY: Lookup = Lookup { input: "EpisodeBy", keys: &[BY_ID, BY_IMDB_TITLE] };
static PRODUCTION_BY: Lookup =
    Lookup { input: "ProductionBy", keys: &[BY_ID, BY_TITLE, BY_IMDB_TITLE, BY_TMDB_MOVIE] };
static PERSON_BY: Lookup =
    Lookup { input: "PersonBy", keys: &[BY_ID, BY_PERSON_NAME, BY_IMDB_NAME] };
static COMPANY_BY: Lookup =
    Lookup { input: "CompanyBy", keys: &[BY_ID, BY_COMPANY_NAME, BY_IMDB_COMPANY] };
static GENRE_BY: Lookup = Lookup { input: "GenreBy", keys: &[BY_ID, BY_GENRE_KEY] };

fn productions() -> Relation {
    Relation::all(production::Column::Id).filter(&filter::PRODUCTION).order_by(&order::PRODUCTION)
}

fn productions_of_kind(kind: i64) -> Relation {
    productions().only(production::Column::Kind, Constant::Int(kind))
}

/// `Query`.
pub fn query() -> Object {
    Object {
        name: "Query",
        description: "Everything that can be asked. Look up one thing by any of its keys, or walk a list page by page; from there every relation can be followed in the same request.",
        table: None,
        discriminant: None,
        interfaces: &[],
        fields: vec![
            Field {
                name: "node",
                ty: Type::named("Node"),
                description: "Anything that has a global id, by that id; null where nothing has it.",
                source: Source::Node,
            },
            Field {
                name: "nodes",
                ty: Type { nullable_items: true, ..Type::list("Node") },
                description: "Many things by their global ids: answered in the order of the ids, null where nothing has the id.",
                source: Source::Nodes,
            },
            lookup("film", "Film", &FILM_BY, "One film; null where no film fits the key."),
            lookup("show", "Show", &SHOW_BY, "One show; null where no show fits the key."),
            lookup(
                "episode",
                "Episode",
                &EPISODE_BY,
                "One episode; null where no episode fits the key.",
            ),
            lookup(
                "production",
                "Production",
                &PRODUCTION_BY,
                "One film, show or episode; null where none fits the key.",
            ),
            lookup("person", "Person", &PERSON_BY, "One person; null where nobody fits the key."),
            lookup("company", "Company", &COMPANY_BY, "One company; null where none fits the key."),
            lookup("genre", "Genre", &GENRE_BY, "One genre; null where none fits the key."),
            lookups(
                "productionsBy",
                "Production",
                &PRODUCTION_BY,
                "Many films, shows and episodes by any of their keys: answered in the order of the keys, null where none fits. An id that its catalogue merged into another finds what it was merged into; `externalIds` tells which one is current.",
            ),
            lookups(
                "peopleBy",
                "Person",
                &PERSON_BY,
                "Many people by any of their keys: answered in the order of the keys, null where nobody fits.",
            ),
            lookups(
                "companiesBy",
                "Company",
                &COMPANY_BY,
                "Many companies by any of their keys: answered in the order of the keys, null where none fits.",
            ),
            connection(
                "productions",
                "Production",
                productions(),
                "All films, shows and episodes; without `orderBy` in the order in which they entered the catalogue.",
            ),
            connection(
                "films",
                "Film",
                productions_of_kind(DISCRIMINANT_FILM),
                "All films; without `orderBy` in the order in which they entered the catalogue.",
            ),
            connection(
                "shows",
                "Show",
                productions_of_kind(DISCRIMINANT_SHOW),
                "All shows; without `orderBy` in the order in which they entered the catalogue.",
            ),
            connection(
                "episodes",
                "Episode",
                productions_of_kind(DISCRIMINANT_EPISODE).filter(&filter::EPISODE),
                "All episodes of all shows; without `orderBy` in the order in which they entered the catalogue.",
            ),
            connection(
                "people",
                "Person",
                Relation::all(person::Column::Id).filter(&filter::PERSON).order_by(&order::PERSON),
                "All people; without `orderBy` in the order in which they entered the catalogue.",
            ),
            connection(
                "companies",
                "Company",
                Relation::all(company::Column::Id)
                    .filter(&filter::COMPANY)
                    .order_by(&order::COMPANY),
                "All companies; without `orderBy` in the order in which they entered the catalogue.",
            ),
            connection(
                "genres",
                "Genre",
                Relation::all(genre::Column::Id).filter(&filter::GENRE).order_by(&order::GENRE),
                "All genres; without `orderBy` in the order in which they entered the catalogue.",
            ),
            connection(
                "shots",
                "Shot",
                Relation::all(shot::Column::Id).filter(&filter::SHOT).order_by(&order::ALL_SHOTS),
                "All shots; without `orderBy` in the order in which they entered the catalogue.",
            ),
            connection(
                "awards",
                "Award",
                Relation::all(award::Column::Id).filter(&filter::AWARD).order_by(&order::AWARD),
                "All nominations and wins; without `orderBy` in the order in which they entered the catalogue.",
            ),
            connection(
                "sources",
                "Source",
                Relation::all(source::Column::Id).filter(&filter::SOURCE).order_by(&order::SOURCE),
                "All sources of the catalogue's facts.",
            ),
            server("serverInfo", "ServerInfo", "The server: its version and what it allows."),
        ],
    }
}

/// `Node`.
pub fn node() -> Interface {
    Interface {
        name: "Node",
        description: "Anything with a global id, so that a client can fetch it again by the id alone.",
        table: None,
        interfaces: &[],
        fields: vec![id(
            "The global id: opaque, the same for ever, for this catalogue and its copies.",
        )],
    }
}
