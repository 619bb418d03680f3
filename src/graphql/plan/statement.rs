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

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::Slot;
use super::condition::{Condition, How, RowName, Writing, place};
use super::ranked::Walk;
use crate::catalog::Backend;
use crate::graphql::declare::{
    Column, Facet, FacetBy, Grouping, OrderTerm, Ranking, Table, ValueKind,
};
use crate::graphql::filter::Index;

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

    /// Whether this is the key of what each row of the link pairs its parent with.
    pub fn pairs(&self, expression: &str) -> bool {
        let is_joined = |scope: &Scope| {
            let on_link = scope.join.as_ref().is_some_and(|(on, _)| on.starts_with("l."));
            on_link && *expression == format!("{}.{}", scope.alias, scope.key)
        };
        PAIRS.contains(&self.spec.link) && self.scopes.iter().any(is_joined)
    }

    /// The place of the first parameter that is its own.
    pub fn first(&self) -> usize {
        self.first
    }

    /// Let its own parameters begin at a place.
    pub fn start_at(&mut self, first: usize) {
        self.first = first;
    }

    /// Its rows for one key, which another statement names, as an array.
    pub fn gathered(&self, key: &str) -> String {
        // The name of the key's table may be one in here, too.
        let keys = format!("(SELECT {key} AS v) k");
        format!("(SELECT array_agg(q) FROM ({}) q)", self.assemble(Bounds::default(), Some(keys)))
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

    /// What the texts of all readings are made of, with every place that a value is bound at.
    fn frame(&self, bounds: Bounds, key: Option<String>) -> Frame {
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

    /// One value for each key: a count, or whether there is a row beyond a bound.
    fn answer(&self, frame: &Frame) -> String {
        let Frame { ordinal, keys, .. } = frame;
        let link = self.spec.link;
        // To look beyond a bound is to ask for its other side, and for the bound itself.
        let (bound, toward) = match self.spec.reading {
            Reading::UpTo => (&frame.after, Toward::Start),
            _ => (&frame.before, Toward::End),
        };
        let pieces = bound.iter().flat_map(|bound| self.pieces(Some(bound), toward, true));
        // In order, which keeps to the index; EXISTS would be free to read the table.
        let found = pieces.map(|piece| {
            let order = self.order_by_in(ROW, &piece, toward);
            let matching = frame.matching(&piece.conditions);
            let limit = frame.limit_of(None, &frame.limit);
            format!(
                "(SELECT 1 FROM {link} {ROW}{matching} ORDER BY {order} LIMIT {limit}) IS NOT NULL"
            )
        });
        let few = (0..frame.drivers.len()).flat_map(|driver| {
            bound.iter().map(move |bound| {
                let beyond = self.beyond(&self.spec.order, bound, toward, true);
                let few = self.few(frame, driver, &[beyond]);
                format!(
                    "(SELECT 1 FROM {few} LIMIT {}) IS NOT NULL",
                    frame.limit_of(Some(driver), &frame.limit)
                )
            })
        });
        let answer = match self.spec.reading {
            Reading::Count => {
                format!("(SELECT count(*) FROM {link} {ROW}{})", frame.matching(&[]))
            }
            _ => few.chain(found).collect::<Vec<_>>().join(" OR "),
        };
        match keys {
            Some(keys) => format!("{} FROM {keys}", select(ordinal, &[answer])),
            None => select(ordinal, &[answer]),
        }
    }

    /// The rows of each key, in order, with what is joined to them.
    fn rows(&self, frame: &Frame) -> String {
        let Frame { ordinal, keys, .. } = frame;
        let link = self.spec.link;
        let (toward, bound, other) = match self.spec.reading {
            Reading::LastPage => (Toward::Start, &frame.before, &frame.after),
            _ => (Toward::End, &frame.after, &frame.before),
        };
        // A page is read from one bound; the other only keeps rows out.
        let within: Vec<String> = other
            .iter()
            .map(|other| self.beyond(&self.spec.order, other, toward.back(), false))
            .collect();
        let by_key = if frame.is_for_one() { String::new() } else { format!("{ordinal}, ") };
        let order = self.order_by(ROW, &self.spec.order, Toward::End);
        let select = select(ordinal, &self.columns);
        let joins = self.joins();
        if self.spec.reading == Reading::All {
            let matching = frame.conditions.join(" AND ");
            return match keys {
                Some(keys) => {
                    format!(
                        "{select} FROM {keys} JOIN {link} l ON {matching}{joins} ORDER BY {by_key}{order}"
                    )
                }
                None => format!("{select} FROM {link} l{joins} WHERE {matching} ORDER BY {order}"),
            };
        }
        let pieces = self.pieces(bound.as_ref(), toward, false);
        if let (true, Toward::End, Some(piece)) = (frame.is_for_one(), toward, frame.only(&pieces))
            && self.joins_keep_rows()
        {
            // The joins follow the order of the list, and no row is copied before it is shown.
            let (order, limit) = (self.order_by_in(ROW, piece, toward), &frame.limit);
            let more = [within.as_slice(), piece.conditions.as_slice()].concat();
            let from = match keys {
                Some(keys) => {
                    let conditions = [frame.conditions.as_slice(), &more].concat();
                    format!("{keys} JOIN {link} l ON {}{joins}", conditions.join(" AND "))
                }
                None => format!("{link} l{joins}{}", frame.matching(&more)),
            };
            return format!("{select} FROM {from} ORDER BY {order} LIMIT {limit}");
        }
        let pick = self.pick(frame, &pieces, bound.as_ref(), &within, toward);
        let from = match keys {
            Some(keys) => format!("{keys} CROSS JOIN LATERAL ({pick}) l"),
            None => format!("({pick}) l"),
        };
        format!("{select} FROM {from}{joins} ORDER BY {by_key}{order}")
    }

    /// How many rows of each key have each value of a facet.
    fn facets(&self, frame: &Frame) -> String {
        let Some((facet, target)) = &self.facet else { return String::new() };
        let (link, backend) = (self.spec.link, self.spec.backend);
        let join = if backend == Backend::Sqlite { "CROSS JOIN" } else { "JOIN" };
        let mut from = match &frame.keys {
            Some(keys) => format!("{keys} {join} {link} l ON {}", frame.conditions.join(" AND ")),
            None => format!("{link} l"),
        };
        let shown = match target {
            None => "l",
            Some(Target { column, table }) => {
                let _ = write!(from, " {join} {table} t ON t.id = l.{}", column.name);
                "t"
            }
        };
        let value = match facet.by {
            FacetBy::Enum(_, sql) => sql().replace("{}", shown),
            FacetBy::Int(sql) => sql.replace("{}", shown),
            FacetBy::Rows(columns, _) => {
                let (parent, pointer) = columns();
                let _ =
                    write!(from, " {join} {} g ON g.{} = {shown}.id", parent.table, parent.name);
                format!("g.{}", pointer.name)
            }
        };
        let matching = if frame.keys.is_some() { String::new() } else { frame.matching(&[]) };
        let order = match (facet.by, backend) {
            (FacetBy::Int(_), _) => "q.v DESC NULLS LAST",
            // Words made by an expression have no collation of their own.
            (FacetBy::Enum(..), Backend::Postgres) => "q.n DESC, q.v COLLATE \"C\"",
            _ => "q.n DESC, q.v",
        };
        format!(
            "{} FROM (SELECT {} AS o, {value} AS v, count(*) AS n FROM {from}{matching} GROUP BY 1, 2) q{} ORDER BY q.o, {order}",
            select("q.o", &self.columns),
            frame.ordinal,
            self.joins()
        )
    }

    /// Which groups of each key have rows: each is probed for its words.
    fn groups(&self, frame: &Frame) -> String {
        let Some(grouping) = self.spec.grouping else { return String::new() };
        let (column, words) = match grouping {
            Grouping::Words(column, declared) => {
                let names = declared.values.iter().map(|(name, _)| name.to_lowercase());
                (column(), names.map(|name| (name.clone(), vec![name])).collect::<Vec<_>>())
            }
            Grouping::Groups(column, groups) => {
                let names = groups.declared.values.iter().map(|(name, _)| name.to_lowercase());
                let words = groups.words.iter();
                let words =
                    words.map(|words| words.iter().map(|word| (*word).to_owned()).collect());
                (column(), names.zip(words).collect())
            }
        };
        let rows = (0..).zip(&words).flat_map(|(index, (name, words)): (usize, _)| {
            words
                .iter()
                .map(move |word| format!("SELECT {index} AS i, '{name}' AS g, '{word}' AS w"))
        });
        let matching = frame.matching(&[format!("{ROW}.{} = r.w", column.name)]);
        format!(
            "SELECT DISTINCT {} AS o, {} AS v, r.g, r.i FROM {}({}) r WHERE EXISTS (SELECT 1 FROM {} {ROW}{matching}) ORDER BY 1, 4",
            frame.ordinal,
            frame.key,
            frame.keys.as_ref().map_or_else(String::new, |keys| format!("{keys} CROSS JOIN ")),
            rows.collect::<Vec<_>>().join(" UNION ALL "),
            self.spec.link,
        )
    }

    /// The slots of a row that stands for a group: the key of its parent, and its name.
    pub fn group_slots(&self) -> (Slot, Slot) {
        (1, 2)
    }

    /// The best rows of a ranking for each key, with what is joined to them.
    fn best(&self, frame: &Frame) -> String {
        let Some(ranking) = self.ranking else { return String::new() };
        let sql = ranking.sql.replace("{key}", frame.key).replace("{limit}", &frame.limit);
        let [first, second] = ranking.columns;
        let from = match &frame.keys {
            Some(keys) => format!("{keys} CROSS JOIN LATERAL ({sql}) c"),
            None => format!("({sql}) c"),
        };
        format!(
            "{} FROM (SELECT {} AS o, c.* FROM {from}) q{} ORDER BY q.o, q.{first} DESC, q.{second}",
            select("q.o", &self.columns),
            frame.ordinal,
            self.joins()
        )
    }

    fn joins(&self) -> String {
        let joins = self.scopes.iter().filter_map(|scope| scope.join.as_ref());
        joins.map(|(_, join)| format!(" {join}")).collect()
    }

    /// Whether each row of the link is shown, whatever is joined to it. A pointer that must have a
    /// value has one; only a row of another kind is not joined.
    fn joins_keep_rows(&self) -> bool {
        let joins = self.scopes.iter().filter_map(|scope| scope.join.as_ref());
        joins.into_iter().all(|(_, join)| join.starts_with("LEFT") || !join.contains(" AND "))
    }

    /// The rows that a driver found, as far as they fit, as a table to select from.
    fn few(&self, frame: &Frame, driver: usize, more: &[String]) -> String {
        let (link, matching) = (self.spec.link, frame.matching(more));
        let found = format!("(SELECT DISTINCT v FROM f{driver}) f");
        match self.spec.backend {
            // An offset of none keeps it from walking the table in the order of the list.
            Backend::Postgres => format!(
                "(SELECT {ROW}.* FROM {found} JOIN {link} {ROW} ON {ROW}.id = f.v{matching} OFFSET 0) {ROW}"
            ),
            Backend::Sqlite => {
                format!("{found} CROSS JOIN {link} {ROW} ON {ROW}.id = f.v{matching}")
            }
        }
    }

    /// The first rows of the pieces of a list.
    ///
    /// Each piece is one range of an index, cut off at the limit. To let the database find an order
    /// across NULLs is not cheap; but both append one part to the other as it stands there, and begin
    /// with none that the limit leaves no room for.
    fn pick(
        &self,
        frame: &Frame,
        pieces: &[Piece<'_>],
        bound: Option<&Cursor>,
        within: &[String],
        toward: Toward,
    ) -> String {
        let link = self.spec.link;
        let matching = |piece: &Piece<'_>| frame.matching(&[within, &piece.conditions].concat());
        let limit = &frame.limit;
        if let Some(piece) = frame.only(pieces) {
            let order = self.order_by_in(ROW, piece, toward);
            return format!(
                "SELECT {ROW}.* FROM {link} {ROW}{} ORDER BY {order} LIMIT {limit}",
                matching(piece)
            );
        }
        let few = (0..frame.drivers.len()).map(|driver| (Some(driver), None));
        let walks = pieces.iter().map(|piece| (None, Some(piece)));
        let parts = few.chain(walks).enumerate().map(|(index, (driver, piece))| {
            let limit = frame.limit_of(driver, limit);
            let (from, order) = match (piece, &frame.ranked) {
                (Some(piece), Some(ranked)) => {
                    let more = [within, &piece.conditions].concat();
                    let order = |alias: &str| self.order_by_in(alias, piece, toward);
                    let found = ranked.table(&more, &order, &limit);
                    let join = format!("{found} CROSS JOIN {link} {ROW}");
                    (format!("{join} WHERE {ROW}.{} = f.id", self.spec.key), order("f"))
                }
                (Some(piece), None) => {
                    let order = self.order_by_in(ROW, piece, toward);
                    (format!("{link} {ROW}{}", matching(piece)), order)
                }
                (None, _) => {
                    let beyond =
                        bound.map(|bound| self.beyond(&self.spec.order, bound, toward, false));
                    let more: Vec<String> = within.iter().cloned().chain(beyond).collect();
                    let order = self.order_by(ROW, &self.spec.order, toward);
                    (self.few(frame, driver.unwrap_or_default(), &more), order)
                }
            };
            format!(
                "SELECT * FROM (SELECT {ROW}.* FROM {from} ORDER BY {order} LIMIT {limit}) p{index}"
            )
        });
        // The offset keeps SQLite from taking this apart, and the first rows in another order.
        format!("{} LIMIT {limit} OFFSET 0", parts.collect::<Vec<_>>().join(" UNION ALL "))
    }

    /// The rows of a list in reading order from a cursor on (from the start without one), as
    /// ranges, each of which an index on parent, order terms and key has in this order.
    fn pieces(&self, cursor: Option<&Cursor>, toward: Toward, inclusive: bool) -> Vec<Piece<'_>> {
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
    fn nulls_lie_last(&self, term: &OrderTerm) -> bool {
        self.spec.backend == Backend::Sqlite && term.descending
    }

    /// The rows beyond a cursor in the last of the order's terms, told term by term: a row is
    /// beyond it if it is beyond it in the first of them, or equal in that and beyond it in the rest.
    fn beyond(
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

    fn beyond_key(&self, cursor: &Cursor, toward: Toward, inclusive: bool) -> String {
        let operator = toward.operator(self.key_descends);
        let equal = if inclusive { "=" } else { "" };
        format!("{ROW}.{} {operator}{equal} {}", self.spec.key, cursor.key)
    }

    /// The order within a piece, in which the first term is always NULL or never. PostgreSQL does
    /// not know that: to it a place of NULLs would be another order than the index has, and so
    /// would be the order without a term that is the same everywhere.
    fn order_by_in(&self, alias: &str, piece: &Piece<'_>, toward: Toward) -> String {
        let mut terms = piece.order.to_vec();
        if terms.len() == self.spec.order.len() {
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
        let _ = write!(text, "{alias}.{}{}", self.spec.key, direction(self.key_descends));
        text
    }

    /// The places of a cursor's values, in the order in which they are bound.
    fn cursor(&self, nulls: usize, place: &mut impl FnMut() -> String) -> Cursor {
        let values = (0..self.spec.order.len())
            .map(|index| (nulls & (1 << index) == 0).then(&mut *place))
            .collect();
        Cursor { values, key: place() }
    }
}

/// The columns of a statement, which key a row belongs to first.
fn select(ordinal: &str, columns: &[String]) -> String {
    match (ordinal, columns) {
        ("", []) => "SELECT NULL".to_owned(),
        ("", columns) => format!("SELECT {}", columns.join(", ")),
        (ordinal, []) => format!("SELECT {ordinal}"),
        (ordinal, columns) => format!("SELECT {ordinal}, {}", columns.join(", ")),
    }
}

/// What the texts of all readings are made of.
struct Frame {
    /// Which key a row belongs to; nothing where that is known and not selected.
    ordinal: &'static str,
    /// The key itself.
    key: &'static str,
    /// The keys as a table, where the statement reads for all of them.
    keys: Option<String>,
    /// What every row fulfils.
    conditions: Vec<String>,
    /// A better way to walk the list.
    ranked: Option<Walk>,
    /// SQL for the rows that tests of a filter leave, in the order in which they are tried.
    drivers: Vec<String>,
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

    /// Whether all rows are of one key, or of none.
    fn is_for_one(&self) -> bool {
        matches!(self.ordinal, "" | "0")
    }

    /// The piece that is all of the list, where that is walked in only one way.
    fn only<'p, 'a>(&self, pieces: &'p [Piece<'a>]) -> Option<&'p Piece<'a>> {
        match (pieces, self.drivers.as_slice(), &self.ranked) {
            ([piece], [], None) => Some(piece),
            _ => None,
        }
    }

    /// The limit of the rows that a driver found, or of a walk: nothing is read for a limit of 0,
    /// so that exactly one of these ways is gone.
    fn limit_of(&self, driver: Option<usize>, limit: &str) -> String {
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
