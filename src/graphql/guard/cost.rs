//! What an operation could cost, told by its plan before it runs.
//!
//! The cost follows the plan as the executor does. It counts the objects of the largest answer that
//! the plan could give: every page is full, every look-up finds something, and every object that may
//! be of several types is of the costliest. What a page multiplies is what stands below it, whichever
//! types, fragments and variables lead there.
//!
//! - An object is a **point**: a row of a page, what it points at, a value such as a date, a type or
//!   a field of the schema.
//! - A page is a point more, for the row that tells whether it goes on: `first: 20` is 21.
//! - A list that is not paged counts as [`LIST_SIZE_USUAL`] items, which is what such lists have,
//!   although up to [`LIST_SIZE_MAX`] are read.
//! - What reads more than it returns has a surcharge: see [`Surcharge`].
//!
//! So the rows that a request reads are no more than its cost, but for lists that are not paged and
//! are longer than usual. For those the executor makes the cost a bound: see [`rows_max`].

use super::super::declare::{FacetBy, LIST_SIZE_MAX, LIST_SIZE_USUAL};
use super::super::plan::bind::Bound;
use super::super::plan::statement::Reading;
use super::super::plan::{
    Connection, ConnectionPart, EdgePart, FacetPart, LevelIndex, Member, PageInfoPart, Plan,
    Selection, Value,
};

/// To rank rows, those of hundreds of others are read.
pub const RANKING: u64 = 100;
/// Rows that any request may read, however little it costs.
pub const ROWS_FREE: u64 = 10_000;
/// Rows that a request may read more for each point of its cost.
pub const ROWS_PER_POINT: u64 = 10;

/// What is added for what a statement reads beside the rows that it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surcharge {
    /// For counting a list.
    pub count: u64,
    /// For counting a list by the values of a facet.
    pub facet: u64,
    /// For each test of a filter.
    pub test: u64,
    /// For each key of an order after the first: an index has the order of one.
    pub key: u64,
}

impl Surcharge {
    /// Where the list is a whole table.
    pub const TABLE: Self = Self { count: 500, facet: 1_000, test: 50, key: 500 };
    /// Where it is the list of one parent; for each parent.
    pub const PARENT: Self = Self { count: 10, facet: 20, test: 1, key: 10 };
}

/// The cost of a plan with the values of a request. It takes as long as the plan has members,
/// whatever their numbers.
pub fn cost(plan: &Plan, bound: &Bound) -> u64 {
    Cost { plan, bound }.members(&plan.root)
}

/// The rows that a request of this cost may read. When it has read more, it reads no further.
pub fn rows_max(cost: u64) -> u64 {
    cost.saturating_mul(ROWS_PER_POINT).saturating_add(ROWS_FREE)
}

struct Cost<'a> {
    plan: &'a Plan,
    bound: &'a Bound,
}

impl Cost<'_> {
    /// The members of an object, without the object.
    fn members(&self, members: &[Member]) -> u64 {
        sum(members.iter().map(|member| self.value(&member.value)))
    }

    fn value(&self, value: &Value) -> u64 {
        match value {
            Value::Typename(_) | Value::Id { .. } | Value::Scalar { .. } | Value::Fact(_) => 0,
            Value::Introspection(objects) => *objects,
            Value::Server(members) => self.members(members).saturating_add(1),
            Value::Object { selection, .. } => self.object(selection),
            Value::List { level, selection } | Value::Lookup { level, selection } => {
                self.rows(*level, selection)
            }
            Value::Connection(connection) => self.connection(connection),
            // Each key is of one kind, each id of one table.
            Value::Lookups { lookups, levels } => {
                let keys = self.bound.lookups[*lookups].len() as u64;
                let costs = levels.iter().map(|(level, selection)| self.rows(*level, selection));
                keys.saturating_mul(costs.max().unwrap_or_default())
            }
            Value::Nodes { ids, tables, .. } => {
                let ids = self.bound.ids[*ids].len() as u64;
                let costs = tables.iter().map(|(_, _, selection)| self.object(selection));
                ids.saturating_mul(costs.max().unwrap_or_default())
            }
        }
    }

    /// An object with what is below it: of the costliest of the types that it may be.
    fn object(&self, selection: &Selection) -> u64 {
        let types = selection.types.iter().map(|(_, members)| self.members(members));
        types.max().unwrap_or_default().saturating_add(1)
    }

    /// What a level reads for one parent.
    fn rows(&self, level: LevelIndex, selection: &Selection) -> u64 {
        let objects = self.most(level).saturating_mul(self.object(selection));
        self.surcharge(level).saturating_add(objects)
    }

    /// The most rows of a level for one parent that anything is shown or read of.
    fn most(&self, level: LevelIndex) -> u64 {
        let statement = &self.plan.levels[level].statement;
        match statement.reading() {
            Reading::Page | Reading::LastPage | Reading::Best => {
                self.bound.levels[level].size as u64
            }
            Reading::AtMost(LIST_SIZE_MAX) => LIST_SIZE_USUAL,
            // Of a look-up: where several rows fit, none is shown.
            Reading::AtMost(_) | Reading::All => 1,
            Reading::Groups => statement.groups_max() as u64,
            Reading::Facet => match statement.facet().map(|facet| facet.by) {
                Some(FacetBy::Enum(values, _)) => values.values.len() as u64,
                _ => LIST_SIZE_MAX.unsigned_abs(),
            },
            Reading::Count | Reading::UpTo | Reading::From => 1,
        }
    }

    /// What a level costs for one parent beside the rows that it returns.
    fn surcharge(&self, level: LevelIndex) -> u64 {
        let level = &self.plan.levels[level];
        let of = match level.relation.parent {
            None => Surcharge::TABLE,
            Some(_) => Surcharge::PARENT,
        };
        let statement = &level.statement;
        let tests = of.test.saturating_mul(level.tests as u64);
        let order = of.key.saturating_mul(statement.order().len().saturating_sub(1) as u64);
        let reading = match statement.reading() {
            Reading::Count => of.count,
            Reading::Facet => of.facet,
            Reading::Best => RANKING,
            Reading::Page | Reading::LastPage => order,
            _ => 0,
        };
        reading.saturating_add(tests)
    }

    /// A connection. Its page is read once, and shown as often as its items are selected.
    fn connection(&self, connection: &Connection) -> u64 {
        let page = connection.page.map(|level| (self.surcharge(level), self.most(level)));
        let (surcharge, rows) = page.unwrap_or_default();
        let mut is_shown = false;
        let mut items = |selection: &Selection| {
            is_shown = true;
            rows.saturating_mul(self.object(selection))
        };
        let parts = sum(connection.members.iter().map(|part| match &part.value {
            ConnectionPart::Typename(_) => 0,
            ConnectionPart::Nodes(selection) => items(selection),
            ConnectionPart::Edges(edges) => sum(edges.iter().map(|edge| match &edge.value {
                EdgePart::Typename(_) | EdgePart::Cursor => 0,
                EdgePart::Node(selection) => items(selection),
            })),
            ConnectionPart::PageInfo(parts) => sum(parts.iter().map(|part| match &part.value {
                PageInfoPart::HasNextPage(beyond, _) | PageInfoPart::HasPreviousPage(beyond, _) => {
                    beyond.map_or(0, |level| self.surcharge(level).saturating_add(1))
                }
                PageInfoPart::Typename | PageInfoPart::StartCursor | PageInfoPart::EndCursor => 0,
            })),
            ConnectionPart::TotalCount(level, _) => self.surcharge(*level).saturating_add(1),
            ConnectionPart::Facets(facets) => sum(facets.iter().map(|facet| match &facet.value {
                FacetPart::Typename(_) => 0,
                FacetPart::Items(level, selection, _) => self.rows(*level, selection),
            })),
        }));
        let read = if is_shown { 0 } else { rows };
        let goes_on = u64::from(page.is_some());
        [surcharge, read, goes_on, parts].into_iter().fold(0, u64::saturating_add)
    }
}

fn sum(costs: impl Iterator<Item = u64>) -> u64 {
    costs.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use apollo_compiler::ExecutableDocument;
    use apollo_compiler::executable::{self, SelectionSet};
    use proptest::prelude::*;

    use super::super::super::declare::{Field, Object, Relation, Source};
    use super::super::super::plan::argument::Shapes;
    use super::super::super::plan::bind::bind;
    use super::super::super::plan::compile::compile;
    use super::super::super::schema::Schema;
    use super::*;
    use crate::catalog::Backend;

    fn planned(schema: &Schema, text: &str) -> Option<u64> {
        let document = document(schema, text);
        let operation = document.operations.get(None).expect("an operation");
        let shapes = Shapes::default();
        let plan = compile(schema, &document, operation, &shapes, Backend::Sqlite).ok()?;
        let bound = bind(&plan, &Default::default()).expect(text);
        Some(cost(&plan, &bound))
    }

    fn document(schema: &Schema, text: &str) -> ExecutableDocument {
        let document = ExecutableDocument::parse_and_validate(&schema.compiled, text, "document");
        document.unwrap_or_else(|error| panic!("{text}: {error}")).into_inner()
    }

    /// Random operations in which every field has an alias, so that none is merged.
    struct Generator<'a> {
        schema: &'a Schema,
        choices: &'a [u32],
        names: usize,
    }

    impl Generator<'_> {
        fn pick(&mut self, bound: usize) -> usize {
            let (first, rest) = self.choices.split_first().unwrap_or((&0, &[]));
            self.choices = rest;
            *first as usize % bound
        }

        fn fields(&self, type_name: &str) -> Vec<Field> {
            match self.schema.interface(type_name) {
                Some(interface) => interface.fields.clone(),
                None => self.schema.object(type_name).expect(type_name).fields.clone(),
            }
        }

        fn selection(&mut self, type_name: &str, level: usize) -> String {
            let mut parts = vec!["__typename".to_owned()];
            for _ in 0..1 + self.pick(3) {
                let possible: Vec<_> =
                    self.schema.possible(type_name).iter().map(|object| object.name).collect();
                if possible.len() > 1 && self.pick(3) > 0 {
                    let name = possible[self.pick(possible.len())];
                    let inner = self.selection(name, level + 1);
                    parts.push(format!("... on {name} {inner}"));
                } else {
                    let fields = self.fields(type_name);
                    let field = &fields[self.pick(fields.len())];
                    parts.extend(self.field(field, level));
                }
            }
            format!("{{ {} }}", parts.join(" "))
        }

        fn field(&mut self, field: &Field, level: usize) -> Option<String> {
            self.names += 1;
            let (key, name, inner) = (format!("a{}", self.names), field.name, field.ty.name);
            let size = self.pick(4);
            let arguments = match &field.source {
                _ if field.arguments().is_empty() => String::new(),
                Source::Connection(relation) => {
                    let which = if self.pick(3) == 0 { "last" } else { "first" };
                    format!("({which}: {size}{})", self.more(relation))
                }
                Source::Ranking(_) => format!("(first: {size})"),
                Source::Lookup(_) => "(by: {id: \"AQE\"})".to_owned(),
                Source::Lookups(_) => format!("(keys: [{}])", "{id: \"AQE\"}".repeat(size)),
                Source::Node => "(id: \"AQE\")".to_owned(),
                Source::Nodes => format!("(ids: [{}])", "\"AQE\" ".repeat(size)),
                _ => String::new(),
            };
            let set = match &field.source {
                Source::Id
                | Source::Column(..)
                | Source::OfCarrier(_)
                | Source::GroupKey(_)
                | Source::Ranked(_)
                | Source::Fact(_) => String::new(),
                _ if level > 4 => return None,
                Source::Connection(_) => {
                    let parts = ["totalCount", "pageInfo { hasNextPage }", "nodes", "edges"];
                    let chosen: Vec<String> = (0..1 + self.pick(3))
                        .map(|_| {
                            let part = parts[self.pick(parts.len())];
                            self.names += 1;
                            let head = format!("a{}: {part}", self.names);
                            match part {
                                "nodes" => format!("{head} {}", self.selection(inner, level + 1)),
                                "edges" => {
                                    let node = self.selection(inner, level + 1);
                                    format!("{head} {{ cursor node {node} }}")
                                }
                                _ => head,
                            }
                        })
                        .collect();
                    format!("{{ {} }}", chosen.join(" "))
                }
                _ => self.selection(inner, level + 1),
            };
            Some(format!("{key}: {name}{arguments} {set}"))
        }

        fn more(&mut self, relation: &Relation) -> String {
            let filter = relation.filter.map(|filter| filter.name);
            match (filter, relation.ordering.map(|ordering| ordering.input), self.pick(3)) {
                (Some("ProductionFilter"), _, 1) => {
                    ", filter: {isAdult: true, hasShots: false}".to_owned()
                }
                (_, Some("ProductionOrder"), 2) => {
                    ", orderBy: [{field: TITLE}, {field: VOTES}]".to_owned()
                }
                _ => String::new(),
            }
        }
    }

    /// The cost told by the document and the declarations, without a plan.
    struct Naive<'a> {
        schema: &'a Schema,
    }

    impl Naive<'_> {
        fn object(&self, type_name: &str, set: &SelectionSet) -> u64 {
            let types = self.schema.possible(type_name);
            let costs = types.iter().map(|object| self.members(object, set));
            1 + costs.max().expect(type_name)
        }

        fn members(&self, object: &Object, set: &SelectionSet) -> u64 {
            let parts = set.selections.iter().map(|selection| match selection {
                executable::Selection::Field(field) if field.name == "__typename" => 0,
                executable::Selection::Field(field) => self.field(object, field),
                executable::Selection::InlineFragment(fragment) => {
                    match fragment.type_condition.as_ref().is_some_and(|on| *on != object.name) {
                        true => 0,
                        false => self.members(object, &fragment.selection_set),
                    }
                }
                executable::Selection::FragmentSpread(_) => panic!("there are none"),
            });
            parts.sum()
        }

        fn field(&self, object: &Object, field: &executable::Field) -> u64 {
            let declared = object.fields.iter().find(|known| known.name == field.name.as_str());
            let declared = declared.expect("it is declared");
            let (inner, set) = (declared.ty.name, &field.selection_set);
            let set = || set.as_ref().expect("an object");
            let times = |rows: usize, one: u64| (0..rows).map(|_| one).sum::<u64>();
            let length = |name: &str| {
                let list = field.specified_argument_by_name(name).and_then(|value| value.as_list());
                list.map_or(0, <[_]>::len)
            };
            match &declared.source {
                Source::One(_) | Source::Embedded(_) | Source::RankedRow(_) | Source::Server => {
                    self.object(inner, set())
                }
                Source::List(_) => times(2, self.object(inner, set())),
                Source::Groups(relation) => {
                    let groups = relation.grouping.expect("it is grouped").declared().values.len();
                    times(groups, self.object(inner, set()))
                }
                Source::Ranking(_) => {
                    let first = self.size(field).expect("a size");
                    RANKING + times(first, self.object(inner, set()))
                }
                Source::Lookup(_) | Source::Node => self.object(inner, set()),
                Source::Lookups(_) => times(length("keys"), self.object(inner, set())),
                Source::Nodes => times(length("ids"), self.object(inner, set())),
                Source::Connection(relation) => self.connection(inner, relation, field),
                _ => 0,
            }
        }

        fn size(&self, field: &executable::Field) -> Option<usize> {
            let mut sizes = field
                .arguments
                .iter()
                .filter(|argument| ["first", "last"].contains(&argument.name.as_str()));
            sizes.next()?.value.to_i32()?.try_into().ok()
        }

        fn connection(&self, item: &str, relation: &Relation, field: &executable::Field) -> u64 {
            let rows = self.size(field).expect("a size");
            let given = |name: &str| field.specified_argument_by_name(name).is_some();
            let of = if relation.parent.is_some() { Surcharge::PARENT } else { Surcharge::TABLE };
            let filter = if given("filter") { 2 * of.test } else { 0 };
            let order = if given("orderBy") { of.key } else { 0 };
            let (mut total, mut pages, mut is_read) = (0, 0, false);
            let set = field.selection_set.as_ref().expect("a connection");
            for part in set.fields() {
                let inside = || part.selection_set.as_ref().expect("an object");
                let node = match part.name.as_str() {
                    "totalCount" => {
                        total += 1 + of.count + filter;
                        continue;
                    }
                    "nodes" => inside(),
                    "edges" => {
                        let node = inside().fields().find(|field| field.name == "node");
                        node.and_then(|node| node.selection_set.as_ref()).expect("a node")
                    }
                    _ => {
                        is_read = true;
                        continue;
                    }
                };
                pages += 1;
                total += (0..rows).map(|_| self.object(item, node)).sum::<u64>();
            }
            if pages > 0 || is_read {
                total += 1 + filter + order;
            }
            if pages == 0 && is_read {
                total += (0..rows).map(|_| 1).sum::<u64>();
            }
            total
        }
    }

    #[test]
    fn the_cost_is_that_of_the_largest_answer_counted_one_by_one() {
        let schema = Schema::new();
        let config =
            ProptestConfig { cases: 1_000, failure_persistence: None, ..Default::default() };
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let compared = std::cell::Cell::new(0);
        let choices = prop::collection::vec(any::<u32>(), 0..120);
        let result = runner.run(&choices, |choices| {
            let mut generator = Generator { schema: &schema, choices: &choices, names: 0 };
            let text = generator.selection("Query", 0);
            // Some follow more lists than a plan may.
            let Some(planned) = planned(&schema, &text) else { return Ok(()) };
            let document = document(&schema, &text);
            let set = &document.operations.get(None).expect("an operation").selection_set;
            let query = schema.object("Query").expect("the root");
            let naive = Naive { schema: &schema }.members(query, set);
            prop_assert_eq!(planned, naive, "{}", text);
            compared.set(compared.get() + 1);
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{error}"));
        assert!(compared.get() > 800, "most have a plan: {}", compared.get());
    }

    #[test]
    fn what_is_multiplied_is_what_stands_below() {
        let schema = Schema::new();
        for (text, expected) in [
            ("{ __typename }", 0),
            ("{ films { nodes { title } } }", 21),
            ("{ films(first: 100) { nodes { title } } }", 101),
            ("{ films(last: 5) { edges { cursor } } }", 6),
            ("{ films(first: 9) { nodes { title } edges { node { title } } } }", 19),
            ("{ films(first: 9) { nodes { genres { name } } } }", 28),
            ("{ films(first: 9) { nodes { rating { votes } } } }", 19),
            (
                "{ films(first: 9) { nodes { credits(first: 4) { nodes { person { name } } } } } }",
                91,
            ),
            ("{ films(first: 0) { totalCount } }", 501),
            ("{ film(by: {id: \"AQE\"}) { title } }", 1),
            ("{ film(by: {title: \"Heat\"}) { title } }", 1),
            (
                "{ node(id: \"AQE\") { ... on Film { shots(first: 2) { nodes { title } } }
                   ... on Show { seasons(first: 9) { nodes { number } } } } }",
                11,
            ),
            ("{ __schema { queryType { name } } }", 2),
            ("{ __type(name: \"OrderDirection\") { enumValues { name } } }", 3),
            ("{ __type(name: \"Nothing\") { enumValues { name } } }", 0),
        ] {
            assert_eq!(planned(&schema, text), Some(expected), "{text}");
        }
    }

    #[test]
    fn pages_within_pages_cost_more_than_can_be_told_before_they_overflow() {
        let schema = Schema::new();
        let text = (0..12).fold("name".to_owned(), |inner, _| {
            format!("credits(first: 100) {{ nodes {{ person {{ {inner} }} }} }}")
        });
        let text = format!("{{ people(first: 100) {{ nodes {{ {text} }} }} }}");
        assert_eq!(planned(&schema, &text), Some(u64::MAX));
    }
}
