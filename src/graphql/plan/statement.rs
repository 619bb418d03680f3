//! SQL: the one place that knows how each database reads a page for every parent at once.
//!
//! Texts are made of declarations alone; every value of a request is bound. The limit is below the
//! joins, so that only rows that are shown are joined: `LATERAL` on PostgreSQL, a correlated
//! sub-query on SQLite, which has no `LATERAL`. The keys of all parents travel as one array, so a
//! statement has one text whatever their number, and stays prepared.
//!
//! Parameters, in order: keys, filters and look-up value, cursor values, limit.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, PoisonError, RwLock};

use super::Slot;
use crate::catalog::Backend;
use crate::graphql::declare::{Column, Constant, OrderTerm, Table, ValueKind};

/// What a statement reads of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Every row: the keys name each once.
    All,
    /// At most this many rows.
    AtMost(i64),
    /// A page: as many rows as the request says, from the start or from a cursor on.
    Page,
    /// A page from the end, or from a cursor backwards.
    LastPage,
    /// How many rows there are.
    Count,
    /// Whether there are rows up to the cursor after which the page begins.
    UpTo,
    /// Whether there are rows from the cursor on before which the page ends.
    From,
}

/// The cursors that bound a page: for each that is given, which of its order values are NULL, bit
/// by bit, the first term lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// The page begins after it.
    pub after: Option<usize>,
    /// The page ends before it.
    pub before: Option<usize>,
}

/// What a column of the link is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// A value known at declaration.
    Constant(Column, Constant),
    /// The next bound value.
    Bound(Column),
}

/// A table in a statement.
#[derive(Clone, Debug)]
struct Scope {
    alias: String,
    table: &'static str,
    key: &'static str,
    /// What its key equals, and how it is joined; the link, first, is not.
    join: Option<(String, String)>,
}

/// A statement in the making, and made.
pub struct Statement {
    backend: Backend,
    reading: Reading,
    link: &'static str,
    key: &'static str,
    /// Column of the link that holds the parent's key.
    parent: Option<&'static str>,
    conditions: Vec<Comparison>,
    order: Vec<OrderTerm>,
    scopes: Vec<Scope>,
    columns: Vec<String>,
    /// The text for each kind of bounds. NULL cannot be compared like a value, so each pattern of
    /// NULLs is a text of its own.
    texts: RwLock<HashMap<Bounds, Arc<str>>>,
}

/// The first slot of every row: which key it belongs to, from 0.
pub const ORDINAL: Slot = 0;
/// Where counts and the answers to [`Reading::UpTo`] and [`Reading::From`] stand.
pub const ANSWER: Slot = 1;
/// The scope of the link.
pub const LINK: usize = 0;

impl Statement {
    /// Reads of a link table.
    pub fn new(
        backend: Backend,
        reading: Reading,
        (link, key): (&'static str, &'static str),
        parent: Option<Column>,
        conditions: Vec<Comparison>,
        order: Vec<OrderTerm>,
    ) -> Self {
        let scope = Scope { alias: "l".to_owned(), table: link, key, join: None };
        Self {
            backend,
            reading,
            link,
            key,
            parent: parent.map(|column| column.name),
            conditions,
            order,
            scopes: vec![scope],
            columns: Vec::new(),
            texts: RwLock::default(),
        }
    }

    /// What it reads.
    pub fn reading(&self) -> Reading {
        self.reading
    }

    /// The order terms.
    pub fn order(&self) -> &[OrderTerm] {
        &self.order
    }

    /// Where the value of an expression stands in the rows.
    pub fn slot(&mut self, expression: String) -> Slot {
        match self.columns.iter().position(|known| *known == expression) {
            Some(index) => index + 1,
            None => {
                self.columns.push(expression);
                self.columns.len()
            }
        }
    }

    /// A column as an expression. A column of a side table of the scope's table is joined.
    pub fn column(&mut self, scope: usize, table: Option<&Table>, column: Column) -> String {
        let home = &self.scopes[scope];
        if home.table == column.table {
            return format!("{}.{}", home.alias, column.name);
        }
        let side =
            table.and_then(|table| table.sides.iter().find(|(side, _)| *side == column.table));
        let key = side.map_or(column.key, |(_, key)| key);
        // The link may itself be the side table of the row it leads to: `episode`, read by show.
        let link = &self.scopes[LINK];
        let leads_here = home.join.as_ref().is_some_and(|(on, _)| *on == format!("l.{key}"));
        if leads_here && link.table == column.table {
            return format!("{}.{}", link.alias, column.name);
        }
        let on = format!("{}.{}", home.alias, home.key);
        let side = self.join(column.table, key, &on, "LEFT JOIN", None);
        format!("{}.{}", self.scopes[side].alias, column.name)
    }

    /// The key of a scope's table.
    pub fn key_of(&self, scope: usize) -> String {
        format!("{}.{}", self.scopes[scope].alias, self.scopes[scope].key)
    }

    /// Join a table by its key; the same join is made once.
    pub fn join(
        &mut self,
        table: &'static str,
        key: &'static str,
        on: &str,
        kind: &str,
        only: Option<(Column, i64)>,
    ) -> usize {
        let alias = format!("t{}", self.scopes.len());
        let text = |alias: &str| {
            let mut text = format!("{kind} {table} {alias} ON {alias}.{key} = {on}");
            if let Some((column, value)) = only {
                let _ = write!(text, " AND {alias}.{} = {value}", column.name);
            }
            text
        };
        let same = |scope: &Scope| {
            scope.join.as_ref().is_some_and(|(_, join)| *join == text(&scope.alias))
        };
        if let Some(index) = self.scopes.iter().position(same) {
            return index;
        }
        let join = Some((on.to_owned(), text(&alias)));
        self.scopes.push(Scope { alias, table, key, join });
        self.scopes.len() - 1
    }

    /// The slots of what a cursor of the link is made of: order terms, then the key.
    pub fn cursor_slots(&mut self) -> Vec<(Slot, ValueKind)> {
        let terms: Vec<_> =
            self.order.iter().map(|term| (term.column.name, term.column.kind)).collect();
        let key = (self.key, ValueKind::Int);
        terms
            .into_iter()
            .chain([key])
            .map(|(name, kind)| (self.slot(format!("l.{name}")), kind))
            .collect()
    }

    /// The text for a request whose cursors look like this.
    pub fn text(&self, bounds: Bounds) -> Arc<str> {
        let known = |texts: &HashMap<Bounds, Arc<str>>| texts.get(&bounds).cloned();
        let read = self.texts.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known(&read) {
            return text;
        }
        drop(read);
        let text: Arc<str> = self.assemble(bounds).into();
        let mut write = self.texts.write().unwrap_or_else(PoisonError::into_inner);
        write.entry(bounds).or_insert(text).clone()
    }

    fn assemble(&self, bounds: Bounds) -> String {
        let mut next = 1;
        let mut place = || {
            let text = match self.backend {
                Backend::Postgres => format!("${next}"),
                Backend::Sqlite => format!("?{next}"),
            };
            next += 1;
            text
        };
        let keys = self.parent.map(|_| place());
        let (ordinal, key) = match (self.backend, &keys) {
            (_, None) => ("0", ""),
            (Backend::Postgres, _) => ("k.o - 1", "k.v"),
            (Backend::Sqlite, _) => ("k.key", "k.value"),
        };
        let from = keys.map(|keys| match self.backend {
            Backend::Postgres => format!("unnest({keys}::bigint[]) WITH ORDINALITY AS k(v, o)"),
            Backend::Sqlite => format!("json_each({keys}) AS k"),
        });

        // SQLite names the link twice: as the rows shown, and inside the sub-query that picks them.
        let correlated = self.backend == Backend::Sqlite
            && self.parent.is_some()
            && matches!(self.reading, Reading::AtMost(_) | Reading::Page | Reading::LastPage);
        let inner = if correlated { "x" } else { "l" };
        let mut conditions: Vec<String> = Vec::new();
        if let Some(parent) = self.parent {
            conditions.push(format!("{inner}.{parent} = {key}"));
        }
        for condition in &self.conditions {
            conditions.push(match condition {
                Comparison::Constant(column, Constant::Text(text)) => {
                    format!("{inner}.{} = '{}'", column.name, text.replace('\'', "''"))
                }
                Comparison::Constant(column, Constant::Int(value)) => {
                    format!("{inner}.{} = {value}", column.name)
                }
                Comparison::Bound(column) => format!("{inner}.{} = {}", column.name, place()),
            });
        }
        // To look beyond a bound is to ask for its other side.
        let after = if self.reading == Reading::UpTo { Side::UpTo } else { Side::After };
        let before = if self.reading == Reading::From { Side::From } else { Side::Before };
        for (nulls, side) in [(bounds.after, after), (bounds.before, before)] {
            if let Some(nulls) = nulls {
                conditions.push(self.keyset(inner, nulls, side, &mut place));
            }
        }
        let matching = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        let link = self.link;

        match self.reading {
            Reading::Count | Reading::UpTo | Reading::From => {
                let answer = match self.reading {
                    Reading::Count => format!("(SELECT count(*) FROM {link} l{matching})"),
                    _ => format!("EXISTS (SELECT 1 FROM {link} l{matching})"),
                };
                match from {
                    Some(from) => format!("SELECT {ordinal}, {answer} FROM {from}"),
                    None => format!("SELECT {ordinal}, {answer}"),
                }
            }
            Reading::All | Reading::AtMost(_) | Reading::Page | Reading::LastPage => {
                let limit = match self.reading {
                    Reading::AtMost(rows) => format!(" LIMIT {rows}"),
                    Reading::Page | Reading::LastPage => format!(" LIMIT {}", place()),
                    _ => String::new(),
                };
                let shown = self.order_by("l", false);
                let picked = self.order_by(inner, self.reading == Reading::LastPage);
                let rows = match (from, self.backend) {
                    (Some(from), _) if self.reading == Reading::All => {
                        format!("{from} JOIN {link} l ON {}", conditions.join(" AND "))
                    }
                    (None, _) => {
                        format!("(SELECT l.* FROM {link} l{matching} ORDER BY {picked}{limit}) l")
                    }
                    (Some(from), Backend::Postgres) => format!(
                        "{from} CROSS JOIN LATERAL (SELECT l.* FROM {link} l{matching} ORDER BY {picked}{limit}) l"
                    ),
                    (Some(from), Backend::Sqlite) => format!(
                        "{from} JOIN {link} l ON l.{id} IN (SELECT x.{id} FROM {link} x{matching} ORDER BY {picked}{limit})",
                        id = self.key,
                    ),
                };
                let mut text = format!("SELECT {ordinal}");
                for column in &self.columns {
                    let _ = write!(text, ", {column}");
                }
                let _ = write!(text, " FROM {rows}");
                for (_, join) in self.scopes.iter().filter_map(|scope| scope.join.as_ref()) {
                    let _ = write!(text, " {join}");
                }
                let first =
                    if self.parent.is_some() { format!("{ordinal}, ") } else { String::new() };
                let _ = write!(text, " ORDER BY {first}{shown}");
                text
            }
        }
    }

    /// The order, NULLs last whatever the direction, ties by key; or all of it the other way round.
    fn order_by(&self, alias: &str, reversed: bool) -> String {
        let mut text = String::new();
        for OrderTerm { column, descending } in &self.order {
            let direction = if *descending == reversed { "" } else { " DESC" };
            let nulls = match (column.nullable, reversed) {
                (false, _) => "",
                (true, false) => " NULLS LAST",
                (true, true) => " NULLS FIRST",
            };
            let _ = write!(text, "{alias}.{}{direction}{nulls}, ", column.name);
        }
        let _ = write!(text, "{alias}.{}{}", self.key, if reversed { " DESC" } else { "" });
        text
    }

    /// The rows on one side of a cursor, told term by term: a row is beyond it if it is beyond it
    /// in the first term, or equal in that and beyond it in the rest.
    fn keyset(
        &self,
        alias: &str,
        nulls: usize,
        side: Side,
        place: &mut impl FnMut() -> String,
    ) -> String {
        // A value that is compared twice is bound once.
        let places: Vec<Option<String>> = (0..self.order.len())
            .map(|index| (nulls & (1 << index) == 0).then(&mut *place))
            .collect();
        let key = format!("{alias}.{} {} {}", self.key, side.of_key(), place());
        let terms = self.order.iter().zip(&places).rev();
        terms.fold(key, |rest, (OrderTerm { column, descending }, value)| {
            let name = format!("{alias}.{}", column.name);
            let Some(value) = value else {
                // NULLs come last: what follows is in the rest, and every value precedes.
                return if side.follows() {
                    format!("({name} IS NULL AND {rest})")
                } else {
                    format!("({name} IS NOT NULL OR {rest})")
                };
            };
            let operator = if side.follows() == *descending { "<" } else { ">" };
            let beyond = if side.follows() && column.nullable {
                format!("({name} {operator} {value} OR {name} IS NULL)")
            } else {
                format!("{name} {operator} {value}")
            };
            format!("({beyond} OR {name} = {value} AND {rest})")
        })
    }
}

/// Which rows a cursor parts off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Those that follow it.
    After,
    /// Those that precede it.
    Before,
    /// Those that precede it, and the one it was made of.
    UpTo,
    /// Those that follow it, and the one it was made of.
    From,
}

impl Side {
    fn follows(self) -> bool {
        matches!(self, Self::After | Self::From)
    }

    fn of_key(self) -> &'static str {
        match self {
            Self::After => ">",
            Self::Before => "<",
            Self::UpTo => "<=",
            Self::From => ">=",
        }
    }
}
