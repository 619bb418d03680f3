//! The fields that a selection comes to, for an object of one type: `CollectFields` of the
//! specification, with `@skip` and `@include`.

use std::collections::{HashMap, HashSet};

use apollo_compiler::ast::{self, DirectiveList};
use apollo_compiler::executable::{self, Selection, SelectionSet};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::{ExecutableDocument, Node};

use super::argument::{Shape, Shapes};

/// Fields that share a response key, merged.
pub struct Collected<'a> {
    /// The response key.
    pub key: &'a str,
    fields: Vec<&'a Node<executable::Field>>,
}

impl<'a> Collected<'a> {
    /// The field's name in the schema.
    pub fn name(&self) -> &'a str {
        self.fields[0].name.as_str()
    }

    /// What is selected of its value, by each of the merged fields.
    pub fn selections(&self) -> Vec<&'a SelectionSet> {
        self.fields.iter().filter_map(|field| field.selection_set.as_ref()).collect()
    }

    /// An argument that the document gives; merged fields have the same.
    pub fn argument(&self, name: &str) -> Option<&'a ast::Value> {
        let field: &'a executable::Field = self.fields[0];
        field.specified_argument_by_name(name).map(|value| &**value)
    }

    /// The arguments that the document gives, with their definitions.
    pub fn arguments(
        &self,
    ) -> impl Iterator<Item = (&'a ast::InputValueDefinition, &'a ast::Value)> {
        let definitions = self.fields[0].definition.arguments.iter();
        definitions.filter_map(|definition| Some((&**definition, self.argument(&definition.name)?)))
    }

    /// Where the first of the fields stands.
    pub fn span(&self) -> Option<SourceSpan> {
        self.fields[0].location()
    }

    /// `"key":`, ready to be written: names need no escapes.
    pub fn prefix(&self) -> String {
        format!("\"{}\":", self.key)
    }
}

/// The fields of selection sets, in the order of the document. `applies` tells whether the object
/// is of the type that a fragment is on.
///
/// # Errors
/// Where `@skip` or `@include` has a condition that is null.
pub fn collect<'a>(
    document: &'a ExecutableDocument,
    shapes: &Shapes,
    applies: &dyn Fn(&str) -> bool,
    sets: &[&'a SelectionSet],
) -> Result<Vec<Collected<'a>>, Option<SourceSpan>> {
    let mut collecting = Collecting {
        document,
        shapes,
        applies,
        fields: Vec::new(),
        index: HashMap::new(),
        visited: HashSet::new(),
    };
    for set in sets {
        collecting.set(set)?;
    }
    Ok(collecting.fields)
}

/// Fields being collected, each response key once, each fragment once.
struct Collecting<'a, 'c> {
    document: &'a ExecutableDocument,
    shapes: &'c Shapes,
    applies: &'c dyn Fn(&str) -> bool,
    fields: Vec<Collected<'a>>,
    index: HashMap<&'a str, usize>,
    visited: HashSet<&'a str>,
}

impl<'a> Collecting<'a, '_> {
    fn set(&mut self, set: &'a SelectionSet) -> Result<(), Option<SourceSpan>> {
        for selection in &set.selections {
            if !self.is_included(selection.directives())? {
                continue;
            }
            match selection {
                Selection::Field(field) => {
                    let key = field.response_name().as_str();
                    let next = self.fields.len();
                    let index = *self.index.entry(key).or_insert(next);
                    match self.fields.get_mut(index) {
                        Some(same) => same.fields.push(field),
                        None => self.fields.push(Collected { key, fields: vec![field] }),
                    }
                }
                Selection::InlineFragment(fragment) => {
                    if fragment.type_condition.as_ref().is_none_or(|name| (self.applies)(name)) {
                        self.set(&fragment.selection_set)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name.as_str();
                    if let Some(fragment) = self.document.fragments.get(name)
                        && (self.applies)(fragment.type_condition())
                        && self.visited.insert(name)
                    {
                        self.set(&fragment.selection_set)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn is_included(&self, directives: &DirectiveList) -> Result<bool, Option<SourceSpan>> {
        for (name, leaves_out) in [("skip", true), ("include", false)] {
            let directive = directives.get(name);
            let condition =
                directive.and_then(|directive| directive.specified_argument_by_name("if"));
            let holds = match condition.map(|condition| (condition, condition.as_ref())) {
                None => continue,
                Some((_, ast::Value::Boolean(value))) => *value,
                Some((_, ast::Value::Variable(name))) if *self.shapes.get(name) != Shape::Null => {
                    *self.shapes.get(name) == Shape::Bool(true)
                }
                Some((condition, _)) => return Err(condition.location()),
            };
            if holds == leaves_out {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
