//! Conditions, ways to find rows and limits, with the places of their values.

use super::piece::{Cursor, Piece, Toward};
use super::{Bounds, DRIVERS_MAX, FEW, KeyKind, ROW, Reading, Spec, Statement};
use crate::catalog::Backend;
use crate::graphql::declare::{Column, Grouping};
use crate::graphql::filter::Index;
use crate::graphql::plan::condition::{How, RowName, Writing, place};
use crate::graphql::plan::ranked::Walk;

/// What the texts of all readings are made of.
pub(super) struct Frame {
    /// Which key a row belongs to; nothing where that is known and not selected.
    pub(super) ordinal: &'static str,
    /// The key itself.
    pub(super) key: &'static str,
    /// The keys as a table, where the statement reads for all of them.
    pub(super) keys: Option<String>,
    /// What every row fulfils.
    pub(super) conditions: Vec<String>,
    /// A better way to walk the list.
    pub(super) ranked: Option<Walk>,
    /// SQL for the rows that tests of a filter leave, in the order in which they are tried.
    pub(super) drivers: Vec<String>,
    pub(super) after: Option<Cursor>,
    pub(super) before: Option<Cursor>,
    pub(super) limit: String,
}

impl Statement {
    /// What the texts of all readings are made of, with every place that a value is bound at.
    pub(super) fn frame(&self, bounds: Bounds, key: Option<String>) -> Frame {
        let Spec { backend, reading, keys, ref condition, bindings, .. } = self.spec;
        let is_root = keys == KeyKind::None;
        let (ordinal, keys, key, group) = match (backend, keys, key) {
            (_, KeyKind::None, _) => ("0", None, "", ""),
            // What an array holds is one key's.
            (_, _, Some(keys)) => ("", Some(keys), "k.v", ""),
            // Whoever runs it for a key knows its number.
            (Backend::Sqlite, KeyKind::Groups, _) => ("0", None, "?1", "?2"),
            (Backend::Sqlite, _, _) => ("0", None, "?1", ""),
            (Backend::Postgres, KeyKind::Groups, _) => {
                let keys = "unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS k(v, g, o)";
                ("k.o - 1", Some(keys.to_owned()), "k.v", "k.g")
            }
            (Backend::Postgres, kind, _) => {
                let ty = if kind == KeyKind::Texts { "text" } else { "bigint" };
                let keys = format!("unnest($1::{ty}[]) WITH ORDINALITY AS k(v, o)");
                ("k.o - 1", Some(keys), "k.v", "")
            }
        };
        let first = self.first;
        let parent = self.spec.parent.map(|parent| format!("{ROW}.{parent} = {key}"));
        // Which groups have rows is not asked of one group.
        let grouping = self.spec.grouping.filter(|_| reading != Reading::Groups);
        let group = grouping.filter(|_| !group.is_empty()).map(|grouping| match grouping {
            Grouping::Words(column, _) => format!("{ROW}.{} = {group}", column().name),
            Grouping::Groups(column, groups) => {
                format!("{} = {group}", groups.sql(&format!("{ROW}.{}", column().name)))
            }
        });
        let ordered = self.spec.order.first();
        let is_ordered =
            |column: &Column| ordered.is_some_and(|term| term.column.name == column.name);
        // From which side a cursor bounds the order.
        let beyond = ordered.and_then(|term| match reading {
            Reading::Page | Reading::From => {
                let bound = if reading == Reading::Page { bounds.after } else { bounds.before };
                bound.map(|_| Toward::End.operator(term.descending))
            }
            Reading::LastPage => bounds.before.map(|_| Toward::Start.operator(term.descending)),
            Reading::UpTo => bounds.after.map(|_| Toward::Start.operator(term.descending)),
            _ => None,
        });
        // A list is walked by the index of its order, which begins with what every row fulfils. It
        // starts at the cursor, not where the filter would let it start.
        let guides = |column: &Column, how: &How, index: Index| match how {
            How::Is(_) => true,
            How::Equal(_) => index.leads,
            How::AtLeast(_) => is_ordered(column) && beyond != Some(">"),
            How::AtMost(_) | How::Below(_) => is_ordered(column) && beyond != Some("<"),
            _ => is_ordered(column),
        };
        let walks =
            matches!(reading, Reading::Page | Reading::LastPage | Reading::UpTo | Reading::From);
        let free_writing = Writing { backend, first, guided: None };
        let writing = match walks {
            true => Writing { guided: Some(&guides), ..free_writing },
            false => Writing { ..free_writing },
        };
        let row = RowName { table: self.spec.link, alias: ROW, beside: None };
        let mut conditions: Vec<String> = parent.into_iter().chain(group).collect();
        conditions.extend(condition.parts().iter().map(|part| part.probe(row, &writing)));
        let picks = is_root && matches!(reading, Reading::Page | Reading::LastPage);
        let ranked = picks.then(|| Walk::of(condition, &self.spec.order, &free_writing)).flatten();
        let mut drivers = Vec::new();
        if is_root {
            // In the order of the list the rows that fit are found by walking anyway.
            let may = |column: &Column| !walks || !is_ordered(column);
            let condition = ranked.as_ref().map_or(condition, Walk::others);
            drivers = condition.drivers(self.spec.link, &free_writing, &may);
        }
        if !walks {
            // The database finds by itself what is compared in the table itself.
            let found = drivers.drain(..).find(|driver| !driver.is_own);
            conditions.extend(found.map(|driver| format!("{ROW}.id IN ({})", driver.sql)));
        }
        drivers.truncate(DRIVERS_MAX);
        let mut next = first + bindings;
        let mut free = || {
            next += 1;
            place(backend, next - 1)
        };
        let after = bounds.after.map(|nulls| self.cursor(nulls, &mut free));
        let before = bounds.before.map(|nulls| self.cursor(nulls, &mut free));
        let limit = match reading {
            Reading::AtMost(rows) => rows.to_string(),
            Reading::Page | Reading::LastPage | Reading::Best => free(),
            _ => "1".to_owned(),
        };
        let drivers = drivers.into_iter().map(|driver| driver.sql).collect();
        Frame { ordinal, key, keys, conditions, ranked, drivers, after, before, limit }
    }
}

impl Frame {
    /// The condition of every row, and more.
    pub(super) fn matching(&self, more: &[String]) -> String {
        let all: Vec<&str> = self.conditions.iter().chain(more).map(String::as_str).collect();
        if all.is_empty() { String::new() } else { format!(" WHERE {}", all.join(" AND ")) }
    }

    /// Whether all rows are of one key, or of none.
    pub(super) fn is_for_one(&self) -> bool {
        matches!(self.ordinal, "" | "0")
    }

    /// The piece that is all of the list, where that is walked in only one way.
    pub(super) fn only<'p, 'a>(&self, pieces: &'p [Piece<'a>]) -> Option<&'p Piece<'a>> {
        match (pieces, self.drivers.as_slice(), &self.ranked) {
            ([piece], [], None) => Some(piece),
            _ => None,
        }
    }

    /// The limit of the rows that a driver found, or of a walk: nothing is read for a limit of 0,
    /// so that exactly one of these ways is gone.
    pub(super) fn limit_of(&self, driver: Option<usize>, limit: &str) -> String {
        if self.drivers.is_empty() {
            return limit.to_owned();
        }
        let counts = |index: usize, operator: &str| {
            format!("(SELECT count(*) FROM f{index}) {operator} {FEW}")
        };
        let before = (0..driver.unwrap_or(self.drivers.len())).map(|index| counts(index, ">"));
        let here = driver.map(|index| counts(index, "<="));
        let all: Vec<_> = before.chain(here).collect();
        format!("CASE WHEN {} THEN {limit} ELSE 0 END", all.join(" AND "))
    }
}
