//! Lists that a filter leaves in an order that an index has: productions of a genre by votes.
//!
//! Such an index begins with what the filter names (a genre), the kind and the decade, then comes
//! the order. For every kind and decade the first rows are read, as many as the page wants; the
//! first of all of them are the page. So a page costs `kinds * decades * size` rows at the most,
//! whatever the size of the catalogue and however rare what is wanted, while a walk through the
//! whole list in its order has to pass by everything else. Of several genres at once there is so
//! much that such a walk finds it soon.

use super::condition::{Condition, How, RowName, Writing, place};
use crate::catalog::Backend;
use crate::graphql::declare::{Column, OrderTerm};
use crate::graphql::filter::{Copies, Index, Ranked};

/// How a list is read through a ranked link.
pub struct Walk {
    backend: Backend,
    ranked: &'static Ranked,
    /// The column of the link that points at the rows of the list, and the one that points at what
    /// the filter names.
    pointers: [&'static str; 2],
    /// What the index begins with: tables of values, and how the link's columns equal them.
    tables: Vec<String>,
    /// What every row fulfils.
    conditions: Vec<String>,
    others: Condition,
}

impl Walk {
    /// The walk of a list of a whole table, if a part of its condition offers one.
    pub fn of(condition: &Condition, order: &[OrderTerm], writing: &Writing<'_>) -> Option<Self> {
        let backend = writing.backend;
        let parts = condition.flat();
        let (served, ranked, parent, pointer, wanted) =
            parts.iter().enumerate().find_map(|(index, part)| match part {
                Condition::Some(parent, inner, Index { ranked: Some(ranked), .. }) => {
                    match &**inner {
                        Condition::ToFew(pointer, key, wanted, _)
                            if matches!(**wanted, Condition::Compare(_, How::Equal(_), _)) =>
                        {
                            Some((index, *ranked, parent, pointer, (key, wanted)))
                        }
                        _ => None,
                    }
                }
                _ => None,
            })?;
        let copies = (ranked.copies)();
        let [OrderTerm { column, .. }] = order else { return None };
        if *column != copies.rank.0 {
            return None;
        }
        let (key, wanted) = wanted;
        let row = RowName { table: key.table, alias: "w", beside: None };
        let wanted = wanted.probe(row, writing);
        let mut tables =
            vec![format!("(SELECT w.{} AS v FROM {} w WHERE {wanted}) w", key.name, key.table)];
        let mut conditions = vec![format!("l.{} = w.v", pointer.name)];
        let is_of_kind = parts.iter().any(|part| {
            let fixed = |how: &How| matches!(how, How::Is(_) | How::Equal(_));
            matches!(part, Condition::Compare(column, how, _) if *column == copies.kind.0 && fixed(how))
        });
        if !is_of_kind {
            let kinds = ranked.kinds.iter().map(|kind| format!("SELECT {kind} AS v"));
            tables.push(format!("({}) y", kinds.collect::<Vec<_>>().join(" UNION ALL ")));
            conditions.push(format!("l.{} = y.v", copies.kind.1.name));
        }
        tables.push(format!("({}) d", decades(&parts, &copies, writing)));
        conditions.push(format!("coalesce(l.{}, 0) / 100000 = d.v", copies.date.1.name));
        let rest = parts.iter().enumerate().filter(|(index, _)| *index != served);
        let rest: Vec<Condition> = rest.map(|(_, part)| (*part).clone()).collect();
        let is_dated = |part: &Condition| matches!(part, Condition::Compare(column, ..) if *column == copies.date.0);
        let others = Condition::All(rest.iter().filter(|part| !is_dated(part)).cloned().collect());
        let rest = Condition::All(rest);
        let (own, asked) = rest.hoist(ranked.link, &copies.all());
        let guides = |column: &Column, how: &How, _| {
            *column == copies.kind.1 && !matches!(how, How::OneOf(..))
        };
        let guided = Writing { guided: Some(&guides), ..*writing };
        let row = RowName { table: ranked.link, alias: "l", beside: None };
        conditions.extend(own.iter().chain(&asked).map(|part| part.probe(row, &guided)));
        Some(Self {
            backend,
            ranked,
            pointers: [parent.name, pointer.name],
            tables,
            conditions,
            others,
        })
    }

    /// What the index does not begin with.
    pub fn others(&self) -> &Condition {
        &self.others
    }

    /// The keys and ranks of the first rows, as a table `f`.
    ///
    /// `more` is what else is asked of a row `l`, `order` writes the order of the rows of a table.
    pub fn table(&self, more: &[String], order: &dyn Fn(&str) -> String, limit: &str) -> String {
        let Self { backend, ranked, pointers: [parent, pointer], tables, conditions, .. } = self;
        let Copies { kind, date, rank } = (ranked.copies)();
        let rank = rank.1.name;
        let link = ranked.link;
        let conditions: Vec<&str> = conditions.iter().chain(more).map(String::as_str).collect();
        let conditions = conditions.join(" AND ");
        let tables = tables.join(" CROSS JOIN ");
        let columns = format!("{pointer}, {}, {}, {rank}", kind.1.name, date.1.name);
        let best = |what: &str, columns: &str| {
            format!(
                "SELECT {what} FROM (SELECT {parent} AS id, {columns} FROM {link}) l WHERE {conditions} ORDER BY {} LIMIT {limit}",
                order("l")
            )
        };
        let all = match backend {
            Backend::Postgres => {
                let best = best(&format!("l.id, l.{rank}"), &columns);
                format!("SELECT b.id, b.{rank} FROM {tables} CROSS JOIN LATERAL ({best}) b")
            }
            Backend::Sqlite => {
                let best = best("l.link", &format!("id AS link, {columns}"));
                format!(
                    "SELECT b.{parent} AS id, b.{rank} FROM {tables} CROSS JOIN {link} b ON b.id IN ({best})"
                )
            }
        };
        format!("(SELECT f.id, f.{rank} FROM ({all}) f ORDER BY {} LIMIT {limit}) f", order("f"))
    }
}

/// SQL for the decades in which there can be rows, as `v`.
fn decades(parts: &[&Condition], copies: &Copies, writing: &Writing<'_>) -> String {
    let Column { table, name, .. } = copies.date.0;
    let backend = writing.backend;
    let (greatest, least) = match backend {
        Backend::Postgres => ("greatest", "least"),
        Backend::Sqlite => ("max", "min"),
    };
    let mut is_dated = false;
    let mut start = format!("coalesce((SELECT min({name}) FROM {table}), 0)");
    let mut end = format!("coalesce((SELECT max({name}) FROM {table}), 0)");
    for part in parts {
        let Condition::Compare(column, how, _) = part else { continue };
        if *column != copies.date.0 {
            continue;
        }
        is_dated = true;
        match how {
            How::AtLeast(param) => {
                start = format!("{greatest}({start}, {})", place(backend, writing.first + param));
            }
            How::AtMost(param) => {
                end = format!("{least}({end}, {})", place(backend, writing.first + param));
            }
            _ => {}
        }
    }
    let series = match backend {
        Backend::Postgres => {
            format!("SELECT generate_series({start} / 100000, {end} / 100000) AS v")
        }
        Backend::Sqlite => format!(
            "WITH RECURSIVE d(v, z) AS (SELECT {start} / 100000, {end} / 100000 UNION ALL SELECT v + 1, z FROM d WHERE v < z) SELECT v FROM d"
        ),
    };
    // Without a date it is of decade 0.
    if is_dated { series } else { format!("SELECT 0 AS v UNION ALL SELECT v FROM ({series}) s") }
}
