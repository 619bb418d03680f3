//! Productions: `Film`, `Show`, `Episode`, and what they share.

use entity::production::{Column, Kind};
use entity::{
    award, award_production, credit, episode, external_id, production_company, production_genre,
    production_source, season, shot, show, title_name, video,
};
use sea_orm::ActiveEnum;

use super::credit::{self as credit_type, credits_by_department};
use super::external_id::external_ids;
use super::{facet, filter, order};
use crate::graphql::declare::{
    Constant, Encoding, Enum, Field, Interface, Object, Relation, Table, asc, column, connection,
    desc, embedded, encoded, groups, id, list, one,
};

/// The table of all three.
pub static TABLE: std::sync::LazyLock<Table> = std::sync::LazyLock::new(|| Table {
    name: "production",
    tag: 1,
    discriminator: Some(Column::Kind.into()),
    sides: &[("show", "production_id"), ("episode", "production_id")],
    facets: Some(&facet::PRODUCTION),
});

/// `ProductionKind`.
pub static KIND: Enum = Enum {
    name: "ProductionKind",
    description: "What a production is.",
    values: &[
        ("FILM", "A film of any length."),
        ("SHOW", "A show: a series of episodes."),
        ("EPISODE", "An episode of a show."),
    ],
};

/// Value of `kind` for films.
pub const DISCRIMINANT_FILM: i64 = 1;
/// Value of `kind` for shows.
pub const DISCRIMINANT_SHOW: i64 = 2;
/// Value of `kind` for episodes.
pub const DISCRIMINANT_EPISODE: i64 = 3;

/// `ProductionFormat`.
pub static FORMAT: Enum = Enum {
    name: "ProductionFormat",
    description: "The form of a production. Sources name more forms than this list; those are `OTHER`.",
    values: &[
        ("FEATURE", "A film of feature length."),
        ("SHORT", "A short film."),
        ("DOCUMENTARY", "A documentary film, or an episode of a documentary series."),
        ("TV_MOVIE", "A film made for television."),
        ("TV_SPECIAL", "A single broadcast outside of any series."),
        ("TV_SHORT", "A short film made for television."),
        ("TV_PILOT", "The first episode of a series, shown on its own to try it."),
        ("VIDEO", "A film released on video only."),
        ("VIDEO_GAME", "A video game, as far as catalogues of films have them."),
        ("SERIES", "A series of episodes."),
        ("MINI_SERIES", "A series that was meant to end."),
        ("DOCUMENTARY_SERIES", "A documentary series."),
        ("EPISODE", "An episode of a series."),
        ("OTHER", "Any other form."),
    ],
};

fn shared() -> Vec<Field> {
    vec![
        id("The global id."),
        column(
            "title",
            Column::Title,
            "The title under which it is best known. Films and shows always have one; of an episode the sources may give none.",
        ),
        column(
            "originalTitle",
            Column::OriginalTitle,
            "The title in the original language, where it differs.",
        ),
        column("synopsis", Column::Synopsis, "What it is about, in a few sentences of plain text."),
        encoded("format", Column::Format, Encoding::Enum(&FORMAT), "Its form."),
        embedded("released", "PartialDate", Column::ReleasedOn, "When it was first shown."),
        column(
            "runtimeMinutes",
            Column::RuntimeMinutes,
            "How long it runs, in minutes; of a show, how long an episode usually runs.",
        ),
        column("isAdult", Column::IsAdult, "Whether it is meant for adults only."),
        embedded(
            "rating",
            "Rating",
            Column::RatingTenths,
            "What voters think of it; null where nobody voted.",
        ),
        list(
            "genres",
            "Genre",
            Relation::by(production_genre::Column::ProductionId)
                .through(production_genre::Column::GenreId)
                .order([asc(production_genre::Column::Position)]),
            "Its genres, the most fitting first.",
        ),
        connection(
            "credits",
            "Credit",
            Relation::by(credit::Column::ProductionId)
                .filter(&filter::CREDIT)
                .order([asc(credit::Column::Position)])
                .order_by(&order::BILLING),
            "Who did what on it, in billing order.",
        ),
        groups(
            "creditsByDepartment",
            "DepartmentCredits",
            credits_by_department(),
            "The same by department; only departments that have a credit.",
        ),
        connection(
            "directors",
            "Person",
            Relation::by(credit::Column::ProductionId)
                .through(credit::Column::PersonId)
                .only(credit::Column::Role, Constant::Text(credit_type::DIRECTOR))
                .filter(&filter::PERSON)
                .order([asc(credit::Column::Position)])
                .order_by(&order::BILLING),
            "Who directed it, in billing order, once for each credit as a director.",
        ),
        connection(
            "companies",
            "CompanyCredit",
            Relation::by(production_company::Column::ProductionId)
                .filter(&filter::COMPANY_CREDIT)
                .order([asc(production_company::Column::Position)])
                .order_by(&order::COMPANY_BILLING),
            "The companies behind it.",
        ),
        connection(
            "awards",
            "Award",
            Relation::by(award_production::Column::ProductionId)
                .through(award_production::Column::AwardId)
                .copy(award::Column::Year, award_production::Column::Year)
                .filter(&filter::AWARD)
                .order([desc(award_production::Column::Year)])
                .order_by(&order::AWARD_PRODUCTION),
            "Its nominations and wins, the latest first.",
        ),
        connection(
            "videos",
            "Video",
            Relation::by(video::Column::ProductionId)
                .filter(&filter::VIDEO)
                .order_by(&order::VIDEO),
            "Trailers and clips.",
        ),
        connection(
            "alternativeTitles",
            "AlternativeTitle",
            Relation::by(title_name::Column::ProductionId)
                .filter(&filter::ALTERNATIVE_TITLE)
                .order([asc(title_name::Column::Position)])
                .order_by(&order::ALTERNATIVE_TITLE),
            "Its titles in other regions, languages and forms.",
        ),
        external_ids(external_id::Column::ProductionId),
        list(
            "sources",
            "FactSource",
            Relation::by(production_source::Column::ProductionId),
            "Where its facts come from: each source with the fields it gave.",
        ),
    ]
}

fn shots(parent: shot::Column, description: &'static str) -> Field {
    connection(
        "shots",
        "Shot",
        Relation::by(parent)
            .filter(&filter::SHOT)
            .order([asc(shot::Column::Position)])
            .order_by(&order::SHOT),
        description,
    )
}

/// `Production`.
pub fn interface() -> Interface {
    Interface {
        name: "Production",
        description: "Every produced work: a film, a show, or an episode of a show.",
        table: Some(&TABLE),
        interfaces: &["Node"],
        fields: shared(),
    }
}

fn object(name: &'static str, description: &'static str, kind: Kind, own: Vec<Field>) -> Object {
    let mut fields = shared();
    fields.extend(own);
    Object {
        name,
        description,
        table: Some(&TABLE),
        discriminant: Some(i64::from(kind.to_value())),
        interfaces: &["Production", "Node"],
        fields,
    }
}

/// `Film`.
pub fn film() -> Object {
    object(
        "Film",
        "A film of any length, wherever it was first shown.",
        Kind::Film,
        vec![
            shots(
                shot::Column::FilmId,
                "Its shots that somebody discusses, with the episode that does so.",
            ),
            connection(
                "discussedIn",
                "Episode",
                Relation::by(shot::Column::FilmId)
                    .through(shot::Column::EpisodeId)
                    .distinct()
                    .filter(&filter::EPISODE)
                    .order_by(&order::DISCUSSION),
                "The episodes that discuss a shot of it, each once; without `orderBy` in the order in which their shots entered the catalogue.",
            ),
        ],
    )
}

/// `Show`.
pub fn show() -> Object {
    object(
        "Show",
        "A show: a series of episodes.",
        Kind::Show,
        vec![
            embedded(
                "ended",
                "PartialDate",
                show::Column::EndedOn,
                "When its run ended; null while it goes on or where that is unknown.",
            ),
            one(
                "service",
                "Company",
                show::Column::ServiceId,
                "The network or service it was made for.",
            ),
            column("basedOn", show::Column::BasedOn, "What it is based on."),
            column("premise", show::Column::Premise, "How every episode works."),
            connection(
                "seasons",
                "Season",
                Relation::by(season::Column::ShowId)
                    .filter(&filter::SEASON)
                    .order([asc(season::Column::Number)])
                    .order_by(&order::SEASON),
                "Its seasons by number. Episodes whose season is not known are in none.",
            ),
            connection(
                "episodes",
                "Episode",
                Relation::by(episode::Column::ShowId)
                    .through(episode::Column::ProductionId)
                    .copy(Column::ReleasedOn, episode::Column::ReleasedOn)
                    .filter(&filter::EPISODE)
                    .order([asc(episode::Column::PlaceInShow)])
                    .order_by(&order::EPISODE),
                "Its episodes by season and number; those without come last.",
            ),
        ],
    )
}

/// `Episode`.
pub fn episode() -> Object {
    object(
        "Episode",
        "One episode of a show.",
        Kind::Episode,
        vec![
            one(
                "show",
                "Show",
                episode::Column::ShowId,
                "The show it belongs to; null where the source names one that it does not have.",
            ),
            one(
                "season",
                "Season",
                episode::Column::SeasonId,
                "The season it belongs to; null where that is not known.",
            ),
            column(
                "seasonNumber",
                episode::Column::SeasonNumber,
                "Its season, from 1; 0 for specials.",
            ),
            column(
                "episodeNumber",
                episode::Column::EpisodeNumber,
                "Its number within the season.",
            ),
            shots(shot::Column::EpisodeId, "The shots it discusses."),
        ],
    )
}
