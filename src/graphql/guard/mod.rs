//! What keeps a request from costing more than it may: limits, each of which is checked before the
//! work that it bounds.
//!
//! 1. [`scan`]: the text, before it is parsed. Bytes, tokens, nesting.
//! 2. [`measure`](mod@measure): the parsed document, before it is validated. What it comes to with
//!    its fragments expanded, found without expanding them.
//! 3. [`cost`]: the plan with the request's variables, before its first statement. The rows and
//!    objects that it could come to. The executor reads no more rows than the cost stands for.
//!
//! What is asked about the schema has a cost too: [`introspection`].
//! The planner bounds its plans, and the renderer the answer. Every refusal names its [`Limit`].

pub mod cost;
pub mod introspection;
pub mod measure;
pub mod scan;

use std::sync::atomic::{AtomicU64, Ordering};

use apollo_compiler::ast::Document;
use apollo_compiler::parser::SourceSpan;
use serde::{Serialize, Serializer};

use super::error::{GraphQLError, Location, code};
use super::filter::{FILTER_STEPS_MAX, FILTER_TESTS_MAX};
use super::plan::compile::{LEVELS_MAX, MEMBERS_MAX};
use super::render::RESPONSE_BYTES_MAX;
use cost::ROWS_FREE;
use measure::{Measure, Measured, measure};

/// Declare every limit once: those that are settings with their defaults, and those that are fixed;
/// each with its name for clients, its description, and the words around the number of a refusal.
macro_rules! limits {
    (
        settings { $($setting:ident $field:ident $name:literal = $default:literal, $text:literal, $before:literal, $after:literal;)+ }
        fixed { $($fixed:ident $fixed_name:literal = $max:expr, $fixed_text:literal, $fixed_before:literal, $fixed_after:literal;)+ }
    ) => {
        /// What is limited.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Limit {
            $(#[doc = $text] $setting,)+
            $(#[doc = $fixed_text] $fixed,)+
        }

        impl Limit {
            /// Every limit.
            pub const ALL: &[Self] = &[$(Self::$setting,)+ $(Self::$fixed,)+];

            /// Its name, for clients and metrics.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$setting => $name,)+
                    $(Self::$fixed => $fixed_name,)+
                }
            }

            /// What it bounds.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$setting => $text,)+
                    $(Self::$fixed => $fixed_text,)+
                }
            }

            /// What stands before and after the number in a refusal.
            const fn words(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$setting => ($before, $after),)+
                    $(Self::$fixed => ($fixed_before, $fixed_after),)+
                }
            }
        }

        /// The limits that are settings.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Limits {
            $(#[doc = $text] pub $field: u64,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl Limits {
            /// The most that a limit allows.
            pub const fn max(&self, limit: Limit) -> u64 {
                match limit {
                    $(Limit::$setting => self.$field,)+
                    $(Limit::$fixed => $max as u64,)+
                }
            }
        }
    };
}

limits! {
    settings {
        DocumentBytes document_bytes "documentBytes" = 65_536,
            "Bytes of a document.",
            "The document has", "bytes";
        Tokens tokens "tokens" = 15_000,
            "Tokens of a document; white space, commas and comments are none.",
            "The document has", "tokens";
        Nesting nesting "nesting" = 64,
            "How deep braces, brackets and parentheses nest in a document, and how deep its selections do with fragments expanded.",
            "The document nests", "levels deep";
        Depth depth "depth" = 15,
            "How deep the fields of an operation nest; for what it asks about the schema there are limits of its own.",
            "The operation nests its fields", "levels deep";
        Aliases aliases "aliases" = 30,
            "Fields with an alias in an operation, fragments expanded.",
            "The operation has", "aliases";
        RootFields root_fields "rootFields" = 20,
            "Fields of an operation's root, fragments expanded.",
            "The operation has", "fields at its root";
        Directives directives "directives" = 50,
            "Directives of an operation, fragments expanded.",
            "The operation has", "directives";
        ExpandedFields expanded_fields "expandedFields" = 10_000,
            "Fields of all operations of a document, fragments expanded.",
            "With its fragments expanded the document has", "fields";
        IntrospectionRoots introspection_roots "introspectionRoots" = 10,
            "How often an operation asks about the schema: `__schema` and `__type`.",
            "The operation asks about the schema", "times";
        IntrospectionLists introspection_lists "introspectionLists" = 100,
            "Lists of the schema that an operation asks for.",
            "The operation asks for", "lists of the schema";
        IntrospectionDepth introspection_depth "introspectionDepth" = 2,
            "How deep `fields`, `inputFields`, `interfaces` and `possibleTypes` nest in what an operation asks about the schema.",
            "The operation nests lists of the schema", "levels deep";
        Cost cost "cost" = 50_000,
            "The cost of an operation: a point for each object that it could return, were all its pages full; lists that are not paged count as two items. What reads more than it returns (counts, facets, filters, orders by several keys, collaborators) costs more.",
            "The operation would cost", "points";
    }
    fixed {
        PlannedFields "plannedFields" = MEMBERS_MAX,
            "Fields of an operation, fragments expanded, counted once for each type that their objects may have.",
            "The operation selects", "fields, fragments expanded, for all types that its objects may have";
        Statements "statements" = LEVELS_MAX,
            "Lists and look-ups of an operation, each of which is one statement.",
            "The operation follows", "lists and look-ups";
        FilterTests "filterTests" = FILTER_TESTS_MAX,
            "Tests of one filter.",
            "The filter has", "tests";
        FilterSteps "filterSteps" = FILTER_STEPS_MAX,
            "Steps of one filter from row to row, as from a production to its credits.",
            "The filter goes from row to row", "times";
        Rows "rows" = ROWS_FREE,
            "Rows that an operation may read from the database, beside ten for each point of its cost: only lists that are not paged, and longer than most, can come to more.",
            "The operation reads", "rows or more";
        ResponseBytes "responseBytes" = RESPONSE_BYTES_MAX,
            "Bytes of the data of a response, and of its errors.",
            "The response would have", "bytes or more";
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A limit that a request exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Exceeded {
    /// Which.
    pub limit: Limit,
    /// The most that is allowed.
    pub max: u64,
    /// What was found; where counting stops at the limit, the first number above it.
    pub found: u64,
}

impl Exceeded {
    /// The refusal, in words of its own.
    pub fn told(self, sentence: impl Into<Box<str>>) -> GraphQLError {
        GraphQLError::new(code::QUERY_TOO_COMPLEX, sentence).exceeding(self)
    }
}

impl From<Exceeded> for GraphQLError {
    fn from(exceeded: Exceeded) -> Self {
        let Exceeded { limit, max, found } = exceeded;
        let (before, after) = limit.words();
        exceeded.told(format!("{before} {found} {after}; at most {max} are allowed."))
    }
}

impl Limits {
    /// Check a number.
    ///
    /// # Errors
    /// When it exceeds the limit.
    pub fn check(&self, limit: Limit, found: u64) -> Result<(), Exceeded> {
        let max = self.max(limit);
        if found <= max { Ok(()) } else { Err(Exceeded { limit, max, found }) }
    }

    /// Check the text of a document before it is parsed.
    ///
    /// # Errors
    /// The limit that it exceeds.
    pub fn check_text(&self, text: &str) -> Result<(), Exceeded> {
        self.check(Limit::DocumentBytes, text.len() as u64)?;
        let scan = scan::scan(text);
        self.check(Limit::Tokens, scan.tokens)?;
        self.check(Limit::Nesting, scan.nesting)
    }

    /// Check a document before it is validated.
    ///
    /// # Errors
    /// The limit that it exceeds, and where; or a fragment that spreads itself, which the validator
    /// would refuse too.
    pub fn check_document(&self, document: &Document) -> Result<(), GraphQLError> {
        let at = |span: Option<SourceSpan>| Location::of(span?, &document.sources);
        let measured = measure(document).map_err(|cycle| {
            let sentence = format!("The fragment {} spreads itself.", cycle.fragment);
            GraphQLError::new(code::VALIDATION_FAILED, sentence).at(at(cycle.span))
        })?;
        for one in &measured {
            self.check_measured(one)
                .map_err(|exceeded| GraphQLError::from(exceeded).at(at(one.span)))?;
        }
        let fields = measured.iter().map(|one| one.measure.fields);
        self.check(Limit::ExpandedFields, fields.fold(0, u64::saturating_add))?;
        Ok(())
    }

    fn check_measured(&self, measured: &Measured) -> Result<(), Exceeded> {
        let Measure {
            own_fields,
            fields,
            aliases,
            directives,
            depth,
            nesting,
            introspection_roots,
            introspection_lists,
            introspection_depth,
            ..
        } = measured.measure;
        let roots = if measured.is_operation { own_fields } else { 0 };
        let numbers = [
            (Limit::Nesting, nesting),
            (Limit::Depth, depth),
            (Limit::RootFields, roots),
            (Limit::ExpandedFields, fields),
            (Limit::Aliases, aliases),
            (Limit::Directives, directives),
            (Limit::IntrospectionRoots, introspection_roots),
            (Limit::IntrospectionLists, introspection_lists),
            (Limit::IntrospectionDepth, introspection_depth),
        ];
        numbers.into_iter().try_for_each(|(limit, found)| self.check(limit, found))
    }
}

/// How many requests were refused for each limit, since the start.
#[derive(Debug, Default)]
pub struct Refusals([AtomicU64; Limit::ALL.len()]);

impl Refusals {
    /// Count a refused request by its errors.
    pub fn count(&self, errors: &[GraphQLError]) {
        // A request is refused for the first limit that it exceeds.
        let exceeded = errors.iter().find_map(GraphQLError::exceeded);
        if let Some(counter) = exceeded.and_then(|exceeded| self.0.get(exceeded.limit as usize)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The name of each limit with its number.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let numbers = self.0.iter().map(|counter| counter.load(Ordering::Relaxed));
        Limit::ALL.iter().map(|limit| limit.name()).zip(numbers)
    }
}
