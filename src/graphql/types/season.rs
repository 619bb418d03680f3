//! `Season`.

use entity::{episode, production, season as row};

use super::{filter, order};
use crate::graphql::declare::{Object, Relation, Table, asc, column, connection, id, one};

static TABLE: Table = Table::plain("season", 14);

/// `Season`.
pub fn season() -> Object {
    Object {
        name: "Season",
        description: "A season of a show.",
        table: Some(&TABLE),
        discriminant: None,
        interfaces: &["Node"],
        fields: vec![
            id("The global id."),
            column("number", row::Column::Number, "Its number, from 1; 0 for specials."),
            one("show", "Show", row::Column::ShowId, "The show it belongs to."),
            connection(
                "episodes",
                "Episode",
                Relation::by(episode::Column::SeasonId)
                    .through(episode::Column::ProductionId)
                    .copy(production::Column::ReleasedOn, episode::Column::ReleasedOn)
                    .filter(&filter::EPISODE)
                    .order([asc(episode::Column::PlaceInShow)])
                    .order_by(&order::EPISODE),
                "Its episodes by number; those without come last.",
            ),
        ],
    }
}
