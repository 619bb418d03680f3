//! Arguments at compile time: where their values will come from.
//!
//! A plan serves every request of its document whose variables have the same **shape**: which are
//! null, which keys their objects have, what their truth values are. Compiling sees shapes only, so
//! that a plan cannot come to depend on a value.

use std::fmt::Write;

use apollo_compiler::ast;
use apollo_compiler::executable::Operation;
use apollo_compiler::response::serde_json_bytes::serde_json;
use apollo_compiler::response::{JsonMap, JsonValue};

use crate::graphql::declare::ORDER_KEYS_MAX;
use crate::graphql::error::{GraphQLError, code};
use crate::graphql::filter::{FILTER_VALUES_MAX, OTHER};
use crate::graphql::schema::Schema;

/// What is known of a variable when a plan is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Null.
    Null,
    /// A truth value: `@skip` and `@include` shape the plan.
    Bool(bool),
    /// A value that shapes the plan as a whole, such as an order.
    Literal(JsonValue),
    /// An object with these keys.
    Object(Vec<(String, Shape)>),
    /// A list with these items.
    List(Vec<Shape>),
    /// Anything else.
    Value,
}

impl Shape {
    fn of(value: &JsonValue) -> Self {
        match value {
            JsonValue::Null => Self::Null,
            JsonValue::Bool(value) => Self::Bool(*value),
            // The one value that is not compared with a column: it stands for what an enum lacks.
            JsonValue::String(text) if text.as_str() == OTHER => Self::Literal(value.clone()),
            JsonValue::Array(items) if shapes_as_list(items) => {
                Self::List(items.iter().map(Self::of).collect())
            }
            JsonValue::Object(map) => Self::Object(
                map.iter().map(|(key, value)| (key.as_str().to_owned(), Self::of(value))).collect(),
            ),
            _ => Self::Value,
        }
    }
}

/// Lists of several plain values are bound whole, whatever their length. A single one is compared
/// with `=`, and none may be a list of anything.
fn shapes_as_list(items: &[JsonValue]) -> bool {
    let shapes = |item: &JsonValue| {
        item.is_object() || item.is_array() || item.as_str() == Some(OTHER) || item.is_null()
    };
    items.len() < 2 || items.iter().any(shapes)
}

/// The length of the longest list in a value whose items would each have a shape.
fn longest(value: &JsonValue) -> Option<usize> {
    match value {
        JsonValue::Array(items) if shapes_as_list(items) => {
            items.iter().filter_map(longest).chain([items.len()]).max()
        }
        JsonValue::Object(members) => members.values().filter_map(longest).max(),
        _ => None,
    }
}

/// The shapes of a request's variables.
#[derive(Debug, Default)]
pub struct Shapes(Vec<(String, Shape)>);

impl Shapes {
    /// Of the coerced variables of an operation.
    ///
    /// # Errors
    /// When an order has more keys than an order may have, or a filter a list that is too long.
    pub fn of(
        operation: &Operation,
        variables: &JsonMap,
        schema: &Schema,
    ) -> Result<Self, GraphQLError> {
        let shapes = variables.iter().map(|(name, value)| {
            let name = name.as_str();
            let declared = operation.variables.iter().find(|variable| variable.name == name);
            let shapes =
                declared.is_some_and(|variable| schema.is_shaping(variable.ty.inner_named_type()));
            if shapes && value.as_array().is_some_and(|terms| terms.len() > ORDER_KEYS_MAX) {
                let sentence = format!("The variable ${name} has more than {ORDER_KEYS_MAX} keys.");
                return Err(GraphQLError::new(code::BAD_USER_INPUT, sentence));
            }
            let keys = declared.is_some_and(|variable| {
                value.is_array() && schema.is_lookup(variable.ty.inner_named_type())
            });
            if let Some(length) = longest(value).filter(|length| *length > FILTER_VALUES_MAX && !keys) {
                let sentence = format!(
                    "The variable ${name} has a list of {length} items; at most {FILTER_VALUES_MAX} are allowed."
                );
                return Err(GraphQLError::new(code::BAD_USER_INPUT, sentence));
            }
            let shape = match value {
                // Whatever keys they are, the same statements find them.
                _ if keys => Shape::Value,
                value if shapes => Shape::Literal(value.clone()),
                value => Shape::of(value),
            };
            Ok((name.to_owned(), shape))
        });
        Ok(Self(shapes.collect::<Result<_, _>>()?))
    }

    /// The shape of a variable that has a value.
    fn find(&self, name: &str) -> Option<&Shape> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, shape)| shape)
    }

    /// A variable's shape; an absent one is null, for every argument that may be absent may be null.
    pub fn get(&self, name: &str) -> &Shape {
        self.find(name).unwrap_or(&Shape::Null)
    }

    /// A text that is the same for the same shapes.
    pub fn key(&self) -> String {
        let mut key = String::new();
        write_key(&self.0, &mut key);
        key
    }
}

fn write_key(shapes: &[(String, Shape)], key: &mut String) {
    for (name, shape) in shapes {
        key.push_str(name);
        write_shape(shape, key);
    }
}

fn write_shape(shape: &Shape, key: &mut String) {
    match shape {
        Shape::Null => key.push('?'),
        Shape::Bool(true) => key.push('+'),
        Shape::Bool(false) => key.push('-'),
        Shape::Value => key.push('!'),
        Shape::Literal(value) => {
            let _ = write!(key, "={value}");
        }
        Shape::Object(fields) => {
            key.push('{');
            write_key(fields, key);
            key.push('}');
        }
        Shape::List(items) => {
            key.push('[');
            items.iter().for_each(|item| write_shape(item, key));
            key.push(']');
        }
    }
}

/// Where the value of an argument comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// Null, or not given.
    Null,
    /// From the document.
    Literal(JsonValue),
    /// From a variable, or from the field of a variable.
    Variable(Vec<String>),
    /// An object.
    Object(Vec<(String, Arg)>),
    /// A list.
    List(Vec<Arg>),
}

impl Arg {
    /// Where a value of the document comes from.
    pub fn of(value: &ast::Value, shapes: &Shapes) -> Self {
        match value {
            ast::Value::Null => Self::Null,
            ast::Value::Variable(name) => {
                Self::of_variable(vec![name.as_str().to_owned()], shapes.get(name))
            }
            ast::Value::Enum(name) => Self::Literal(name.as_str().into()),
            ast::Value::String(text) => Self::Literal(text.as_str().into()),
            ast::Value::Boolean(value) => Self::Literal((*value).into()),
            ast::Value::Int(number) => {
                // What is no number of 64 bits can only be an ID, which is text.
                Self::Literal(
                    number.as_str().parse::<i64>().map_or(number.as_str().into(), JsonValue::from),
                )
            }
            ast::Value::Float(number) => {
                Self::Literal(serde_json::from_str(number.as_str()).unwrap_or(JsonValue::Null))
            }
            ast::Value::List(items) => {
                Self::List(items.iter().map(|item| Self::of(item, shapes)).collect())
            }
            ast::Value::Object(fields) => Self::Object(
                fields
                    .iter()
                    // A field whose variable has no value is not given, and has its default.
                    .filter(|(_, value)| match &**value {
                        ast::Value::Variable(name) => shapes.find(name).is_some(),
                        _ => true,
                    })
                    .map(|(name, value)| (name.as_str().to_owned(), Self::of(value, shapes)))
                    .collect(),
            ),
        }
    }

    fn of_variable(path: Vec<String>, shape: &Shape) -> Self {
        match shape {
            Shape::Null | Shape::Literal(JsonValue::Null) => Self::Null,
            Shape::Literal(value) => Self::Literal(value.clone()),
            Shape::Object(fields) => Self::Object(
                fields
                    .iter()
                    .map(|(name, shape)| {
                        let mut path = path.clone();
                        path.push(name.clone());
                        (name.clone(), Self::of_variable(path, shape))
                    })
                    .collect(),
            ),
            Shape::List(items) => Self::List(
                (0..)
                    .zip(items)
                    .map(|(index, shape): (usize, _)| {
                        let mut path = path.clone();
                        path.push(index.to_string());
                        Self::of_variable(path, shape)
                    })
                    .collect(),
            ),
            Shape::Bool(value) => Self::Literal((*value).into()),
            Shape::Value => Self::Variable(path),
        }
    }

    /// Whether it is known to be true.
    pub fn is_true(&self) -> bool {
        *self == Self::Literal(JsonValue::Bool(true))
    }

    /// The value in a request.
    pub fn value(&self, variables: &JsonMap) -> JsonValue {
        match self {
            Self::Null => JsonValue::Null,
            Self::Literal(value) => value.clone(),
            Self::Variable(path) => {
                let (first, rest) = path
                    .split_first()
                    .map_or(("", [].as_slice()), |(first, rest)| (first.as_str(), rest));
                let value = variables.get(first);
                let value = rest.iter().fold(value, |value, key| match value? {
                    JsonValue::Array(items) => items.get(key.parse::<usize>().ok()?),
                    value => value.as_object()?.get(key.as_str()),
                });
                value.cloned().unwrap_or(JsonValue::Null)
            }
            Self::Object(fields) => JsonValue::Object(
                fields
                    .iter()
                    .map(|(name, arg)| (name.as_str().into(), arg.value(variables)))
                    .collect(),
            ),
            Self::List(items) => {
                JsonValue::Array(items.iter().map(|item| item.value(variables)).collect())
            }
        }
    }
}
