//! From the selections of a validated operation to a plan.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Operation, SelectionSet, Type};
use apollo_compiler::response::{JsonMap, JsonValue};
use entity::external_id;

use super::argument::{Arg, Shapes};
use super::collect::{Collected, collect};
use super::statement::{Comparison, LINK, Reading, Statement};
use super::{
    Binding, Connection, ConnectionPart, EdgePart, Keys, Level, LevelIndex, Member, PageArgs,
    PageInfoPart, Part, Plan, Selection, Site, Slot, Value,
};
use crate::catalog::Backend;
use crate::error::FaultClass;
use crate::graphql::declare::{
    Column, Constant, Encoding, Field, LIST_SIZE_MAX, Lookup, LookupBy, ORDER_KEYS_MAX, Object,
    OrderTerm, Relation, Source, Table, ValueKind, connection_name, edge_name,
};
use crate::graphql::error::{GraphQLError, Lines, Location, code};
use crate::graphql::schema::Schema;
use crate::graphql::types;

/// Members that the plan of one operation may have, over all types that an object may be.
pub const MEMBERS_MAX: usize = 10_000;
/// How often one operation may ask about the schema: each time the whole of it may be the answer.
pub const INTROSPECTIONS_MAX: usize = 10;
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
        node_levels: 0,
        unread: Vec::new(),
        members: 0,
        introspections: 0,
    };
    let root = match schema.object("Query") {
        Some(query) => compiler.members(Place::root(), query, &[&operation.selection_set])?,
        None => Vec::new(),
    };
    let Compiler { levels, ids, unread, members, introspections, .. } = compiler;
    // About what a member and a statement take.
    let bytes = members * 256 + levels.len() * 4_096;
    let mut children = vec![Vec::new(); levels.len()];
    let mut first = Vec::new();
    for (index, level) in levels.iter().enumerate() {
        match level.keys {
            Keys::Rows { level: parent, .. } => children[parent].push(index),
            Keys::Root | Keys::Given { .. } => first.push(index),
        }
    }
    Ok(Plan { root, levels, first, children, ids, unread, bytes, introspects: introspections > 0 })
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
    node_levels: usize,
    unread: Vec<Level>,
    members: usize,
    introspections: usize,
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
        let collected = self.collect(object.name, object.interfaces, sets)?;
        let mut members = Vec::with_capacity(collected.len());
        for field in &collected {
            let location = self.location(field);
            let (value, nullable) = match field.name() {
                "__typename" => (Value::Typename(object.name), false),
                "__schema" | "__type" => {
                    self.introspections += 1;
                    if self.introspections > INTROSPECTIONS_MAX {
                        let sentence = format!(
                            "The operation asks about the schema more than {INTROSPECTIONS_MAX} times."
                        );
                        let error = GraphQLError::new(code::QUERY_TOO_COMPLEX, sentence);
                        return Err(error.at(location));
                    }
                    (Value::Introspection, true)
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
            Source::Embedded(carrier) => {
                let (level, scope) = place.row.ok_or_else(internal)?;
                let statement = &mut self.levels[level].statement;
                let carrier = statement.column(scope, object.table, *carrier);
                let presence = statement.slot(carrier.clone());
                let value = self.schema.object(declared.ty.name).ok_or_else(internal)?;
                // A value object has no table of its own: its columns are those of this one.
                let value = Object { table: object.table, ..value.clone() };
                let inside = Place { carrier: Some(&carrier), ..place };
                let members = self.members(inside, &value, &field.selections())?;
                let selection = Selection { kind: None, types: vec![(None, members)] };
                Ok(Value::Object { presence, selection })
            }
            Source::One(pointer) => {
                let (level, scope) = place.row.ok_or_else(internal)?;
                let table = self.table(declared.ty.name)?;
                let statement = &mut self.levels[level].statement;
                let pointer = statement.column(scope, object.table, *pointer);
                let joined = statement.join(table.name, "id", &pointer, "LEFT JOIN", None);
                let key = statement.key_of(joined);
                let presence = statement.slot(key);
                let selection =
                    self.selection(level, joined, declared.ty.name, &field.selections())?;
                Ok(Value::Object { presence, selection })
            }
            Source::List(relation) => {
                let want = Want {
                    keys: self.keys(place, object)?,
                    bindings: self.bindings(relation, field),
                    ..Want::of(relation, declared.ty.name, Reading::AtMost(LIST_SIZE_MAX), site)
                };
                let level = self.level(&want)?;
                Ok(Value::List { level, selection: self.item(level, declared.ty.name, field)? })
            }
            Source::Connection(relation) => {
                let relation = self.ordered(relation, field, &site)?;
                let want = Want {
                    keys: self.keys(place, object)?,
                    bindings: self.bindings(&relation, field),
                    ..Want::of(&relation, declared.ty.name, Reading::Page, site)
                };
                let want = self.page(want, field)?;
                Ok(Value::Connection(self.connection(&want, &field.selections())?))
            }
            Source::Lookup(lookup) => self.lookup(lookup, declared.ty.name, field, site),
            Source::Node | Source::Nodes => self.nodes(declared, field, site),
        }
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
            return Ok(Selection { kind: None, types: vec![(None, members)] });
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
            let level = self.new_level(want);
            self.unread.push(level);
        }
        Ok(Connection { page, cursor, members })
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
                    let beyond = compiler.beyond(want, &want.page.before, Reading::From)?;
                    PageInfoPart::HasNextPage(beyond, compiler.location(part))
                }
                "hasPreviousPage" => {
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
    fn page(&self, mut want: Want, field: &Collected<'a>) -> Result<Want, GraphQLError> {
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
        let table = self.table(type_name)?;
        // One of the types that share a table, or the table's only type, or all: an interface.
        let object = self.schema.object(type_name);
        let kind = table.discriminator.zip(object.and_then(|object| object.discriminant));
        let of_kind = |mut relation: Relation| {
            relation.only.extend(kind.map(|(column, value)| (column, Constant::Int(value))));
            relation
        };
        let want = match &key.by {
            LookupBy::Id => {
                let relation = of_kind(Relation::by_key(table.name));
                let keys = Keys::Given { ids: value, tag: table.tag };
                Want { keys, ..Want::of(&relation, type_name, Reading::All, site) }
            }
            LookupBy::Column(column) => {
                let binding = Binding { column: column(), value, is_enum: false };
                let relation = of_kind(Relation::all(binding.column));
                // One more than there may be shows that the key is ambiguous.
                let reading = Reading::AtMost(2);
                Want { bindings: vec![binding], ..Want::of(&relation, type_name, reading, site) }
            }
            LookupBy::ExternalId { catalog, scope } => {
                use external_id::Column as Its;
                let target: Column = match table.name {
                    "production" => Its::ProductionId.into(),
                    "person" => Its::PersonId.into(),
                    _ => Its::CompanyId.into(),
                };
                let relation = Relation::all(Its::Id)
                    .only(Its::Catalog, Constant::Text(catalog))
                    .only(Its::Scope, Constant::Text(scope))
                    .through(target);
                let binding = Binding { column: Its::Value.into(), value, is_enum: false };
                let reading = Reading::AtMost(2);
                Want {
                    bindings: vec![binding],
                    target_kind: kind,
                    ..Want::of(&relation, type_name, reading, site)
                }
            }
        };
        let level = self.level(&want)?;
        Ok(Value::Lookup { level, selection: self.item(level, type_name, field)? })
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
        object.table.ok_or_else(internal)?;
        let statement = &mut self.levels[level].statement;
        let key = statement.key_of(scope);
        let slot = statement.slot(key);
        let kinds = place.kind.map(|(slot, value)| (slot, vec![value]));
        Ok(Keys::Rows { level, slot, kinds })
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
        // Of the levels of a `node` field, one runs: that of the table that its id is of.
        if self.levels.len() - self.node_levels + self.ids.len() >= LEVELS_MAX {
            return Err(GraphQLError::new(
                code::QUERY_TOO_COMPLEX,
                format!("The operation follows more than {LEVELS_MAX} lists and look-ups."),
            )
            .at(want.site.location));
        }
        let level = self.new_level(want);
        self.levels.push(level);
        Ok(self.levels.len() - 1)
    }

    fn new_level(&self, want: &Want) -> Level {
        let Relation { link, key, parent, only, order, .. } = &want.relation;
        let constants = only.iter().map(|(column, value)| Comparison::Constant(*column, *value));
        let bound = want.bindings.iter().map(|binding| Comparison::Bound(binding.column));
        let conditions = constants.chain(bound).collect();
        Level {
            keys: want.keys.clone(),
            statement: Statement::new(
                self.backend,
                want.reading,
                (link, key),
                *parent,
                conditions,
                order.clone(),
            ),
            relation: want.relation.clone(),
            object: want.object,
            bindings: want.bindings.clone(),
            page: want.page.clone(),
            target_kind: want.target_kind,
            site: want.site.clone(),
        }
    }

    /// The filters whose argument is given.
    fn bindings(&self, relation: &Relation, field: &Collected<'a>) -> Vec<Binding> {
        let bound = relation.filters.iter().map(|filter| Binding {
            column: filter.column,
            value: self.argument(field, filter.argument.name),
            is_enum: types::ENUMS.iter().any(|declared| declared.name == filter.argument.ty.name),
        });
        bound.filter(|binding| binding.value != Arg::Null).collect()
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
            let sentence = format!(
                "The operation selects more than {MEMBERS_MAX} fields, fragments expanded, for all types that its objects may have."
            );
            let location = fields.first().and_then(|field| self.location(field));
            return Err(GraphQLError::new(code::QUERY_TOO_COMPLEX, sentence).at(location));
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
    bindings: Vec<Binding>,
    page: PageArgs,
    target_kind: Option<(Column, i64)>,
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
            bindings: Vec::new(),
            page: PageArgs::NONE,
            target_kind: None,
            site,
        }
    }

    /// The same list, read in another way.
    fn reading(&self, reading: Reading) -> Self {
        Self {
            keys: self.keys.clone(),
            bindings: self.bindings.clone(),
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
            && self.bindings == level.bindings
            && self.page == level.page
            && self.target_kind == level.target_kind
    }
}

/// The validator and the declarations disagree: a defect of this program.
fn internal() -> GraphQLError {
    GraphQLError::new(code::INTERNAL_SERVER_ERROR, FaultClass::Bug.sentence())
}
