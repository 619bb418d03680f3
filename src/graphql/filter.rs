//! The vocabulary of filters: what a list can be filtered by, declared once like fields.
//!
//! A filter is an input object over the rows of one table. Each of its fields is a [`Test`]; all
//! that are given must hold. Every filter composes with `and`, `or` and `not`. A comparison with a
//! value that is not known does not hold, so that `not` of it does: logic of two values, not three.

use apollo_compiler::response::JsonValue;

use super::declare::{Column, Enum, Type};

/// Tests that one filter may come to, with all that it nests.
pub const FILTER_TESTS_MAX: usize = 50;
/// Steps from the row that is filtered to a row that a test looks at: the credits of a production,
/// their productions, the genres of those.
pub const FILTER_STEPS_MAX: usize = 3;
/// Values that one test may name, and items that a list of filters may have.
pub const FILTER_VALUES_MAX: usize = 100;
/// The enum value for what a vocabulary lacks.
pub const OTHER: &str = "OTHER";

/// An input type that filters the rows of a table.
#[derive(Debug)]
pub struct FilterInput {
    /// GraphQL name.
    pub name: &'static str,
    /// Description for client developers.
    pub description: &'static str,
    /// The fields, in the order of the schema, without `and`, `or` and `not`.
    pub fields: fn() -> Vec<FilterField>,
}

impl PartialEq for FilterInput {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// A field of a filter.
#[derive(Clone, Debug)]
pub struct FilterField {
    /// GraphQL name.
    pub name: &'static str,
    /// Description for client developers.
    pub description: &'static str,
    /// What it tests.
    pub test: Test,
    /// How the test's index can serve a list.
    pub index: Index,
}

/// How the index behind a test serves a list that it filters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Index {
    /// The rows that fit can be read from an index that begins with the test's column. The number
    /// orders such tests: the lower, the fewer rows it leaves.
    pub drives: Option<u8>,
    /// For each order of the list there is an index that begins with the test's column, so that
    /// an equality costs nothing.
    pub leads: bool,
    /// The link through which the test goes has the rows that fit in an order of the list.
    pub ranked: Option<&'static Ranked>,
}

/// A link table with copies of columns of the rows that it links, and an index of what it points
/// at, the kind, the decade, the rank and the key of the row, in this order.
#[derive(Debug)]
pub struct Ranked {
    /// The table.
    pub link: &'static str,
    /// The copies.
    pub copies: fn() -> Copies,
    /// The kinds that there are.
    pub kinds: &'static [i64],
}

/// Columns that a link copies, each with its copy.
#[derive(Clone, Copy, Debug)]
pub struct Copies {
    /// The discriminator.
    pub kind: (Column, Column),
    /// The partial date whose decade the index has; that of no date is 0.
    pub date: (Column, Column),
    /// What the list is ordered by.
    pub rank: (Column, Column),
}

impl Copies {
    /// All of them.
    pub fn all(&self) -> [(Column, Column); 3] {
        [self.kind, self.date, self.rank]
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.link == other.link
    }
}

/// What a field of a filter tests.
#[derive(Clone, Debug)]
pub enum Test {
    /// A column has one of the values given.
    OneOf(Column, Values),
    /// A column lies between two values, which belong to the range.
    Range(Column, Scale),
    /// A collation key starts with the key of a text.
    Prefix(Column),
    /// A truth value is what is given.
    Is(Column),
    /// Whether rows point here with this column is what is given.
    Exists(Column),
    /// A row that points here with this column passes a test.
    Some(Column, Box<Test>),
    /// No row that points here with this column passes a test.
    None(Column, Box<Test>),
    /// For each of the words given, a row points here, and on to the entry of a vocabulary with
    /// that key: the column that points here, the one that points on, the key. No two rows point
    /// from here to the same entry, and no two entries have the same key.
    Every(Column, Column, Column),
    /// The row that a column of this row points at passes a test: the column, the key it equals.
    To(Column, Column, Box<Test>),
    /// The same, where few rows pass the test, so that they can be found first.
    ToFew(Column, Column, Box<Test>),
    /// A filter of its own.
    Filter(&'static FilterInput),
}

/// The values that a column is compared with.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// Texts as they are stored.
    Texts,
    /// Integers.
    Ints,
    /// An enum's, stored in lower case. Where sources may bring words that it lacks, `OTHER`
    /// stands for all of those.
    Words(&'static Enum, Vocabulary),
    /// An enum's, each of which stands for several stored words.
    Groups(&'static Groups),
    /// An enum's, each of which stands for a number.
    Codes(&'static Enum, &'static [i64]),
    /// Global ids of rows of the table with this tag.
    Ids(u8),
}

/// Whether an enum has every word that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vocabulary {
    /// It has.
    Closed,
    /// Sources may bring others.
    Open,
}

/// An enum whose values each stand for several words of a column.
#[derive(Debug, PartialEq)]
pub struct Groups {
    /// The enum.
    pub declared: &'static Enum,
    /// The stored words, for each value.
    pub words: &'static [&'static [&'static str]],
}

impl Groups {
    /// The words that a value stands for.
    pub fn words_of(&self, value: &str) -> &'static [&'static str] {
        let index = self.declared.values.iter().position(|(name, _)| *name == value);
        index.and_then(|index| self.words.get(index)).copied().unwrap_or_default()
    }

    /// SQL for the group that the word in a column belongs to, in lower case.
    pub fn sql(&self, column: &str) -> String {
        let arms = self.declared.values.iter().zip(self.words).map(|((name, _), words)| {
            let words: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
            format!(" WHEN {column} IN ({}) THEN '{}'", words.join(", "), name.to_lowercase())
        });
        format!("CASE{} END", arms.collect::<String>())
    }
}

/// What the ends of a range are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Integers.
    Int,
    /// Decimal numbers, stored in tenths.
    Tenths,
    /// Years of a partial date.
    Year,
    /// Partial dates, as text.
    Date,
}

impl Scale {
    /// The input type of the range, with the names of its ends.
    pub const fn input(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Int | Self::Year => ("IntRange", "min", "max"),
            Self::Tenths => ("FloatRange", "min", "max"),
            Self::Date => ("DateRange", "from", "to"),
        }
    }
}

impl Test {
    /// The type of the field's value.
    pub fn input_type(&self) -> Type {
        let list = |name| Type { non_null: false, ..Type::list(name) };
        match self {
            Self::OneOf(_, values) => match values {
                Values::Texts => list("String"),
                Values::Ints => list("Int"),
                Values::Words(declared, _) | Values::Codes(declared, _) => list(declared.name),
                Values::Groups(groups) => list(groups.declared.name),
                Values::Ids(_) => list("ID"),
            },
            Self::Range(_, scale) => Type::named(scale.input().0),
            Self::Prefix(_) => Type::named("String"),
            Self::Is(_) | Self::Exists(_) => Type::named("Boolean"),
            Self::Every(..) => list("String"),
            Self::Some(_, test)
            | Self::None(_, test)
            | Self::To(_, _, test)
            | Self::ToFew(_, _, test) => test.input_type(),
            Self::Filter(filter) => Type::named(filter.name),
        }
    }

    /// The filters that it nests.
    pub fn nested(&self) -> Option<&'static FilterInput> {
        match self {
            Self::Filter(filter) => Some(filter),
            Self::Some(_, test)
            | Self::None(_, test)
            | Self::To(_, _, test)
            | Self::ToFew(_, _, test) => test.nested(),
            _ => None,
        }
    }
}

/// A text that is the same for filters that say the same: fields in the order of their names, lists
/// of one item as lists, no nulls. It is empty for one that says nothing, like that of no filter.
pub fn canonical(value: &JsonValue, input: &'static FilterInput) -> String {
    let JsonValue::Object(given) = value else { return value.to_string() };
    let fields = (input.fields)();
    let mut parts: Vec<String> = given
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| {
            let name = name.as_str();
            let declared = fields.iter().find(|field| field.name == name);
            let nested = match name {
                "and" | "or" | "not" => Some(input),
                _ => declared.and_then(|field| field.test.nested()),
            };
            let is_list = match declared {
                Some(field) => field.test.input_type().list,
                None => name != "not",
            };
            let one = |value: &JsonValue| match nested {
                Some(input) => canonical(value, input),
                None => plain(value),
            };
            let text = match (value, is_list) {
                (JsonValue::Array(items), _) => {
                    format!("[{}]", items.iter().map(one).collect::<Vec<_>>().join(","))
                }
                (item, true) => format!("[{}]", one(item)),
                (item, false) => one(item),
            };
            format!("{name}:{text}")
        })
        .collect();
    parts.sort();
    match parts.is_empty() {
        true => String::new(),
        false => format!("{{{}}}", parts.join(",")),
    }
}

/// A value, or the two ends of a range.
fn plain(value: &JsonValue) -> String {
    let JsonValue::Object(ends) = value else {
        // The same number may be written as an integer and as a decimal.
        return value.as_f64().map_or_else(|| value.to_string(), |number| number.to_string());
    };
    let given = ends.iter().filter(|(_, end)| !end.is_null());
    let mut parts: Vec<_> =
        given.map(|(name, end)| format!("{}:{}", name.as_str(), plain(end))).collect();
    parts.sort();
    format!("{{{}}}", parts.join(","))
}

/// A field of a filter.
pub fn field(name: &'static str, test: Test, description: &'static str) -> FilterField {
    FilterField { name, description, test, index: Index::default() }
}

impl FilterField {
    /// The rows that fit can be read from an index; see [`Index::drives`].
    pub fn drives(mut self, rank: u8) -> Self {
        self.index.drives = Some(rank);
        self
    }

    /// The link is ordered, too; see [`Index::ranked`].
    pub fn ranks(mut self, ranked: &'static Ranked) -> Self {
        self.index.ranked = Some(ranked);
        self
    }

    /// Equality is part of an index for each order; see [`Index::leads`].
    pub fn leads(mut self) -> Self {
        self.index.leads = true;
        self
    }
}

/// A column has one of these values.
pub fn one_of(column: impl Into<Column>, values: Values) -> Test {
    Test::OneOf(column.into(), values)
}

/// A column lies in a range.
pub fn range(column: impl Into<Column>, scale: Scale) -> Test {
    Test::Range(column.into(), scale)
}

/// A row that points here with this column passes a test.
pub fn some(parent: impl Into<Column>, test: Test) -> Test {
    Test::Some(parent.into(), Box::new(test))
}

/// The row that a column points at, by its key, passes a test.
pub fn to(pointer: impl Into<Column>, key: impl Into<Column>, test: Test) -> Test {
    Test::To(pointer.into(), key.into(), Box::new(test))
}

/// The same, where few rows pass the test.
pub fn to_few(pointer: impl Into<Column>, key: impl Into<Column>, test: Test) -> Test {
    Test::ToFew(pointer.into(), key.into(), Box::new(test))
}
