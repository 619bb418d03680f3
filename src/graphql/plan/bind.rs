//! From a request's variables to what the statements of a plan are given. Everything is checked
//! before the first statement runs.

use std::collections::HashSet;

use apollo_compiler::response::{JsonMap, JsonValue};
use serde_json::Value;

use super::argument::Arg;
use super::statement::{Bounds, Reading};
use super::{Binding, Keys, Level, LevelIndex, Lookups, PageArgs, Plan, Site};
use crate::catalog::read::{KeyList, Parameter};
use crate::catalog::{collation, date};
use crate::graphql::cursor;
use crate::graphql::declare::{Enum, NODES_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, ValueKind};
use crate::graphql::error::{GraphQLError, code};
use crate::graphql::filter::{FILTER_VALUES_MAX, Groups, Scale, canonical};
use crate::graphql::id;

/// How a value of the request becomes what a column is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Convert {
    /// A text as it is.
    Text,
    /// Texts as they are.
    Texts,
    /// How many different texts there are.
    CountTexts,
    /// An integer.
    Int,
    /// Integers.
    Ints,
    /// An enum's value, in lower case.
    Word,
    /// Enum values, in lower case.
    Words,
    /// An enum's value, as its number.
    Code(&'static Enum, &'static [i64]),
    /// Enum values, as their numbers.
    Codes(&'static Enum, &'static [i64]),
    /// Enum values, as the words that they stand for.
    Groups(&'static Groups),
    /// A global id of a row of the table with this tag, as its key; of another table's, no key.
    Id(u8),
    /// Global ids.
    Ids(u8),
    /// The least collation key that starts as that of a text.
    PrefixStart,
    /// The least collation key above those that start as that of a text.
    PrefixEnd,
    /// The end of a range: the upper one or the lower one.
    End(Scale, bool),
}

/// A key by which one thing is looked up.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// Of a row.
    Id(i64),
    /// A text.
    Text(String),
}

/// A plan with the values of one request.
pub struct Bound {
    /// For each level.
    pub levels: Vec<BoundLevel>,
    /// The ids of each field that names rows by global id.
    pub ids: Vec<Vec<(u8, i64)>>,
    /// The keys of each field that looks up many rows, each with the level that reads it; none
    /// where nothing can fit.
    pub lookups: Vec<Vec<Option<(LevelIndex, Key)>>>,
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
    pub keys: Option<KeyList>,
}

/// Bind a plan.
///
/// # Errors
/// What is wrong with an argument, where, and what is allowed.
pub fn bind(plan: &Plan, variables: &JsonMap) -> Result<Bound, GraphQLError> {
    let levels = plan.levels.iter().map(|level| bind_level(level, variables));
    let mut levels = levels.collect::<Result<Vec<_>, _>>()?;
    for level in &plan.unread {
        bind_level(level, variables)?;
    }
    let ids = plan.ids.iter().map(|(ids, site)| global_ids(&ids.value(variables), site));
    let ids = ids.collect::<Result<_, _>>()?;
    let lookups = plan.lookups.iter().map(|lookups| bind_lookups(lookups, variables, &mut levels));
    let lookups = lookups.collect::<Result<_, _>>()?;
    Ok(Bound { levels, ids, lookups })
}

/// Distribute the keys of a field among the levels that read them.
fn bind_lookups(
    lookups: &Lookups,
    variables: &JsonMap,
    levels: &mut [BoundLevel],
) -> Result<Vec<Option<(LevelIndex, Key)>>, GraphQLError> {
    let site = &lookups.site;
    let value = lookups.keys.value(variables);
    let items = match &value {
        JsonValue::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    bound_count(items.len(), NODES_MAX, "keys", site)?;
    let mut keys = Vec::with_capacity(items.len());
    for item in items {
        let given = item.as_object().and_then(|keys| keys.iter().find(|(_, key)| !key.is_null()));
        let level = given.and_then(|(name, value)| {
            let level = lookups.levels.iter().find(|(known, _, _)| *known == name.as_str());
            level.map(|(_, tag, level)| (*tag, *level, value))
        });
        let Some((tag, level, value)) = level else {
            keys.push(None);
            continue;
        };
        let key = match tag {
            Some(tag) => {
                let ids = global_ids(value, site)?;
                ids.first().filter(|(its, _)| *its == tag).map(|(_, id)| Key::Id(*id))
            }
            None => Some(Key::Text(plain_text(value, site)?)),
        };
        match (&key, &mut levels[level].keys) {
            (Some(Key::Id(id)), Some(KeyList::Ids(ids))) if !ids.contains(id) => ids.push(*id),
            (Some(Key::Text(text)), Some(KeyList::Texts(texts))) if !texts.contains(text) => {
                texts.push(text.clone());
            }
            _ => {}
        }
        keys.push(key.map(|key| (level, key)));
    }
    Ok(keys)
}

fn bind_level(level: &Level, variables: &JsonMap) -> Result<BoundLevel, GraphQLError> {
    let keys = match &level.keys {
        Keys::Given { ids, tag } => {
            let named = global_ids(&ids.value(variables), &level.site)?;
            let mut seen = HashSet::new();
            let ids = named.into_iter().filter(|(its_tag, id)| its_tag == tag && seen.insert(*id));
            Some(KeyList::Ids(ids.map(|(_, id)| id).collect()))
        }
        Keys::Named { by_id: true, .. } => Some(KeyList::Ids(Vec::new())),
        Keys::Named { by_id: false, .. } => Some(KeyList::Texts(Vec::new())),
        Keys::Root | Keys::Rows { .. } => None,
    };
    let parameters =
        level.bindings.iter().map(|binding| bind_value(binding, variables, &level.site));
    let parameters = parameters.collect::<Result<_, _>>()?;
    let filter = match (level.relation.filter, level.filter.value(variables)) {
        (_, JsonValue::Null) | (None, _) => String::new(),
        (Some(input), value) => canonical(&value, input),
    };
    let digest = cursor::filtered(level.digest, &filter);
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
    if pages || reading == Reading::Best {
        let size = page_size(level, variables)?;
        bound.size = usize::try_from(size).unwrap_or_default();
        // One more tells whether there are more.
        bound.parameters.push(Parameter::Int(size + i64::from(pages && level.looks_beyond)));
    }
    Ok(bound)
}

/// What a statement is given for a value of the request.
fn bind_value(
    binding: &Binding,
    variables: &JsonMap,
    site: &Site,
) -> Result<Parameter, GraphQLError> {
    let value = binding.value.value(variables);
    let items = || match &value {
        JsonValue::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let texts = || items().iter().map(|item| plain_text(item, site)).collect::<Result<Vec<_>, _>>();
    let code = |item: &JsonValue, declared: &Enum, codes: &[i64]| {
        let mut values = declared.values.iter().zip(codes);
        let code = values.find(|((name, _), _)| item.as_str() == Some(*name));
        code.map_or(-1, |(_, code)| *code)
    };
    let key = |(its, id): (u8, i64), tag: u8| if its == tag { id } else { -1 };
    bound_count(items().len(), FILTER_VALUES_MAX, "filter", site)?;
    Ok(match binding.convert {
        Convert::Text => Parameter::Text(plain_text(&value, site)?),
        Convert::Texts => Parameter::Texts(texts()?),
        Convert::CountTexts => {
            let distinct: HashSet<String> = texts()?.into_iter().collect();
            Parameter::Int(i64::try_from(distinct.len()).unwrap_or(i64::MAX))
        }
        Convert::Int => Parameter::Int(value.as_i64().unwrap_or_default()),
        Convert::Ints => Parameter::Keys(items().iter().filter_map(JsonValue::as_i64).collect()),
        Convert::Word => Parameter::Text(plain_text(&value, site)?.to_ascii_lowercase()),
        Convert::Words => {
            Parameter::Texts(texts()?.iter().map(|text| text.to_ascii_lowercase()).collect())
        }
        Convert::Code(declared, codes) => Parameter::Int(code(&value, declared, codes)),
        Convert::Codes(declared, codes) => {
            Parameter::Keys(items().iter().map(|item| code(item, declared, codes)).collect())
        }
        Convert::Groups(groups) => {
            let words = items().iter().filter_map(JsonValue::as_str);
            let words = words.flat_map(|value| groups.words_of(value));
            Parameter::Texts(words.map(|word| (*word).to_owned()).collect())
        }
        Convert::Id(tag) => {
            Parameter::Int(global_ids(&value, site)?.first().map_or(-1, |id| key(*id, tag)))
        }
        Convert::Ids(tag) => {
            let ids = global_ids(&value, site)?;
            Parameter::Keys(ids.into_iter().map(|id| key(id, tag)).collect())
        }
        Convert::PrefixStart => Parameter::Text(collation::prefix(&plain_text(&value, site)?)),
        Convert::PrefixEnd => {
            Parameter::Text(collation::after_prefix(&collation::prefix(&plain_text(&value, site)?)))
        }
        Convert::End(scale, is_upper) => Parameter::Int(end(&value, scale, is_upper, site)?),
    })
}

/// The end of a range, as it is stored.
fn end(value: &JsonValue, scale: Scale, is_upper: bool, site: &Site) -> Result<i64, GraphQLError> {
    Ok(match scale {
        Scale::Int => value.as_i64().unwrap_or_default(),
        Scale::Year => {
            value.as_i64().unwrap_or_default() * 10_000 + if is_upper { 9_999 } else { 0 }
        }
        Scale::Tenths => {
            // What is no tenth lies between two: 7.04 is 7.0 as the upper end, 7.1 as the lower.
            // An integer of more than 64 bits stands in the document as text.
            let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
            let tenths = (number.unwrap_or_default() * 10.0).clamp(-1e9, 1e9);
            let nearest = tenths.round();
            let whole = match ((tenths - nearest).abs() < 1e-6, is_upper) {
                (true, _) => nearest,
                (false, true) => tenths.floor(),
                (false, false) => tenths.ceil(),
            };
            #[allow(clippy::cast_possible_truncation, reason = "it is clamped above")]
            let whole = whole as i64;
            whole
        }
        Scale::Date => {
            let text = plain_text(value, site)?;
            let date = date::parse(&text).map_err(|sentence| {
                let sentence = format!("{}(filter:): {sentence}.", site.coordinate);
                GraphQLError::new(code::BAD_USER_INPUT, sentence).at(site.location)
            })?;
            i64::from(match (is_upper, date % 10_000, date % 100) {
                (true, 0, _) => date + 9_999,
                (true, _, 0) => date + 99,
                // What is known by its year or month counts as the first day of it.
                (false, 100 | 101, _) => date - date % 10_000,
                (false, _, 1) => date - 1,
                _ => date,
            })
        }
    })
}

/// A text that the catalogue can hold.
fn plain_text(value: &JsonValue, site: &Site) -> Result<String, GraphQLError> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if !text.contains('\0') {
        return Ok(text);
    }
    // PostgreSQL cannot hold it, so nothing can equal it.
    let sentence = format!(
        "A text given to {} contains the character U+0000, which no text of the catalogue has.",
        site.coordinate
    );
    Err(GraphQLError::new(code::BAD_USER_INPUT, sentence).at(site.location))
}

fn bound_count(count: usize, max: usize, argument: &str, site: &Site) -> Result<(), GraphQLError> {
    if count <= max {
        return Ok(());
    }
    let coordinate = format!("{}({argument}:)", site.coordinate);
    let sentence = format!("{coordinate} takes at most {max} values in one list, not {count}.");
    let error = GraphQLError::new(code::BAD_USER_INPUT, sentence);
    Err(error.at(site.location).argument(coordinate))
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
    bound_count(items.len(), NODES_MAX, "ids", site)?;
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
