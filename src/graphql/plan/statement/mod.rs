//! SQL: the one place that knows how each database reads a page for every parent at once.
//!
//! Texts are made of declarations alone; every value of a request is bound. Only rows that are shown
//! are joined: the limit is below the joins, or these keep every row and the order. On PostgreSQL the
//! keys of all parents travel as one array, and the rows of each are read `LATERAL` to it, so a
//! statement has one text whatever their number, and stays prepared. On SQLite a statement is a
//! function that is called: its text reads for one key and runs for each.
//!
//! Parameters, in order: keys, those of gathered levels, filters and look-up value, cursor values,
//! limit.
//!
//! **A filtered list of a whole table** can be read in two ways: walking the index of its order and
//! asking each row whether it fits, or finding the rows that fit and sorting them. The first is bad
//! where few rows fit, the second where many do, and a plan that serves every value of a filter
//! cannot know. So the statement finds out: it counts the rows that fit, up to [`FEW`], and sorts
//! them if they are no more; else it walks. Neither way reads more than about `FEW` rows plus, where
//! the order does not depend on the filter, `page * table / FEW`. Where an index has the rows that a
//! test leaves in the order of the list ([`ranked`](super::ranked)), that is walked instead.

mod frame;
mod piece;
mod text;

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::Slot;
use super::condition::Condition;
use crate::catalog::Backend;
use crate::graphql::declare::{Column, Facet, Grouping, OrderTerm, Ranking, Table, ValueKind};

/// As many rows as are worth sorting to save a walk.
pub const FEW: usize = 4_000;
/// Tests of a filter that are tried for being fitted by few rows.
const DRIVERS_MAX: usize = 2;

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
    /// How many rows have each value of a facet.
    Facet,
    /// Which groups have rows.
    Groups,
    /// The best rows of a ranking.
    Best,
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

/// What the keys of a statement are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// There are none.
    None,
    /// Keys of rows.
    Ids,
    /// Texts.
    Texts,
    /// Keys of rows, each with the name of a group.
    Groups,
}

/// What a statement reads.
#[derive(Debug)]
pub struct Spec {
    /// The dialect.
    pub backend: Backend,
    /// What it reads of its list.
    pub reading: Reading,
    /// The table of the list.
    pub link: &'static str,
    /// Its key.
    pub key: &'static str,
    /// Column of the link that holds the parent's key.
    pub parent: Option<&'static str>,
    /// What the keys are.
    pub keys: KeyKind,
    /// What must hold of a row of the link.
    pub condition: Condition,
    /// How many values the condition binds.
    pub bindings: usize,
    /// The order.
    pub order: Vec<OrderTerm>,
    /// What the list is divided by.
    pub grouping: Option<Grouping>,
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

/// The rows that a link leads to.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The link's column.
    pub column: Column,
    /// Their table, whose key is `id`.
    pub table: &'static str,
}

/// A statement in the making, and made.
pub struct Statement {
    spec: Spec,
    /// Whether ties are broken by the largest key first.
    key_descends: bool,
    /// Whether no row has NULL in the first term of the order, although its column may.
    first_is_known: bool,
    /// What the rows are counted by.
    facet: Option<(Facet, Option<Target>)>,
    ranking: Option<&'static Ranking>,
    scopes: Vec<Scope>,
    columns: Vec<String>,
    /// The place of the first parameter that follows the keys and what gathered levels are given.
    first: usize,
    /// The text for a page that no cursor bounds.
    text: OnceLock<Arc<str>>,
    /// The text for each other kind of bounds. NULL cannot be compared like a value, so each pattern
    /// of NULLs is a text of its own.
    texts: RwLock<HashMap<Bounds, Arc<str>>>,
}

/// The first slot of every row: which key it belongs to, from 0.
pub const ORDINAL: Slot = 0;
/// Where counts and the answers to [`Reading::UpTo`] and [`Reading::From`] stand.
pub const ANSWER: Slot = 1;
/// The scope of the link.
pub const LINK: usize = 0;
/// The name of its rows.
const ROW: &str = "l";
/// Tables whose rows each pair two things, hardly ever the same two again.
const PAIRS: [&str; 2] = ["credit", "production_company"];

impl Statement {
    /// A statement that reads a list.
    pub fn new(mut spec: Spec) -> Self {
        let scope = Scope { alias: ROW.to_owned(), table: spec.link, key: spec.key, join: None };
        // Ties are broken by key, in the direction of the last term: so one comparison of both, and
        // one index read either way, serve both directions. An order by the key is just that.
        let by_key = spec.order.iter().position(|term| term.column.name == spec.key);
        let last = by_key.or(spec.order.len().checked_sub(1));
        let key_descends = last.is_some_and(|last| spec.order[last].descending);
        let first = match spec.keys {
            KeyKind::None => 1,
            KeyKind::Ids | KeyKind::Texts => 2,
            KeyKind::Groups => 3,
        };
        spec.order.truncate(by_key.unwrap_or(spec.order.len()));
        // What a filter compares is known.
        let first_is_known =
            spec.order.first().is_some_and(|first| spec.condition.compares(&first.column));
        Self {
            spec,
            key_descends,
            first_is_known,
            facet: None,
            ranking: None,
            scopes: vec![scope],
            columns: Vec::new(),
            first,
            text: OnceLock::new(),
            texts: RwLock::default(),
        }
    }

    /// Count by a facet of the rows shown, which may be those that the link leads to.
    pub fn count_by(&mut self, facet: Facet, target: Option<Target>) {
        self.facet = Some((facet, target));
    }

    /// What it counts by.
    pub fn facet(&self) -> Option<Facet> {
        self.facet.map(|(facet, _)| facet)
    }

    /// What it ranks by.
    pub fn ranking(&self) -> Option<&'static Ranking> {
        self.ranking
    }

    /// Read a ranking.
    pub fn rank(&mut self, ranking: &'static Ranking) {
        self.ranking = Some(ranking);
    }

    /// What it reads.
    pub fn reading(&self) -> Reading {
        self.spec.reading
    }

    /// How many groups there may be.
    pub fn groups_max(&self) -> usize {
        self.spec.grouping.map_or(0, |grouping| grouping.declared().values.len())
    }

    /// The order terms.
    pub fn order(&self) -> &[OrderTerm] {
        &self.spec.order
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

    /// What stands in a slot.
    pub fn expression(&self, slot: Slot) -> Option<&str> {
        self.columns.get(slot.checked_sub(1)?).map(String::as_str)
    }

    /// Whether this is the key of the link's rows, or that of what has the same key as they.
    pub fn is_own_key(&self, expression: &str) -> bool {
        let own = self.key_of(LINK);
        let has_it = |scope: &Scope| scope.join.as_ref().is_some_and(|(on, _)| *on == own);
        *expression == own || self.joined(expression).is_some_and(has_it)
    }

    /// Whether this is the key of what each row of the link pairs its parent with.
    pub fn pairs(&self, expression: &str) -> bool {
        let on_link =
            |scope: &Scope| scope.join.as_ref().is_some_and(|(on, _)| on.starts_with("l."));
        PAIRS.contains(&self.spec.link) && self.joined(expression).is_some_and(on_link)
    }

    /// The scope that this is the key of.
    fn joined(&self, expression: &str) -> Option<&Scope> {
        self.scopes.iter().find(|scope| *expression == format!("{}.{}", scope.alias, scope.key))
    }

    /// The place of the first parameter that is its own.
    pub fn first(&self) -> usize {
        self.first
    }

    /// Let its own parameters begin at a place.
    pub fn start_at(&mut self, first: usize) {
        self.first = first;
    }

    /// Its rows for one key, which another statement names, as one value: a record with an array for
    /// each column. Where its own rows have gathered ones in them, an array of records, which costs
    /// more: arrays of different lengths make no array.
    pub fn gathered(&self, key: &str, gathers: bool) -> String {
        // The name of the key's table may be one in here, too.
        let rows = self.assemble(Bounds::default(), Some(format!("(SELECT {key} AS v) k")));
        let columns = match self.spec.reading {
            Reading::Count => 1,
            _ => self.columns.len(),
        };
        if gathers || columns == 0 {
            return format!("(SELECT array_agg(q) FROM ({rows}) q)");
        }
        let names: Vec<_> = (1..=columns).map(|number| format!("c{number}")).collect();
        let arrays: Vec<_> = names.iter().map(|name| format!("array_agg(q.{name})")).collect();
        format!("(SELECT ROW({}) FROM ({rows}) q({}))", arrays.join(", "), names.join(", "))
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
        let kind = match (self.spec.backend, kind) {
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
            self.spec.order.iter().map(|term| (term.column.name, term.column.kind)).collect();
        let key = (self.spec.key, ValueKind::Int);
        terms
            .into_iter()
            .chain([key])
            .map(|(name, kind)| (self.slot(format!("l.{name}")), kind))
            .collect()
    }

    /// The text for a request whose cursors look like this.
    pub fn text(&self, bounds: Bounds) -> Arc<str> {
        if bounds == Bounds::default() {
            return self.text.get_or_init(|| self.assemble(bounds, None).into()).clone();
        }
        let known = |texts: &HashMap<Bounds, Arc<str>>| texts.get(&bounds).cloned();
        let read = self.texts.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known(&read) {
            return text;
        }
        drop(read);
        let text: Arc<str> = self.assemble(bounds, None).into();
        let mut write = self.texts.write().unwrap_or_else(PoisonError::into_inner);
        write.entry(bounds).or_insert(text).clone()
    }

    /// The text, or that for the one key of a table of another statement.
    fn assemble(&self, bounds: Bounds, key: Option<String>) -> String {
        let frame = self.frame(bounds, key);
        let text = match self.spec.reading {
            Reading::Count | Reading::UpTo | Reading::From => self.answer(&frame),
            Reading::Facet => self.facets(&frame),
            Reading::Groups => self.groups(&frame),
            Reading::Best => self.best(&frame),
            _ => self.rows(&frame),
        };
        let drivers = (0..).zip(&frame.drivers).map(|(index, driver)| {
            format!("f{index}(v) AS MATERIALIZED (SELECT v FROM ({driver}) q LIMIT {})", FEW + 1)
        });
        match drivers.collect::<Vec<_>>().as_slice() {
            [] => text,
            tables => format!("WITH {} {text}", tables.join(", ")),
        }
    }

    /// The slots of a row that stands for a group: the key of its parent, and its name.
    pub fn group_slots(&self) -> (Slot, Slot) {
        (1, 2)
    }
}
