//! From the selections of a validated operation to a plan.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Operation, SelectionSet, Type};
use apollo_compiler::response::{JsonMap, JsonValue};
use entity::external_id;
use std::sync::atomic::AtomicU32;

use super::argument::{Arg, Shapes};
use super::bind::Convert;
use super::collect::{Collected, collect};
use super::condition::{Condition, How};
use super::filter::Compiling;
use super::gather::gather;
use super::statement::{KeyKind, LINK, Reading, Spec, Statement, Target};
use super::{
    Binding, Connection, ConnectionPart, EdgePart, FacetPart, Keys, Level, LevelIndex, Lookups,
    Member, PageArgs, PageInfoPart, Part, Plan, Selection, Site, Slot, Value,
};
use crate::catalog::Backend;
use crate::error::FaultClass;
use crate::graphql::cursor;
use crate::graphql::declare::{
    self, Column, Constant, Encoding, Facet, FacetBy, Field, LIST_SIZE_MAX, Lookup, LookupBy,
    LookupKey, ORDER_KEYS_MAX, Object, OrderTerm, Ranking, Relation, Source, Table, ValueKind,
    connection_name, edge_name,
};
use crate::graphql::error::{GraphQLError, Lines, Location, code};
use crate::graphql::filter::Index;
use crate::graphql::guard::{Exceeded, Limit, introspection};
use crate::graphql::schema::Schema;

/// Members that the plan of one operation may have, over all types that an object may be.
pub const MEMBERS_MAX: usize = 10_000;
/// Statements that the plan of one operation may have.
pub const LEVELS_MAX: usize = 200;

/// Compile an operation for one database and one shape of variables.
///
/// # Errors
/// When it selects more than a plan may have.
pub fn compile(
    schema: &Schema,
    document: &ExecutableDocument,
    operation: &Operation,
    shapes: &Shapes,
    backend: Backend,
) -> Result<Plan, GraphQLError> {
    let mut compiler = Compiler {
        schema,
        document,
        shapes,
        backend,
        lines: document.sources.values().last().map(|source| Lines::of(source.source_text())),
        levels: Vec::new(),
        ids: Vec::new(),
        lookups: Vec::new(),
        node_levels: 0,
        unread: Vec::new(),
        members: 0,
        introspects: false,
        max_age: None,
    };
    let root = match schema.object("Query") {
        Some(query) => compiler.members(Place::root(), query, &[&operation.selection_set])?,
        None => Vec::new(),
    };
    let Compiler { mut levels, ids, lookups, unread, members, introspects, max_age, .. } = compiler;
    // About what a member and a statement take; each test of a filter stands in several texts.
    let size = |level: &Level| 4_096 * (1 + level.bindings.len());
    let bytes = members * 256 + levels.iter().chain(&unread).map(size).sum::<usize>();
    let mut children = vec![Vec::new(); levels.len()];
    let mut first = Vec::new();
    for (index, level) in levels.iter().enumerate() {
        match level.keys {
            Keys::Rows { level: parent, .. } => children[parent].push(index),
            Keys::Root | Keys::Given { .. } | Keys::Named { .. } => first.push(index),
        }
    }
    if backend == Backend::Postgres {
        gather(&mut levels, &first, &children);
    }
    let aside = AtomicU32::new(0);
    Ok(Plan {
        root,
        levels,
        first,
        children,
        unread,
        bytes,
        ids,
        lookups,
        introspects,
        aside,
        max_age,
    })
}

struct Compiler<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    shapes: &'a Shapes,
    backend: Backend,
    /// Of the document, whose text is the only one that it was made of.
    lines: Option<Lines<'a>>,
    levels: Vec<Level>,
    ids: Vec<(Arg, Site)>,
    lookups: Vec<Lookups>,
    node_levels: usize,
    unread: Vec<Level>,
    members: usize,
    introspects: bool,
    max_age: Option<u32>,
}

/// Where an object comes from.
#[derive(Clone, Copy)]
struct Place<'p> {
    /// The row: its level, and its table's scope in the level's statement. None at the root.
    row: Option<(LevelIndex, usize)>,
    /// The column that carries a value object, as an expression.
    carrier: Option<&'p str>,
    /// Where the row's discriminator must have this value for the object to be shown.
    kind: Option<(Slot, i64)>,
}

impl Place<'_> {
    fn root() -> Self {
        Self { row: None, carrier: None, kind: None }
    }

    fn row(level: LevelIndex, scope: usize) -> Self {
        Self { row: Some((level, scope)), ..Self::root() }
    }
}

impl<'a> Compiler<'a> {
    /// The members of an object of one type.
    fn members(
        &mut self,
        place: Place<'_>,
        object: &Object,
        sets: &[&'a SelectionSet],
    ) -> Result<Vec<Member>, GraphQLError> {
        if let Some(seconds) = object.max_age() {
            self.max_age = Some(self.max_age.map_or(seconds, |least| least.min(seconds)));
        }
        let collected = self.collect(object.name, object.interfaces, sets)?;
        let mut members = Vec::with_capacity(collected.len());
        for field in &collected {
            let location = self.location(field);
            let (value, nullable) = match field.name() {
                "__typename" => (Value::Typename(object.name), false),
                name @ ("__schema" | "__type") => {
                    self.introspects = true;
                    let (schema, document, sets) = (self.schema, self.document, field.selections());
                    let objects = match (name, self.argument(field, "name")) {
                        ("__schema", _) => introspection::of_schema(schema, document, &sets),
                        (_, Arg::Literal(name)) => {
                            introspection::of_type(schema, document, &sets, name.as_str())
                        }
                        _ => introspection::of_type(schema, document, &sets, None),
                    };
                    (Value::Introspection(objects), name == "__type")
                }
                name => {
                    let declared = object.fields.iter().find(|declared| declared.name == name);
                    // The validator has seen the same declarations.
                    let declared = declared.ok_or_else(internal)?;
                    let value = self.value(place, object, declared, field)?;
                    (value, !declared.ty.non_null)
                }
            };
            let (key, prefix) = (field.key.to_owned(), field.prefix());
            members.push(Member { key, prefix, value, nullable, location });
        }
        Ok(members)
    }

    fn value(
        &mut self,
        place: Place<'_>,
        object: &Object,
        declared: &Field,
        field: &Collected<'a>,
    ) -> Result<Value, GraphQLError> {
        let site = Site {
            coordinate: format!("{}.{}", object.name, declared.name),
            location: self.location(field),
        };
        match &declared.source {
            Source::Id => {
                let (level, scope) = place.row.ok_or_else(internal)?;
                let tag = object.table.ok_or_else(internal)?.tag;
                let statement = &mut self.levels[level].statement;
                let key = statement.key_of(scope);
                Ok(Value::Id { tag, slot: statement.slot(key) })
            }
            Source::Column(column, encoding) => {
                let (level, scope) = place.row.ok_or_else(internal)?;
                let statement = &mut self.levels[level].statement;
                let expression = statement.column(scope, object.table, *column);
                let slot = statement.slot(expression);
                Ok(Value::Scalar { slot, kind: column.kind, encoding: *encoding })
            }
            Source::OfCarrier(template) => {
                let (level, _) = place.row.ok_or_else(internal)?;
                let carrier = place.carrier.ok_or_else(internal)?;
                let slot = self.levels[level].statement.slot(template.replace("{}", carrier));
                Ok(Value::Scalar { slot, kind: ValueKind::Int, encoding: Encoding::Plain })
            }
            Source::Embedded(carrier) => self.embedded(place, object, *carrier, declared, field),
            Source::One(pointer) => {
                let (level, scope) = place.row.ok_or_else(internal)?;
                let statement = &mut self.levels[level].statement;
                let pointer = statement.column(scope, object.table, *pointer);
                self.pointed_at(level, &pointer, declared.ty, field)
            }
            Source::List(relation) => {
                let reading = Reading::AtMost(LIST_SIZE_MAX);
                let want = self.want(place, object, declared, relation, reading, (field, site))?;
                let level = self.level(&want)?;
                Ok(Value::List { level, selection: self.item(level, declared.ty.name, field)? })
            }
            Source::Connection(relation) => {
                let relation = self.ordered(relation, field, &site)?;
                let site = (field, site);
                let want = self.want(place, object, declared, &relation, Reading::Page, site)?;
                let want = self.page(want, field)?;
                Ok(Value::Connection(self.connection(&want, &field.selections())?))
            }
            Source::Groups(relation) => {
                let reading = Reading::Groups;
                let want = self.want(place, object, declared, relation, reading, (field, site))?;
                self.made_rows(&want, declared.ty.name, field)
            }
            Source::Ranking(ranking) => {
                let relation = Relation::by_key(object.table.ok_or_else(internal)?.name);
                let reading = Reading::Best;
                let mut want =
                    self.want(place, object, declared, &relation, reading, (field, site))?;
                want.ranking = Some(ranking);
                want.page.first = self.argument(field, "first");
                self.made_rows(&want, declared.ty.name, field)
            }
            Source::GroupKey(declared) => {
                let (level, _) = place.row.ok_or_else(internal)?;
                let (_, slot) = self.levels[level].statement.group_slots();
                let encoding = Encoding::Enum(declared);
                Ok(Value::Scalar { slot, kind: ValueKind::Text, encoding })
            }
            Source::Ranked(column) => {
                let (level, _) = place.row.ok_or_else(internal)?;
                let slot = self.levels[level].statement.slot(format!("q.{column}"));
                Ok(Value::Scalar { slot, kind: ValueKind::Int, encoding: Encoding::Plain })
            }
            Source::RankedRow(column) => {
                let (level, _) = place.row.ok_or_else(internal)?;
                self.pointed_at(level, &format!("q.{column}"), declared.ty, field)
            }
            Source::Lookup(lookup) => self.lookup(lookup, declared.ty.name, field, site),
            Source::Lookups(lookup) => self.lookups(lookup, declared.ty.name, field, site),
            Source::Node | Source::Nodes => self.nodes(declared, field, site),
            Source::Server => {
                let server = self.schema.object(declared.ty.name).ok_or_else(internal)?;
                Ok(Value::Server(self.members(Place::root(), server, &field.selections())?))
            }
            Source::Fact(fact) => Ok(Value::Fact(fact.json(&self.schema.options))),
        }
    }

    /// What a list of an object should read, with its filter. Boxed: selections nest, and the stack
    /// is not deep.
    fn want(
        &mut self,
        place: Place<'_>,
        object: &Object,
        declared: &Field,
        relation: &Relation,
        reading: Reading,
        (field, site): (&Collected<'a>, Site),
    ) -> Result<Box<Want>, GraphQLError> {
        let keys = self.keys(place, object)?;
        let filter = self.argument(field, "filter");
        let want = Want::of(relation, declared.ty.name, reading, site);
        Ok(Box::new(Want { keys, filter, ..want }))
    }

    /// Rows that a statement makes, as objects without a table.
    fn made_rows(
        &mut self,
        want: &Want,
        type_name: &str,
        field: &Collected<'a>,
    ) -> Result<Value, GraphQLError> {
        let level = self.level(want)?;
        let object = self.schema.object(type_name).ok_or_else(internal)?;
        let members = self.members(Place::row(level, LINK), object, &field.selections())?;
        Ok(Value::List { level, selection: Selection::one(members) })
    }

    /// A value object over a column.
    fn embedded(
        &mut self,
        place: Place<'_>,
        object: &Object,
        carrier: Column,
        declared: &Field,
        field: &Collected<'a>,
    ) -> Result<Value, GraphQLError> {
        let (level, scope) = place.row.ok_or_else(internal)?;
        let statement = &mut self.levels[level].statement;
        let carrier = statement.column(scope, object.table, carrier);
        let presence = statement.slot(carrier.clone());
        let value = self.schema.object(declared.ty.name).ok_or_else(internal)?;
        // A value object has no table of its own: its columns are those of this one.
        let value = Object { table: object.table, ..value.clone() };
        let inside = Place { carrier: Some(&carrier), ..place };
        let members = self.members(inside, &value, &field.selections())?;
        Ok(Value::Object { presence: Some(presence), selection: Selection::one(members) })
    }

    /// The row that an expression of a level points at.
    fn pointed_at(
        &mut self,
        level: LevelIndex,
        pointer: &str,
        ty: declare::Type,
        field: &Collected<'a>,
    ) -> Result<Value, GraphQLError> {
        let type_name = ty.name;
        let table = self.table(type_name)?;
        let statement = &mut self.levels[level].statement;
        let joined = statement.join(table.name, "id", pointer, "LEFT JOIN", None);
        let key = statement.key_of(joined);
        // What is always pointed at needs no column to say so, in each of many rows.
        let presence = (!ty.non_null).then(|| statement.slot(key));
        let selection = self.selection(level, joined, type_name, &field.selections())?;
        Ok(Value::Object { presence, selection })
    }

    /// An object or interface whose row is in a scope of a level.
    fn selection(
        &mut self,
        level: LevelIndex,
        scope: usize,
        type_name: &str,
        sets: &[&'a SelectionSet],
    ) -> Result<Selection, GraphQLError> {
        let schema = self.schema;
        let possible = schema.possible(type_name);
        if let [object] = possible.as_slice() {
            let members = self.members(Place::row(level, scope), object, sets)?;
            return Ok(Selection::one(members));
        }
        let table = self.table(type_name)?;
        let discriminator = table.discriminator.ok_or_else(internal)?;
        let statement = &mut self.levels[level].statement;
        let kind = statement.column(scope, Some(table), discriminator);
        let kind = statement.slot(kind);
        let mut types = Vec::with_capacity(possible.len());
        for object in possible {
            let discriminant = object.discriminant.ok_or_else(internal)?;
            let place = Place { kind: Some((kind, discriminant)), ..Place::row(level, scope) };
            types.push((Some(discriminant), self.members(place, object, sets)?));
        }
        Ok(Selection { kind: Some(kind), types })
    }

    fn connection(
        &mut self,
        want: &Want,
        sets: &[&'a SelectionSet],
    ) -> Result<Connection, GraphQLError> {
        let item = want.object;
        let mut page = None;
        let mut cursor = Vec::new();
        let members = self.parts(&connection_name(item), sets, |compiler, part| {
            // What is asked for again is the same level; what is not asked for is not read.
            let mut read = |compiler: &mut Self| {
                let level = compiler.level(want)?;
                page = Some(level);
                Ok::<_, GraphQLError>(level)
            };
            Ok(match part.name() {
                "__typename" => ConnectionPart::Typename(connection_name(item)),
                "totalCount" => {
                    let level = compiler.level(&want.reading(Reading::Count))?;
                    ConnectionPart::TotalCount(level, compiler.location(part))
                }
                "facets" => ConnectionPart::Facets(compiler.facets(want, part)?),
                "nodes" => {
                    let level = read(compiler)?;
                    ConnectionPart::Nodes(compiler.item(level, item, part)?)
                }
                "edges" => {
                    let level = read(compiler)?;
                    ConnectionPart::Edges(compiler.edges(level, item, part, &mut cursor)?)
                }
                _ => {
                    let level = read(compiler)?;
                    ConnectionPart::PageInfo(compiler.page_info(want, level, part, &mut cursor)?)
                }
            })
        })?;
        if page.is_none() {
            // Its arguments are checked all the same.
            let level = self.new_level(want)?;
            self.unread.push(level);
        }
        Ok(Connection { page, cursor, members })
    }

    /// How many rows of a list have each value of what is asked for, each in a statement.
    fn facets(
        &mut self,
        want: &Want,
        field: &Collected<'a>,
    ) -> Result<Vec<Part<FacetPart>>, GraphQLError> {
        let facets = self.table(want.object)?.facets.ok_or_else(internal)?;
        self.parts(facets.name, &field.selections(), |compiler, part| {
            if part.name() == "__typename" {
                return Ok(FacetPart::Typename(facets.name));
            }
            let facet = facets.all.iter().find(|facet| facet.name == part.name());
            let facet = *facet.ok_or_else(internal)?;
            let want = Want { facet: Some(facet), ..want.reading(Reading::Facet) };
            let level = compiler.level(&want)?;
            let selection = compiler.facet_item(level, facet, part)?;
            Ok(FacetPart::Items(level, selection, compiler.location(part)))
        })
    }

    /// A value of a facet with its count.
    fn facet_item(
        &mut self,
        level: LevelIndex,
        facet: Facet,
        field: &Collected<'a>,
    ) -> Result<Selection, GraphQLError> {
        let collected = self.collect(facet.object, &[], &field.selections())?;
        let members = collected.iter().map(|part| {
            let mut slot = |column: &str| self.levels[level].statement.slot(format!("q.{column}"));
            let scalar = |slot, kind, encoding| Value::Scalar { slot, kind, encoding };
            let mut nullable = false;
            let value = match (part.name(), facet.by) {
                ("__typename", _) => Value::Typename(facet.object),
                ("count", _) => scalar(slot("n"), ValueKind::Int, Encoding::Plain),
                (_, FacetBy::Enum(declared, _)) => {
                    scalar(slot("v"), ValueKind::Text, Encoding::Enum(declared))
                }
                (_, FacetBy::Int(_)) => {
                    nullable = true;
                    scalar(slot("v"), ValueKind::Int, Encoding::Plain)
                }
                (_, FacetBy::Rows(_, object)) => {
                    self.pointed_at(level, "q.v", declare::Type::named(object), part)?
                }
            };
            let (key, prefix) = (part.key.to_owned(), part.prefix());
            let location = self.location(part);
            Ok::<_, GraphQLError>(Member { key, prefix, value, nullable, location })
        });
        Ok(Selection::one(members.collect::<Result<_, _>>()?))
    }

    fn edges(
        &mut self,
        level: LevelIndex,
        item: &str,
        field: &Collected<'a>,
        cursor: &mut Vec<(Slot, ValueKind)>,
    ) -> Result<Vec<Part<EdgePart>>, GraphQLError> {
        self.parts(&edge_name(item), &field.selections(), |compiler, part| {
            Ok(match part.name() {
                "__typename" => EdgePart::Typename(edge_name(item)),
                "cursor" => {
                    *cursor = compiler.levels[level].statement.cursor_slots();
                    EdgePart::Cursor
                }
                _ => EdgePart::Node(compiler.item(level, item, part)?),
            })
        })
    }

    fn page_info(
        &mut self,
        want: &Want,
        level: LevelIndex,
        field: &Collected<'a>,
        cursor: &mut Vec<(Slot, ValueKind)>,
    ) -> Result<Vec<Part<PageInfoPart>>, GraphQLError> {
        self.parts("PageInfo", &field.selections(), |compiler, part| {
            Ok(match part.name() {
                "__typename" => PageInfoPart::Typename,
                "hasNextPage" => {
                    compiler.levels[level].looks_beyond = true;
                    let beyond = compiler.beyond(want, &want.page.before, Reading::From)?;
                    PageInfoPart::HasNextPage(beyond, compiler.location(part))
                }
                "hasPreviousPage" => {
                    compiler.levels[level].looks_beyond = true;
                    let beyond = compiler.beyond(want, &want.page.after, Reading::UpTo)?;
                    PageInfoPart::HasPreviousPage(beyond, compiler.location(part))
                }
                name => {
                    *cursor = compiler.levels[level].statement.cursor_slots();
                    match name {
                        "startCursor" => PageInfoPart::StartCursor,
                        _ => PageInfoPart::EndCursor,
                    }
                }
            })
        })
    }

    /// The members of an object that is no row's.
    fn parts<T>(
        &mut self,
        type_name: &str,
        sets: &[&'a SelectionSet],
        mut value: impl FnMut(&mut Self, &Collected<'a>) -> Result<T, GraphQLError>,
    ) -> Result<Vec<Part<T>>, GraphQLError> {
        let collected = self.collect(type_name, &[], sets)?;
        let parts = collected.iter().map(|part| {
            let value = value(self, part)?;
            Ok(Part { key: part.key.to_owned(), prefix: part.prefix(), value })
        });
        parts.collect()
    }

    /// The shown row of a level.
    fn item(
        &mut self,
        level: LevelIndex,
        type_name: &str,
        field: &Collected<'a>,
    ) -> Result<Selection, GraphQLError> {
        let scope = self.shown(level)?;
        self.selection(level, scope, type_name, &field.selections())
    }

    /// A relation in the order that the request says, if it says one.
    fn ordered(
        &self,
        relation: &Relation,
        field: &Collected<'a>,
        site: &Site,
    ) -> Result<Relation, GraphQLError> {
        let mut relation = relation.clone();
        let Some(ordering) = relation.ordering else { return Ok(relation) };
        // Orders are literals, whether they stand in the document or in a variable.
        let terms = match self.argument(field, "orderBy").value(&JsonMap::new()) {
            JsonValue::Array(terms) => terms,
            JsonValue::Object(term) => vec![JsonValue::Object(term)],
            _ => return Ok(relation),
        };
        if terms.len() > ORDER_KEYS_MAX {
            let coordinate = format!("{}(orderBy:)", site.coordinate);
            let sentence =
                format!("{coordinate} takes at most {ORDER_KEYS_MAX} keys, not {}.", terms.len());
            return Err(GraphQLError::new(code::BAD_USER_INPUT, sentence)
                .at(site.location)
                .argument(coordinate));
        }
        if terms.is_empty() {
            return Ok(relation);
        }
        relation.order.clear();
        for term in terms {
            let key = term.get("field").and_then(JsonValue::as_str);
            let names = ordering.keys.values.iter().map(|(name, _)| *name);
            let index = names.clone().position(|name| Some(name) == key).ok_or_else(internal)?;
            let column = ordering.columns.get(index).ok_or_else(internal)?();
            let descending = term.get("direction").and_then(JsonValue::as_str) == Some("DESC");
            // A key that was said before parts nothing any more.
            if relation.order.iter().all(|known| known.column != column) {
                relation.order.push(OrderTerm { column, descending });
            }
        }
        Ok(relation)
    }

    /// The page that a connection's arguments ask for.
    fn page(&self, mut want: Box<Want>, field: &Collected<'a>) -> Result<Box<Want>, GraphQLError> {
        want.page = PageArgs {
            first: self.argument(field, "first"),
            after: self.argument(field, "after"),
            last: self.argument(field, "last"),
            before: self.argument(field, "before"),
        };
        if want.page.last == Arg::Null {
            return Ok(want);
        }
        if want.page.first != Arg::Null {
            let coordinate = format!("{}(last:)", want.site.coordinate);
            let sentence = format!("{coordinate} cannot be given together with first.");
            return Err(GraphQLError::new(code::BAD_USER_INPUT, sentence)
                .at(want.site.location)
                .argument(coordinate));
        }
        want.reading = Reading::LastPage;
        Ok(want)
    }

    /// The level that looks beyond a page, where a cursor bounds it.
    fn beyond(
        &mut self,
        want: &Want,
        cursor: &Arg,
        reading: Reading,
    ) -> Result<Option<LevelIndex>, GraphQLError> {
        match cursor {
            Arg::Null => Ok(None),
            _ => self.level(&want.reading(reading)).map(Some),
        }
    }

    fn lookup(
        &mut self,
        lookup: &Lookup,
        type_name: &'static str,
        field: &Collected<'a>,
        site: Site,
    ) -> Result<Value, GraphQLError> {
        let Arg::Object(fields) = self.argument(field, "by") else { return Err(internal()) };
        // The validator and the coercion of variables have made sure of exactly one key.
        let given = fields.into_iter().find(|(_, value)| *value != Arg::Null);
        let (name, value) = given.ok_or_else(internal)?;
        let key = lookup.keys.iter().find(|key| key.name == name).ok_or_else(internal)?;
        let mut want = self.looked_up(key, type_name, site)?;
        if matches!(key.by, LookupBy::Id) {
            let tag = self.table(type_name)?.tag;
            want.keys = Keys::Given { ids: value, tag };
        } else {
            // What is compared with the key of a parent elsewhere is compared with one value here.
            let column = want.relation.parent.take().ok_or_else(internal)?;
            want.bindings = vec![Binding { value, convert: Convert::Text }];
            want.condition =
                Condition::Compare(column, How::Equal(0), Index::default()).and(want.condition);
        }
        let level = self.level(&want)?;
        Ok(Value::Lookup { level, selection: self.item(level, type_name, field)? })
    }

    /// Many look-ups: a level for each kind of key, whatever keys are given.
    fn lookups(
        &mut self,
        lookup: &Lookup,
        type_name: &'static str,
        field: &Collected<'a>,
        site: Site,
    ) -> Result<Value, GraphQLError> {
        let lookups = self.lookups.len();
        let keys = self.argument(field, "keys");
        let mut levels = Vec::with_capacity(lookup.keys.len());
        self.lookups.push(Lookups { keys, levels: Vec::new(), site: site.clone() });
        for key in lookup.keys {
            let by_id = matches!(key.by, LookupBy::Id);
            let tag = by_id.then_some(self.table(type_name)?.tag);
            let mut want = self.looked_up(key, type_name, site.clone())?;
            want.keys = Keys::Named { by_id, lookups };
            let level = self.level(&want)?;
            self.lookups[lookups].levels.push((key.name, tag, level));
            levels.push((level, self.item(level, type_name, field)?));
        }
        Ok(Value::Lookups { lookups, levels })
    }

    /// What finds rows by a kind of key, as if the key were a parent's.
    fn looked_up(
        &self,
        key: &LookupKey,
        type_name: &'static str,
        site: Site,
    ) -> Result<Want, GraphQLError> {
        let table = self.table(type_name)?;
        // One of the types that share a table, or the table's only type, or all: an interface.
        let object = self.schema.object(type_name);
        let kind = table.discriminator.zip(object.and_then(|object| object.discriminant));
        let of_kind = |mut relation: Relation| {
            relation.only.extend(kind.map(|(column, value)| (column, Constant::Int(value))));
            relation
        };
        // One more than there may be shows that the key is ambiguous.
        let reading = Reading::AtMost(2);
        Ok(match &key.by {
            LookupBy::Id => {
                let relation = of_kind(Relation::by_key(table.name));
                Want::of(&relation, type_name, Reading::All, site)
            }
            LookupBy::Column(column) => {
                Want::of(&of_kind(Relation::by(column())), type_name, reading, site)
            }
            LookupBy::ExternalId { catalog, scope } => {
                use external_id::Column as Its;
                let target: Column = match table.name {
                    "production" => Its::ProductionId.into(),
                    "person" => Its::PersonId.into(),
                    _ => Its::CompanyId.into(),
                };
                let relation = Relation::by(Its::Value)
                    .only(Its::Catalog, Constant::Text(catalog))
                    .only(Its::Scope, Constant::Text(scope))
                    .through(target);
                Want { target_kind: kind, ..Want::of(&relation, type_name, reading, site) }
            }
        })
    }

    fn nodes(
        &mut self,
        declared: &Field,
        field: &Collected<'a>,
        site: Site,
    ) -> Result<Value, GraphQLError> {
        let list = declared.ty.list;
        let ids = self.argument(field, if list { "ids" } else { "id" });
        let schema = self.schema;
        let sets = field.selections();
        let mut tables: Vec<(u8, LevelIndex, Selection)> = Vec::new();
        for object in schema.possible(declared.ty.name) {
            let table = object.table.ok_or_else(internal)?;
            if tables.iter().any(|(tag, _, _)| *tag == table.tag) {
                continue;
            }
            let keys = Keys::Given { ids: ids.clone(), tag: table.tag };
            let relation = Relation::by_key(table.name);
            let want =
                Want { keys, ..Want::of(&relation, object.name, Reading::All, site.clone()) };
            let before = self.levels.len();
            let level = self.level(&want)?;
            self.node_levels += self.levels.len() - before;
            // Several types live in one table where it has a discriminator: their interface.
            let type_name = object.interfaces.first().filter(|_| table.discriminator.is_some());
            let type_name = type_name.unwrap_or(&object.name);
            let selection = self.selection(level, LINK, type_name, &sets)?;
            tables.push((table.tag, level, selection));
        }
        self.ids.push((ids, site));
        Ok(Value::Nodes { ids: self.ids.len() - 1, list, tables })
    }

    /// The keys by which a child of this place finds its parent.
    fn keys(&mut self, place: Place<'_>, object: &Object) -> Result<Keys, GraphQLError> {
        let Some((level, scope)) = place.row else { return Ok(Keys::Root) };
        let statement = &mut self.levels[level].statement;
        if statement.reading() == Reading::Groups {
            let (slot, group) = statement.group_slots();
            return Ok(Keys::Rows { level, slot, group: Some(group), kinds: None });
        }
        object.table.ok_or_else(internal)?;
        let key = statement.key_of(scope);
        let slot = statement.slot(key);
        let kinds = place.kind.map(|(slot, value)| (slot, vec![value]));
        Ok(Keys::Rows { level, slot, group: None, kinds })
    }

    /// The scope of the shown row of a level.
    fn shown(&mut self, level: LevelIndex) -> Result<usize, GraphQLError> {
        let Some(target) = self.levels[level].relation.target else { return Ok(LINK) };
        let table = self.table(self.levels[level].object)?;
        let Level { statement, target_kind, .. } = &mut self.levels[level];
        let on = statement.column(LINK, None, target);
        Ok(statement.join(table.name, "id", &on, "JOIN", *target_kind))
    }

    /// The level that reads what is wanted: the one that exists, where the same parents already
    /// have the same list, whether by another alias or in another of the types they may be.
    fn level(&mut self, want: &Want) -> Result<LevelIndex, GraphQLError> {
        if let Some(index) = self.levels.iter().position(|level| want.is(level)) {
            let level = &mut self.levels[index];
            match (&mut level.keys, &want.keys) {
                (
                    Keys::Rows { kinds: Some((_, known)), .. },
                    Keys::Rows { kinds: Some((_, new)), .. },
                ) => {
                    known.extend(
                        new.iter().filter(|kind| !known.contains(kind)).collect::<Vec<_>>(),
                    );
                }
                (Keys::Rows { kinds, .. }, _) => *kinds = None,
                _ => {}
            }
            return Ok(index);
        }
        let level = self.new_level(want)?;
        self.levels.push(level);
        Ok(self.levels.len() - 1)
    }

    fn new_level(&self, want: &Want) -> Result<Level, GraphQLError> {
        // Of the levels of a `node` field, one runs: that of the table that its id is of.
        let levels = self.levels.len() - self.node_levels + self.ids.len() + self.unread.len();
        if levels >= LEVELS_MAX {
            return Err(too_many(Limit::Statements, LEVELS_MAX).at(want.site.location));
        }
        let relation = &want.relation;
        let mut bindings = want.bindings.clone();
        let (condition, tests) = self.condition(want, &mut bindings)?;
        let keys = match (&want.keys, relation.parent) {
            (_, None) => KeyKind::None,
            (Keys::Named { by_id: false, .. }, _) => KeyKind::Texts,
            (Keys::Rows { group: Some(_), .. }, _) => KeyKind::Groups,
            _ => KeyKind::Ids,
        };
        let mut statement = Statement::new(Spec {
            backend: self.backend,
            reading: want.reading,
            link: relation.link,
            key: relation.key,
            parent: relation.parent.map(|column| column.name),
            keys,
            condition,
            bindings: bindings.len(),
            order: relation.order.clone(),
            grouping: relation.grouping,
        });
        if let Some(facet) = want.facet {
            let table = self.table(want.object)?.name;
            statement.count_by(facet, relation.target.map(|column| Target { column, table }));
        }
        if let Some(ranking) = want.ranking {
            statement.rank(ranking);
        }
        Ok(Level {
            keys: want.keys.clone(),
            statement,
            relation: relation.clone(),
            object: want.object,
            digest: cursor::digest(relation, want.object),
            bindings,
            tests,
            filter: want.filter.clone(),
            page: want.page.clone(),
            looks_beyond: false,
            gathered: Vec::new(),
            is_gathered: false,
            target_kind: want.target_kind,
            site: want.site.clone(),
        })
    }

    /// What must hold of a row of a list: what the declaration says, and the filter, of which the
    /// tests are counted.
    fn condition(
        &self,
        want: &Want,
        bindings: &mut Vec<Binding>,
    ) -> Result<(Condition, usize), GraphQLError> {
        let relation = &want.relation;
        let only = relation
            .only
            .iter()
            .map(|(column, value)| Condition::Compare(*column, How::Is(*value), Index::default()));
        let mut condition = Condition::All(only.collect()).and(want.condition.clone());
        if let (true, Some(parent), Some(target)) =
            (relation.distinct, relation.parent, relation.target)
        {
            condition = condition
                .and(Condition::Compare(target, How::Known, Index::default()))
                .and(Condition::First(vec![parent, target]));
        }
        let Some(input) = relation.filter else { return Ok((condition, 0)) };
        let mut compiling = Compiling::new(bindings);
        let filter = compiling.filter(&want.filter, input).map_err(|too| {
            let coordinate = format!("{}(filter:)", want.site.coordinate);
            let sentence = format!("{coordinate} {}.", too.1);
            too.0.told(sentence).at(want.site.location).argument(coordinate)
        })?;
        let tests = compiling.tests();
        let Some(target) = relation.target else { return Ok((condition.and(filter), tests)) };
        // The filter is told of the rows shown; the link may know some of what it asks.
        let (own, shown) = filter.hoist(relation.link, &relation.copies);
        condition = condition.and(Condition::All(own));
        if shown.is_empty() {
            return Ok((condition, tests));
        }
        let table = self.table(want.object)?;
        let key = Relation::by_key(table.name).parent.ok_or_else(internal)?;
        let shown = Condition::To(target, key, Box::new(Condition::All(shown)));
        Ok((condition.and(shown), tests))
    }

    fn argument(&self, field: &Collected<'a>, name: &str) -> Arg {
        field.argument(name).map_or(Arg::Null, |value| Arg::of(value, self.shapes))
    }

    fn table(&self, type_name: &str) -> Result<&'static Table, GraphQLError> {
        let table = match self.schema.interface(type_name) {
            Some(interface) => interface.table,
            None => self.schema.object(type_name).and_then(|object| object.table),
        };
        table.ok_or_else(internal)
    }

    /// The fields that apply to an object of a type; they count towards the size of the plan.
    fn collect(
        &mut self,
        type_name: &str,
        interfaces: &[&str],
        sets: &[&'a SelectionSet],
    ) -> Result<Vec<Collected<'a>>, GraphQLError> {
        let applies = |name: &str| type_name == name || interfaces.contains(&name);
        let fields = collect(self.document, self.shapes, &applies, sets).map_err(|span| {
            let sentence = "The condition of a directive must not be null.";
            let lines = self.lines.as_ref();
            let location = span.and_then(|span| lines?.location(span.offset()));
            GraphQLError::new(code::BAD_USER_INPUT, sentence).at(location)
        })?;
        for field in &fields {
            self.refuse_null(field, type_name)?;
        }
        self.members += fields.len();
        if self.members > MEMBERS_MAX {
            let location = fields.first().and_then(|field| self.location(field));
            return Err(too_many(Limit::PlannedFields, MEMBERS_MAX).at(location));
        }
        Ok(fields)
    }

    /// A variable may be null although it has a default, and stand where null may not.
    fn refuse_null(&self, field: &Collected<'a>, type_name: &str) -> Result<(), GraphQLError> {
        for (definition, value) in field.arguments() {
            if self.fits(&Arg::of(value, self.shapes), &definition.ty) {
                continue;
            }
            let coordinate = format!("{type_name}.{}({}:)", field.name(), definition.name);
            let sentence = format!("{coordinate} must not be null, nor anything required in it.");
            return Err(GraphQLError::new(code::BAD_USER_INPUT, sentence)
                .at(self.location(field))
                .argument(coordinate));
        }
        Ok(())
    }

    fn fits(&self, arg: &Arg, ty: &Type) -> bool {
        match arg {
            Arg::Null => !ty.is_non_null(),
            Arg::List(items) => items.iter().all(|item| self.fits(item, ty.item_type())),
            Arg::Object(fields) => {
                let name = ty.inner_named_type();
                let Some(input) = self.schema.compiled.get_input_object(name) else { return true };
                fields.iter().all(|(name, arg)| match input.fields.get(name.as_str()) {
                    Some(_) if input.is_one_of() => *arg != Arg::Null,
                    Some(field) => self.fits(arg, &field.ty),
                    None => true,
                })
            }
            Arg::Literal(_) | Arg::Variable(_) => true,
        }
    }

    fn location(&self, field: &Collected<'a>) -> Option<Location> {
        self.lines.as_ref()?.location(field.span()?.offset())
    }
}

/// What a level should read.
struct Want {
    keys: Keys,
    relation: Relation,
    object: &'static str,
    reading: Reading,
    /// What must hold beside the filter, and what it binds.
    condition: Condition,
    bindings: Vec<Binding>,
    filter: Arg,
    page: PageArgs,
    target_kind: Option<(Column, i64)>,
    facet: Option<Facet>,
    ranking: Option<&'static Ranking>,
    site: Site,
}

impl Want {
    /// Without parents and arguments.
    fn of(relation: &Relation, object: &'static str, reading: Reading, site: Site) -> Self {
        Self {
            keys: Keys::Root,
            relation: relation.clone(),
            object,
            reading,
            condition: Condition::All(Vec::new()),
            bindings: Vec::new(),
            filter: Arg::Null,
            page: PageArgs::NONE,
            target_kind: None,
            facet: None,
            ranking: None,
            site,
        }
    }

    /// The same list, read in another way.
    fn reading(&self, reading: Reading) -> Self {
        Self {
            keys: self.keys.clone(),
            filter: self.filter.clone(),
            page: self.page.clone(),
            target_kind: self.target_kind,
            ..Self::of(&self.relation, self.object, reading, self.site.clone())
        }
    }

    /// Whether a level reads this, perhaps for fewer of the parents.
    fn is(&self, level: &Level) -> bool {
        let same_parents = match (&self.keys, &level.keys) {
            (Keys::Rows { level, slot, .. }, Keys::Rows { level: other, slot: of_other, .. }) => {
                (level, slot) == (other, of_other)
            }
            (keys, others) => keys == others,
        };
        same_parents
            && self.reading == level.statement.reading()
            && self.object == level.object
            && self.relation == level.relation
            && self.filter == level.filter
            && self.facet == level.statement.facet()
            && self.ranking == level.statement.ranking()
            // Look-ups bind what no filter says.
            && (self.relation.filter.is_some() || self.bindings == level.bindings)
            && self.page == level.page
            && self.target_kind == level.target_kind
    }
}

/// Counting stops at the limit: the operation has one more at least.
fn too_many(limit: Limit, max: usize) -> GraphQLError {
    let max = max as u64;
    Exceeded { limit, max, found: max + 1 }.into()
}

/// The validator and the declarations disagree: a defect of this program.
fn internal() -> GraphQLError {
    GraphQLError::new(code::INTERNAL_SERVER_ERROR, FaultClass::Bug.sentence())
}
