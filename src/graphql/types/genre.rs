//! `Genre`.

use entity::{genre as row, production, production_genre};

use super::{filter, order};
use crate::graphql::declare::{Object, Relation, Table, column, connection, desc, id};

static TABLE: Table = Table::plain("genre", 6);

/// `Genre`.
pub fn genre() -> Object {
    Object {
        name: "Genre",
        description: "A genre, as the sources word it.",
        table: Some(&TABLE),
        discriminant: None,
        interfaces: &["Node"],
        fields: vec![
            id("The global id."),
            column("key", row::Column::Key, "Its short stable name, such as `romantic-comedy`."),
            column("name", row::Column::Name, "The name to show."),
            connection(
                "productions",
                "Production",
                Relation::by(production_genre::Column::GenreId)
                    .through(production_genre::Column::ProductionId)
                    .copy(production::Column::ReleasedOn, production_genre::Column::ReleasedOn)
                    .filter(&filter::PRODUCTION)
                    .order([desc(production_genre::Column::ReleasedOn)])
                    .order_by(&order::GENRE_PRODUCTION),
                "The productions of this genre, the latest first.",
            ),
        ],
    }
}
