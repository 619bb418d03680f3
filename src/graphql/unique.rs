//! Input Object Field Uniqueness, the one rule of the specification that the validator leaves out.
//!
//! Source: <https://spec.graphql.org/September2025/#sec-Input-Object-Field-Uniqueness>.

use std::collections::HashSet;

use apollo_compiler::Name;
use apollo_compiler::ast::{
    Argument, Definition, DirectiveList, Document, OperationDefinition, Selection, Value,
};
use apollo_compiler::parser::SourceSpan;

use super::error::{GraphQLError, Location, code};

/// Refuse a document in which an input object names a field twice. How deep it nests has been
/// checked.
///
/// # Errors
/// The first such field.
pub fn check(document: &Document) -> Result<(), GraphQLError> {
    document.definitions.iter().try_for_each(in_definition).map_err(|name| {
        let sentence = format!("The input field `{name}` is given twice.");
        let place = |span: SourceSpan| Location::of(span, &document.sources);
        GraphQLError::new(code::VALIDATION_FAILED, sentence).at(name.location().and_then(place))
    })
}

/// The name that an object has twice.
type Checked<'a> = Result<(), &'a Name>;

fn in_definition(definition: &Definition) -> Checked<'_> {
    match definition {
        Definition::OperationDefinition(operation) => in_operation(operation),
        Definition::FragmentDefinition(fragment) => {
            in_directives(&fragment.directives)?;
            in_selections(&fragment.selection_set)
        }
        // The validator refuses all others.
        _ => Ok(()),
    }
}

fn in_operation(operation: &OperationDefinition) -> Checked<'_> {
    for variable in &operation.variables {
        variable.default_value.as_deref().map_or(Ok(()), in_value)?;
        in_directives(&variable.directives)?;
    }
    in_directives(&operation.directives)?;
    in_selections(&operation.selection_set)
}

fn in_selections(selections: &[Selection]) -> Checked<'_> {
    selections.iter().try_for_each(|selection| match selection {
        Selection::Field(field) => {
            field.arguments.iter().try_for_each(|argument| in_argument(argument))?;
            in_directives(&field.directives)?;
            in_selections(field.selection_set.as_deref().unwrap_or_default())
        }
        Selection::InlineFragment(fragment) => {
            in_directives(&fragment.directives)?;
            in_selections(&fragment.selection_set)
        }
        Selection::FragmentSpread(spread) => in_directives(&spread.directives),
    })
}

fn in_directives(directives: &DirectiveList) -> Checked<'_> {
    let mut arguments = directives.iter().flat_map(|directive| &directive.arguments);
    arguments.try_for_each(|argument| in_argument(argument))
}

fn in_argument(argument: &Argument) -> Checked<'_> {
    in_value(&argument.value)
}

fn in_value(value: &Value) -> Checked<'_> {
    match value {
        Value::List(items) => items.iter().try_for_each(|item| in_value(item)),
        Value::Object(fields) => {
            let mut seen = HashSet::new();
            fields.iter().try_for_each(|(name, value)| match seen.insert(name.as_str()) {
                true => in_value(value),
                false => Err(name),
            })
        }
        _ => Ok(()),
    }
}
