//! A compiled operation: a few batched statements, and how their rows are written as JSON.
//!
//! - [`argument`]: what an argument's value will be, without knowing it yet.
//! - `collect`: which fields a selection comes to.
//! - [`filter`]: from a filter to a [`condition`].
//! - [`compile`]: from the selections of a document to levels and members.
//! - [`statement`]: from a level to SQL; `ranked`: a way to read a filtered list; `gather`: levels
//!   that share a statement.
//! - [`bind`]: from a request's variables to what the statements are given.
//!
//! A **level** is one statement, or a column of one. It reads one list (or one look-up) for all
//! parents of the level above it at once, so that a request costs at most as many statements as its
//! document has lists, however many rows they return. What a row points at is joined to the row's own
//! statement.

pub mod argument;
pub mod bind;
mod collect;
pub mod compile;
pub mod condition;
pub mod filter;
mod gather;
mod ranked;
pub mod statement;

use std::sync::atomic::AtomicU32;

use argument::Arg;
use bind::Convert;
use statement::{Reading, Statement};

use super::declare::{Column, Encoding, Relation, ValueKind};
use super::error::Location;

/// Index of a level in its plan.
pub type LevelIndex = usize;
/// Position of a value in a row.
pub type Slot = usize;

/// A compiled operation.
pub struct Plan {
    /// The members of the root object.
    pub root: Vec<Member>,
    /// The statements; a level comes after the level of its parents.
    pub levels: Vec<Level>,
    /// The levels that hang on the root.
    pub first: Vec<LevelIndex>,
    /// For each level, those that read for its rows.
    pub children: Vec<Vec<LevelIndex>>,
    /// Pages that are not read, whose arguments are checked all the same.
    pub unread: Vec<Level>,
    /// About how much memory it takes.
    pub bytes: usize,
    /// The global ids that the request names, one list for each field that takes them.
    pub ids: Vec<(Arg, Site)>,
    /// The fields that look up many rows.
    pub lookups: Vec<Lookups>,
    /// Whether the operation asks about the schema.
    pub introspects: bool,
    /// How often it is still read aside, since it took long the last time it was not.
    pub aside: AtomicU32,
    /// For how many seconds its answer may be kept: the least of what its types allow, of which
    /// the root says nothing.
    pub max_age: Option<u32>,
}

/// A field that looks up many rows, each by a key of one of several kinds.
pub struct Lookups {
    /// The keys.
    pub keys: Arg,
    /// For each kind of key its name, the tag of the ids if it is a global id, and the level that
    /// reads by it.
    pub levels: Vec<(&'static str, Option<u8>, LevelIndex)>,
    /// The field.
    pub site: Site,
}

/// One statement, or a column of one.
pub struct Level {
    /// For which parents it reads.
    pub keys: Keys,
    /// What it reads.
    pub statement: Statement,
    /// The relation, and what its arguments bind.
    pub relation: Relation,
    /// What the relation leads to.
    pub object: &'static str,
    /// The digest of the list without its filter; see [`cursor`](super::cursor).
    pub digest: u64,
    /// The values of the request that rows are compared with, in order.
    pub bindings: Vec<Binding>,
    /// How many tests the filter comes to.
    pub tests: usize,
    /// The filter that they are of.
    pub filter: Arg,
    /// Which page, of a connection.
    pub page: PageArgs,
    /// Whether it is asked if the list goes on.
    pub looks_beyond: bool,
    /// The levels whose rows come with this level's.
    pub gathered: Vec<Gathered>,
    /// Whether its rows come with those of its parent.
    pub is_gathered: bool,
    /// The discriminator that the shown row must have, where the link does not make sure of it.
    pub target_kind: Option<(Column, i64)>,
    /// The field, for errors.
    pub site: Site,
}

impl Level {
    /// How many parameters follow the keys where no cursor bounds the list.
    pub fn width(&self) -> usize {
        let has_size =
            matches!(self.statement.reading(), Reading::Page | Reading::LastPage | Reading::Best);
        self.bindings.len() + usize::from(has_size)
    }
}

/// A level whose rows come in a column of its parent's.
pub struct Gathered {
    /// The level.
    pub level: LevelIndex,
    /// Where its key stands in the parent's row.
    pub key: Slot,
    /// Where its rows stand there.
    pub slot: Slot,
}

/// The page arguments of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct PageArgs {
    /// How many from the start.
    pub first: Arg,
    /// After which cursor.
    pub after: Arg,
    /// How many from the end.
    pub last: Arg,
    /// Before which cursor.
    pub before: Arg,
}

impl PageArgs {
    /// None: no connection, or its first page.
    pub const NONE: Self =
        Self { first: Arg::Null, after: Arg::Null, last: Arg::Null, before: Arg::Null };
}

/// A value of the request that a column is compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// The value.
    pub value: Arg,
    /// What is made of it.
    pub convert: Convert,
}

/// A field in the document.
#[derive(Clone, Debug)]
pub struct Site {
    /// `Type.field`.
    pub coordinate: String,
    /// Where it stands.
    pub location: Option<Location>,
}

/// The parents of a level.
#[derive(Clone, Debug, PartialEq)]
pub enum Keys {
    /// None: it hangs on the root and runs once.
    Root,
    /// Rows that the request names by global id.
    Given {
        /// The id, or the ids.
        ids: Arg,
        /// The tag of the level's table; other ids are not for it.
        tag: u8,
    },
    /// What the request names in a list of keys of many kinds.
    Named {
        /// Whether they are global ids, or texts.
        by_id: bool,
        /// Which of the plan's lists.
        lookups: usize,
    },
    /// The rows of another level.
    Rows {
        /// The level.
        level: LevelIndex,
        /// The value that identifies the parent.
        slot: Slot,
        /// The name of the group, of a list that is divided.
        group: Option<Slot>,
        /// Only rows whose discriminator, in this slot, has one of these values.
        kinds: Option<(Slot, Vec<i64>)>,
    },
}

/// A member of a JSON object.
pub struct Member {
    /// Response key.
    pub key: String,
    /// `"key":`, ready to be written.
    pub prefix: String,
    /// The value.
    pub value: Value,
    /// Whether null may stand here, so that an error ends here.
    pub nullable: bool,
    /// The field in the document.
    pub location: Option<Location>,
}

/// How a member's value is written.
pub enum Value {
    /// The name of the type.
    Typename(&'static str),
    /// A global id.
    Id {
        /// Tag of the table.
        tag: u8,
        /// The row's id.
        slot: Slot,
    },
    /// A value of the row.
    Scalar {
        /// Where it is.
        slot: Slot,
        /// What it is.
        kind: ValueKind,
        /// How it is written.
        encoding: Encoding,
    },
    /// An object made of the same row; null where the slot is.
    Object {
        /// What says that the object exists, if it may not.
        presence: Option<Slot>,
        /// Its members.
        selection: Selection,
    },
    /// All rows that a level has for this parent.
    List {
        /// The level.
        level: LevelIndex,
        /// The items.
        selection: Selection,
    },
    /// A page of the rows that a level has for this parent.
    Connection(Connection),
    /// The one row that a level has; several are an error.
    Lookup {
        /// The level.
        level: LevelIndex,
        /// The object.
        selection: Selection,
    },
    /// Rows by keys of several kinds.
    Lookups {
        /// Which list of the plan.
        lookups: usize,
        /// For each kind of key the object, by its level.
        levels: Vec<(LevelIndex, Selection)>,
    },
    /// Rows by global id, whatever their tables.
    Nodes {
        /// Which ids of the plan.
        ids: usize,
        /// Whether it is a list.
        list: bool,
        /// For each tag, the level that reads its table.
        tables: Vec<(u8, LevelIndex, Selection)>,
    },
    /// What the server says of itself.
    Server(Vec<Member>),
    /// A fact about the server, as JSON.
    Fact(String),
    /// Answered by introspection, with so many objects.
    Introspection(u64),
}

/// The members of an object, for each of the types it may be.
pub struct Selection {
    /// The discriminator; none where the type is known.
    pub kind: Option<Slot>,
    /// Members by discriminator.
    pub types: Vec<(Option<i64>, Vec<Member>)>,
}

impl Selection {
    /// Of an object whose type is known.
    pub fn one(members: Vec<Member>) -> Self {
        Self { kind: None, types: vec![(None, members)] }
    }
}

/// A connection.
pub struct Connection {
    /// The level that reads the page; none where only the count is asked for.
    pub page: Option<LevelIndex>,
    /// The values a cursor is made of: order terms, then the key.
    pub cursor: Vec<(Slot, ValueKind)>,
    /// Its members.
    pub members: Vec<Part<ConnectionPart>>,
}

/// A member of a connection, an edge or a page info.
pub struct Part<T> {
    /// Response key.
    pub key: String,
    /// `"key":`, ready to be written.
    pub prefix: String,
    /// The value.
    pub value: T,
}

/// What a connection consists of.
pub enum ConnectionPart {
    /// The name of the type.
    Typename(String),
    /// Edges.
    Edges(Vec<Part<EdgePart>>),
    /// Items.
    Nodes(Selection),
    /// Page info.
    PageInfo(Vec<Part<PageInfoPart>>),
    /// The count, read by this level.
    TotalCount(LevelIndex, Option<Location>),
    /// How many have each value of several things.
    Facets(Vec<Part<FacetPart>>),
}

/// What the facets of a list consist of.
pub enum FacetPart {
    /// The name of the type.
    Typename(&'static str),
    /// The values of one facet, read by this level.
    Items(LevelIndex, Selection, Option<Location>),
}

/// What an edge consists of.
pub enum EdgePart {
    /// The name of the type.
    Typename(String),
    /// The cursor.
    Cursor,
    /// The item.
    Node(Selection),
}

/// What a page info consists of.
pub enum PageInfoPart {
    /// The name of the type.
    Typename,
    /// Whether more follows: a row too many was read, or this level finds rows beyond `before`.
    HasNextPage(Option<LevelIndex>, Option<Location>),
    /// Whether something precedes: a row too many was read, or this level finds rows up to `after`.
    HasPreviousPage(Option<LevelIndex>, Option<Location>),
    /// The first item's cursor.
    StartCursor,
    /// The last item's cursor.
    EndCursor,
}
