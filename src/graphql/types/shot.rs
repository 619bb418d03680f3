//! `Shot`.

use entity::{shot as row, shot_director};

use crate::graphql::declare::{Object, Relation, Table, asc, column, id, list, one};

static TABLE: Table = Table::plain("shot", 5);

/// `Shot`.
pub fn shot() -> Object {
    Object {
        name: "Shot",
        description: "A shot or scene of a film that somebody discusses: what is to be seen, who walks through it, and in which episode.",
        table: Some(&TABLE),
        discriminant: None,
        interfaces: &["Node"],
        fields: vec![
            id("The global id."),
            column("title", row::Column::Title, "A short name for it."),
            column(
                "description",
                row::Column::Description,
                "What is to be seen and what is told about it.",
            ),
            one("film", "Film", row::Column::FilmId, "The film it is from."),
            one("episode", "Episode", row::Column::EpisodeId, "The episode that discusses it."),
            list(
                "directors",
                "Person",
                Relation::by(shot_director::Column::ShotId)
                    .through(shot_director::Column::PersonId)
                    .order([asc(shot_director::Column::Position)]),
                "The director, or directors, who walk through it.",
            ),
            column(
                "position",
                row::Column::Position,
                "Its place among the discussed shots of the film, from 1.",
            ),
            column(
                "startsAtMs",
                row::Column::StartsAtMs,
                "Where it starts in the film, in milliseconds.",
            ),
            column(
                "endsAtMs",
                row::Column::EndsAtMs,
                "Where it ends in the film, in milliseconds.",
            ),
            one("source", "Source", row::Column::SourceId, "Where this comes from."),
        ],
    }
}
