//! Documents on their whole way to the database, and not into it: the limits of the text, the
//! parser, the limits of the document, the validator, the plan, its arguments, its cost. The
//! variables stand behind the document and a percent sign, which no document needs.

#![no_main]

use std::sync::LazyLock;

use apollo_compiler::executable::{ExecutableDocument, Selection, SelectionSet};
use apollo_compiler::introspection;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::JsonMap;
use libfuzzer_sys::fuzz_target;
use shotlist::catalog::Backend;
use shotlist::graphql::error::GraphQLError;
use shotlist::graphql::guard::{Limit, Limits, cost, scan};
use shotlist::graphql::plan::argument::Shapes;
use shotlist::graphql::plan::{bind, compile};
use shotlist::graphql::schema::Schema;
use shotlist::graphql::validated;

static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::new);

/// What a selection comes to, found by expanding its fragments: what the guard does not do.
#[derive(Default)]
struct Expanded {
    fields: u64,
    aliases: u64,
    directives: u64,
    nesting: u64,
}

impl Expanded {
    fn add(&mut self, document: &ExecutableDocument, set: &SelectionSet, depth: u64, most: u64) {
        self.nesting = self.nesting.max(depth);
        for selection in &set.selections {
            assert!(self.fields <= most, "it comes to more than {most} fields");
            self.directives += selection.directives().len() as u64;
            let below = match selection {
                Selection::Field(field) => {
                    self.fields += 1;
                    self.aliases += u64::from(field.alias.is_some());
                    field.selection_set.as_ref()
                }
                Selection::InlineFragment(fragment) => Some(&fragment.selection_set),
                Selection::FragmentSpread(spread) => {
                    let fragment = &document.fragments[&spread.fragment_name];
                    self.directives += fragment.directives.len() as u64;
                    Some(&fragment.selection_set)
                }
            };
            if let Some(below) = below {
                self.add(document, below, depth + 1, most);
            }
        }
    }
}

fn refused(error: &GraphQLError) {
    assert!(!error.is_internal(), "a document meets a defect: {error:?}");
}

fuzz_target!(|text: &str| {
    let limits = Limits::default();
    let (text, given) = text.split_once('%').unwrap_or((text, ""));
    let document = match validated(text, &limits, &SCHEMA) {
        Ok(document) => document,
        Err(errors) => {
            for error in &errors {
                refused(error);
                let is_fence = error.message().ends_with("limit reached")
                    || error.message().starts_with("token limit reached");
                assert!(!is_fence, "the parser met a limit before the guard: {error:?}");
            }
            return;
        }
    };
    let scan = scan::scan(text);
    assert!(scan.tokens <= limits.tokens && scan.nesting <= limits.nesting);
    let given = serde_json::from_str::<JsonMap>(given).unwrap_or_default();
    for operation in document.operations.iter() {
        let mut found = Expanded::default();
        found.add(&document, &operation.selection_set, 1, limits.expanded_fields);
        assert!(found.fields <= limits.expanded_fields && found.aliases <= limits.aliases);
        assert!(found.directives <= limits.directives && found.nesting <= limits.nesting);

        let Ok(variables) = coerce_variable_values(&SCHEMA.compiled, operation, &given) else {
            continue;
        };
        let shapes = match Shapes::of(operation, &variables, &SCHEMA) {
            Ok(shapes) => shapes,
            Err(error) => {
                refused(&error);
                continue;
            }
        };
        let costs = [Backend::Sqlite, Backend::Postgres].map(|backend| {
            let plan = compile::compile(&SCHEMA, &document, operation, &shapes, backend)?;
            assert!(plan.levels.len() <= compile::LEVELS_MAX);
            let bound = bind::bind(&plan, &variables)?;
            assert_eq!(bound.levels.len(), plan.levels.len());
            Ok((cost::cost(&plan, &bound), plan.introspects))
        });
        costs.iter().filter_map(|cost| cost.as_ref().err()).for_each(refused);
        let [sqlite, postgres] = costs.map(|cost: Result<_, GraphQLError>| cost.ok());
        assert_eq!(sqlite, postgres, "the databases cost differently");
        let Some((cost, true)) = sqlite else { continue };
        if limits.check(Limit::Cost, cost).is_ok() {
            let _ = introspection::partial_execute(
                &SCHEMA.compiled,
                &SCHEMA.implementers,
                &document,
                operation,
                &variables,
            );
        }
    }
});
