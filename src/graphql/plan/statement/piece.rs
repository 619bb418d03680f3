//! A list as ranges of its index, from a cursor on or from its start.

use std::fmt::Write;

use super::{ROW, Statement};
use crate::catalog::Backend;
use crate::graphql::declare::OrderTerm;

/// A range of a list, and the terms that order it.
pub(super) struct Piece<'a> {
    pub(super) conditions: Vec<String>,
    pub(super) order: &'a [OrderTerm],
}

/// Where a cursor's values are bound; none where the value is NULL.
pub(super) struct Cursor {
    pub(super) values: Vec<Option<String>>,
    pub(super) key: String,
}

/// Which way a list is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Toward {
    /// In its order.
    End,
    /// The other way round.
    Start,
}

impl Toward {
    /// How what follows in this reading compares with what comes before it.
    pub(super) fn operator(self, descending: bool) -> &'static str {
        if (self == Self::End) == descending { "<" } else { ">" }
    }

    pub(super) fn back(self) -> Self {
        match self {
            Self::End => Self::Start,
            Self::Start => Self::End,
        }
    }
}

impl Statement {
    /// The rows of a list in reading order from a cursor on (from the start without one), as
    /// ranges, each of which an index on parent, order terms and key has in this order.
    pub(super) fn pieces(
        &self,
        cursor: Option<&Cursor>,
        toward: Toward,
        inclusive: bool,
    ) -> Vec<Piece<'_>> {
        let Some((first, rest)) = self.spec.order.split_first() else {
            let condition = cursor.map(|cursor| self.beyond_key(cursor, toward, inclusive));
            return vec![Piece { conditions: condition.into_iter().collect(), order: &[] }];
        };
        let name = format!("{ROW}.{}", first.column.name);
        let piece = |condition: String, order| Piece { conditions: vec![condition], order };
        let values = |order| piece(format!("{name} IS NOT NULL"), order);
        let whole: &[OrderTerm] = &self.spec.order;
        let nulls = || piece(format!("{name} IS NULL"), whole);
        let mut pieces = match cursor.map(|cursor| (cursor, cursor.values[0].as_ref())) {
            None if !first.column.nullable || self.first_is_known || self.nulls_lie_last(first) => {
                return vec![Piece { conditions: Vec::new(), order: whole }];
            }
            None => vec![values(whole)],
            Some((cursor, None)) => {
                let within = self.beyond(rest, cursor, toward, inclusive);
                vec![piece(format!("{name} IS NULL AND {within}"), whole)]
            }
            Some((cursor, Some(value))) => {
                let operator = toward.operator(first.descending);
                // SQLite would look for the first of the two alone, and pass by its equals.
                let pairs = self.spec.backend == Backend::Postgres;
                if pairs && rest.is_empty() && first.descending == self.key_descends {
                    let equal = if inclusive { "=" } else { "" };
                    let both = format!(
                        "({name}, {ROW}.{}) {operator}{equal} ({value}, {})",
                        self.spec.key, cursor.key
                    );
                    vec![piece(both, whole)]
                } else {
                    let within = self.beyond(rest, cursor, toward, inclusive);
                    vec![
                        piece(format!("{name} = {value} AND {within}"), rest),
                        piece(format!("{name} {operator} {value}"), whole),
                    ]
                }
            }
        };
        if first.column.nullable {
            match (toward, cursor.map(|cursor| cursor.values[0].is_some())) {
                // NULLs come last, whatever the direction.
                (Toward::End, None | Some(true)) if !self.first_is_known => pieces.push(nulls()),
                (Toward::Start, None) => pieces.insert(0, nulls()),
                (Toward::Start, Some(false)) => pieces.push(values(whole)),
                _ => {}
            }
        }
        pieces
    }

    /// Whether NULLs come last in the index of an order by this term as well. To SQLite they are
    /// the least of all values; PostgreSQL's indexes are read in pieces whatever they say.
    pub(super) fn nulls_lie_last(&self, term: &OrderTerm) -> bool {
        self.spec.backend == Backend::Sqlite && term.descending
    }

    /// The rows beyond a cursor in the last of the order's terms, told term by term: a row is
    /// beyond it if it is beyond it in the first of them, or equal in that and beyond it in the rest.
    pub(super) fn beyond(
        &self,
        terms: &[OrderTerm],
        cursor: &Cursor,
        toward: Toward,
        inclusive: bool,
    ) -> String {
        let values = &cursor.values[self.spec.order.len() - terms.len()..];
        let key = self.beyond_key(cursor, toward, inclusive);
        terms.iter().zip(values).rev().fold(key, |rest, (term, value)| {
            let name = format!("{ROW}.{}", term.column.name);
            let Some(value) = value else {
                // NULLs come last: what follows is in the rest, and every value precedes.
                return match toward {
                    Toward::End => format!("({name} IS NULL AND {rest})"),
                    Toward::Start => format!("({name} IS NOT NULL OR {rest})"),
                };
            };
            let operator = toward.operator(term.descending);
            let beyond = if toward == Toward::End && term.column.nullable {
                format!("({name} {operator} {value} OR {name} IS NULL)")
            } else {
                format!("{name} {operator} {value}")
            };
            format!("({beyond} OR {name} = {value} AND {rest})")
        })
    }

    pub(super) fn beyond_key(&self, cursor: &Cursor, toward: Toward, inclusive: bool) -> String {
        let operator = toward.operator(self.key_descends);
        let equal = if inclusive { "=" } else { "" };
        format!("{ROW}.{} {operator}{equal} {}", self.spec.key, cursor.key)
    }

    /// The order within a piece, in which the first term is always NULL or never. PostgreSQL does
    /// not know that: to it a place of NULLs would be another order than the index has, and so
    /// would be the order without a term that is the same everywhere.
    pub(super) fn order_by_in(&self, alias: &str, piece: &Piece<'_>, toward: Toward) -> String {
        let mut terms = piece.order.to_vec();
        if terms.len() == self.spec.order.len() {
            terms.iter_mut().take(1).for_each(|first| first.column.nullable = false);
        }
        self.order_by(alias, &terms, toward)
    }

    /// The order by some of the last terms and the key, NULLs last whatever the direction; or all
    /// of it the other way round.
    pub(super) fn order_by(&self, alias: &str, terms: &[OrderTerm], toward: Toward) -> String {
        let direction = |descending| if toward.operator(descending) == "<" { " DESC" } else { "" };
        let mut text = String::new();
        for OrderTerm { column, descending } in terms {
            let nulls = match (column.nullable, toward) {
                (false, _) => "",
                (true, Toward::End) => " NULLS LAST",
                (true, Toward::Start) => " NULLS FIRST",
            };
            let _ = write!(text, "{alias}.{}{}{nulls}, ", column.name, direction(*descending));
        }
        let _ = write!(text, "{alias}.{}{}", self.spec.key, direction(self.key_descends));
        text
    }

    /// The places of a cursor's values, in the order in which they are bound.
    pub(super) fn cursor(&self, nulls: usize, place: &mut impl FnMut() -> String) -> Cursor {
        let values = (0..self.spec.order.len())
            .map(|index| (nulls & (1 << index) == 0).then(&mut *place))
            .collect();
        Cursor { values, key: place() }
    }
}
