//! What lists of productions are counted by.

use entity::production_genre;

use super::production::{FORMAT, KIND};
use crate::graphql::declare::{Enum, Facet, FacetBy, Facets};

fn kind() -> String {
    let arms = (1..).zip(KIND.values);
    let arms = arms.map(|(code, (name, _))| format!(" WHEN {code} THEN '{}'", name.to_lowercase()));
    format!("CASE {{}}.kind{} END", arms.collect::<String>())
}

/// A word as it is where the enum has it, else `other`: words that are shown as one are counted as
/// one.
fn word(declared: &Enum, column: &str) -> String {
    let names: Vec<_> =
        declared.values.iter().map(|(name, _)| format!("'{}'", name.to_lowercase())).collect();
    format!("CASE WHEN {column} IN ({}) THEN {column} ELSE 'other' END", names.join(", "))
}

/// Of productions.
pub static PRODUCTION: Facets = Facets {
    name: "ProductionFacets",
    description: "How the items of a list, with its filter and whatever the page, spread over several things. Each is counted only when it is asked for.",
    all: ALL,
};

const ALL: &[Facet] = &[
    Facet {
        name: "kinds",
        object: "KindFacet",
        value: "kind",
        description: "How many are films, shows and episodes, the most frequent first.",
        by: FacetBy::Enum(&KIND, kind),
    },
    Facet {
        name: "formats",
        object: "FormatFacet",
        value: "format",
        description: "How many have each form, the most frequent first.",
        by: FacetBy::Enum(&FORMAT, || word(&FORMAT, "{}.format")),
    },
    Facet {
        name: "decades",
        object: "DecadeFacet",
        value: "decade",
        description: "How many were first shown in each decade, by its first year, the latest first; those without a date last, with null.",
        by: FacetBy::Int("{}.released_on / 100000 * 10"),
    },
    Facet {
        name: "genres",
        object: "GenreFacet",
        value: "genre",
        description: "How many have each genre, the most frequent first, at most 100 genres. One with several genres counts for each.",
        by: FacetBy::Rows(
            || {
                (
                    production_genre::Column::ProductionId.into(),
                    production_genre::Column::GenreId.into(),
                )
            },
            "Genre",
        ),
    },
];
