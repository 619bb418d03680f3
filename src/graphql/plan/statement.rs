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
        // SQLite would change the order of other joins, and read a table from end to end.
        let kind = match (self.backend, kind) {
            (Backend::Sqlite, "JOIN") => "CROSS JOIN",
            _ => kind,
        };
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
        let frame = self.frame(bounds);
        match self.reading {
            Reading::Count | Reading::UpTo | Reading::From => self.answer(&frame),
            _ => self.rows(&frame),
        }
    }

    /// What the texts of all readings are made of, with every place that a value is bound at.
    fn frame(&self, bounds: Bounds) -> Frame {
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
        let keys = keys.map(|keys| match self.backend {
            Backend::Postgres => format!("unnest({keys}::bigint[]) WITH ORDINALITY AS k(v, o)"),
            Backend::Sqlite => format!("json_each({keys}) AS k"),
        });
        let is_picked =
            matches!(self.reading, Reading::AtMost(_) | Reading::Page | Reading::LastPage);
        let is_correlated = self.backend == Backend::Sqlite && self.parent.is_some() && is_picked;
        let alias = if is_correlated { "x" } else { "l" };
        let parent = self.parent.map(|parent| format!("{alias}.{parent} = {key}"));
        let conditions = self.conditions.iter().map(|condition| match condition {
            Comparison::Constant(column, Constant::Text(text)) => {
                format!("{alias}.{} = '{}'", column.name, text.replace('\'', "''"))
            }
            Comparison::Constant(column, Constant::Int(value)) => {
                format!("{alias}.{} = {value}", column.name)
            }
            Comparison::Bound(column) => format!("{alias}.{} = {}", column.name, place()),
        });
        let conditions = parent.into_iter().chain(conditions).collect();
        let after = bounds.after.map(|nulls| self.cursor(nulls, &mut place));
        let before = bounds.before.map(|nulls| self.cursor(nulls, &mut place));
        let limit = match self.reading {
            Reading::AtMost(rows) => format!(" LIMIT {rows}"),
            Reading::Page | Reading::LastPage => format!(" LIMIT {}", place()),
            _ => String::new(),
        };
        Frame { ordinal, keys, is_correlated, alias, conditions, after, before, limit }
    }

    /// One value for each key: a count, or whether there is a row beyond a bound.
    fn answer(&self, frame: &Frame) -> String {
        let Frame { ordinal, keys, alias, .. } = frame;
        let link = self.link;
        // To look beyond a bound is to ask for its other side, and for the bound itself.
        let (bound, toward) = match self.reading {
            Reading::UpTo => (&frame.after, Toward::Start),
            _ => (&frame.before, Toward::End),
        };
        let pieces = bound.iter().flat_map(|bound| self.pieces(alias, Some(bound), toward, true));
        // In order, which keeps to the index; EXISTS would be free to read the table.
        let found = pieces.map(|piece| {
            let order = self.order_by_in(alias, &piece, toward);
            let matching = frame.matching(&piece.conditions);
            format!("(SELECT 1 FROM {link} {alias}{matching} ORDER BY {order} LIMIT 1) IS NOT NULL")
        });
        let answer = match self.reading {
            Reading::Count => {
                format!("(SELECT count(*) FROM {link} {alias}{})", frame.matching(&[]))
            }
            _ => found.collect::<Vec<_>>().join(" OR "),
        };
        match keys {
            Some(keys) => format!("SELECT {ordinal}, {answer} FROM {keys}"),
            None => format!("SELECT {ordinal}, {answer}"),
        }
    }

    /// The rows of each key, in order, with what is joined to them.
    fn rows(&self, frame: &Frame) -> String {
        let Frame { ordinal, keys, alias, .. } = frame;
        let (link, key) = (self.link, self.key);
        let (toward, bound, other) = match self.reading {
            Reading::LastPage => (Toward::Start, &frame.before, &frame.after),
            _ => (Toward::End, &frame.after, &frame.before),
        };
        // A page is read from one bound; the other only keeps rows out.
        let within: Vec<String> = other
            .iter()
            .map(|other| self.beyond(alias, &self.order, other, toward.back(), false))
            .collect();
        let pick = || {
            let what = if frame.is_correlated { key } else { "*" };
            let pieces = self.pieces(alias, bound.as_ref(), toward, false);
            self.pick(what, alias, &pieces, toward, &frame.limit, |piece| {
                frame.matching(&[within.as_slice(), &piece.conditions].concat())
            })
        };
        let from = match (keys, self.backend) {
            (Some(keys), _) if self.reading == Reading::All => {
                format!("{keys} JOIN {link} l ON {}", frame.conditions.join(" AND "))
            }
            (None, _) => format!("({}) l", pick()),
            (Some(keys), Backend::Postgres) => {
                format!("{keys} CROSS JOIN LATERAL ({}) l", pick())
            }
            (Some(keys), Backend::Sqlite) => {
                format!("{keys} CROSS JOIN {link} l ON l.{key} IN ({})", pick())
            }
        };
        let columns: String = self.columns.iter().map(|column| format!(", {column}")).collect();
        let joins = self.scopes.iter().filter_map(|scope| scope.join.as_ref());
        let joins: String = joins.map(|(_, join)| format!(" {join}")).collect();
        let by_key = if keys.is_some() { format!("{ordinal}, ") } else { String::new() };
        let order = self.order_by("l", &self.order, Toward::End);
        format!("SELECT {ordinal}{columns} FROM {from}{joins} ORDER BY {by_key}{order}")
    }

    /// The first rows of the pieces of a list, in order.
    ///
    /// Each piece is one range of an index, cut off at the limit. To sort a few times as many rows
    /// as are wanted is cheap; to let the database find an order across NULLs is not.
    fn pick(
        &self,
        what: &str,
        alias: &str,
        pieces: &[Piece<'_>],
        toward: Toward,
        limit: &str,
        matching: impl Fn(&Piece<'_>) -> String,
    ) -> String {
        let link = self.link;
        if let [piece] = pieces {
            let order = self.order_by_in(alias, piece, toward);
            return format!(
                "SELECT {alias}.{what} FROM {link} {alias}{} ORDER BY {order}{limit}",
                matching(piece)
            );
        }
        let parts: Vec<String> = (0..)
            .zip(pieces)
            .map(|(index, piece)| {
                let order = self.order_by_in(alias, piece, toward);
                format!(
                    "SELECT * FROM (SELECT {alias}.*, {index} AS piece FROM {link} {alias}{} ORDER BY {order}{limit}) p{index}",
                    matching(piece),
                )
            })
            .collect();
        let order = self.order_by("u", &self.order, toward);
        format!(
            "SELECT u.{what} FROM ({}) u ORDER BY u.piece, {order}{limit}",
            parts.join(" UNION ALL ")
        )
    }

    /// The rows of a list in reading order from a cursor on (from the start without one), as
    /// ranges, each of which an index on parent, order terms and key has in this order.
    fn pieces(
        &self,
        alias: &str,
        cursor: Option<&Cursor>,
        toward: Toward,
        inclusive: bool,
    ) -> Vec<Piece<'_>> {
        let Some((first, rest)) = self.order.split_first() else {
            let condition = cursor.map(|cursor| self.beyond_key(alias, cursor, toward, inclusive));
            return vec![Piece { conditions: condition.into_iter().collect(), order: &[] }];
        };
        let name = format!("{alias}.{}", first.column.name);
        let piece = |condition: String, order| Piece { conditions: vec![condition], order };
        let values = |order| piece(format!("{name} IS NOT NULL"), order);
        let whole: &[OrderTerm] = &self.order;
        let nulls = || piece(format!("{name} IS NULL"), whole);
        let mut pieces = match cursor.map(|cursor| (cursor, cursor.values[0].as_ref())) {
            None if !first.column.nullable => {
                return vec![Piece { conditions: Vec::new(), order: whole }];
            }
            None => vec![values(whole)],
            Some((cursor, None)) => {
                let within = self.beyond(alias, rest, cursor, toward, inclusive);
                vec![piece(format!("{name} IS NULL AND {within}"), whole)]
            }
            Some((cursor, Some(value))) => {
                let operator = toward.operator(first.descending);
                if rest.is_empty() {
                    let equal = if inclusive { "=" } else { "" };
                    let both = format!(
                        "({name}, {alias}.{}) {operator}{equal} ({value}, {})",
                        self.key, cursor.key
                    );
                    vec![piece(both, whole)]
                } else {
                    let within = self.beyond(alias, rest, cursor, toward, inclusive);
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
                (Toward::End, None | Some(true)) => pieces.push(nulls()),
                (Toward::Start, None) => pieces.insert(0, nulls()),
                (Toward::Start, Some(false)) => pieces.push(values(whole)),
                _ => {}
            }
        }
        pieces
    }

    /// The rows beyond a cursor in the last of the order's terms, told term by term: a row is
    /// beyond it if it is beyond it in the first of them, or equal in that and beyond it in the rest.
    fn beyond(
        &self,
        alias: &str,
        terms: &[OrderTerm],
        cursor: &Cursor,
        toward: Toward,
        inclusive: bool,
    ) -> String {
        let values = &cursor.values[self.order.len() - terms.len()..];
        let key = self.beyond_key(alias, cursor, toward, inclusive);
        terms.iter().zip(values).rev().fold(key, |rest, (term, value)| {
            let name = format!("{alias}.{}", term.column.name);
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

    fn beyond_key(&self, alias: &str, cursor: &Cursor, toward: Toward, inclusive: bool) -> String {
        let operator = toward.operator(self.key_descends());
        let equal = if inclusive { "=" } else { "" };
        format!("{alias}.{} {operator}{equal} {}", self.key, cursor.key)
    }

    /// Ties are broken by key, in the direction of the last term: so one comparison of both, and
    /// one index read either way, serve both directions.
    fn key_descends(&self) -> bool {
        self.order.last().is_some_and(|term| term.descending)
    }

    /// The order within a piece, in which the first term is always NULL or never. PostgreSQL does
    /// not know that: to it a place of NULLs would be another order than the index has, and so
    /// would be the order without a term that is the same everywhere.
    fn order_by_in(&self, alias: &str, piece: &Piece<'_>, toward: Toward) -> String {
        let mut terms = piece.order.to_vec();
        if terms.len() == self.order.len() {
            terms.iter_mut().take(1).for_each(|first| first.column.nullable = false);
        }
        self.order_by(alias, &terms, toward)
    }

    /// The order by some of the last terms and the key, NULLs last whatever the direction; or all
    /// of it the other way round.
    fn order_by(&self, alias: &str, terms: &[OrderTerm], toward: Toward) -> String {
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
        let _ = write!(text, "{alias}.{}{}", self.key, direction(self.key_descends()));
        text
    }

    /// The places of a cursor's values, in the order in which they are bound.
    fn cursor(&self, nulls: usize, place: &mut impl FnMut() -> String) -> Cursor {
        let values = (0..self.order.len())
            .map(|index| (nulls & (1 << index) == 0).then(&mut *place))
            .collect();
        Cursor { values, key: place() }
    }
}

/// What the texts of all readings are made of.
struct Frame {
    /// Which key a row belongs to.
    ordinal: &'static str,
    /// The keys as a table; none at the root.
    keys: Option<String>,
    /// Whether the link is named twice, as SQLite needs it: as the rows shown, and in the sub-query
    /// that picks them.
    is_correlated: bool,
    /// The link's name where rows are picked.
    alias: &'static str,
    /// What every row fulfils.
    conditions: Vec<String>,
    after: Option<Cursor>,
    before: Option<Cursor>,
    limit: String,
}

impl Frame {
    /// The condition of every row, and more.
    fn matching(&self, more: &[String]) -> String {
        let all: Vec<&str> = self.conditions.iter().chain(more).map(String::as_str).collect();
        if all.is_empty() { String::new() } else { format!(" WHERE {}", all.join(" AND ")) }
    }
}

/// A range of a list, and the terms that order it.
struct Piece<'a> {
    conditions: Vec<String>,
    order: &'a [OrderTerm],
}

/// Where a cursor's values are bound; none where the value is NULL.
struct Cursor {
    values: Vec<Option<String>>,
    key: String,
}

/// Which way a list is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Toward {
    /// In its order.
    End,
    /// The other way round.
    Start,
}

impl Toward {
    /// How what follows in this reading compares with what comes before it.
    fn operator(self, descending: bool) -> &'static str {
        if (self == Self::End) == descending { "<" } else { ">" }
    }

    fn back(self) -> Self {
        match self {
            Self::End => Self::Start,
            Self::Start => Self::End,
        }
    }
}
