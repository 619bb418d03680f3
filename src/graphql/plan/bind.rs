//! From a request's variables to what the statements of a plan are given. Everything is checked
//! before the first statement runs.

use apollo_compiler::response::{JsonMap, JsonValue};
use serde_json::Value;

use super::argument::Arg;
use super::statement::{Bounds, Reading};
use super::{Keys, Level, PageArgs, Plan, Site};
use crate::catalog::read::Parameter;
use crate::graphql::cursor;
use crate::graphql::declare::{NODES_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, ValueKind};
use crate::graphql::error::{GraphQLError, code};
use crate::graphql::id;

/// A plan with the values of one request.
pub struct Bound {
    /// For each level.
    pub levels: Vec<BoundLevel>,
    /// The ids of each field that names rows by global id.
    pub ids: Vec<Vec<(u8, i64)>>,
}

/// A level with the values of one request.
pub struct BoundLevel {
    /// Parameters that follow the keys.
    pub parameters: Vec<Parameter>,
    /// The cursors that bound the page.
    pub bounds: Bounds,
    /// The size of the page.
    pub size: usize,
    /// The digest that the list's cursors carry.
    pub digest: u64,
    /// Keys that the request names.
    pub keys: Vec<i64>,
}

/// Bind a plan.
///
/// # Errors
/// What is wrong with an argument, where, and what is allowed.
pub fn bind(plan: &Plan, variables: &JsonMap) -> Result<Bound, GraphQLError> {
    let levels = plan.levels.iter().map(|level| bind_level(level, variables));
    let levels = levels.collect::<Result<_, _>>()?;
    for level in &plan.unread {
        bind_level(level, variables)?;
    }
    let ids = plan.ids.iter().map(|(ids, site)| global_ids(&ids.value(variables), site));
    Ok(Bound { levels, ids: ids.collect::<Result<_, _>>()? })
}

fn bind_level(level: &Level, variables: &JsonMap) -> Result<BoundLevel, GraphQLError> {
    let mut keys = Vec::new();
    if let Keys::Given { ids, tag } = &level.keys {
        let named = global_ids(&ids.value(variables), &level.site)?;
        for (_, id) in named.into_iter().filter(|(its_tag, _)| its_tag == tag) {
            if !keys.contains(&id) {
                keys.push(id);
            }
        }
    }
    let mut parameters = Vec::new();
    let mut filters = Vec::new();
    for binding in &level.bindings {
        let value = binding.value.value(variables);
        let value = match (&value, binding.column.kind) {
            (JsonValue::String(text), ValueKind::Text) if binding.is_enum => {
                Parameter::Text(text.as_str().to_ascii_lowercase())
            }
            (JsonValue::String(text), ValueKind::Text) => {
                let text = text.as_str();
                if text.contains('\0') {
                    // PostgreSQL cannot hold it, so nothing can equal it.
                    let error = GraphQLError::new(
                        code::BAD_USER_INPUT,
                        format!(
                            "A text given to {} contains the character U+0000, which no text of the catalogue has.",
                            level.site.coordinate
                        ),
                    );
                    return Err(error.at(level.site.location));
                }
                Parameter::Text(text.to_owned())
            }
            (JsonValue::Number(number), _) => Parameter::Int(number.as_i64().unwrap_or_default()),
            (JsonValue::Bool(value), _) => Parameter::Int(i64::from(*value)),
            (other, _) => Parameter::Text(other.to_string()),
        };
        filters.push((
            binding.column,
            match &value {
                Parameter::Int(number) => Value::from(*number),
                Parameter::Text(text) => Value::from(text.as_str()),
                Parameter::Keys(_) => Value::Null,
            },
        ));
        parameters.push(value);
    }
    let digest = cursor::digest(&level.relation, level.object, &filters);
    let reading = level.statement.reading();
    let mut bound = BoundLevel { parameters, bounds: Bounds::default(), size: 0, digest, keys };
    let pages = matches!(reading, Reading::Page | Reading::LastPage);
    let PageArgs { after, before, .. } = &level.page;
    if pages || reading == Reading::UpTo {
        bound.bounds.after = bind_cursor(level, "after", after, variables, &mut bound)?;
    }
    if pages || reading == Reading::From {
        bound.bounds.before = bind_cursor(level, "before", before, variables, &mut bound)?;
    }
    if pages {
        let size = page_size(level, variables)?;
        bound.size = usize::try_from(size).unwrap_or_default();
        // One more tells whether there are more.
        bound.parameters.push(Parameter::Int(size + 1));
    }
    Ok(bound)
}

fn page_size(level: &Level, variables: &JsonMap) -> Result<i64, GraphQLError> {
    let (name, size) = match &level.page {
        PageArgs { last: Arg::Null, first, .. } => ("first", first),
        PageArgs { last, .. } => ("last", last),
    };
    let size = match size.value(variables) {
        JsonValue::Number(number) => number.as_i64().unwrap_or(-1),
        _ => PAGE_SIZE_DEFAULT,
    };
    if (0..=PAGE_SIZE_MAX).contains(&size) {
        return Ok(size);
    }
    let coordinate = format!("{}({name}:)", level.site.coordinate);
    let sentence = format!("{coordinate} must be between 0 and {PAGE_SIZE_MAX}, not {size}.");
    let error = GraphQLError::new(code::BAD_USER_INPUT, sentence);
    Err(error.at(level.site.location).argument(coordinate))
}

/// Bind the values of a cursor. Returns which of them are NULL; none where no cursor is given.
fn bind_cursor(
    level: &Level,
    name: &str,
    cursor: &Arg,
    variables: &JsonMap,
    bound: &mut BoundLevel,
) -> Result<Option<usize>, GraphQLError> {
    let JsonValue::String(text) = cursor.value(variables) else { return Ok(None) };
    let order = level.statement.order();
    let terms = order.iter().map(|term| (term.column.kind, term.column.nullable));
    let kinds: Vec<_> = terms.chain([(ValueKind::Int, false)]).collect();
    let values = cursor::decode(text.as_str(), bound.digest, &kinds).map_err(|reason| {
        let coordinate = format!("{}({name}:)", level.site.coordinate);
        GraphQLError::new(
            code::INVALID_CURSOR,
            format!("{coordinate} cannot use this cursor: {reason}."),
        )
        .at(level.site.location)
        .argument(coordinate)
    })?;
    let mut nulls = 0;
    for (index, value) in values.into_iter().enumerate() {
        match value {
            Value::Number(number) => {
                bound.parameters.push(Parameter::Int(number.as_i64().unwrap_or_default()));
            }
            Value::String(text) => bound.parameters.push(Parameter::Text(text)),
            _ => nulls |= 1 << index,
        }
    }
    Ok(Some(nulls))
}

/// The global ids of an argument, one or a list.
fn global_ids(value: &JsonValue, site: &Site) -> Result<Vec<(u8, i64)>, GraphQLError> {
    let items = match value {
        JsonValue::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let wrong = |sentence| GraphQLError::new(code::BAD_USER_INPUT, sentence).at(site.location);
    if items.len() > NODES_MAX {
        let coordinate = format!("{}(ids:)", site.coordinate);
        let sentence = format!("{coordinate} takes at most {NODES_MAX} ids, not {}.", items.len());
        return Err(wrong(sentence).argument(coordinate));
    }
    let ids = items.iter().map(|item| {
        let text = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
        id::decode(&text).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            wrong(format!(
                "\"{shown}\", given to {}, is not a global id of this catalogue.",
                site.coordinate
            ))
        })
    });
    ids.collect()
}
