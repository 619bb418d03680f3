//! What lists can be filtered by.

use entity::{
    award, company, credit, episode, external_id, genre, person, person_profession, production,
    production_company, production_genre, profession, season, shot, shot_director, source,
    title_name, video,
};

use super::production::{DISCRIMINANT_EPISODE, DISCRIMINANT_FILM, DISCRIMINANT_SHOW, FORMAT, KIND};
use super::{
    award as award_type, company as company_type, credit as credit_type, video as its_video,
};
use crate::graphql::filter::{
    Copies, FilterField, FilterInput, Ranked, Scale, Test, Values, Vocabulary, field, one_of,
    range, some, to, to_few,
};

const KINDS: &[i64] = &[DISCRIMINANT_FILM, DISCRIMINANT_SHOW, DISCRIMINANT_EPISODE];
const PRODUCTIONS: Values = Values::Ids(1);
const PEOPLE: Values = Values::Ids(2);
const COMPANIES: Values = Values::Ids(3);

const RELEASED: &str = "Only what was first shown from one date to another.";
const YEAR: &str = "Only what was first shown from one year to another.";

/// Of productions.
pub static PRODUCTION: FilterInput = FilterInput {
    name: "ProductionFilter",
    description: "Which films, shows and episodes to keep: those for which everything given holds. What is not known fits no comparison.",
    fields: production_fields,
};

fn production_fields() -> Vec<FilterField> {
    use production::Column;
    let kind = Values::Codes(&KIND, KINDS);
    vec![
        field("kind", one_of(Column::Kind, kind), "Only these kinds.").leads(),
        field(
            "format",
            one_of(Column::Format, Values::Words(&FORMAT, Vocabulary::Open)),
            "Only these forms.",
        )
        .drives(6),
        field("genre", Test::Filter(&GENRE_CHOICE), "By genre."),
        field(
            "titlePrefix",
            Test::Prefix(Column::TitleKey.into()),
            "Only titles that start so; case and accents do not count.",
        )
        .drives(1),
        field("year", range(Column::ReleasedOn, Scale::Year), YEAR).drives(4),
        field("released", range(Column::ReleasedOn, Scale::Date), RELEASED).drives(4),
        field(
            "rating",
            range(Column::RatingTenths, Scale::Tenths),
            "Only average ratings in this range.",
        )
        .drives(5),
        field(
            "votes",
            range(Column::RatingVotes, Scale::Int),
            "Only numbers of votes in this range.",
        )
        .drives(5),
        field(
            "runtimeMinutes",
            range(Column::RuntimeMinutes, Scale::Int),
            "Only running times in this range, in minutes.",
        )
        .drives(5),
        field(
            "isAdult",
            Test::Is(Column::IsAdult.into()),
            "Only what is, or is not, meant for adults only.",
        ),
        field(
            "credit",
            some(credit::Column::ProductionId, Test::Filter(&CREDIT)),
            "Only productions with a credit that fits: one person, or one role, or one person in one role.",
        ),
        field(
            "company",
            some(production_company::Column::ProductionId, Test::Filter(&COMPANY_CREDIT)),
            "Only productions in which a company has a part that fits.",
        ),
        field(
            "alternativeTitle",
            some(title_name::Column::ProductionId, Test::Filter(&ALTERNATIVE_TITLE)),
            "Only productions with a title that fits: in one language, of one region.",
        ),
        field(
            "externalId",
            some(external_id::Column::ProductionId, Test::Filter(&EXTERNAL_ID)),
            "Only productions with an id of another catalogue that fits.",
        ),
        field(
            "hasShots",
            Test::Exists(shot::Column::FilmId.into()),
            "Only what a shot is discussed of, or only what none is discussed of.",
        )
        .drives(2),
    ]
}

/// Productions of a genre by votes.
static BY_GENRE: Ranked = Ranked {
    link: "production_genre",
    copies: || {
        use production_genre::Column as Copy;
        Copies {
            kind: (production::Column::Kind.into(), Copy::Kind.into()),
            date: (production::Column::ReleasedOn.into(), Copy::ReleasedOn.into()),
            rank: (production::Column::RatingVotes.into(), Copy::RatingVotes.into()),
        }
    },
    kinds: KINDS,
};

/// By genre.
static GENRE_CHOICE: FilterInput = FilterInput {
    name: "GenreChoice",
    description: "Genres by their keys, such as `drama`. No production has a genre that does not exist.",
    fields: || {
        use production_genre::Column;
        let fits = || {
            to_few(Column::GenreId, genre::Column::Id, one_of(genre::Column::Key, Values::Texts))
        };
        vec![
            field("any", some(Column::ProductionId, fits()), "It has at least one of these.")
                .drives(5)
                .ranks(&BY_GENRE),
            field(
                "all",
                Test::Every(
                    Column::ProductionId.into(),
                    Column::GenreId.into(),
                    genre::Column::Key.into(),
                ),
                "It has every one of these.",
            )
            .drives(5),
            field(
                "none",
                Test::None(Column::ProductionId.into(), Box::new(fits())),
                "It has none of these.",
            ),
        ]
    },
};

/// Of episodes.
pub static EPISODE: FilterInput = FilterInput {
    name: "EpisodeFilter",
    description: "Which episodes to keep: those for which everything given holds. What is not known fits no comparison.",
    fields: || {
        use episode::Column;
        let own = vec![
            field("show", one_of(Column::ShowId, PRODUCTIONS), "Only episodes of these shows.")
                .drives(1),
            field("season", one_of(Column::SeasonNumber, Values::Ints), "Only these seasons.")
                .leads(),
            field(
                "number",
                one_of(Column::EpisodeNumber, Values::Ints),
                "Only these numbers within the season.",
            ),
        ];
        let shared = production_fields().into_iter();
        // Every episode is one, and none is a film.
        let shared = shared.filter(|field| field.name != "kind" && field.name != "hasShots");
        own.into_iter().chain(shared).collect()
    },
};

/// Of people.
pub static PERSON: FilterInput = FilterInput {
    name: "PersonFilter",
    description: "Which people to keep: those for whom everything given holds. What is not known fits no comparison.",
    fields: || {
        use person::Column;
        let profession = to_few(
            person_profession::Column::ProfessionId,
            profession::Column::Id,
            one_of(profession::Column::Key, Values::Texts),
        );
        vec![
            field(
                "namePrefix",
                Test::Prefix(Column::NameKey.into()),
                "Only names that start so; case and accents do not count.",
            )
            .drives(1),
            field("born", range(Column::BornOn, Scale::Date), "Only births in this range.")
                .drives(3),
            field("died", range(Column::DiedOn, Scale::Date), "Only deaths in this range.")
                .drives(3),
            field(
                "credit",
                some(credit::Column::PersonId, Test::Filter(&CREDIT)),
                "Only people with a credit that fits: in one role, in some years.",
            ),
            field(
                "profession",
                some(person_profession::Column::PersonId, profession),
                "Only people with one of these professions, by their keys.",
            )
            .drives(4),
        ]
    },
};

/// Of credits.
pub static CREDIT: FilterInput = FilterInput {
    name: "CreditFilter",
    description: "Which credits to keep: those for which everything given holds.",
    fields: || {
        use credit::Column;
        vec![
            field("person", one_of(Column::PersonId, PEOPLE), "Only credits of these people.")
                .drives(0),
            field(
                "role",
                one_of(Column::Role, Values::Words(&credit_type::ROLE, Vocabulary::Closed)),
                "Only these roles.",
            )
            .leads(),
            field(
                "department",
                one_of(Column::Role, Values::Groups(&credit_type::DEPARTMENTS)),
                "Only roles of these departments.",
            ),
            field("year", range(Column::ReleasedOn, Scale::Year), YEAR),
            field("released", range(Column::ReleasedOn, Scale::Date), RELEASED),
            field(
                "production",
                to(Column::ProductionId, production::Column::Id, Test::Filter(&PRODUCTION)),
                "Only credits on productions that fit.",
            ),
        ]
    },
};

/// Of the parts that companies have.
pub static COMPANY_CREDIT: FilterInput = FilterInput {
    name: "CompanyCreditFilter",
    description: "Which parts of companies to keep: those for which everything given holds.",
    fields: || {
        use production_company::Column;
        let roles = Values::Words(&company_type::ROLE, Vocabulary::Closed);
        vec![
            field(
                "company",
                one_of(Column::CompanyId, COMPANIES),
                "Only parts of these companies.",
            )
            .drives(1),
            field("role", one_of(Column::Role, roles), "Only these parts.").leads(),
            field("year", range(Column::ReleasedOn, Scale::Year), YEAR),
            field("released", range(Column::ReleasedOn, Scale::Date), RELEASED),
            field(
                "production",
                to(Column::ProductionId, production::Column::Id, Test::Filter(&PRODUCTION)),
                "Only parts in productions that fit.",
            ),
        ]
    },
};

/// Of companies.
pub static COMPANY: FilterInput = FilterInput {
    name: "CompanyFilter",
    description: "Which companies to keep: those for which everything given holds.",
    fields: || {
        use company::Column;
        let kinds = Values::Words(&company_type::KIND, Vocabulary::Open);
        vec![
            field(
                "namePrefix",
                Test::Prefix(Column::NameKey.into()),
                "Only names that start so; case and accents do not count.",
            )
            .drives(1),
            field("kind", one_of(Column::Kind, kinds), "Only these kinds.").drives(3),
            field(
                "credit",
                some(production_company::Column::CompanyId, Test::Filter(&COMPANY_CREDIT)),
                "Only companies that have a part that fits.",
            ),
        ]
    },
};

/// Of genres.
pub static GENRE: FilterInput = FilterInput {
    name: "GenreFilter",
    description: "Which genres to keep: those for which everything given holds.",
    fields: || {
        vec![
            field("key", one_of(genre::Column::Key, Values::Texts), "Only these keys.").drives(0),
            field(
                "namePrefix",
                Test::Prefix(genre::Column::NameKey.into()),
                "Only names that start so; case and accents do not count.",
            )
            .drives(1),
        ]
    },
};

/// Of shots.
pub static SHOT: FilterInput = FilterInput {
    name: "ShotFilter",
    description: "Which shots to keep: those for which everything given holds.",
    fields: || {
        use shot::Column;
        vec![
            field("film", one_of(Column::FilmId, PRODUCTIONS), "Only shots of these films.")
                .drives(0),
            field(
                "episode",
                one_of(Column::EpisodeId, PRODUCTIONS),
                "Only shots that these episodes discuss.",
            )
            .drives(0),
            field(
                "show",
                to(
                    Column::EpisodeId,
                    episode::Column::ProductionId,
                    one_of(episode::Column::ShowId, PRODUCTIONS),
                ),
                "Only shots that episodes of these shows discuss.",
            ),
            field(
                "director",
                some(
                    shot_director::Column::ShotId,
                    one_of(shot_director::Column::PersonId, PEOPLE),
                ),
                "Only shots that these people walk through.",
            )
            .drives(0),
        ]
    },
};

/// Of awards.
pub static AWARD: FilterInput = FilterInput {
    name: "AwardFilter",
    description: "Which nominations and wins to keep: those for which everything given holds.",
    fields: || {
        use award::Column;
        let statuses = Values::Words(&award_type::STATUS, Vocabulary::Closed);
        vec![
            field("body", one_of(Column::Body, Values::Texts), "Only these bodies.").drives(2),
            field("status", one_of(Column::Status, statuses), "Only wins, or only nominations."),
            field("year", range(Column::Year, Scale::Int), "Only these years honoured.").drives(2),
        ]
    },
};

/// Of videos.
pub static VIDEO: FilterInput = FilterInput {
    name: "VideoFilter",
    description: "Which videos to keep: those for which everything given holds.",
    fields: || {
        let kinds = Values::Words(&its_video::KIND, Vocabulary::Open);
        vec![field("kind", one_of(video::Column::Kind, kinds), "Only these kinds.")]
    },
};

/// Of alternative titles.
pub static ALTERNATIVE_TITLE: FilterInput = FilterInput {
    name: "AlternativeTitleFilter",
    description: "Which titles to keep: those for which everything given holds.",
    fields: || {
        use title_name::Column;
        vec![
            field(
                "region",
                one_of(Column::Region, Values::Texts),
                "Only of these regions, such as `US`.",
            )
            .drives(4),
            field(
                "language",
                one_of(Column::Language, Values::Texts),
                "Only in these languages, such as `en`.",
            )
            .drives(4),
            field(
                "isOriginal",
                Test::Is(Column::IsOriginal.into()),
                "Only the original title, or only the others.",
            ),
        ]
    },
};

/// Of ids of other catalogues.
pub static EXTERNAL_ID: FilterInput = FilterInput {
    name: "ExternalIdFilter",
    description: "Which ids of other catalogues to keep: those for which everything given holds.",
    fields: || {
        use external_id::Column;
        vec![
            field(
                "catalog",
                one_of(Column::Catalog, Values::Texts),
                "Only ids of these catalogues, such as `imdb`.",
            )
            .drives(6),
            field(
                "isCanonical",
                Test::Is(Column::IsCanonical.into()),
                "Only current ids, or only those that were merged into others.",
            )
            .drives(3),
        ]
    },
};

/// Of seasons.
pub static SEASON: FilterInput = FilterInput {
    name: "SeasonFilter",
    description: "Which seasons to keep: those for which everything given holds.",
    fields: || {
        vec![field(
            "number",
            range(season::Column::Number, Scale::Int),
            "Only numbers in this range.",
        )]
    },
};

/// Of sources.
pub static SOURCE: FilterInput = FilterInput {
    name: "SourceFilter",
    description: "Which sources to keep: those for which everything given holds.",
    fields: || {
        vec![
            field(
                "key",
                one_of(source::Column::Key, Values::Texts),
                "Only these short stable names.",
            )
            .drives(0),
        ]
    },
};
