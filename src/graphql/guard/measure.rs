//! The shape of a document: how much it comes to once its fragments are expanded, found without
//! expanding them. It runs before the validator, whose rules look at what is expanded.
//!
//! Each fragment is measured once, those that it spreads before it; a spread adds the numbers of
//! its fragment. So the pass is linear in the text, whatever the text expands to, and numbers that
//! outgrow their type stay at its end.

use std::collections::{HashMap, HashSet};

use apollo_compiler::ast::{Definition, Document, Field, FragmentDefinition, Selection};
use apollo_compiler::parser::SourceSpan;

/// Fields of introspection that are lists: each may be the whole schema.
const LISTS: [&str; 8] = [
    "args",
    "directives",
    "enumValues",
    "fields",
    "inputFields",
    "interfaces",
    "possibleTypes",
    "types",
];
/// Those that lead from a type to types again, so that each level multiplies the answer.
const CIRCULAR: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];

/// What a selection comes to, fragments expanded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// Fields of the selection itself.
    pub own_fields: u64,
    /// Fields, those below among them.
    pub fields: u64,
    /// Fields with an alias.
    pub aliases: u64,
    /// Directives.
    pub directives: u64,
    /// How deep fields nest; what is below a question about the schema does not count.
    pub depth: u64,
    /// How deep selections nest.
    pub nesting: u64,
    /// Questions about the schema.
    pub introspection_roots: u64,
    /// Lists of the schema that they ask for.
    pub introspection_lists: u64,
    /// How deep lists that lead from type to type nest in them.
    pub introspection_depth: u64,
    /// The last two, if the selection is itself of the schema: only above it is that known.
    if_schema: (u64, u64),
}

impl Measure {
    /// Of two selections side by side.
    fn and(self, other: Self) -> Self {
        Self {
            own_fields: self.own_fields.saturating_add(other.own_fields),
            fields: self.fields.saturating_add(other.fields),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            depth: self.depth.max(other.depth),
            nesting: self.nesting.max(other.nesting),
            introspection_roots: self.introspection_roots.saturating_add(other.introspection_roots),
            introspection_lists: self.introspection_lists.saturating_add(other.introspection_lists),
            introspection_depth: self.introspection_depth.max(other.introspection_depth),
            if_schema: (
                self.if_schema.0.saturating_add(other.if_schema.0),
                self.if_schema.1.max(other.if_schema.1),
            ),
        }
    }

    fn with_directives(mut self, count: usize) -> Self {
        self.directives = self.directives.saturating_add(count as u64);
        self
    }
}

/// An operation, or a fragment that nothing spreads.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// What it comes to.
    pub measure: Measure,
    /// Whether it is an operation.
    pub is_operation: bool,
    /// Where it stands.
    pub span: Option<SourceSpan>,
}

/// A fragment that spreads itself, perhaps by way of others.
#[derive(Clone, Debug)]
pub struct Cycle {
    /// Its name.
    pub fragment: String,
    /// Where it stands.
    pub span: Option<SourceSpan>,
}

/// Measure what a document has.
///
/// # Errors
/// Where a fragment spreads itself.
pub fn measure(document: &Document) -> Result<Vec<Measured>, Cycle> {
    let mut fragments = Fragments::default();
    for definition in &document.definitions {
        if let Definition::FragmentDefinition(fragment) = definition {
            // Of two of one name the validator tells; until then both count.
            fragments.by_name.entry(fragment.name.as_str()).or_default().push(fragment);
        }
    }
    let mut spread = fragments.measure()?;
    for definition in &document.definitions {
        if let Definition::OperationDefinition(operation) = definition {
            spread.extend(spreads(&operation.selection_set));
        }
    }
    let measured = document.definitions.iter().filter_map(|definition| match definition {
        Definition::OperationDefinition(operation) => {
            let declared = operation.variables.iter().map(|variable| variable.directives.len());
            let directives = operation.directives.len() + declared.sum::<usize>();
            let measure = fragments.set(&operation.selection_set).with_directives(directives);
            Some(Measured { measure, is_operation: true, span: operation.location() })
        }
        Definition::FragmentDefinition(fragment) if !spread.contains(&fragment.name.as_str()) => {
            let measure = fragments.measured.get(fragment.name.as_str()).copied();
            let measure = measure.unwrap_or_default();
            Some(Measured { measure, is_operation: false, span: fragment.location() })
        }
        _ => None,
    });
    Ok(measured.collect())
}

#[derive(Default)]
struct Fragments<'a> {
    by_name: HashMap<&'a str, Vec<&'a FragmentDefinition>>,
    measured: HashMap<&'a str, Measure>,
}

impl<'a> Fragments<'a> {
    /// Measure each fragment after those that it spreads. Fragments may form a chain as long as the
    /// document, so what is left to do stands in a list and not on the stack. Returns which are
    /// spread.
    fn measure(&mut self) -> Result<HashSet<&'a str>, Cycle> {
        let mut spread = HashSet::new();
        let mut open = HashSet::new();
        let names: Vec<&'a str> = self.by_name.keys().copied().collect();
        for start in names {
            let mut path = vec![(start, self.spreads(start))];
            while let Some((name, left)) = path.last_mut() {
                let name = *name;
                if self.measured.contains_key(name) {
                    path.pop();
                    continue;
                }
                open.insert(name);
                match left.pop() {
                    Some(next) if open.contains(next) => {
                        let fragment = self.by_name[next][0];
                        let span = fragment.name.location();
                        return Err(Cycle { fragment: next.to_owned(), span });
                    }
                    Some(next) => {
                        spread.insert(next);
                        if self.by_name.contains_key(next) && !self.measured.contains_key(next) {
                            path.push((next, self.spreads(next)));
                        }
                    }
                    None => {
                        let of_name = self.by_name[name].iter().map(|fragment| {
                            self.set(&fragment.selection_set)
                                .with_directives(fragment.directives.len())
                        });
                        let measure = of_name.fold(Measure::default(), Measure::and);
                        self.measured.insert(name, measure);
                        open.remove(name);
                        path.pop();
                    }
                }
            }
        }
        Ok(spread)
    }

    /// The fragments that one spreads itself.
    fn spreads(&self, name: &str) -> Vec<&'a str> {
        let of_name = self.by_name.get(name).into_iter().flatten();
        of_name.flat_map(|fragment| spreads(&fragment.selection_set)).collect()
    }

    /// A selection set; the fragments that it spreads have been measured.
    fn set(&self, selections: &[Selection]) -> Measure {
        let parts = selections.iter().map(|selection| match selection {
            Selection::Field(field) => self.field(field),
            Selection::InlineFragment(fragment) => {
                self.set(&fragment.selection_set).with_directives(fragment.directives.len())
            }
            Selection::FragmentSpread(spread) => {
                let measured = self.measured.get(spread.fragment_name.as_str()).copied();
                measured.unwrap_or_default().with_directives(spread.directives.len())
            }
        });
        let mut all = parts.fold(Measure::default(), Measure::and);
        all.nesting = all.nesting.saturating_add(1);
        all
    }

    fn field(&self, field: &Field) -> Measure {
        let name = field.name.as_str();
        let asks = matches!(name, "__schema" | "__type");
        let one = |holds: bool| u64::from(holds);
        let below = field.selection_set.as_deref().map(|selections| self.set(selections));
        let below = below.unwrap_or_default();
        let (lists, depth) = if asks { below.if_schema } else { (0, 0) };
        let mut measure = Measure {
            own_fields: 1,
            fields: below.fields.saturating_add(1),
            aliases: below.aliases.saturating_add(one(field.alias.is_some())),
            depth: if asks { 1 } else { below.depth.saturating_add(1) },
            introspection_roots: below.introspection_roots.saturating_add(one(asks)),
            introspection_lists: below.introspection_lists.saturating_add(lists),
            introspection_depth: below.introspection_depth.max(depth),
            ..below
        };
        measure.if_schema = (
            below.if_schema.0.saturating_add(one(LISTS.contains(&name))),
            below.if_schema.1.saturating_add(one(CIRCULAR.contains(&name))),
        );
        measure.with_directives(field.directives.len())
    }
}

/// The fragments that a selection spreads itself.
fn spreads(selections: &[Selection]) -> Vec<&str> {
    fn add<'a>(selections: &'a [Selection], names: &mut Vec<&'a str>) {
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    add(field.selection_set.as_deref().unwrap_or_default(), names);
                }
                Selection::InlineFragment(fragment) => add(&fragment.selection_set, names),
                Selection::FragmentSpread(spread) => names.push(spread.fragment_name.as_str()),
            }
        }
    }
    let mut names = Vec::new();
    add(selections, &mut names);
    names
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use apollo_compiler::parser::Parser;
    use proptest::prelude::*;

    use super::*;

    /// A selection, as the tests know it.
    #[derive(Clone, Debug)]
    enum Part {
        Field { name: &'static str, alias: bool, directives: usize, set: Vec<Part> },
        Inline { directives: usize, set: Vec<Part> },
        Spread { fragment: usize, directives: usize },
    }

    /// Random documents, from a list of choices.
    struct Generator<'a> {
        choices: &'a [u32],
        fragments: usize,
    }

    impl Generator<'_> {
        fn pick(&mut self, bound: usize) -> usize {
            let (first, rest) = self.choices.split_first().unwrap_or((&0, &[]));
            self.choices = rest;
            *first as usize % bound
        }

        /// A selection set that may spread the fragments from a number on.
        fn set(&mut self, level: usize, from: usize) -> Vec<Part> {
            let count = 1 + self.pick(3);
            (0..count).map(|_| self.part(level, from)).collect()
        }

        fn part(&mut self, level: usize, from: usize) -> Part {
            const NAMES: [&str; 9] = [
                "a",
                "b",
                "__typename",
                "fields",
                "types",
                "__schema",
                "__type",
                "interfaces",
                "args",
            ];
            let directives = self.pick(4) / 2;
            match self.pick(6) {
                0 if level < 4 => Part::Inline { directives, set: self.set(level + 1, from) },
                1 | 2 if from < self.fragments => {
                    let fragment = from + self.pick(self.fragments - from);
                    Part::Spread { fragment, directives }
                }
                kind => {
                    let (name, alias) = (NAMES[self.pick(NAMES.len())], self.pick(3) == 0);
                    let has_set = level < 4 && kind % 2 == 1;
                    let set = if has_set { self.set(level + 1, from) } else { Vec::new() };
                    Part::Field { name, alias, directives, set }
                }
            }
        }
    }

    fn write_set(set: &[Part], text: &mut String) {
        text.push_str("{ ");
        for part in set {
            let (head, directives, below) = match part {
                Part::Field { name, alias, directives, set } => {
                    let alias = if *alias { "other: " } else { "" };
                    (format!("{alias}{name}"), directives, set.as_slice())
                }
                Part::Inline { directives, set } => ("...".to_owned(), directives, set.as_slice()),
                Part::Spread { fragment, directives } => {
                    (format!("...F{fragment}"), directives, [].as_slice())
                }
            };
            let _ = write!(text, "{head}{} ", " @d".repeat(*directives));
            if !below.is_empty() {
                write_set(below, text);
            }
        }
        text.push_str("} ");
    }

    /// Fragments put where they are spread, by copying.
    fn expand(set: &[Part], fragments: &[Vec<Part>]) -> Vec<Part> {
        let parts = set.iter().map(|part| match part {
            Part::Field { name, alias, directives, set } => Part::Field {
                name,
                alias: *alias,
                directives: *directives,
                set: expand(set, fragments),
            },
            Part::Inline { directives, set } => {
                Part::Inline { directives: *directives, set: expand(set, fragments) }
            }
            Part::Spread { fragment, directives } => Part::Inline {
                directives: *directives,
                set: expand(&fragments[*fragment], fragments),
            },
        });
        parts.collect()
    }

    /// Where a part is: what its path to the root goes through.
    #[derive(Clone, Copy, Default)]
    struct Path {
        fields: u64,
        sets: u64,
        circular: u64,
        in_schema: bool,
    }

    /// Count an expanded selection one by one.
    fn count(set: &[Part], path: Path, found: &mut Measure) {
        let path = Path { sets: path.sets + 1, ..path };
        found.nesting = found.nesting.max(path.sets);
        for part in set {
            match part {
                Part::Field { name, alias, directives, set } => {
                    let mut here = path;
                    found.fields += 1;
                    found.own_fields += u64::from(path.fields == 0);
                    found.aliases += u64::from(*alias);
                    found.directives += *directives as u64;
                    here.fields += 1;
                    if !path.in_schema {
                        found.depth = found.depth.max(here.fields);
                    }
                    if path.in_schema {
                        found.introspection_lists += u64::from(LISTS.contains(name));
                        here.circular += u64::from(CIRCULAR.contains(name));
                        found.introspection_depth = found.introspection_depth.max(here.circular);
                    }
                    if *name == "__schema" || *name == "__type" {
                        found.introspection_roots += 1;
                        // One within another has no meaning; the validator refuses it.
                        here.in_schema = true;
                    }
                    if !set.is_empty() {
                        count(set, here, found);
                    }
                }
                Part::Inline { directives, set } => {
                    found.directives += *directives as u64;
                    count(set, path, found);
                }
                Part::Spread { .. } => unreachable!("it is expanded"),
            }
        }
    }

    /// Whether a question about the schema is within another.
    fn asks_twice(set: &[Part], inside: bool) -> bool {
        set.iter().any(|part| match part {
            Part::Field { name, set, .. } => {
                let asks = name.starts_with("__") && *name != "__typename";
                asks && inside || asks_twice(set, inside || asks)
            }
            Part::Inline { set, .. } => asks_twice(set, inside),
            Part::Spread { .. } => false,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_numbers_are_those_of_the_expanded_document(
            choices in prop::collection::vec(any::<u32>(), 0..300),
        ) {
            let mut generator = Generator { choices: &choices, fragments: 0 };
            let fragments = generator.pick(6);
            generator.fragments = fragments;
            let operation = generator.set(0, 0);
            let fragments: Vec<_> =
                (0..fragments).map(|number| generator.set(1, number + 1)).collect();
            let mut text = String::new();
            write_set(&operation, &mut text);
            for (number, set) in fragments.iter().enumerate() {
                let _ = write!(text, "fragment F{number} on T ");
                write_set(set, &mut text);
            }
            let document = Parser::new().parse_ast(text.as_str(), "document").expect("it is GraphQL");
            let measured = measure(&document).expect("there is no cycle");
            let expanded = expand(&operation, &fragments);
            let mut naive = Measure::default();
            count(&expanded, Path::default(), &mut naive);
            let mut ours = measured[0].measure;
            ours.if_schema = (0, 0);
            if asks_twice(&expanded, false) {
                // Then it is known only that what is found is no less.
                prop_assert!(ours.introspection_lists >= naive.introspection_lists);
                (ours.introspection_lists, naive.introspection_lists) = (0, 0);
                (ours.introspection_depth, naive.introspection_depth) = (0, 0);
            }
            prop_assert_eq!(ours, naive, "{}", text);
        }
    }

    fn measured(text: &str) -> Result<Vec<Measured>, Cycle> {
        measure(&Parser::new().parse_ast(text, "document").expect("it is GraphQL"))
    }

    #[test]
    fn a_fragment_that_spreads_itself_is_found() {
        for (text, name) in [
            ("{ ...A } fragment A on T { a { ...A } }", Some("A")),
            ("{ a } fragment A on T { ...B } fragment B on T { ... { ...A } }", None),
        ] {
            let cycle = measured(text).expect_err(text);
            assert!(name.is_none_or(|name| name == cycle.fragment), "{text}: {cycle:?}");
        }
        assert!(measured("{ ...A ...A ...Nowhere } fragment A on T { a }").is_ok());
    }

    #[test]
    fn what_doubles_a_hundred_times_is_as_much_as_can_be_told() {
        let mut text = "{ ...F0 }".to_owned();
        for level in 0..100 {
            let _ = write!(text, " fragment F{level} on T {{ ...F{0} ...F{0} }}", level + 1);
        }
        text.push_str(" fragment F100 on T { a }");
        let measured = measured(&text).expect("there is no cycle");
        assert_eq!((measured.len(), measured[0].measure.fields), (1, u64::MAX));
    }

    #[test]
    fn a_chain_as_long_as_a_document_may_be_is_measured() {
        let mut text = "{ ...F0 }".to_owned();
        for level in 0..3_000 {
            let _ = write!(text, "fragment F{level} on T{{...F{}}}", level + 1);
        }
        text.push_str("fragment F3000 on T{a}");
        let measured = measured(&text).expect("there is no cycle");
        assert_eq!(measured[0].measure.nesting, 3_002);
    }
}
