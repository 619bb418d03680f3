//! The schema as a contract.

use std::path::Path;

use apollo_compiler::schema::ExtendedType;
use serde_json::{Value, json};
use shotlist::catalog::Backend;
use shotlist::graphql::schema::Schema;

use crate::oracle::reference::Reference;
use crate::oracle::world::World;
use crate::support::{App, Database};

const INTROSPECTION: &str = "query IntrospectionQuery {
  __schema {
    description
    queryType { name }
    mutationType { name }
    subscriptionType { name }
    types {
      kind name description specifiedByURL isOneOf
      fields(includeDeprecated: true) {
        name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef }
        isDeprecated deprecationReason
      }
      inputFields(includeDeprecated: true) { ...InputValue }
      interfaces { ...TypeRef }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      possibleTypes { ...TypeRef }
    }
    directives { name isRepeatable locations args(includeDeprecated: true) { name type { ...TypeRef } defaultValue } }
  }
}
fragment InputValue on __InputValue {
  name description type { ...TypeRef } defaultValue isDeprecated deprecationReason
}
fragment TypeRef on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name } } }
}";

#[test]
fn the_contract_is_not_stale() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let written = std::fs::read_to_string(file).expect("schema.graphql");
    assert!(written == Schema::new().sdl, "schema.graphql is stale: run `make schema`");
}

#[test]
fn everything_is_described() {
    let schema = Schema::new();
    let mut bare: Vec<String> = Vec::new();
    let mut see = |name: String, description: bool| {
        if !description {
            bare.push(name);
        }
    };
    for (name, declared) in &schema.compiled.types {
        if declared.is_built_in() {
            continue;
        }
        see(name.to_string(), declared.description().is_some());
        match declared {
            ExtendedType::Object(_) | ExtendedType::Interface(_) => {
                let fields = match declared {
                    ExtendedType::Object(object) => &object.fields,
                    ExtendedType::Interface(interface) => &interface.fields,
                    _ => continue,
                };
                for field in fields.values() {
                    let field_name = format!("{name}.{}", field.name);
                    for argument in &field.arguments {
                        let argument_name = format!("{field_name}({}:)", argument.name);
                        see(argument_name, argument.description.is_some());
                    }
                    see(field_name, field.description.is_some());
                }
            }
            ExtendedType::Enum(values) => {
                for value in values.values.values() {
                    see(format!("{name}.{}", value.value), value.description.is_some());
                }
            }
            ExtendedType::InputObject(input) => {
                for field in input.fields.values() {
                    see(format!("{name}.{}", field.name), field.description.is_some());
                }
            }
            _ => {}
        }
    }
    assert!(bare.is_empty(), "without a description: {bare:?}");
}

#[test]
fn what_is_filtered_by_is_what_is_stored() {
    let schema = Schema::new();
    for (name, stored) in
        [("CreditRole", entity::credit::ROLES), ("CompanyRole", entity::production_company::ROLES)]
    {
        let Some(ExtendedType::Enum(declared)) = schema.compiled.types.get(name) else {
            panic!("{name} is no enum");
        };
        let values: Vec<_> = declared.values.keys().map(|value| value.to_lowercase()).collect();
        assert_eq!(values, stored, "{name}");
    }
}

/// Lists whose order says nothing, by name.
fn sorted(mut value: Value) -> Value {
    match &mut value {
        Value::Array(items) => {
            for item in items.iter_mut() {
                *item = sorted(item.take());
            }
            items.sort_by_key(|item| match item.get("name").and_then(Value::as_str) {
                Some(name) => name.to_owned(),
                None => item.to_string(),
            });
        }
        Value::Object(members) => {
            for member in members.values_mut() {
                *member = sorted(member.take());
            }
        }
        _ => {}
    }
    value
}

#[test]
fn introspection_says_what_graphql_js_says_of_the_contract() {
    let app = App::on(Database::built_in(Backend::Sqlite));
    let mut reference = Reference::start(&World::of(&app.database));
    let theirs = reference.ask(&json!({ "query": INTROSPECTION }));
    let ours = app.data(INTROSPECTION, json!({}));
    let of = |schema: &Value, part: &str| {
        let mut list = schema[part].clone();
        if let Some(list) = list.as_array_mut() {
            // Types and directives of GraphQL itself differ between editions of the specification.
            let own = |item: &Value| {
                let name = item["name"].as_str().unwrap_or_default();
                !name.starts_with("__")
                    && !["String", "Int", "Float", "Boolean", "ID"].contains(&name)
                    && (part == "types" || ["skip", "include", "deprecated"].contains(&name))
            };
            list.retain(own);
        }
        sorted(list)
    };
    for part in ["types", "directives"] {
        let (ours, theirs) = (of(&ours["__schema"], part), of(&theirs["data"]["__schema"], part));
        let (ours, theirs) = (ours.as_array().expect("a list"), theirs.as_array().expect("a list"));
        assert_eq!(ours.len(), theirs.len(), "{part}");
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert_eq!(ours, theirs);
        }
    }
}
