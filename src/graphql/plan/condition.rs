//! Conditions on the rows of a list, and their SQL.
//!
//! A condition has two readings. As a **probe** it is asked of a row that is at hand. As a
//! **driver** it names the rows that fit, from an index that begins with what it compares. Which of
//! the two is cheaper depends on how many rows fit, which only the data know: see
//! [`statement`](super::statement).

use std::fmt::Write;

use crate::catalog::Backend;
use crate::graphql::declare::{Column, Constant};
use crate::graphql::filter::Index;

/// Position of a bound value among those of a statement, from 0.
pub type Param = usize;

/// What must hold of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of these.
    All(Vec<Condition>),
    /// One of these.
    Any(Vec<Condition>),
    /// This does not hold. What is not known does not hold either.
    Not(Box<Condition>),
    /// A comparison.
    Compare(Column, How, Index),
    /// A row of the column's table points here with it, and this holds of that row.
    Some(Column, Box<Condition>, Index),
    /// The row of the key's table that a column points at: this holds of it.
    To(Column, Column, Box<Condition>),
    /// The same, where few rows of that table fit.
    ToFew(Column, Column, Box<Condition>, Index),
    /// As many rows point here, and on to rows of which this holds, as this value says.
    Count(Column, Column, Column, Box<Condition>, Param),
    /// No row of the same table before this one has the same values in these columns.
    First(Vec<Column>),
}

/// How a column is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum How {
    /// With a value known at declaration.
    Is(Constant),
    /// Whether it is true.
    True(bool),
    /// Whether it has a value.
    Known,
    /// With one value.
    Equal(Param),
    /// With any of several values.
    OneOf(Param, ListOf),
    /// It has none of these words.
    NoneOf(Vec<String>),
    /// A value or above.
    AtLeast(Param),
    /// A value or below.
    AtMost(Param),
    /// Below a value.
    Below(Param),
}

/// What a bound list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListOf {
    /// Integers.
    Ints,
    /// Texts.
    Texts,
}

/// A row of which conditions are asked.
#[derive(Clone, Copy)]
pub struct RowName<'a> {
    /// Its table.
    pub table: &'static str,
    /// Its name in the statement.
    pub alias: &'a str,
    /// Another row that says more of the same thing: the link that leads to this one.
    pub beside: Option<(&'static str, &'a str)>,
}

/// How conditions are written.
pub struct Writing<'a> {
    /// The dialect.
    pub backend: Backend,
    /// Where the first bound value stands among the statement's parameters, from 1.
    pub first: usize,
    /// Columns by whose index the row was found: only their comparisons may use one. None where
    /// the database may choose.
    pub guided: Option<&'a Guides<'a>>,
}

/// Whether rows may be found by a comparison.
pub type Guides<'a> = dyn Fn(&Column, &How, Index) -> bool + 'a;

/// The rows for which a condition holds, found by an index.
pub struct Driver {
    /// How few they are: the lower, the fewer.
    pub rank: u8,
    /// Whether the table itself is read.
    pub is_own: bool,
    /// SQL for their keys, as `v`, perhaps with repetitions.
    pub sql: String,
}

impl Condition {
    /// Nothing is asked.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::All(all) if all.is_empty())
    }

    /// Both.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (all, other) if other.is_empty() => all,
            (all, other) if all.is_empty() => other,
            (Self::All(mut all), Self::All(others)) => {
                all.extend(others);
                Self::All(all)
            }
            (Self::All(mut all), other) => {
                all.push(other);
                Self::All(all)
            }
            (one, other) => Self::All(vec![one, other]),
        }
    }

    /// The parts that must all hold.
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::All(all) => all,
            one => std::slice::from_ref(one),
        }
    }

    /// Whether it always compares a column, which then has a value.
    pub fn compares(&self, column: &Column) -> bool {
        match self {
            Self::All(all) => all.iter().any(|part| part.compares(column)),
            Self::Compare(its, ..) => (its.table, its.name) == (column.table, column.name),
            _ => false,
        }
    }

    /// Split what must hold into comparisons of columns that a link has too, in the link's words,
    /// and the rest.
    pub fn hoist(self, link: &'static str, copies: &[(Column, Column)]) -> (Vec<Self>, Vec<Self>) {
        let parts = match self {
            Self::All(all) => all,
            one => vec![one],
        };
        let (mut own, mut rest) = (Vec::new(), Vec::new());
        for part in parts {
            match part {
                Self::Compare(column, how, index) => {
                    let copy = copies.iter().find(|(of, _)| *of == column).map(|(_, own)| *own);
                    match copy.or_else(|| (column.table == link).then_some(column)) {
                        Some(column) => own.push(Self::Compare(column, how, index)),
                        None => rest.push(Self::Compare(column, how, index)),
                    }
                }
                part @ Self::All(_) => {
                    let (more, others) = part.hoist(link, copies);
                    own.extend(more);
                    rest.extend(others);
                }
                other => rest.push(other),
            }
        }
        (own, rest)
    }

    /// As a probe of a row.
    pub fn probe(&self, row: RowName<'_>, writing: &Writing<'_>) -> String {
        let mut text = String::new();
        self.write(row, writing, 0, &mut text);
        text
    }

    fn write(&self, row: RowName<'_>, writing: &Writing<'_>, depth: usize, out: &mut String) {
        let alias = row.alias;
        // Names of tables inside: siblings may share one.
        let inner = format!("s{depth}");
        let there = |table| RowName { table, alias: &inner, beside: None };
        // A plus keeps SQLite from finding the row by what is inside, out of the order of the list.
        let walks = writing.guided.is_some() && writing.backend == Backend::Sqlite;
        let plus = if walks { "+" } else { "" };
        // An offset of none keeps PostgreSQL from asking about every row before the first is shown.
        let fence = if writing.backend == Backend::Postgres { " OFFSET 0" } else { "" };
        let _ = match self {
            Self::All(all) if all.is_empty() => write!(out, "1 = 1"),
            Self::Any(any) if any.is_empty() => write!(out, "1 = 0"),
            Self::All(parts) => {
                join(" AND ", parts, out, |part, out| part.write(row, writing, depth, out))
            }
            // Several ranges of an index are not in its order.
            Self::Any(parts) => {
                let asked = writing.asked();
                join(" OR ", parts, out, |part, out| part.write(row, &asked, depth, out))
            }
            Self::Not(part) => {
                out.push('(');
                part.write(row, &writing.asked(), depth, out);
                write!(out, ") IS NOT TRUE")
            }
            Self::Compare(column, how, index) => {
                let home = [Some((row.table, alias)), row.beside];
                let home = home.into_iter().flatten().find(|(table, _)| *table == column.table);
                match home {
                    Some((_, alias)) => {
                        let guides = writing.guided.is_none_or(|may| may(column, how, *index));
                        compare(alias, *column, how, writing, guides, out);
                        Ok(())
                    }
                    // A table that says more of the same row, by the same key.
                    None => {
                        let _ = write!(
                            out,
                            "EXISTS (SELECT 1 FROM {} {inner} WHERE {inner}.{} = {plus}{alias}.id AND ",
                            column.table, column.key
                        );
                        compare(&inner, *column, how, writing, true, out);
                        write!(out, "{fence})")
                    }
                }
            }
            Self::Some(parent, condition, _) => {
                let _ = write!(
                    out,
                    "EXISTS (SELECT 1 FROM {} {inner} WHERE {inner}.{} = {plus}{alias}.id",
                    parent.table, parent.name
                );
                condition.write_more(there(parent.table), writing, depth, out);
                write!(out, "{fence})")
            }
            Self::To(pointer, key, condition) => {
                let _ = write!(
                    out,
                    "EXISTS (SELECT 1 FROM {} {inner} WHERE {inner}.{} = {plus}{alias}.{}",
                    key.table, key.name, pointer.name
                );
                let beside = Some((row.table, alias));
                let there = RowName { beside, ..there(key.table) };
                condition.write_more(there, writing, depth, out);
                write!(out, "{fence})")
            }
            Self::ToFew(pointer, key, condition, _) => {
                // An array is made once; of a sub-query PostgreSQL would make a join.
                let (start, end) = match writing.backend {
                    Backend::Postgres => ("= ANY(ARRAY(", "))"),
                    Backend::Sqlite => ("IN (", ")"),
                };
                let _ = write!(
                    out,
                    "{alias}.{} {start}SELECT {inner}.{} FROM {} {inner} WHERE ",
                    pointer.name, key.name, key.table
                );
                condition.write(there(key.table), &writing.free(), depth + 1, out);
                write!(out, "{end}")
            }
            Self::Count(parent, pointer, key, condition, count) => {
                let _ = write!(
                    out,
                    "(SELECT count(*) FROM {} {inner} WHERE {inner}.{} = {alias}.id AND {inner}.{} IN (SELECT w.{} FROM {} w WHERE ",
                    parent.table, parent.name, pointer.name, key.key, key.table
                );
                let word = RowName { table: key.table, alias: "w", beside: None };
                condition.write(word, &writing.free(), depth + 1, out);
                write!(out, ")) = {}", writing.place(*count))
            }
            Self::First(columns) => {
                let first = columns.first();
                let (table, key) = first.map_or(("", ""), |column| (column.table, column.key));
                let _ = write!(out, "NOT EXISTS (SELECT 1 FROM {table} {inner} WHERE ");
                for Column { name, .. } in columns {
                    let _ = write!(out, "{inner}.{name} = {alias}.{name} AND ");
                }
                write!(out, "{inner}.{key} < {alias}.{key})")
            }
        };
    }

    fn write_more(&self, row: RowName<'_>, writing: &Writing<'_>, depth: usize, out: &mut String) {
        if !self.is_empty() {
            out.push_str(" AND ");
            self.write(row, &writing.free(), depth + 1, out);
        }
    }

    /// As drivers of a table with the key `id`, any of which finds all rows that fit, the fewest
    /// first. `may` tells which columns of the table may be read for them.
    pub fn drivers(
        &self,
        table: &'static str,
        writing: &Writing<'_>,
        may: &dyn Fn(&Column) -> bool,
    ) -> Vec<Driver> {
        let parts = self.flat();
        let mut drivers = Vec::new();
        let mut columns: Vec<Column> = Vec::new();
        for part in &parts {
            match part {
                Self::Compare(column, _, index) if column.table == table && may(column) => {
                    if let (Some(rank), false) = (index.drives, columns.contains(column)) {
                        columns.push(*column);
                        // Both ends of a range are one.
                        let same =
                            |part: &&&Self| matches!(part, Self::Compare(its, ..) if its == column);
                        let same = parts.iter().filter(same).map(|part| (*part).clone()).collect();
                        let row = RowName { table, alias: "d", beside: None };
                        let probe = Self::All(same).probe(row, writing);
                        let sql = format!("SELECT d.id AS v FROM {table} d WHERE {probe}");
                        drivers.push(Driver { rank, is_own: true, sql });
                    }
                }
                // Only a table that says more of the same row is another one here.
                Self::Compare(column, _, index) if column.table != table => {
                    if let Some(rank) = index.drives {
                        let Column { table, key, .. } = *column;
                        let row = RowName { table, alias: "d", beside: None };
                        let probe = part.probe(row, writing);
                        let sql = format!("SELECT d.{key} AS v FROM {table} d WHERE {probe}");
                        drivers.push(Driver { rank, is_own: false, sql });
                    }
                }
                Self::Any(any) => drivers.extend(Self::union(any, table, writing, may)),
                Self::Some(parent, condition, index) => {
                    if let Some(rank) = index.drives.or_else(|| condition.led()) {
                        let Column { table, name, .. } = *parent;
                        let row = RowName { table, alias: "d", beside: None };
                        let mut sql = format!(
                            "SELECT d.{name} AS v FROM {table} d WHERE d.{name} IS NOT NULL"
                        );
                        condition.write_more(row, writing, 0, &mut sql);
                        drivers.push(Driver { rank, is_own: false, sql });
                    }
                }
                _ => {}
            }
        }
        drivers.sort_by_key(|driver| driver.rank);
        drivers
    }

    /// The driver of alternatives, if each has one.
    fn union(
        any: &[Self],
        table: &'static str,
        writing: &Writing<'_>,
        may: &dyn Fn(&Column) -> bool,
    ) -> Option<Driver> {
        let first = |part: &Self| part.drivers(table, writing, may).into_iter().next();
        let drivers = any.iter().map(first).collect::<Option<Vec<_>>>()?;
        let rank = drivers.iter().map(|driver| driver.rank).max()?;
        let is_own = drivers.iter().all(|driver| driver.is_own);
        let texts = drivers.into_iter().map(|driver| format!("SELECT v FROM ({}) u", driver.sql));
        Some(Driver { rank, is_own, sql: texts.collect::<Vec<_>>().join(" UNION ALL ") })
    }

    /// What must all hold, however it is nested.
    pub fn flat(&self) -> Vec<&Self> {
        match self {
            Self::All(all) => all.iter().flat_map(Self::flat).collect(),
            one => vec![one],
        }
    }

    /// How few rows of its own table fit, where an index can tell them.
    fn led(&self) -> Option<u8> {
        match self {
            Self::All(all) => all.iter().filter_map(Self::led).min(),
            Self::Any(any) => {
                any.iter().map(Self::led).collect::<Option<Vec<_>>>()?.into_iter().max()
            }
            // What is true of nearly all rows leads to none.
            Self::Compare(_, How::True(true), _) => None,
            Self::Compare(_, _, index) | Self::ToFew(_, _, _, index) => index.drives,
            _ => None,
        }
    }
}

impl Writing<'_> {
    fn place(&self, param: Param) -> String {
        place(self.backend, self.first + param)
    }

    /// The same, where no index may be used: a row is at hand.
    fn asked(&self) -> Self {
        Self { guided: self.guided.map(|_| &NONE as _), ..*self }
    }

    /// The same, where the database may choose any index: inside of a sub-query, rows are looked up.
    fn free(&self) -> Self {
        Self { guided: None, ..*self }
    }
}

const NONE: fn(&Column, &How, Index) -> bool = |_, _, _| false;

fn join(
    word: &str,
    parts: &[Condition],
    out: &mut String,
    mut write: impl FnMut(&Condition, &mut String),
) -> std::fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        out.push_str(if index == 0 { "(" } else { word });
        write(part, out);
    }
    out.push(')');
    Ok(())
}

/// Where the parameter with this number, from 1, stands.
pub fn place(backend: Backend, number: usize) -> String {
    match backend {
        Backend::Postgres => format!("${number}"),
        Backend::Sqlite => format!("?{number}"),
    }
}

fn compare(
    alias: &str,
    column: Column,
    how: &How,
    writing: &Writing<'_>,
    guides: bool,
    out: &mut String,
) {
    // As above.
    let plus = if guides || writing.backend == Backend::Postgres { "" } else { "+" };
    let name = format!("{plus}{alias}.{}", column.name);
    let _ = match how {
        How::Is(Constant::Text(text)) => write!(out, "{name} = '{}'", text.replace('\'', "''")),
        How::Is(Constant::Int(value)) => write!(out, "{name} = {value}"),
        How::True(value) => match writing.backend {
            Backend::Postgres if *value => write!(out, "{name}"),
            Backend::Postgres => write!(out, "NOT {name}"),
            // Only a comparison is found in an index.
            Backend::Sqlite => write!(out, "{name} = {}", u8::from(*value)),
        },
        How::Known => write!(out, "{name} IS NOT NULL"),
        How::Equal(param) => write!(out, "{name} = {}", writing.place(*param)),
        How::OneOf(param, of) => {
            let place = writing.place(*param);
            match (writing.backend, of) {
                (Backend::Postgres, ListOf::Ints) => write!(out, "{name} = ANY({place}::bigint[])"),
                (Backend::Postgres, ListOf::Texts) => write!(out, "{name} = ANY({place}::text[])"),
                (Backend::Sqlite, _) => {
                    write!(out, "{name} IN (SELECT value FROM json_each({place}))")
                }
            }
        }
        How::NoneOf(words) => {
            let words: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
            write!(out, "{name} NOT IN ({})", words.join(", "))
        }
        How::AtLeast(param) => write!(out, "{name} >= {}", writing.place(*param)),
        How::AtMost(param) => write!(out, "{name} <= {}", writing.place(*param)),
        How::Below(param) => write!(out, "{name} < {}", writing.place(*param)),
    };
}
