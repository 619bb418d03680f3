//! The type system, made of the declarations.
//!
//! async-graphql builds and checks it and prints the SDL; the SDL is parsed once for the validator
//! of documents, so that both have the same contract.

use std::collections::{BTreeMap, HashMap};

use apollo_compiler::schema::Implementers;
use apollo_compiler::validation::Valid;
use async_graphql::dynamic::{
    self, Directive, Enum as DynamicEnum, EnumItem, FieldFuture, InputObject, InputValue,
    InterfaceField, TypeRef,
};
use async_graphql::{Name, SDLExportOptions, Value};

use super::Options;
use super::declare::{
    Argument, DIRECTION, Facet, FacetBy, Facets, Interface, Lookup, LookupBy, Object, Ordering,
    Source, Type, connection_name, edge_name,
};
use super::filter::{FilterInput, Scale};
use super::types;

/// Orderings by the name of their input.
type Orderings = BTreeMap<&'static str, &'static Ordering>;

/// The type system, in the shapes that its users need.
pub struct Schema {
    objects: HashMap<&'static str, Object>,
    interfaces: HashMap<&'static str, Interface>,
    possible: HashMap<&'static str, Vec<&'static str>>,
    orderings: Orderings,
    lookups: BTreeMap<&'static str, &'static Lookup>,
    /// What the server says of itself.
    pub options: Options,
    /// For the validator and for introspection.
    pub compiled: Valid<apollo_compiler::Schema>,
    /// For introspection.
    pub implementers: apollo_compiler::collections::HashMap<apollo_compiler::Name, Implementers>,
    /// The contract, as text.
    pub sdl: String,
}

impl Schema {
    /// Of a server with default options.
    ///
    /// # Panics
    /// When the declarations contradict each other.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self::of(Options::default())
    }

    /// Build it, of a server with these options. The declarations are part of the program: a mistake
    /// in them shows at the first start, and in every test.
    ///
    /// # Panics
    /// When the declarations contradict each other.
    #[allow(clippy::expect_used)]
    pub fn of(options: Options) -> Self {
        let objects = types::objects();
        let interfaces = types::interfaces();
        let orderings = orderings(&objects);
        let lookups = lookups(&objects);
        let sdl = sdl(&objects, &interfaces, &orderings, &lookups);
        let builder = apollo_compiler::Schema::builder().ignore_builtin_redefinitions();
        let compiled = builder
            .parse(sdl.as_str(), "schema.graphql")
            .build()
            .expect("the printed schema parses")
            .validate()
            .expect("the printed schema is valid");
        let mut possible: HashMap<_, Vec<_>> = HashMap::new();
        for object in &objects {
            for interface in object.interfaces {
                possible.entry(*interface).or_default().push(object.name);
            }
        }
        Self {
            objects: objects.into_iter().map(|object| (object.name, object)).collect(),
            interfaces: interfaces.into_iter().map(|each| (each.name, each)).collect(),
            possible,
            orderings,
            lookups,
            options,
            implementers: compiled.implementers_map(),
            compiled,
            sdl,
        }
    }

    /// An object by name.
    pub fn object(&self, name: &str) -> Option<&Object> {
        self.objects.get(name)
    }

    /// An interface by name.
    pub fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.get(name)
    }

    /// Whether values of an input type shape the statements: orders do.
    pub fn is_shaping(&self, input: &str) -> bool {
        input == DIRECTION.name
            || self
                .orderings
                .values()
                .any(|ordering| ordering.input == input || ordering.keys.name == input)
    }

    /// Whether an input type is the key of a look-up.
    pub fn is_lookup(&self, input: &str) -> bool {
        self.lookups.contains_key(input)
    }

    /// The objects that a value of a type may be.
    pub fn possible(&self, name: &str) -> Vec<&Object> {
        match self.possible.get(name) {
            Some(names) => names.iter().filter_map(|name| self.object(name)).collect(),
            None => self.object(name).into_iter().collect(),
        }
    }
}

/// The directive of the schema's hints, in the form that tools know.
const CACHE_CONTROL: &str = r#""""For how long an answer with objects of a type may be kept. A request by GET is answered with `Cache-Control` of the least of them."""
directive @cacheControl(
  "Seconds."
  maxAge: Int!
) on OBJECT
"#;

fn sdl(
    objects: &[Object],
    interfaces: &[Interface],
    orderings: &Orderings,
    lookups: &BTreeMap<&'static str, &'static Lookup>,
) -> String {
    let mut schema = dynamic::Schema::build("Query", None, None);
    let keys = orderings.values().map(|ordering| ordering.keys);
    for declared in types::ENUMS.iter().copied().chain(keys).chain([&DIRECTION]) {
        let items =
            declared.values.iter().map(|(name, text)| EnumItem::new(*name).description(*text));
        let built = DynamicEnum::new(declared.name).description(declared.description).items(items);
        schema = schema.register(built);
    }
    for interface in interfaces {
        let mut built = dynamic::Interface::new(interface.name).description(interface.description);
        for parent in interface.interfaces {
            built = built.implement(*parent);
        }
        for field in &interface.fields {
            let mut shared = InterfaceField::new(field.name, type_ref(&field.output_type()))
                .description(field.description);
            for argument in field.arguments() {
                shared = shared.argument(input_value(&argument));
            }
            built = built.field(shared);
        }
        schema = schema.register(built);
    }
    let mut connected = Vec::new();
    for object in objects {
        let mut built = dynamic::Object::new(object.name).description(object.description);
        for interface in object.interfaces {
            built = built.implement(*interface);
        }
        if let Some(seconds) = object.max_age() {
            let directive = Directive::new("cacheControl");
            built = built.directive(directive.argument("maxAge", Value::from(seconds)));
        }
        for field in &object.fields {
            let mut output = output_field(field.name, &field.output_type(), field.description);
            for argument in field.arguments() {
                output = output.argument(input_value(&argument));
            }
            built = built.field(output);
            if matches!(field.source, Source::Connection(_)) && !connected.contains(&field.ty.name)
            {
                connected.push(field.ty.name);
            }
        }
        schema = schema.register(built);
    }
    for ordering in orderings.values() {
        let field =
            InputValue::new("field", TypeRef::named_nn(ordering.keys.name)).description("The key.");
        let direction = InputValue::new("direction", TypeRef::named_nn(DIRECTION.name))
            .default_value(Value::Enum(Name::new("ASC")))
            .description("The direction.");
        let input = InputObject::new(ordering.input)
            .description("A key to order by, and a direction.")
            .field(field)
            .field(direction);
        schema = schema.register(input);
    }
    let mut counted: Vec<&'static Facets> = Vec::new();
    for object in connected {
        let table = objects.iter().find(|known| known.name == object).map(|known| known.table);
        let table = table.or_else(|| {
            let interface = interfaces.iter().find(|known| known.name == object);
            interface.map(|known| known.table)
        });
        let facets = table.flatten().and_then(|table| table.facets);
        schema = schema.register(connection_object(object, facets)).register(edge_object(object));
        counted.extend(facets.filter(|facets| !counted.contains(facets)));
    }
    for facets in counted {
        schema = schema.register(facets_object(facets));
        for facet in facets.all {
            schema = schema.register(facet_object(facet));
        }
    }
    for filter in filters(objects) {
        schema = schema.register(filter_input(filter));
    }
    for (input, item, what) in [
        (Scale::Int.input(), "Int", "Integers from one to another."),
        (Scale::Tenths.input(), "Float", "Numbers from one to another."),
        (
            Scale::Date.input(),
            "String",
            "Dates from one to another, each `YYYY`, `YYYY-MM` or `YYYY-MM-DD`: `{from: \"1995\", to: \"1995\"}` is the whole of 1995. A date of which only the year is known counts as the first day of that year, one without a day as the first of its month.",
        ),
    ] {
        let (name, min, max) = input;
        let end = |name, text| InputValue::new(name, TypeRef::named(item)).description(text);
        let range = InputObject::new(name)
            .description(what)
            .field(end(min, "The least that fits; without it there is no lower bound."))
            .field(end(max, "The greatest that fits; without it there is no upper bound."));
        schema = schema.register(range);
    }
    for lookup in lookups.values() {
        let mut input = InputObject::new(lookup.input)
            .description("Exactly one key, by which one thing is found.")
            .oneof();
        for key in lookup.keys {
            let ty = if matches!(key.by, LookupBy::Id) { "ID" } else { "String" };
            let value = InputValue::new(key.name, TypeRef::named(ty)).description(key.description);
            input = input.field(value);
        }
        schema = schema.register(input);
    }
    #[allow(clippy::expect_used)]
    let schema = schema.register(page_info()).finish().expect("the declarations agree");
    let options =
        SDLExportOptions::new().use_space_ident().indent_width(2).prefer_single_line_descriptions();
    format!("{CACHE_CONTROL}\n{}", schema.sdl_with_options(options))
}

/// Every look-up of the schema, by the name of its input.
fn lookups(objects: &[Object]) -> BTreeMap<&'static str, &'static Lookup> {
    let fields = objects.iter().flat_map(|object| &object.fields);
    let lookups = fields.filter_map(|field| match field.source {
        Source::Lookup(lookup) | Source::Lookups(lookup) => Some((lookup.input, lookup)),
        _ => None,
    });
    lookups.collect()
}

/// Every filter of the schema, those that others nest among them.
fn filters(objects: &[Object]) -> Vec<&'static FilterInput> {
    let fields = objects.iter().flat_map(|object| &object.fields);
    let mut found: Vec<&'static FilterInput> = Vec::new();
    let mut open: Vec<_> = fields
        .filter_map(|field| match &field.source {
            Source::Connection(relation) | Source::List(relation) => relation.filter,
            _ => None,
        })
        .collect();
    while let Some(filter) = open.pop() {
        if !found.contains(&filter) {
            found.push(filter);
            open.extend((filter.fields)().iter().filter_map(|field| field.test.nested()));
        }
    }
    found.sort_by_key(|filter| filter.name);
    found
}

fn filter_input(filter: &FilterInput) -> InputObject {
    let mut input = InputObject::new(filter.name).description(filter.description);
    for field in (filter.fields)() {
        let argument = Argument {
            name: field.name,
            ty: field.test.input_type(),
            description: field.description,
        };
        input = input.field(input_value(&argument));
    }
    let list = || TypeRef::named_nn_list(filter.name);
    input
        .field(InputValue::new("and", list()).description("All of these hold."))
        .field(InputValue::new("or", list()).description("At least one of these holds."))
        .field(
            InputValue::new("not", TypeRef::named(filter.name))
                .description("This does not hold; so it does for what is not known."),
        )
}

fn facets_object(facets: &Facets) -> dynamic::Object {
    let mut object = dynamic::Object::new(facets.name).description(facets.description);
    for facet in facets.all {
        let ty = format!("[{}!]!", facet.object);
        object = object.field(output_field(facet.name, &ty, facet.description));
    }
    object
}

fn facet_object(facet: &Facet) -> dynamic::Object {
    let (ty, description) = match facet.by {
        FacetBy::Enum(declared, _) => (format!("{}!", declared.name), "The value."),
        FacetBy::Int(_) => ("Int".to_owned(), "The value; null where it is not known."),
        FacetBy::Rows(_, object) => (format!("{object}!"), "The value."),
    };
    dynamic::Object::new(facet.object)
        .description(format!("How many items have one {}.", facet.value))
        .field(output_field(facet.value, &ty, description))
        .field(output_field("count", "Int!", "How many items have it."))
}

/// Every ordering of the schema, by the name of its input.
fn orderings(objects: &[Object]) -> Orderings {
    let fields = objects.iter().flat_map(|object| &object.fields);
    let orderings = fields.filter_map(|field| match &field.source {
        Source::Connection(relation) => relation.ordering,
        _ => None,
    });
    orderings.map(|ordering| (ordering.input, ordering)).collect()
}

/// A field that async-graphql describes and never resolves: the executor does.
fn output_field(name: &str, ty: &str, description: &str) -> dynamic::Field {
    dynamic::Field::new(name, type_ref(ty), |_| {
        FieldFuture::new(async { Err::<Option<Value>, _>("answered by the executor".into()) })
    })
    .description(description)
}

fn input_value(argument: &Argument) -> InputValue {
    let Type { name, list, non_null, .. } = argument.ty;
    let ty = match (list, non_null) {
        (true, true) => TypeRef::named_nn_list_nn(name),
        (true, false) => TypeRef::named_nn_list(name),
        (false, true) => TypeRef::named_nn(name),
        (false, false) => TypeRef::named(name),
    };
    InputValue::new(argument.name, ty).description(argument.description)
}

fn type_ref(text: &str) -> TypeRef {
    if let Some(inner) = text.strip_suffix('!') {
        return TypeRef::NonNull(Box::new(type_ref(inner)));
    }
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(inner) => TypeRef::List(Box::new(type_ref(inner))),
        None => TypeRef::named(text),
    }
}

fn connection_object(object: &'static str, facets: Option<&Facets>) -> dynamic::Object {
    let item = format!("[{object}!]!");
    let edge = format!("[{}!]!", edge_name(object));
    let connection = dynamic::Object::new(connection_name(object))
        .description(format!("A page of a list of `{object}`."))
        .field(output_field("edges", &edge, "The items, each with its cursor."))
        .field(output_field("nodes", &item, "The items alone."))
        .field(output_field("pageInfo", "PageInfo!", "Where the page stands in the list."))
        .field(output_field(
            "totalCount",
            "Int!",
            "How many items the whole list has, whatever the page. It is counted only when it is asked for.",
        ));
    match facets {
        None => connection,
        Some(facets) => connection.field(output_field(
            "facets",
            &format!("{}!", facets.name),
            "How the items of the whole list spread over kinds, genres and the like.",
        )),
    }
}

fn edge_object(object: &'static str) -> dynamic::Object {
    dynamic::Object::new(edge_name(object))
        .description(format!("One `{object}` in a list."))
        .field(output_field(
            "cursor",
            "String!",
            "Stands for this place in the list: give it as `after` to go on from here.",
        ))
        .field(output_field("node", &format!("{object}!"), "The item."))
}

fn page_info() -> dynamic::Object {
    dynamic::Object::new("PageInfo")
        .description("Where a page stands in its list.")
        .field(output_field("hasNextPage", "Boolean!", "Whether items follow the page."))
        .field(output_field("hasPreviousPage", "Boolean!", "Whether items precede the page."))
        .field(output_field(
            "startCursor",
            "String",
            "Cursor of the first item; null where the page is empty.",
        ))
        .field(output_field(
            "endCursor",
            "String",
            "Cursor of the last item; null where the page is empty.",
        ))
}
