//! The vocabulary of the schema's declarations.
//!
//! A field is declared once: its name, type, arguments, description and *where it comes from*.
//! [`schema`](super::schema) makes the GraphQL type system of the declarations, and
//! [`plan`](super::plan) the SQL. Columns are named by their SeaORM entity, so that a renamed
//! column fails to compile, and a field's nullability is the column's.

use sea_orm::{
    ColumnTrait, ColumnType, EntityName, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn,
};

use super::Options;
use super::filter::{FilterInput, Groups};
use super::guard::Limit;

/// The largest page a client may ask for.
pub const PAGE_SIZE_MAX: i64 = 100;
/// The page a client gets that names no size.
pub const PAGE_SIZE_DEFAULT: i64 = 20;
/// Rows of a short list that is not paged; such a list is bounded too.
pub const LIST_SIZE_MAX: i64 = 100;
/// Rows that such a list has, as far as costs go: most have one or two.
pub const LIST_SIZE_USUAL: u64 = 2;
/// Ids that one `nodes` field may name.
pub const NODES_MAX: usize = 100;

/// What values a column holds, as far as reading and comparing them goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// An integer of any width.
    Int,
    /// A truth value.
    Bool,
    /// Text.
    Text,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    /// Table name.
    pub table: &'static str,
    /// The key of the table.
    pub key: &'static str,
    /// Column name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ValueKind,
    /// Whether it may be NULL.
    pub nullable: bool,
}

impl<C> From<C> for Column
where
    C: ColumnTrait + IdenStatic,
    C::EntityName: EntityTrait + Default,
    <C::EntityName as EntityTrait>::PrimaryKey: PrimaryKeyToColumn<Column: IdenStatic>,
{
    fn from(column: C) -> Self {
        let def = column.def();
        let mut keys = <<C::EntityName as EntityTrait>::PrimaryKey as Iterable>::iter();
        Self {
            table: C::EntityName::default().table_name(),
            // Every table of ours has a key of one column.
            key: keys.next().map_or("id", |key| IdenStatic::as_str(&key.into_column())),
            name: IdenStatic::as_str(&column),
            kind: match def.get_column_type() {
                ColumnType::Boolean => ValueKind::Bool,
                ColumnType::Text | ColumnType::String(_) => ValueKind::Text,
                _ => ValueKind::Int,
            },
            nullable: def.is_null(),
        }
    }
}

/// A table whose rows an object shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Table {
    /// Table name. Its key is the column `id`.
    pub name: &'static str,
    /// First byte of the global ids of its rows: never reused, for ids are for ever.
    pub tag: u8,
    /// Column that tells the object types of the table's rows apart.
    pub discriminator: Option<Column>,
    /// Tables that hold more columns of the same row, each with its key.
    pub sides: &'static [(&'static str, &'static str)],
    /// What lists of its rows are counted by.
    pub facets: Option<&'static Facets>,
}

impl Table {
    /// A table without types to tell apart, side tables and facets.
    pub const fn plain(name: &'static str, tag: u8) -> Self {
        Self { name, tag, discriminator: None, sides: &[], facets: None }
    }
}

/// What the lists of a table's rows are counted by.
#[derive(Debug, PartialEq)]
pub struct Facets {
    /// GraphQL name of the type.
    pub name: &'static str,
    /// Description for client developers.
    pub description: &'static str,
    /// The facets.
    pub all: &'static [Facet],
}

/// A way to count the rows of a list: how many have each value of something.
#[derive(Clone, Copy, Debug)]
pub struct Facet {
    /// GraphQL name of the field.
    pub name: &'static str,
    /// GraphQL name of the type of its items.
    pub object: &'static str,
    /// GraphQL name of the value in an item.
    pub value: &'static str,
    /// Description of the field.
    pub description: &'static str,
    /// Where the value comes from.
    pub by: FacetBy,
}

impl PartialEq for Facet {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Where the value of a facet comes from.
#[derive(Clone, Copy, Debug)]
pub enum FacetBy {
    /// An enum's value: SQL for the value in lower case, with `{}` for the row.
    Enum(&'static Enum, fn() -> String),
    /// An integer, null where it is not known: SQL with `{}` for the row.
    Int(&'static str),
    /// The rows that the rows of another table point at: the column that points here, the one that
    /// points on, and the name of the object.
    Rows(fn() -> (Column, Column), &'static str),
}

/// How the value of a column is written in JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// Tenths, written as a decimal number.
    Tenths,
    /// Text of an open vocabulary as an enum value: upper case, `OTHER` where the enum lacks it.
    Enum(&'static Enum),
    /// The enum value of the group that a word belongs to.
    Group(&'static Groups),
    /// JSON text that holds an array of strings.
    Strings,
}

/// A named closed list of values, stored in lower case.
#[derive(Debug, PartialEq)]
pub struct Enum {
    /// GraphQL name.
    pub name: &'static str,
    /// Description for client developers.
    pub description: &'static str,
    /// Values with their descriptions.
    pub values: &'static [(&'static str, &'static str)],
}

/// The order of a list: columns of its link table, NULLs last whatever the direction; ties are
/// broken by the link's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderTerm {
    /// The column.
    pub column: Column,
    /// Largest first.
    pub descending: bool,
}

/// Smallest first, NULLs last.
pub fn asc(column: impl Into<Column>) -> OrderTerm {
    OrderTerm { column: column.into(), descending: false }
}

/// Largest first, NULLs last.
pub fn desc(column: impl Into<Column>) -> OrderTerm {
    OrderTerm { column: column.into(), descending: true }
}

/// The orders that a request may choose for a list.
#[derive(Debug, PartialEq)]
pub struct Ordering {
    /// Name of the input type: a key and a direction.
    pub input: &'static str,
    /// Its keys.
    pub keys: &'static Enum,
    /// The column of the link for each key.
    pub columns: &'static [fn() -> Column],
}

/// Name of the enum of directions.
pub const DIRECTION: Enum = Enum {
    name: "OrderDirection",
    description: "A direction of an order. What is unknown comes last in both.",
    values: &[
        ("ASC", "Smallest, earliest or first in the alphabet first."),
        ("DESC", "Largest, latest or last in the alphabet first."),
    ],
};
/// Keys that one order may have.
pub const ORDER_KEYS_MAX: usize = 3;

/// A value that a relation compares a column with, known at declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constant {
    /// Text.
    Text(&'static str),
    /// Integer.
    Int(i64),
}

/// The way from a row, or from the root, to many rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// Table that is read in order, page by page.
    pub link: &'static str,
    /// The link's key.
    pub key: &'static str,
    /// The link's column that holds the parent's key; none at the root.
    pub parent: Option<Column>,
    /// The link's column that holds the key of the shown row; none where the link is shown itself.
    pub target: Option<Column>,
    /// Comparisons that always hold.
    pub only: Vec<(Column, Constant)>,
    /// Whether each row that the target points at is shown once, however many links lead to it.
    pub distinct: bool,
    /// What the list can be filtered by, told of the rows shown.
    pub filter: Option<&'static FilterInput>,
    /// Columns of the rows shown that the link has too, as its own.
    pub copies: Vec<(Column, Column)>,
    /// The order, unless the request says another.
    pub order: Vec<OrderTerm>,
    /// The orders that a request may say.
    pub ordering: Option<&'static Ordering>,
    /// What the list is divided by.
    pub grouping: Option<Grouping>,
}

/// What a list is divided by: a column of the link.
#[derive(Clone, Copy, Debug)]
pub enum Grouping {
    /// Its words, which are those of an enum in lower case.
    Words(fn() -> Column, &'static Enum),
    /// Groups of its words.
    Groups(fn() -> Column, &'static Groups),
}

impl Grouping {
    /// The enum whose values name the groups.
    pub fn declared(self) -> &'static Enum {
        match self {
            Self::Words(_, declared) => declared,
            Self::Groups(_, groups) => groups.declared,
        }
    }
}

impl PartialEq for Grouping {
    fn eq(&self, other: &Self) -> bool {
        self.declared() == other.declared()
    }
}

impl Relation {
    /// All rows of a table, from the root.
    pub fn all(key: impl Into<Column>) -> Self {
        let key = key.into();
        Self {
            link: key.table,
            key: key.key,
            parent: None,
            target: None,
            only: Vec::new(),
            distinct: false,
            filter: None,
            copies: Vec::new(),
            order: Vec::new(),
            ordering: None,
            grouping: None,
        }
    }

    /// The rows of a table that has the key `id`, by that key.
    pub fn by_key(table: &'static str) -> Self {
        let key = Column { table, key: "id", name: "id", kind: ValueKind::Int, nullable: false };
        Self { parent: Some(key), ..Self::all(key) }
    }

    /// The rows whose column holds the parent's key.
    pub fn by(parent: impl Into<Column>) -> Self {
        let parent = parent.into();
        Self { parent: Some(parent), ..Self::all(parent) }
    }

    /// Show the row that this column of the link points at, not the link.
    pub fn through(mut self, target: impl Into<Column>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// Keep the rows whose column has this value.
    pub fn only(mut self, column: impl Into<Column>, value: Constant) -> Self {
        self.only.push((column.into(), value));
        self
    }

    /// Show each row that the target points at once; links that point at none show nothing.
    pub fn distinct(mut self) -> Self {
        self.distinct = true;
        self
    }

    /// Let the request filter the list.
    pub fn filter(mut self, filter: &'static FilterInput) -> Self {
        self.filter = Some(filter);
        self
    }

    /// The link has this column of the row shown, as this one of its own.
    pub fn copy(mut self, column: impl Into<Column>, own: impl Into<Column>) -> Self {
        self.copies.push((column.into(), own.into()));
        self
    }

    /// Divide the list.
    pub fn grouped(mut self, grouping: Grouping) -> Self {
        self.grouping = Some(grouping);
        self
    }

    /// Set the order.
    pub fn order(mut self, terms: impl IntoIterator<Item = OrderTerm>) -> Self {
        self.order = terms.into_iter().collect();
        self
    }

    /// Let the request choose among these orders.
    pub fn order_by(mut self, ordering: &'static Ordering) -> Self {
        self.ordering = Some(ordering);
        self
    }
}

/// A GraphQL type reference, nullable unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type {
    /// Name of the type.
    pub name: &'static str,
    /// `[name!]` (or `[name]` with [`nullable_items`](Self::nullable_items)).
    pub list: bool,
    /// Items may be null.
    pub nullable_items: bool,
    /// The value itself is never null.
    pub non_null: bool,
}

impl Type {
    /// A nullable type.
    pub const fn named(name: &'static str) -> Self {
        Self { name, list: false, nullable_items: false, non_null: false }
    }

    /// A list of the type, never null, nor its items.
    pub const fn list(name: &'static str) -> Self {
        Self { name, list: true, nullable_items: false, non_null: true }
    }

    /// The type, never null.
    pub const fn non_null(mut self) -> Self {
        self.non_null = true;
        self
    }
}

/// An argument or input field.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// GraphQL name.
    pub name: &'static str,
    /// GraphQL type.
    pub ty: Type,
    /// Description for client developers.
    pub description: &'static str,
}

/// Where a field comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The global id of the row.
    Id,
    /// A column of the row.
    Column(Column, Encoding),
    /// A value object over one column of the row, null where the column is.
    Embedded(Column),
    /// SQL over the column that carries a value object; `{}` stands for it.
    OfCarrier(&'static str),
    /// One row that a column of this row points at.
    One(Column),
    /// A short list, read whole.
    List(Relation),
    /// A list that can grow, read by pages.
    Connection(Relation),
    /// The groups that a list is divided into, as far as they have rows.
    Groups(Relation),
    /// The enum value that names a group.
    GroupKey(&'static Enum),
    /// Rows computed for a parent, the best first.
    Ranking(&'static Ranking),
    /// A column that a ranking computes.
    Ranked(&'static str),
    /// The row that a column that a ranking computes points at.
    RankedRow(&'static str),
    /// One row by one of several keys; root only.
    Lookup(&'static Lookup),
    /// Many rows, each by one of several keys; root only.
    Lookups(&'static Lookup),
    /// Any row by its global id; root only.
    Node,
    /// Any rows by their global ids; root only.
    Nodes,
    /// An object of facts about the server; no row is behind it.
    Server,
    /// A fact about the server.
    Fact(Fact),
}

/// What the server says of itself: known when a plan is made.
#[derive(Clone, Copy, Debug)]
pub enum Fact {
    /// The version of the program.
    Version,
    /// A limit.
    Limit(Limit),
    /// The longest time that a request may take, in milliseconds.
    Deadline,
    /// A number that never changes.
    Number(i64),
}

impl Fact {
    /// Its value, as JSON.
    pub fn json(self, options: &Options) -> String {
        match self {
            Self::Version => format!("\"{}\"", env!("CARGO_PKG_VERSION")),
            Self::Limit(limit) => options.limits.max(limit).to_string(),
            Self::Deadline => options.deadline.as_millis().to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Rows that are computed for a parent, the best first.
#[derive(Debug, PartialEq)]
pub struct Ranking {
    /// SQL for the best rows of the parent with the key `{key}`, `{limit}` at most, ordered.
    pub sql: &'static str,
    /// The columns that it computes, integers; it orders by the first, largest first, then by the
    /// second.
    pub columns: [&'static str; 2],
}

/// The keys by which a root field finds one row; exactly one is given.
#[derive(Debug)]
pub struct Lookup {
    /// Name of the input type.
    pub input: &'static str,
    /// Its fields.
    pub keys: &'static [LookupKey],
}

/// A key by which a root field finds one row.
#[derive(Debug)]
pub struct LookupKey {
    /// Name of the input field.
    pub name: &'static str,
    /// Description for client developers.
    pub description: &'static str,
    /// How the row is found.
    pub by: LookupBy,
}

/// How a row is found by a key.
#[derive(Debug)]
pub enum LookupBy {
    /// By global id.
    Id,
    /// By a column that the catalogue keeps unique, or by one that is not: several rows that fit
    /// are an error, never a guess.
    Column(fn() -> Column),
    /// By the id of another catalogue in this id space.
    ExternalId {
        /// Catalogue.
        catalog: &'static str,
        /// Id space of the catalogue.
        scope: &'static str,
    },
}

/// A field of an object.
#[derive(Clone, Debug)]
pub struct Field {
    /// GraphQL name.
    pub name: &'static str,
    /// GraphQL type.
    pub ty: Type,
    /// Description for client developers, in Markdown.
    pub description: &'static str,
    /// Where it comes from.
    pub source: Source,
}

fn column_type(column: Column, encoding: Encoding) -> Type {
    let ty = match (encoding, column.kind) {
        (Encoding::Enum(declared), _) => Type::named(declared.name),
        (Encoding::Group(groups), _) => Type::named(groups.declared.name),
        (Encoding::Strings, _) => return Type::list("String"),
        (Encoding::Tenths, _) => Type::named("Float"),
        (Encoding::Plain, ValueKind::Int) => Type::named("Int"),
        (Encoding::Plain, ValueKind::Bool) => Type::named("Boolean"),
        (Encoding::Plain, ValueKind::Text) => Type::named("String"),
    };
    if column.nullable { ty } else { ty.non_null() }
}

fn pointer_type(object: &'static str, column: Column) -> Type {
    let ty = Type::named(object);
    if column.nullable { ty } else { ty.non_null() }
}

/// The global id.
pub fn id(description: &'static str) -> Field {
    Field { name: "id", ty: Type::named("ID").non_null(), description, source: Source::Id }
}

/// A column as it is.
pub fn column(name: &'static str, column: impl Into<Column>, description: &'static str) -> Field {
    encoded(name, column, Encoding::Plain, description)
}

/// A column written in another way.
pub fn encoded(
    name: &'static str,
    column: impl Into<Column>,
    encoding: Encoding,
    description: &'static str,
) -> Field {
    let column = column.into();
    Field {
        name,
        ty: column_type(column, encoding),
        description,
        source: Source::Column(column, encoding),
    }
}

/// A value object over one column.
pub fn embedded(
    name: &'static str,
    object: &'static str,
    carrier: impl Into<Column>,
    description: &'static str,
) -> Field {
    let carrier = carrier.into();
    let ty = pointer_type(object, carrier);
    Field { name, ty, description, source: Source::Embedded(carrier) }
}

/// One row that a column points at.
pub fn one(
    name: &'static str,
    object: &'static str,
    pointer: impl Into<Column>,
    description: &'static str,
) -> Field {
    let pointer = pointer.into();
    let ty = pointer_type(object, pointer);
    Field { name, ty, description, source: Source::One(pointer) }
}

/// A short list.
pub fn list(
    name: &'static str,
    object: &'static str,
    relation: Relation,
    description: &'static str,
) -> Field {
    Field { name, ty: Type::list(object), description, source: Source::List(relation) }
}

/// A list that can grow. The type named is the items'; the field's type is its connection.
pub fn connection(
    name: &'static str,
    object: &'static str,
    relation: Relation,
    description: &'static str,
) -> Field {
    let ty = Type::named(object).non_null();
    Field { name, ty, description, source: Source::Connection(relation) }
}

/// The groups that a list is divided into. The type named is that of a group.
pub fn groups(
    name: &'static str,
    object: &'static str,
    relation: Relation,
    description: &'static str,
) -> Field {
    Field { name, ty: Type::list(object), description, source: Source::Groups(relation) }
}

/// The enum value that names a group.
pub fn group_key(name: &'static str, declared: &'static Enum, description: &'static str) -> Field {
    let ty = Type::named(declared.name).non_null();
    Field { name, ty, description, source: Source::GroupKey(declared) }
}

/// Many rows, each by one of several keys: in the order of the keys, null where none fits.
pub fn lookups(
    name: &'static str,
    object: &'static str,
    lookup: &'static Lookup,
    description: &'static str,
) -> Field {
    let ty = Type { nullable_items: true, ..Type::list(object) };
    Field { name, ty, description, source: Source::Lookups(lookup) }
}

/// One row by one of several keys.
pub fn lookup(
    name: &'static str,
    object: &'static str,
    lookup: &'static Lookup,
    description: &'static str,
) -> Field {
    Field { name, ty: Type::named(object), description, source: Source::Lookup(lookup) }
}

/// An object of facts about the server.
pub fn server(name: &'static str, object: &'static str, description: &'static str) -> Field {
    let ty = Type::named(object).non_null();
    Field { name, ty, description, source: Source::Server }
}

/// A fact about the server.
pub fn fact(name: &'static str, fact: Fact, description: &'static str) -> Field {
    let ty = Type::named(if matches!(fact, Fact::Version) { "String" } else { "Int" }).non_null();
    Field { name, ty, description, source: Source::Fact(fact) }
}

impl Field {
    /// Never null although its column may be: the object that holds it exists only where it is set.
    pub fn known(mut self) -> Self {
        self.ty.non_null = true;
        self
    }

    /// The field's GraphQL type, with connections named.
    pub fn output_type(&self) -> String {
        match self.source {
            Source::Connection(_) => format!("{}!", connection_name(self.ty.name)),
            _ => {
                let bang = |on| if on { "!" } else { "" };
                let Type { name, list, nullable_items, non_null } = self.ty;
                if list {
                    format!("[{name}{}]{}", bang(!nullable_items), bang(non_null))
                } else {
                    format!("{name}{}", bang(non_null))
                }
            }
        }
    }

    /// The arguments, in the order of the schema.
    pub fn arguments(&self) -> Vec<Argument> {
        match &self.source {
            Source::List(relation) => filter_argument(relation).collect(),
            Source::Connection(relation) => {
                let order = relation.ordering.map(|ordering| Argument {
                    name: "orderBy",
                    ty: Type { non_null: false, ..Type::list(ordering.input) },
                    description: "The order: the first key counts most; at most three. What no key parts stands as it entered the catalogue, or the other way round where the last key is descending. Without it the list has the order that the field tells.",
                });
                filter_argument(relation).chain(order).chain(page_arguments()).collect()
            }
            Source::Lookup(lookup) => vec![Argument {
                name: "by",
                ty: Type::named(lookup.input).non_null(),
                description: "The one key to look it up by.",
            }],
            Source::Lookups(lookup) => vec![Argument {
                name: "keys",
                ty: Type::list(lookup.input),
                description: "The keys, each of any kind, at most 100.",
            }],
            Source::Ranking(_) => vec![Argument {
                name: "first",
                ty: Type::named("Int"),
                description: "Return this many, the best: 0 to 100, 20 where it is not given.",
            }],
            Source::Node => vec![Argument {
                name: "id",
                ty: Type::named("ID").non_null(),
                description: "The global id.",
            }],
            Source::Nodes => vec![Argument {
                name: "ids",
                ty: Type::list("ID"),
                description: "The global ids, at most 100.",
            }],
            _ => Vec::new(),
        }
    }
}

fn filter_argument(relation: &Relation) -> impl Iterator<Item = Argument> {
    let argument = relation.filter.map(|filter| Argument {
        name: "filter",
        ty: Type::named(filter.name),
        description: "Only the items that fit: everything given in it must hold. It has at most 50 tests, each list in it at most 100 items, and it goes from row to row (from a production to its credits to their people) at most three times.",
    });
    argument.into_iter()
}

fn page_arguments() -> [Argument; 4] {
    let argument = |name, ty, description| Argument { name, ty: Type::named(ty), description };
    [
        argument(
            "first",
            "Int",
            "Return this many from the start of the list, or from `after`: 0 to 100, 20 where neither `first` nor `last` is given. More than 100 is an error, never a silent cut.",
        ),
        argument(
            "after",
            "String",
            "Only what follows this `cursor` (or `endCursor`) of the same list with the same arguments.",
        ),
        argument(
            "last",
            "Int",
            "Return this many from the end of the list, or from `before`: 0 to 100, not together with `first`. They stand in the order of the list all the same.",
        ),
        argument(
            "before",
            "String",
            "Only what precedes this `cursor` (or `startCursor`) of the same list with the same arguments.",
        ),
    ]
}

/// Name of the connection over a type.
pub fn connection_name(object: &str) -> String {
    format!("{object}Connection")
}

/// Name of the edge over a type.
pub fn edge_name(object: &str) -> String {
    format!("{object}Edge")
}

/// A type with fields.
#[derive(Clone, Debug)]
pub struct Object {
    /// GraphQL name.
    pub name: &'static str,
    /// Description for client developers, in Markdown.
    pub description: &'static str,
    /// Table of its rows; none for the root and for value objects.
    pub table: Option<&'static Table>,
    /// Value of the table's discriminator for this type.
    pub discriminant: Option<i64>,
    /// Interfaces it implements.
    pub interfaces: &'static [&'static str],
    /// Fields, in the order of the schema.
    pub fields: Vec<Field>,
}

/// For how many seconds an answer about the catalogue may be kept by whoever it passes.
const MAX_AGE_SECONDS: u32 = 60;

impl Object {
    /// For how many seconds an answer with such objects may be kept; none says nothing about it.
    pub fn max_age(&self) -> Option<u32> {
        self.table.map(|_| MAX_AGE_SECONDS)
    }
}

/// A type that several objects share.
#[derive(Clone, Debug)]
pub struct Interface {
    /// GraphQL name.
    pub name: &'static str,
    /// Description for client developers, in Markdown.
    pub description: &'static str,
    /// Table of its rows; none where they live in several.
    pub table: Option<&'static Table>,
    /// Interfaces it implements.
    pub interfaces: &'static [&'static str],
    /// Fields that every implementing object has.
    pub fields: Vec<Field>,
}
