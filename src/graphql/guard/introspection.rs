//! What a question about the schema comes to: the objects of its answer, counted without making it.
//!
//! A schema is small, but lists in lists of it are not: the fields of the types of the fields of all
//! types are tens of thousands. What a selection comes to for a named type is counted once, however
//! many fields are of that type.

use std::collections::HashMap;

use apollo_compiler::ast::{InputValueDefinition, Type};
use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{ExecutableDocument, Node};

use crate::graphql::schema::Schema;

/// The objects that `__schema` comes to.
pub fn of_schema(schema: &Schema, document: &ExecutableDocument, sets: &[&SelectionSet]) -> u64 {
    Counting::new(schema, document).all(sets, Thing::Schema)
}

/// The objects that `__type` comes to: of the type with this name, or where the name is not known
/// yet, of the type that comes to most.
pub fn of_type(
    schema: &Schema,
    document: &ExecutableDocument,
    sets: &[&SelectionSet],
    name: Option<&str>,
) -> u64 {
    let mut counting = Counting::new(schema, document);
    let names = schema.compiled.types.keys().map(apollo_compiler::Name::as_str);
    let names = names.filter(|known| name.is_none_or(|name| name == *known));
    names.map(|name| counting.all(sets, Thing::Type(0, name))).max().unwrap_or_default()
}

/// An object of an answer about the schema.
#[derive(Clone, Copy)]
enum Thing<'a> {
    Schema,
    /// A type: in how many others it is wrapped (lists, and what is never null), and its name.
    Type(u8, &'a str),
    /// A field, with its arguments, or an input field: with its type.
    Typed(&'a [Node<InputValueDefinition>], &'a Type),
    Directive(&'a [Node<InputValueDefinition>]),
    EnumValue,
}

impl<'a> Thing<'a> {
    fn of_type(ty: &'a Type) -> Self {
        fn wrappers(ty: &Type) -> u8 {
            match ty {
                Type::Named(_) => 0,
                Type::NonNullNamed(_) => 1,
                Type::List(item) => wrappers(item).saturating_add(1),
                Type::NonNullList(item) => wrappers(item).saturating_add(2),
            }
        }
        Self::Type(wrappers(ty), ty.inner_named_type().as_str())
    }

    fn of_input(input: &'a InputValueDefinition) -> Self {
        Self::Typed(&[], &input.ty)
    }
}

struct Counting<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    /// What was counted of types: by the place of the selection in memory, where the document keeps
    /// it, and the type.
    types: HashMap<(*const SelectionSet, u8, &'a str), u64>,
}

impl<'a> Counting<'a> {
    fn new(schema: &'a Schema, document: &'a ExecutableDocument) -> Self {
        Self { schema, document, types: HashMap::new() }
    }

    /// An object, of which several selections are made, with those in it.
    fn all(&mut self, sets: &[&SelectionSet], thing: Thing<'a>) -> u64 {
        let inside = sets.iter().map(|set| self.inside(set, thing));
        inside.fold(1, u64::saturating_add)
    }

    /// The objects in an object.
    fn inside(&mut self, set: &SelectionSet, thing: Thing<'a>) -> u64 {
        let Thing::Type(wrappers, name) = thing else { return self.selections(set, thing) };
        let key = (std::ptr::from_ref(set), wrappers, name);
        if let Some(known) = self.types.get(&key) {
            return *known;
        }
        let count = self.selections(set, thing);
        self.types.insert(key, count);
        count
    }

    fn selections(&mut self, set: &SelectionSet, thing: Thing<'a>) -> u64 {
        let document = self.document;
        let parts = set.selections.iter().map(|selection| match selection {
            Selection::Field(field) => {
                let Some(set) = &field.selection_set else { return 0 };
                let things = self.things(&field.name, thing);
                let counts = things.into_iter().map(|thing| self.all(&[set], thing));
                counts.fold(0, u64::saturating_add)
            }
            Selection::InlineFragment(fragment) => self.inside(&fragment.selection_set, thing),
            Selection::FragmentSpread(spread) => {
                let fragment = document.fragments.get(&spread.fragment_name);
                fragment.map_or(0, |fragment| self.inside(&fragment.selection_set, thing))
            }
        });
        parts.fold(0, u64::saturating_add)
    }

    /// The objects that a field of an object leads to.
    fn things(&self, field: &str, thing: Thing<'a>) -> Vec<Thing<'a>> {
        let schema = &self.schema.compiled;
        let named = |name: &'a str| Thing::Type(0, name);
        match (thing, field) {
            (Thing::Schema, "types") => schema.types.keys().map(|name| named(name)).collect(),
            (Thing::Schema, "queryType") => vec![named("Query")],
            (Thing::Schema, "directives") => {
                let directives = schema.directive_definitions.values();
                directives.map(|directive| Thing::Directive(&directive.arguments)).collect()
            }
            (Thing::Type(0, name), field) => match (schema.types.get(name), field) {
                (Some(ExtendedType::Object(object)), "fields") => {
                    let fields = object.fields.values();
                    fields.map(|field| Thing::Typed(&field.arguments, &field.ty)).collect()
                }
                (Some(ExtendedType::Interface(interface)), "fields") => {
                    let fields = interface.fields.values();
                    fields.map(|field| Thing::Typed(&field.arguments, &field.ty)).collect()
                }
                (Some(ExtendedType::Object(object)), "interfaces") => {
                    object.implements_interfaces.iter().map(|name| named(name)).collect()
                }
                (Some(ExtendedType::Interface(interface)), "interfaces") => {
                    interface.implements_interfaces.iter().map(|name| named(name)).collect()
                }
                (Some(ExtendedType::Interface(interface)), "possibleTypes") => {
                    let implementers = self.schema.implementers.get(&interface.name);
                    let objects = implementers.into_iter().flat_map(|all| &all.objects);
                    objects.map(|name| named(name)).collect()
                }
                (Some(ExtendedType::Union(union)), "possibleTypes") => {
                    union.members.iter().map(|name| named(name)).collect()
                }
                (Some(ExtendedType::Enum(values)), "enumValues") => {
                    values.values.values().map(|_| Thing::EnumValue).collect()
                }
                (Some(ExtendedType::InputObject(input)), "inputFields") => {
                    input.fields.values().map(|field| Thing::of_input(field)).collect()
                }
                _ => Vec::new(),
            },
            (Thing::Type(wrappers, name), "ofType") => vec![Thing::Type(wrappers - 1, name)],
            (Thing::Typed(_, ty), "type") => vec![Thing::of_type(ty)],
            (Thing::Typed(arguments, _) | Thing::Directive(arguments), "args") => {
                arguments.iter().map(|argument| Thing::of_input(argument)).collect()
            }
            _ => Vec::new(),
        }
    }
}
