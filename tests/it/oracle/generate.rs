//! Random valid operations, drawn from the schema by a list of choices: shorter lists and smaller
//! numbers make simpler operations, so that a failure shrinks.

use std::collections::HashMap;
use std::fmt::Write;

use apollo_compiler::ast::Type;
use apollo_compiler::schema::{ExtendedType, FieldDefinition, InputValueDefinition};
use serde_json::{Value, json};
use shotlist::graphql::declare::{LookupBy, OrderTerm, Relation, Source, Table};
use shotlist::graphql::filter::{FILTER_STEPS_MAX, canonical};
use shotlist::graphql::schema::Schema;
use shotlist::graphql::{cursor, id};

use super::world::World;

/// How deep operations nest.
const DEPTH_MAX: usize = 8;
/// Fields of an operation.
const FIELDS_MAX: usize = 60;
/// Items that an operation may return, roughly.
const ITEMS_MAX: usize = 400;

/// An operation with its variables; the reference names cursors by row.
pub struct Operation {
    pub text: String,
    pub variables: Value,
    pub reference_variables: Value,
    /// A field of the root that has an alias, and its name.
    pub aliased_root: Option<(String, String)>,
}

pub struct Generator<'a> {
    world: &'a World,
    schema: &'a Schema,
    choices: &'a [u32],
    next: usize,
    fields: usize,
    names: usize,
    /// Steps from the rows that a filter is of to those that it is at.
    steps: usize,
    declared: Vec<String>,
    variables: Value,
    reference_variables: Value,
    fragments: Vec<String>,
    aliased_root: Option<(String, String)>,
}

/// The response keys in use in one object, with what they stand for: the same key may be used
/// again only for the same.
#[derive(Default)]
struct Scope {
    keys: HashMap<String, (String, Scope)>,
}

impl<'a> Generator<'a> {
    pub fn new(world: &'a World, schema: &'a Schema, choices: &'a [u32]) -> Self {
        Self {
            world,
            schema,
            choices,
            next: 0,
            fields: 0,
            names: 0,
            steps: 0,
            declared: Vec::new(),
            variables: json!({}),
            reference_variables: json!({}),
            fragments: Vec::new(),
            aliased_root: None,
        }
    }

    pub fn operation(world: &'a World, schema: &'a Schema, choices: &'a [u32]) -> Operation {
        let mut generator = Self::new(world, schema, choices);
        let body = generator.selection("Query", &mut Scope::default(), 0, 1);
        let declared = match generator.declared.as_slice() {
            [] => String::new(),
            declared => format!("({})", declared.join(", ")),
        };
        let mut text = match (generator.pick(3), declared.is_empty()) {
            (0, true) => body,
            (1, _) => format!("query Named{declared} {body}"),
            _ => format!("query{declared} {body}"),
        };
        for fragment in &generator.fragments {
            let _ = write!(text, "\n{fragment}");
        }
        Operation {
            text,
            variables: generator.variables,
            reference_variables: generator.reference_variables,
            aliased_root: generator.aliased_root,
        }
    }

    /// A number below a bound; 0, the simplest, when the choices have run out.
    pub fn pick(&mut self, bound: usize) -> usize {
        let choice = self.choices.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        choice as usize % bound
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.pick(of.len())].clone()
    }

    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    fn selection(
        &mut self,
        type_name: &str,
        scope: &mut Scope,
        depth: usize,
        items: usize,
    ) -> String {
        let count = 1 + self.pick(5);
        let mut parts = Vec::new();
        for _ in 0..count {
            let part = match self.pick(8) {
                5 | 6 => self.fragment(type_name, scope, depth, items),
                7 => "__typename".to_owned(),
                _ => self.field(type_name, scope, depth, items),
            };
            parts.push(part);
        }
        format!("{{ {} }}", parts.join(" "))
    }

    /// A fragment on the type, or on one that overlaps with it.
    fn fragment(
        &mut self,
        type_name: &str,
        scope: &mut Scope,
        depth: usize,
        items: usize,
    ) -> String {
        let mut conditions = vec![type_name.to_owned()];
        if depth > 0 {
            for object in self.schema.possible(type_name) {
                conditions.push(object.name.to_owned());
                conditions.extend(object.interfaces.iter().map(|&name| name.to_owned()));
            }
        }
        let condition = self.one(&conditions);
        let directive = self.directive();
        let body = self.selection(&condition, scope, depth, items);
        match self.pick(3) {
            0 => format!("... on {condition}{directive} {body}"),
            1 if condition == type_name => format!("...{directive} {body}"),
            _ => {
                let name = self.name("F");
                self.fragments.push(format!("fragment {name} on {condition} {body}"));
                // Spread twice, it is still selected once.
                let again = if self.pick(4) == 3 { format!(" ...{name}") } else { String::new() };
                format!("...{name}{directive}{again}")
            }
        }
    }

    fn directive(&mut self) -> String {
        let name = match self.pick(8) {
            6 => "skip",
            7 => "include",
            _ => return String::new(),
        };
        let value = self.pick(2) == 1;
        if self.pick(2) == 0 {
            return format!(" @{name}(if: {value})");
        }
        let variable = self.variable("Boolean!", json!(value));
        format!(" @{name}(if: {variable})")
    }

    fn variable(&mut self, ty: &str, value: Value) -> String {
        let name = self.name("v");
        self.variables[&name] = value.clone();
        self.reference_variables[&name] = value;
        self.declared.push(format!("${name}: {ty}"));
        format!("${name}")
    }

    fn definitions(&self, type_name: &str) -> Vec<FieldDefinition> {
        let fields = match self.schema.compiled.types.get(type_name) {
            Some(ExtendedType::Object(object)) => &object.fields,
            Some(ExtendedType::Interface(interface)) => &interface.fields,
            _ => panic!("{type_name} has no fields"),
        };
        // What the server says of itself is in no catalogue.
        let of_catalogue = fields.values().filter(|field| field.name != "serverInfo");
        of_catalogue.map(|field| FieldDefinition::clone(field)).collect()
    }

    fn is_leaf(&self, type_name: &str) -> bool {
        !matches!(
            self.schema.compiled.types.get(type_name),
            Some(ExtendedType::Object(_) | ExtendedType::Interface(_))
        )
    }

    fn field(&mut self, type_name: &str, scope: &mut Scope, depth: usize, items: usize) -> String {
        self.fields += 1;
        if type_name == "Query" && self.pick(30) == 29 {
            return self.introspection(scope);
        }
        let mut fields = self.definitions(type_name);
        if depth >= DEPTH_MAX || self.fields > FIELDS_MAX || items > ITEMS_MAX {
            fields.retain(|field| self.is_leaf(field.ty.inner_named_type()));
        } else if self.pick(2) == 1 {
            // Most fields are leaves; what is worth testing is below the others.
            let (leaves, others): (Vec<_>, Vec<_>) =
                fields.into_iter().partition(|field| self.is_leaf(field.ty.inner_named_type()));
            fields = if others.is_empty() { leaves } else { others };
        }
        if fields.is_empty() {
            return "__typename".to_owned();
        }
        let field = self.one(&fields);
        let (arguments, count) = self.arguments(type_name, &field, items);
        let inner = field.ty.inner_named_type().as_str();
        let signature = format!("{}{arguments}: {}", field.name, field.ty);
        let mut key = field.name.to_string();
        let taken = scope.keys.get(&key).is_some_and(|(known, _)| *known != signature);
        let mut alias = String::new();
        if taken || self.pick(5) == 4 {
            key = self.name("a");
            alias = format!("{key}: ");
            if type_name == "Query" && depth == 0 && self.aliased_root.is_none() {
                self.aliased_root = Some((key.clone(), field.name.to_string()));
            }
        }
        let (_, inside) = scope.keys.entry(key).or_insert_with(|| (signature, Scope::default()));
        let directive = self.directive();
        let body = if self.is_leaf(inner) {
            String::new()
        } else {
            format!(" {}", self.selection(inner, inside, depth + 1, items * count))
        };
        format!("{alias}{}{arguments}{directive}{body}", field.name)
    }

    fn introspection(&mut self, scope: &mut Scope) -> String {
        let key = self.name("i");
        scope.keys.insert(key.clone(), (key.clone(), Scope::default()));
        let types = ["Film", "Production", "CreditRole", "FilmBy", "ID", "Nothing"];
        let name = self.one(&types);
        let variable = self.variable("String!", json!(name));
        format!(
            "{key}: __type(name: {variable}) {{ kind name description \
             fields {{ name isDeprecated args {{ name defaultValue type {{ name }} }} type {{ kind ofType {{ name }} }} }} \
             interfaces {{ name }} possibleTypes {{ name }} enumValues {{ name }} inputFields {{ name }} }}"
        )
    }

    /// The arguments of a field, and how many items it returns.
    fn arguments(
        &mut self,
        type_name: &str,
        field: &FieldDefinition,
        items: usize,
    ) -> (String, usize) {
        let mut texts = Vec::new();
        let mut count = 1;
        let mut filter = Value::Null;
        let mut order: Vec<Value> = Vec::new();
        let arguments: Vec<_> =
            field.arguments.iter().map(|argument| InputValueDefinition::clone(argument)).collect();
        let has = |name: &str| arguments.iter().any(|argument| argument.name == name);
        if has("first") {
            let sizes: &[usize] = if items > 40 { &[2, 1, 3] } else { &[2, 3, 1, 5, 4, 7, 9] };
            // Mostly a small page; the default only near the root.
            let first = match self.pick(10) {
                9 if items == 1 => None,
                8 => Some(0),
                _ => Some(self.one(sizes)),
            };
            count = first.unwrap_or(20);
            // Sometimes from the other end.
            let backward = has("last") && first.is_some() && self.pick(4) == 3;
            let which = if backward { "last" } else { "first" };
            match first {
                None if self.pick(2) == 0 => texts.push("first: null".to_owned()),
                None => {}
                Some(first) => match self.pick(4) {
                    0 | 1 => texts.push(format!("{which}: {first}")),
                    2 => {
                        let variable = self.variable("Int", json!(first));
                        texts.push(format!("{which}: {variable}"));
                    }
                    _ => {
                        // A default of the operation, and no value.
                        let name = self.name("v");
                        self.declared.push(format!("${name}: Int = {first}"));
                        texts.push(format!("{which}: ${name}"));
                    }
                },
            }
        }
        for argument in &arguments {
            let name = argument.name.as_str();
            let inner = argument.ty.inner_named_type().as_str();
            match name {
                "first" | "after" | "last" | "before" => continue,
                "orderBy" => {
                    order = self.order(inner);
                    let value = json!(order);
                    let text = match self.pick(3) {
                        _ if order.is_empty() => continue,
                        0 => self.variable(&format!("[{inner}!]"), value),
                        1 => {
                            let terms = order.iter().map(|term| {
                                let (field, direction) = (&term["field"], &term["direction"]);
                                let field = field.as_str().expect("a key");
                                match direction.as_str() {
                                    Some(direction) => {
                                        format!("{{ field: {field}, direction: {direction} }}")
                                    }
                                    None => format!("{{ field: {field} }}"),
                                }
                            });
                            format!("[{}]", terms.collect::<Vec<_>>().join(", "))
                        }
                        _ => {
                            // A variable inside a literal; one term stands for a list of it.
                            order.truncate(1);
                            let field =
                                self.variable(&format!("{inner}Field!"), order[0]["field"].clone());
                            let direction = order[0]["direction"].as_str().unwrap_or("ASC");
                            format!("{{ field: {field}, direction: {direction} }}")
                        }
                    };
                    texts.push(format!("orderBy: {text}"));
                }
                "by" => {
                    let text = self.look_up(field.ty.inner_named_type(), inner);
                    texts.push(format!("by: {text}"));
                }
                "id" => {
                    let value = json!(self.global_id());
                    let text = self.literal_or_variable("ID!", &value);
                    texts.push(format!("id: {text}"));
                }
                "ids" => {
                    let ids: Vec<_> = (0..self.pick(6)).map(|_| self.global_id()).collect();
                    count = ids.len().max(1);
                    let text = self.literal_or_variable("[ID!]!", &json!(ids));
                    texts.push(format!("ids: {text}"));
                }
                "keys" => {
                    let keys: Vec<_> = (0..self.pick(6))
                        .map(|_| self.key(field.ty.inner_named_type(), inner))
                        .collect();
                    count = keys.len().max(1);
                    let text = match self.pick(2) {
                        0 => self.literal(&argument.ty, &json!(keys)),
                        _ => self.variable(&argument.ty.to_string(), json!(keys)),
                    };
                    texts.push(format!("keys: {text}"));
                }
                "filter" => {
                    if self.pick(2) == 0 {
                        continue;
                    }
                    let mut tests = 8;
                    filter = self.filter(inner, &mut tests);
                    let text = match self.pick(2) {
                        0 => self.variable(inner, filter.clone()),
                        _ => self.literal(&argument.ty, &filter),
                    };
                    texts.push(format!("filter: {text}"));
                }
                other => panic!("nobody knows what to give for {other}"),
            }
        }
        for bound in ["after", "before"] {
            if has(bound)
                && self.pick(4) == 3
                && let Some(text) = self.cursor(type_name, field.name.as_str(), &filter, &order)
            {
                texts.push(format!("{bound}: {text}"));
            }
        }
        let text = if texts.is_empty() { String::new() } else { format!("({})", texts.join(", ")) };
        (text, count)
    }

    fn literal_or_variable(&mut self, ty: &str, value: &Value) -> String {
        match self.pick(2) {
            0 => value.to_string(),
            _ => self.variable(ty, value.clone()),
        }
    }

    /// The global id of a row, or of none.
    fn global_id(&mut self) -> String {
        let tables: Vec<&'static Table> = [
            "Film",
            "Person",
            "Company",
            "Credit",
            "Shot",
            "Genre",
            "Award",
            "Source",
            "Video",
            "CompanyCredit",
            "Season",
            "ExternalId",
        ]
        .iter()
        .filter_map(|name| self.schema.object(name).and_then(|object| object.table))
        .collect();
        let table = self.one(&tables);
        self.id_in(table)
    }

    fn id_in(&mut self, table: &Table) -> String {
        let rows = self.world.rows(table.name);
        let row = match self.pick(rows.len() + 1) {
            last if last == rows.len() => 1_000_000,
            index => rows[index]["id"].as_i64().expect("a key"),
        };
        let mut text = Vec::new();
        id::encode(table.tag, row, &mut text);
        String::from_utf8(text).expect("it is ASCII")
    }

    /// One of the keys of a look-up.
    fn key(&mut self, object: &str, input: &str) -> Value {
        let query = self.schema.object("Query").expect("the root");
        let lookup = query.fields.iter().find_map(|field| match &field.source {
            Source::Lookup(lookup) if lookup.input == input => Some(*lookup),
            _ => None,
        });
        let lookup = lookup.expect("a declared look-up");
        let table = match self.schema.interface(object) {
            Some(interface) => interface.table,
            None => self.schema.object(object).and_then(|object| object.table),
        };
        let table = table.expect("a table");
        let key = &lookup.keys[self.pick(lookup.keys.len())];
        let value = match &key.by {
            LookupBy::Id if self.pick(4) == 3 => self.global_id(),
            LookupBy::Id => self.id_in(table),
            LookupBy::Column(column) => {
                let rows = self.world.rows(table.name);
                let row = &rows[self.pick(rows.len())];
                row[column().name].as_str().unwrap_or("nothing").to_owned()
            }
            LookupBy::ExternalId { catalog, scope } => {
                let rows = self.world.rows("external_id").iter();
                let rows: Vec<_> = rows
                    .filter(|row| row["catalog"] == *catalog && row["scope"] == *scope)
                    .collect();
                match self.pick(rows.len() + 1) {
                    last if last == rows.len() => "nothing".to_owned(),
                    index => rows[index]["value"].as_str().expect("a value").to_owned(),
                }
            }
        };
        json!({ key.name: value })
    }

    /// The argument of a look-up.
    fn look_up(&mut self, object: &str, input: &str) -> String {
        let key = self.key(object, input);
        let (name, value) = key.as_object().and_then(|key| key.iter().next()).expect("a key");
        let ty = if name == "id" { "ID!" } else { "String!" };
        match self.pick(3) {
            0 => format!("{{ {name}: {value} }}"),
            1 => {
                let variable = self.variable(ty, value.clone());
                format!("{{ {name}: {variable} }}")
            }
            _ => self.variable(&format!("{input}!"), key.clone()),
        }
    }

    /// The definitions of the fields of an input type.
    fn input(&self, name: &str) -> Vec<InputValueDefinition> {
        match self.schema.compiled.types.get(name) {
            Some(ExtendedType::InputObject(input)) => {
                input.fields.values().map(|field| InputValueDefinition::clone(field)).collect()
            }
            _ => panic!("{name} is no input"),
        }
    }

    /// A filter with as many tests at the most.
    pub fn filter(&mut self, input: &str, tests: &mut usize) -> Value {
        let mut filter = json!({});
        let fields = self.input(input);
        for _ in 0..1 + self.pick(3) {
            if *tests == 0 {
                break;
            }
            *tests -= 1;
            let field = self.one(&fields);
            let name = field.name.as_str();
            let inner = field.ty.inner_named_type().as_str();
            // To the rows of another table.
            let is_step = match name {
                "any" | "all" | "none" | "director" | "show" | "profession" | "hasShots" => true,
                "and" | "or" | "not" | "genre" => false,
                _ => inner.ends_with("Filter"),
            };
            if is_step && self.steps == FILTER_STEPS_MAX {
                continue;
            }
            self.steps += usize::from(is_step);
            filter[name] = match self.pick(12) {
                11 => Value::Null,
                _ => self.test(name, &field.ty, tests),
            };
            self.steps -= usize::from(is_step);
        }
        filter
    }

    /// A value for a test of a filter.
    fn test(&mut self, name: &str, ty: &Type, tests: &mut usize) -> Value {
        let inner = ty.inner_named_type().as_str();
        if ty.is_list() {
            let count = [1, 2, 1, 0, 3][self.pick(5)];
            if count == 1 && self.pick(2) == 0 {
                return self.test(name, ty.item_type(), tests);
            }
            return (0..count).map(|_| self.test(name, ty.item_type(), tests)).collect();
        }
        let declared = self.schema.compiled.types.get(inner);
        if let Some(ExtendedType::Enum(declared)) = declared {
            let values: Vec<_> = declared.values.keys().map(ToString::to_string).collect();
            return json!(self.one(&values));
        }
        match inner {
            "Boolean" => json!(self.pick(2) == 1),
            "Int" => json!(self.pick(5)),
            "ID" => {
                let object = match name {
                    "person" | "director" => "Person",
                    "company" => "Company",
                    _ => "Film",
                };
                let table = self.schema.object(object).and_then(|object| object.table);
                match self.pick(8) {
                    7 => json!(self.global_id()),
                    _ => json!(self.id_in(table.expect("a table"))),
                }
            }
            "String" => json!(self.one(words(name))),
            "IntRange" => {
                let (low, span) = match name {
                    "year" => (1990, 36),
                    "votes" => (0, 2_000_000),
                    "runtimeMinutes" => (0, 220),
                    _ => (0, 4),
                };
                self.range(["min", "max"], |generator| json!(low + generator.pick(span)))
            }
            "FloatRange" => self.range(["min", "max"], |generator| {
                let hundredths = 10 * generator.pick(110) + [0, 0, 4][generator.pick(3)];
                json!(f64::from(u32::try_from(hundredths).expect("a small number")) / 100.0)
            }),
            "DateRange" => {
                let dates = [
                    "1995",
                    "1995-01-01",
                    "2017",
                    "2017-01",
                    "2017-06",
                    "2017-06-01",
                    "2017-06-02",
                    "2022-03-24",
                    "2000-02-29",
                ];
                self.range(["from", "to"], |generator| json!(generator.one(&dates)))
            }
            filter => self.filter(filter, tests),
        }
    }

    fn range(&mut self, ends: [&str; 2], mut end: impl FnMut(&mut Self) -> Value) -> Value {
        let mut range = json!({});
        for name in ends {
            match self.pick(4) {
                3 => {}
                2 if self.pick(4) == 3 => range[name] = Value::Null,
                _ => range[name] = end(self),
            }
        }
        range
    }

    /// A value as a literal, parts of it perhaps as variables.
    fn literal(&mut self, ty: &Type, value: &Value) -> String {
        let inner = ty.inner_named_type().as_str();
        let is_list = ty.is_list() && value.is_array();
        let plain = !value.is_null() && !value.is_object() && (is_list || !ty.is_list());
        // An item of a list must not be null, and a variable may be.
        if plain && self.pick(4) == 3 {
            let ty = ty.to_string();
            let ty = if ty.ends_with('!') { ty } else { format!("{ty}!") };
            return self.variable(&ty, value.clone());
        }
        match value {
            Value::Array(items) => {
                let items: Vec<_> =
                    items.iter().map(|item| self.literal(ty.item_type(), item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Object(members) => {
                let fields = self.input(inner);
                let members: Vec<_> = members
                    .iter()
                    .map(|(name, value)| {
                        let field = fields.iter().find(|field| field.name == name.as_str());
                        let text = self.literal(&field.expect("a field").ty, value);
                        format!("{name}: {text}")
                    })
                    .collect();
                format!("{{ {} }}", members.join(", "))
            }
            Value::String(text)
                if matches!(self.schema.compiled.types.get(inner), Some(ExtendedType::Enum(_))) =>
            {
                text.clone()
            }
            Value::String(text) => graphql_string(text),
            other => other.to_string(),
        }
    }

    /// An order: mostly none.
    pub fn order(&mut self, input: &str) -> Vec<Value> {
        let keys = format!("{input}Field");
        let Some(ExtendedType::Enum(keys)) = self.schema.compiled.types.get(keys.as_str()) else {
            panic!("{keys} is no enum");
        };
        let keys: Vec<String> = keys.values.keys().map(ToString::to_string).collect();
        let count = [0, 1, 0, 2, 1, 0, 3][self.pick(7)];
        let terms = (0..count).map(|_| {
            let mut term = json!({ "field": self.one(&keys) });
            match self.pick(3) {
                0 => {}
                1 => term["direction"] = json!("DESC"),
                _ => term["direction"] = json!("ASC"),
            }
            term
        });
        terms.collect()
    }

    /// A cursor of some row of the list's table, as the server makes it.
    fn cursor(
        &mut self,
        type_name: &str,
        field: &str,
        filter: &Value,
        order: &[Value],
    ) -> Option<String> {
        let fields = match self.schema.interface(type_name) {
            Some(interface) => &interface.fields,
            None => &self.schema.object(type_name)?.fields,
        };
        let declared = fields.iter().find(|declared| declared.name == field)?;
        let Source::Connection(relation) = &declared.source else { return None };
        let relation = &ordered(relation, order);
        let rows = self.world.rows(relation.link);
        if rows.is_empty() {
            return None;
        }
        let row = &rows[self.pick(rows.len())];
        // The key parts everything: what the order says after it is not in the cursor.
        let terms = relation.order.iter().take_while(|term| term.column.name != relation.key);
        let mut values: Vec<Value> = terms.map(|term| row[term.column.name].clone()).collect();
        values.push(row[relation.key].clone());
        let filter = match (relation.filter, filter) {
            (None, _) | (_, Value::Null) => String::new(),
            (Some(input), filter) => canonical(&filter.clone().into(), input),
        };
        let digest = cursor::filtered(cursor::digest(relation, declared.ty.name), &filter);
        let name = self.name("v");
        self.declared.push(format!("${name}: String"));
        self.variables[&name] = json!(cursor::encode(digest, &values));
        self.reference_variables[&name] = json!(format!("cursor:{}", row[relation.key]));
        Some(format!("${name}"))
    }
}

/// A relation in an order that a request says.
fn ordered(relation: &Relation, order: &[Value]) -> Relation {
    let mut ordered = relation.clone();
    if !order.is_empty() {
        ordered.order.clear();
    }
    for term in order {
        let ordering = relation.ordering.expect("an ordering");
        let index = ordering.keys.values.iter().position(|(name, _)| term["field"] == *name);
        let column = ordering.columns[index.expect("a key")]();
        if ordered.order.iter().all(|known| known.column != column) {
            ordered.order.push(OrderTerm { column, descending: term["direction"] == "DESC" });
        }
    }
    ordered
}

/// Words to give for a field of a filter, some of which nothing has.
fn words(field: &str) -> &'static [&'static str] {
    match field {
        "any" | "all" | "none" => &["g0", "g1", "g2", "g5", "nothing"],
        "profession" => &["j0", "j1", "j4", "nothing"],
        "region" => &["US", "XWW", "nothing"],
        "language" => &["en", "fr", "nothing"],
        "catalog" => &["imdb", "tmdb", "nothing"],
        "key" => &["g0", "s1", "nothing"],
        "titlePrefix" | "namePrefix" => {
            &["a", "Z", "ZOË", "", "李", "o'n", "\u{202e}", "🎬", "nothing"]
        }
        _ => &["Ava", "Michael Mann", "李安", "nothing"],
    }
}

/// A text as a literal of GraphQL, whose escapes are those of JSON.
fn graphql_string(text: &str) -> String {
    Value::from(text).to_string()
}
