//! Value objects: several readings of one column.

use entity::production;

use crate::graphql::declare::{Encoding, Field, Object, Source, Type, encoded};

fn of_carrier(name: &'static str, ty: Type, sql: &'static str, description: &'static str) -> Field {
    Field { name, ty, description, source: Source::OfCarrier(sql) }
}

/// `PartialDate`, over a column of the form `year * 10000 + month * 100 + day`.
pub fn partial_date() -> Object {
    Object {
        name: "PartialDate",
        description: "A date of which the month or the day may be unknown. It is never rounded to a full date: what is not known is null.",
        table: None,
        discriminant: None,
        interfaces: &[],
        fields: vec![
            of_carrier(
                "year",
                Type::named("Int").non_null(),
                "{} / 10000",
                "The year, four digits.",
            ),
            of_carrier(
                "month",
                Type::named("Int"),
                "NULLIF({} / 100 % 100, 0)",
                "The month, 1 to 12; null where only the year is known.",
            ),
            of_carrier(
                "day",
                Type::named("Int"),
                "NULLIF({} % 100, 0)",
                "The day of the month, 1 to 31; null where only the month is known.",
            ),
        ],
    }
}

/// `Rating`, over the average in tenths; the votes stand beside it.
pub fn rating() -> Object {
    Object {
        name: "Rating",
        description: "What the voters of a source think of a production.",
        table: None,
        discriminant: None,
        interfaces: &[],
        fields: vec![
            encoded(
                "average",
                production::Column::RatingTenths,
                Encoding::Tenths,
                "Average of all votes, 1.0 to 10.0.",
            )
            .known(),
            encoded("votes", production::Column::RatingVotes, Encoding::Plain, "Number of votes.")
                .known(),
        ],
    }
}
