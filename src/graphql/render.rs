//! Writing JSON straight from the rows, in the order of the selections.
//!
//! Null propagation is a truncation: an object that cannot be null but should be is cut off the
//! buffer, up to the nearest member that may be null.

use std::io::Write;
use std::ops::Range;

use apollo_compiler::response::JsonMap;
use serde_json::Value as Json;

use super::cursor;
use super::declare::{Encoding, LIST_SIZE_MAX, ValueKind};
use super::error::{GraphQLError, Location, PathSegment, code};
use super::execute::{Outcome, Outcomes, Parent};
use super::guard::{Exceeded, Limit};
use super::id;
use super::plan::bind::{Bound, Key};
use super::plan::statement::{ANSWER, Reading};
use super::plan::{
    Connection, ConnectionPart, EdgePart, FacetPart, Keys, LevelIndex, Member, PageInfoPart, Part,
    Plan, Selection, Slot, Value,
};
use crate::catalog::read::{KeyList, Rows};
use crate::error::{Fault, FaultClass};

/// Bytes of a response. Rows are shared among parents, so that few of them can be shown very often.
pub const RESPONSE_BYTES_MAX: usize = 20 << 20;
/// Faults of one response that are logged.
const LOGGED_MAX: usize = 20;
/// Bytes that an error has in a response, about, and each step of its path.
const ERROR_BYTES: usize = 256;
const STEP_BYTES: usize = 16;

/// What the schema answers for members of the root, as JSON.
pub struct Introspected(Vec<(String, Vec<u8>)>);

impl Introspected {
    /// As it was found.
    pub fn of(data: Option<&JsonMap>) -> Self {
        let members = data.into_iter().flat_map(JsonMap::iter);
        // What is JSON can be written as JSON.
        let json = |value| serde_json::to_vec(value).unwrap_or_default();
        Self(members.map(|(key, value)| (key.as_str().to_owned(), json(value))).collect())
    }

    /// How many it takes.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|(key, json)| 64 + key.len() + json.len()).sum()
    }

    fn get(&self, key: &str) -> Option<&[u8]> {
        self.0.iter().find(|(its, _)| its == key).map(|(_, json)| json.as_slice())
    }
}

/// A value that cannot be shown; its error has been noted.
struct Unshowable;

type Rendered = Result<(), Unshowable>;

/// Render the data of a response, and what went wrong on the way.
///
/// # Errors
/// When the response would be too large.
pub fn render(
    plan: &Plan,
    bound: &Bound,
    outcomes: &Outcomes,
    introspection: Option<&Introspected>,
    request_id: &str,
) -> Result<(Vec<u8>, Vec<GraphQLError>), GraphQLError> {
    let mut renderer = Renderer {
        plan,
        bound,
        outcomes,
        introspection,
        request_id,
        out: Vec::with_capacity(1024),
        path: Vec::new(),
        errors: Vec::new(),
        error_bytes: 0,
        is_full: false,
        largest: 0,
    };
    if renderer.members(&plan.root, None).is_err() {
        renderer.out.clear();
        renderer.out.extend_from_slice(b"null");
    }
    if renderer.is_full {
        let (max, found) = (RESPONSE_BYTES_MAX as u64, renderer.largest as u64);
        return Err(Exceeded { limit: Limit::ResponseBytes, max, found }.into());
    }
    Ok((renderer.out, renderer.errors))
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

struct Renderer<'a> {
    plan: &'a Plan,
    bound: &'a Bound,
    outcomes: &'a Outcomes,
    introspection: Option<&'a Introspected>,
    request_id: &'a str,
    out: Vec<u8>,
    path: Vec<Step<'a>>,
    errors: Vec<GraphQLError>,
    /// What they have in the response, about.
    error_bytes: usize,
    is_full: bool,
    /// The most bytes that there were at once.
    largest: usize,
}

/// A row: its level, and which of the level's rows. None at the root.
type Here = Option<(LevelIndex, usize)>;

impl<'a> Renderer<'a> {
    fn members(&mut self, members: &'a [Member], here: Here) -> Rendered {
        // Once full, nothing is rendered any more, whatever may be null.
        self.fill();
        if self.is_full {
            return Err(Unshowable);
        }
        self.out.push(b'{');
        for (index, member) in members.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(member.prefix.as_bytes());
            self.path.push(Step::Key(&member.key));
            let start = self.out.len();
            let mut rendered = self.value(member, here);
            if rendered.is_err() && member.nullable {
                self.out.truncate(start);
                self.out.extend_from_slice(b"null");
                rendered = Ok(());
            }
            self.path.pop();
            rendered?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn value(&mut self, member: &'a Member, here: Here) -> Rendered {
        match &member.value {
            Value::Typename(name) => self.string(name),
            Value::Id { tag, slot } => match self.int(here, *slot, member.location)? {
                Some(id) => {
                    self.out.push(b'"');
                    id::encode(*tag, id, &mut self.out);
                    self.out.push(b'"');
                    Ok(())
                }
                None => self.null(member),
            },
            Value::Scalar { slot, kind, encoding } => {
                self.scalar(member, here, *slot, *kind, *encoding)
            }
            Value::Object { presence, selection } => {
                let is_there = match presence {
                    Some(slot) => self.int(here, *slot, member.location)?.is_some(),
                    None => true,
                };
                match is_there {
                    true => self.object(selection, here, member.location),
                    false => self.null(member),
                }
            }
            Value::List { level, selection } => {
                let (_, range) = self.outcome(*level, here, member.location)?;
                self.items(selection, *level, range, member.location)
            }
            Value::Connection(connection) => self.connection(connection, here, member.location),
            Value::Lookup { level, selection } => {
                let (_, range) = self.outcome(*level, here, member.location)?;
                match range.is_empty() {
                    true => self.null(member),
                    false => self.only(selection, *level, range, member.location),
                }
            }
            Value::Lookups { lookups, levels } => self.lookups(member, *lookups, levels),
            Value::Nodes { ids, list, tables } => self.nodes(member, *ids, *list, tables),
            Value::Server(members) => self.members(members, here),
            Value::Fact(json) => {
                self.out.extend_from_slice(json.as_bytes());
                Ok(())
            }
            Value::Introspection(_) => {
                match self.introspection.and_then(|data| data.get(&member.key)) {
                    Some(json) => {
                        self.out.extend_from_slice(json);
                        Ok(())
                    }
                    None => self.null(member),
                }
            }
        }
    }

    fn scalar(
        &mut self,
        member: &Member,
        here: Here,
        slot: Slot,
        kind: ValueKind,
        encoding: Encoding,
    ) -> Rendered {
        let location = member.location;
        if kind == ValueKind::Text {
            let (rows, row) = self.row(here, location)?;
            let text = match rows.text(row, slot) {
                Ok(Some(text)) => text,
                Ok(None) => return self.null(member),
                Err(fault) => return Err(self.fault(location, &fault)),
            };
            return match encoding {
                Encoding::Enum(declared) => {
                    let mut names = declared.values.iter().map(|(name, _)| *name);
                    self.string(
                        names.find(|name| name.eq_ignore_ascii_case(text)).unwrap_or("OTHER"),
                    )
                }
                Encoding::Group(groups) => {
                    let named = groups.declared.values.iter().zip(groups.words);
                    let mut named = named.filter(|(_, words)| words.contains(&text));
                    self.string(named.next().map_or("OTHER", |((name, _), _)| name))
                }
                Encoding::Strings => match serde_json::from_str::<Vec<String>>(text) {
                    Ok(strings) => self.json(&strings, location),
                    Err(_) => {
                        Err(self.fault(location, &Fault::bug("a list of strings is damaged")))
                    }
                },
                Encoding::Plain | Encoding::Tenths => self.json(text, location),
            };
        }
        let Some(value) = self.int(here, slot, location)? else { return self.null(member) };
        let _ = match (kind, encoding) {
            (ValueKind::Bool, _) => write!(self.out, "{}", value != 0),
            (_, Encoding::Tenths) if value % 10 != 0 => {
                write!(self.out, "{}.{}", value / 10, value % 10)
            }
            (_, Encoding::Tenths) => write!(self.out, "{}", value / 10),
            _ => write!(self.out, "{value}"),
        };
        Ok(())
    }

    fn object(&mut self, selection: &'a Selection, here: Here, at: Option<Location>) -> Rendered {
        let kind = match selection.kind {
            None => None,
            Some(slot) => self.int(here, slot, at)?,
        };
        match selection.types.iter().find(|(discriminant, _)| *discriminant == kind) {
            Some((_, members)) => self.members(members, here),
            None => {
                Err(self.fault(at, &Fault::bug(format!("a row has the unknown kind {kind:?}"))))
            }
        }
    }

    fn items(
        &mut self,
        selection: &'a Selection,
        level: LevelIndex,
        range: Range<usize>,
        at: Option<Location>,
    ) -> Rendered {
        self.list(range, |renderer, row| renderer.object(selection, Some((level, row)), at))
    }

    /// A list none of whose items may be null.
    fn list(
        &mut self,
        range: Range<usize>,
        mut item: impl FnMut(&mut Self, usize) -> Rendered,
    ) -> Rendered {
        self.out.push(b'[');
        let start = range.start;
        for row in range {
            if row > start {
                self.out.push(b',');
            }
            self.path.push(Step::Index(row - start));
            let rendered = item(self, row);
            self.path.pop();
            rendered?;
            if self.is_full {
                return Err(Unshowable);
            }
        }
        self.out.push(b']');
        Ok(())
    }

    /// The one row that fits a key.
    fn only(
        &mut self,
        selection: &'a Selection,
        level: LevelIndex,
        range: Range<usize>,
        at: Option<Location>,
    ) -> Rendered {
        if range.len() == 1 {
            return self.object(selection, Some((level, range.start)), at);
        }
        let sentence = "Several things fit this key. Look one up by its id.";
        Err(self.error(at, GraphQLError::new(code::AMBIGUOUS, sentence)))
    }

    /// A list any of whose items may be null.
    fn nullable_list(
        &mut self,
        count: usize,
        mut item: impl FnMut(&mut Self, usize) -> Result<bool, Unshowable>,
    ) -> Rendered {
        self.list(0..count, |renderer, index| {
            let start = renderer.out.len();
            if !matches!(item(renderer, index), Ok(true)) {
                renderer.out.truncate(start);
                renderer.out.extend_from_slice(b"null");
            }
            Ok(())
        })
    }

    fn lookups(
        &mut self,
        member: &'a Member,
        lookups: usize,
        levels: &'a [(LevelIndex, Selection)],
    ) -> Rendered {
        let keys = &self.bound.lookups[lookups];
        self.nullable_list(keys.len(), |renderer, index| {
            let Some((level, key)) = &keys[index] else { return Ok(false) };
            let Some((_, selection)) = levels.iter().find(|(its, _)| its == level) else {
                return Ok(false);
            };
            let parent = match key {
                Key::Id(id) => Parent::Id(*id),
                Key::Text(text) => Parent::Text(text),
            };
            let range = renderer.read(*level, member.location)?.rows_of(parent);
            if range.is_empty() {
                return Ok(false);
            }
            renderer.only(selection, *level, range, member.location).map(|()| true)
        })
    }

    fn nodes(
        &mut self,
        member: &'a Member,
        ids: usize,
        list: bool,
        tables: &'a [(u8, LevelIndex, Selection)],
    ) -> Rendered {
        let bound = self.bound;
        let ids = &bound.ids[ids];
        if !list {
            return match ids.first() {
                Some(id) if self.node(*id, tables, member.location)? => Ok(()),
                _ => self.null(member),
            };
        }
        self.nullable_list(ids.len(), |renderer, index| {
            renderer.node(ids[index], tables, member.location)
        })
    }

    /// Write a row by its global id. Returns whether there is one.
    fn node(
        &mut self,
        (tag, id): (u8, i64),
        tables: &'a [(u8, LevelIndex, Selection)],
        at: Option<Location>,
    ) -> Result<bool, Unshowable> {
        let Some((_, level, selection)) = tables.iter().find(|(its, _, _)| *its == tag) else {
            return Ok(false);
        };
        let rows = self.read(*level, at)?.rows_of(Parent::Id(id));
        if rows.is_empty() {
            return Ok(false);
        }
        self.object(selection, Some((*level, rows.start)), at)?;
        Ok(true)
    }

    fn connection(
        &mut self,
        connection: &'a Connection,
        here: Here,
        at: Option<Location>,
    ) -> Rendered {
        // The level reads one row more than the page shows, at the end where the page goes on, if
        // it is asked whether it does.
        let (mut page, mut more_follow, mut more_precede) = (0..0, false, false);
        if let Some(level) = connection.page {
            let (_, range) = self.outcome(level, here, at)?;
            let size = self.bound.levels[level].size;
            let is_last = self.plan.levels[level].statement.reading() == Reading::LastPage;
            page = range.clone();
            if is_last {
                page.start = range.start.max(range.end.saturating_sub(size));
                more_precede = page.start > range.start;
            } else {
                page.end = range.end.min(range.start + size);
                more_follow = page.end < range.end;
            }
        }
        let level = connection.page.unwrap_or_default();
        self.parts(&connection.members, |renderer, part| match part {
            ConnectionPart::Typename(name) => renderer.string(name),
            ConnectionPart::Nodes(selection) => renderer.items(selection, level, page.clone(), at),
            ConnectionPart::Edges(edges) => renderer.list(page.clone(), |renderer, row| {
                renderer.parts(edges, |renderer, part| match part {
                    EdgePart::Typename(name) => renderer.string(name),
                    EdgePart::Cursor => renderer.cursor(connection, level, row, at),
                    EdgePart::Node(selection) => renderer.object(selection, Some((level, row)), at),
                })
            }),
            ConnectionPart::PageInfo(info) => renderer.parts(info, |renderer, part| match part {
                PageInfoPart::Typename => renderer.string("PageInfo"),
                PageInfoPart::HasNextPage(beyond, at) => {
                    renderer.has_more(more_follow, *beyond, here, *at)
                }
                PageInfoPart::HasPreviousPage(beyond, at) => {
                    renderer.has_more(more_precede, *beyond, here, *at)
                }
                PageInfoPart::StartCursor | PageInfoPart::EndCursor if page.is_empty() => {
                    renderer.out.extend_from_slice(b"null");
                    Ok(())
                }
                PageInfoPart::StartCursor => renderer.cursor(connection, level, page.start, at),
                PageInfoPart::EndCursor => renderer.cursor(connection, level, page.end - 1, at),
            }),
            ConnectionPart::Facets(facets) => renderer.parts(facets, |renderer, part| match part {
                FacetPart::Typename(name) => renderer.string(name),
                FacetPart::Items(level, selection, at) => {
                    let (_, mut range) = renderer.outcome(*level, here, *at)?;
                    let most = usize::try_from(LIST_SIZE_MAX).unwrap_or(usize::MAX);
                    range.end = range.end.min(range.start + most);
                    renderer.items(selection, *level, range, *at)
                }
            }),
            ConnectionPart::TotalCount(level, at) => {
                let count = renderer.answer(*level, here, *at)?;
                renderer.json(&count, *at)
            }
        })
    }

    /// Whether a list goes on: a row too many was read, or a level found one beyond a cursor.
    fn has_more(
        &mut self,
        read: bool,
        beyond: Option<LevelIndex>,
        here: Here,
        at: Option<Location>,
    ) -> Rendered {
        let found = match beyond {
            Some(level) if !read => self.answer(level, here, at)? != 0,
            _ => false,
        };
        self.json(&(read || found), at)
    }

    /// The members of an object that is no row's.
    fn parts<T>(
        &mut self,
        parts: &'a [Part<T>],
        mut value: impl FnMut(&mut Self, &'a T) -> Rendered,
    ) -> Rendered {
        self.out.push(b'{');
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(part.prefix.as_bytes());
            self.path.push(Step::Key(&part.key));
            let rendered = value(self, &part.value);
            self.path.pop();
            rendered?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn cursor(
        &mut self,
        connection: &Connection,
        level: LevelIndex,
        row: usize,
        at: Option<Location>,
    ) -> Rendered {
        let rows = &self.read(level, at)?.rows;
        let values = connection.cursor.iter().map(|&(slot, kind)| {
            Ok(match kind {
                ValueKind::Text => rows.text(row, slot)?.map_or(Json::Null, Json::from),
                ValueKind::Int | ValueKind::Bool => {
                    rows.int(row, slot)?.map_or(Json::Null, Json::from)
                }
            })
        });
        match values.collect::<Result<Vec<_>, Fault>>() {
            Ok(values) => self.string(&cursor::encode(self.bound.levels[level].digest, &values)),
            Err(fault) => Err(self.fault(at, &fault)),
        }
    }

    /// What a level that counts or looks says of this parent.
    fn answer(
        &mut self,
        level: LevelIndex,
        here: Here,
        at: Option<Location>,
    ) -> Result<i64, Unshowable> {
        let (outcome, range) = self.outcome(level, here, at)?;
        match outcome.rows.int(range.start, ANSWER) {
            Ok(Some(answer)) if !range.is_empty() => Ok(answer),
            Ok(_) => Err(self.fault(at, &Fault::bug("a count is missing"))),
            Err(fault) => Err(self.fault(at, &fault)),
        }
    }

    /// What a level read for the parent that is here.
    fn outcome(
        &mut self,
        level: LevelIndex,
        here: Here,
        at: Option<Location>,
    ) -> Result<(&'a Outcome, Range<usize>), Unshowable> {
        let outcome = self.read(level, at)?;
        let parent = match &self.plan.levels[level].keys {
            Keys::Root => Some(Parent::Root),
            // Of a look-up, which has one id.
            Keys::Given { .. } => match &self.bound.levels[level].keys {
                Some(KeyList::Ids(ids)) => ids.first().copied().map(Parent::Id),
                _ => None,
            },
            Keys::Named { .. } => None,
            Keys::Rows { slot, group: None, .. } => self.int(here, *slot, at)?.map(Parent::Id),
            Keys::Rows { slot, group: Some(group), .. } => {
                let id = self.int(here, *slot, at)?;
                let (rows, row) = self.row(here, at)?;
                let name = rows.text(row, *group).map_err(|fault| self.fault(at, &fault))?;
                id.zip(name).map(|(id, name)| Parent::Group(id, name))
            }
        };
        Ok((outcome, parent.map_or(0..0, |parent| outcome.rows_of(parent))))
    }

    fn read(&mut self, level: LevelIndex, at: Option<Location>) -> Result<&'a Outcome, Unshowable> {
        let outcomes = self.outcomes;
        match outcomes[level].get() {
            Some(Ok(outcome)) => Ok(outcome),
            Some(Err(fault)) => Err(self.fault(at, fault)),
            None => Err(self.fault(at, &Fault::bug("a level was not read"))),
        }
    }

    fn row(&mut self, here: Here, at: Option<Location>) -> Result<(&'a Rows, usize), Unshowable> {
        match here {
            Some((level, row)) => Ok((&self.read(level, at)?.rows, row)),
            None => Err(self.fault(at, &Fault::bug("the root has no row"))),
        }
    }

    fn int(
        &mut self,
        here: Here,
        slot: Slot,
        at: Option<Location>,
    ) -> Result<Option<i64>, Unshowable> {
        let (rows, row) = self.row(here, at)?;
        rows.int(row, slot).map_err(|fault| self.fault(at, &fault))
    }

    /// A missing value: null where it may be, a fault of the data where it may not.
    fn null(&mut self, member: &Member) -> Rendered {
        if member.nullable {
            self.out.extend_from_slice(b"null");
            return Ok(());
        }
        Err(self.fault(member.location, &Fault::bug("a value that always exists is missing")))
    }

    /// Text that needs no escapes: names of the schema, cursors.
    fn string(&mut self, text: &str) -> Rendered {
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
        Ok(())
    }

    fn json(&mut self, value: &(impl serde::Serialize + ?Sized), at: Option<Location>) -> Rendered {
        serde_json::to_writer(&mut self.out, value)
            .map_err(|error| self.fault(at, &Fault::bug(error.to_string())))
    }

    /// Take note of how large the response is.
    fn fill(&mut self) {
        let bytes = self.out.len() + self.error_bytes;
        self.largest = self.largest.max(bytes);
        self.is_full |= bytes > RESPONSE_BYTES_MAX;
    }

    fn fault(&mut self, at: Option<Location>, fault: &Fault) -> Unshowable {
        if self.errors.len() < LOGGED_MAX {
            tracing::error!(request_id = self.request_id, class = ?fault.class, %fault, "a field failed");
        }
        let class: FaultClass = fault.class;
        let error = GraphQLError::new(class.code(), class.sentence()).request_id(self.request_id);
        self.error(at, error)
    }

    fn error(&mut self, at: Option<Location>, error: GraphQLError) -> Unshowable {
        self.error_bytes += ERROR_BYTES + STEP_BYTES * self.path.len();
        self.fill();
        if !self.is_full {
            let mut error = error.at(at);
            error.path = self
                .path
                .iter()
                .map(|step| match step {
                    Step::Key(key) => PathSegment::Key((*key).to_owned()),
                    Step::Index(index) => PathSegment::Index(*index),
                })
                .collect();
            self.errors.push(error);
        }
        Unshowable
    }
}
