//! From the filter that a request gives to a condition, and what is bound to it.

use super::Binding;
use super::argument::Arg;
use super::bind::Convert;
use super::condition::{Condition, How, ListOf};
use crate::graphql::declare::{Column, Enum, ValueKind};
use crate::graphql::filter::{
    FILTER_STEPS_MAX, FILTER_TESTS_MAX, FilterInput, Index, OTHER, Scale, Test, Values, Vocabulary,
};
use crate::graphql::guard::{Exceeded, Limit};

/// A condition being made.
pub struct Compiling<'b> {
    /// What the conditions compare with, in order.
    pub bindings: &'b mut Vec<Binding>,
    /// Tests so far.
    tests: usize,
    /// Steps from the row that is filtered to the row that is tested.
    steps: usize,
}

/// What a filter has too much of, in a sentence without a subject.
pub struct TooMany(pub Exceeded, pub String);

impl TooMany {
    fn of(limit: Limit, max: usize, sentence: String) -> Self {
        let max = max as u64;
        Self(Exceeded { limit, max, found: max + 1 }, sentence)
    }
}

impl<'b> Compiling<'b> {
    /// Bind to these.
    pub fn new(bindings: &'b mut Vec<Binding>) -> Self {
        Self { bindings, tests: 0, steps: 0 }
    }

    /// How many tests there are.
    pub fn tests(&self) -> usize {
        self.tests
    }

    /// The condition of a filter.
    ///
    /// # Errors
    /// When it has too many tests.
    pub fn filter(&mut self, arg: &Arg, input: &'static FilterInput) -> Result<Condition, TooMany> {
        let Arg::Object(given) = arg else { return Ok(Condition::All(Vec::new())) };
        let mut all = Condition::All(Vec::new());
        let fields = (input.fields)();
        for (name, value) in given {
            if *value == Arg::Null {
                continue;
            }
            self.count()?;
            let condition = match name.as_str() {
                "and" | "or" => {
                    let items = match value {
                        Arg::List(items) => items.as_slice(),
                        one => std::slice::from_ref(one),
                    };
                    let parts = items.iter().map(|item| {
                        self.count()?;
                        self.filter(item, input)
                    });
                    let parts = parts.collect::<Result<_, _>>()?;
                    if name == "and" { Condition::All(parts) } else { Condition::Any(parts) }
                }
                "not" => Condition::Not(Box::new(self.filter(value, input)?)),
                name => match fields.iter().find(|field| field.name == name) {
                    Some(field) => self.test(value, &field.test, field.index)?,
                    None => continue,
                },
            };
            all = all.and(condition);
        }
        Ok(all)
    }

    fn count(&mut self) -> Result<(), TooMany> {
        self.tests += 1;
        if self.tests > FILTER_TESTS_MAX {
            let sentence = format!("has more than {FILTER_TESTS_MAX} tests");
            return Err(TooMany::of(Limit::FilterTests, FILTER_TESTS_MAX, sentence));
        }
        Ok(())
    }

    /// The condition of a test on rows one step away. Each step multiplies the rows that are looked
    /// at, so that there may be few.
    fn beyond(&mut self, arg: &Arg, test: &Test, index: Index) -> Result<Box<Condition>, TooMany> {
        self.steps += 1;
        if self.steps > FILTER_STEPS_MAX {
            let sentence = format!(
                "goes from row to row more than {FILTER_STEPS_MAX} times, as from a production to its credits to their productions"
            );
            return Err(TooMany::of(Limit::FilterSteps, FILTER_STEPS_MAX, sentence));
        }
        let condition = self.test(arg, test, index)?;
        self.steps -= 1;
        Ok(Box::new(condition))
    }

    fn test(&mut self, arg: &Arg, test: &Test, index: Index) -> Result<Condition, TooMany> {
        Ok(match test {
            Test::OneOf(column, values) => self.one_of(arg, *column, *values, index),
            Test::Range(column, scale) => self.range(arg, *column, *scale, index),
            Test::Prefix(column) => Condition::All(vec![
                self.compare(*column, How::AtLeast, arg, Convert::PrefixStart, index),
                self.compare(*column, How::Below, arg, Convert::PrefixEnd, index),
            ]),
            // Truth values are known when a plan is made.
            Test::Is(column) => Condition::Compare(*column, How::True(arg.is_true()), index),
            Test::Exists(column) => {
                let some = Condition::Some(*column, Box::new(Condition::All(Vec::new())), index);
                if arg.is_true() { some } else { Condition::Not(Box::new(some)) }
            }
            Test::Some(column, test) => {
                let its = Index { ranked: index.ranked, ..Index::default() };
                Condition::Some(*column, self.beyond(arg, test, index)?, its)
            }
            Test::None(column, test) => {
                let test = self.beyond(arg, test, index)?;
                Condition::Not(Box::new(Condition::Some(*column, test, Index::default())))
            }
            Test::Every(parent, pointer, key) => {
                let mut words =
                    || Box::new(self.one_of(arg, *key, Values::Texts, Index::default()));
                let (some, all) = (words(), words());
                let count = self.bind(arg, Convert::CountTexts);
                let all = Condition::Count(*parent, *pointer, *key, all, count);
                if matches!(arg, Arg::List(items) if items.is_empty()) {
                    return Ok(all);
                }
                // What has every word has one of them, by which it is found.
                let entry = Column { name: key.key, kind: ValueKind::Int, nullable: false, ..*key };
                let some = Box::new(Condition::ToFew(*pointer, entry, some, index));
                Condition::Some(*parent, some, Index::default()).and(all)
            }
            Test::To(pointer, key, test) => {
                Condition::To(*pointer, *key, self.beyond(arg, test, index)?)
            }
            Test::ToFew(pointer, key, test) => {
                let inner = self.test(arg, test, Index::default())?;
                Condition::ToFew(*pointer, *key, Box::new(inner), index)
            }
            Test::Filter(filter) => self.filter(arg, filter)?,
        })
    }

    fn bind(&mut self, value: &Arg, convert: Convert) -> usize {
        self.bindings.push(Binding { value: value.clone(), convert });
        self.bindings.len() - 1
    }

    fn compare(
        &mut self,
        column: Column,
        how: fn(usize) -> How,
        value: &Arg,
        convert: Convert,
        index: Index,
    ) -> Condition {
        let param = self.bind(value, convert);
        Condition::Compare(column, how(param), index)
    }

    fn one_of(&mut self, arg: &Arg, column: Column, values: Values, index: Index) -> Condition {
        let items = match arg {
            Arg::List(items) => items.clone(),
            Arg::Variable(_) => return self.any_of(arg, column, values, index),
            one => vec![one.clone()],
        };
        let Values::Words(declared, Vocabulary::Open) = values else {
            return self.any_of(&Arg::List(items), column, values, index);
        };
        let other = Arg::Literal(OTHER.into());
        let (others, named): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| *item == other);
        if others.is_empty() {
            return self.any_of(&Arg::List(named), column, values, index);
        }
        let rest = Condition::Compare(column, How::NoneOf(words(declared)), Index::default());
        if named.is_empty() {
            return rest;
        }
        Condition::Any(vec![self.any_of(&Arg::List(named), column, values, index), rest])
    }

    fn any_of(&mut self, arg: &Arg, column: Column, values: Values, index: Index) -> Condition {
        let (one, list, of) = match values {
            Values::Texts => (Convert::Text, Convert::Texts, ListOf::Texts),
            Values::Ints => (Convert::Int, Convert::Ints, ListOf::Ints),
            Values::Words(..) => (Convert::Word, Convert::Words, ListOf::Texts),
            Values::Codes(declared, codes) => {
                (Convert::Code(declared, codes), Convert::Codes(declared, codes), ListOf::Ints)
            }
            Values::Ids(tag) => (Convert::Id(tag), Convert::Ids(tag), ListOf::Ints),
            // A value stands for several words.
            Values::Groups(groups) => {
                let param = self.bind(arg, Convert::Groups(groups));
                return Condition::Compare(column, How::OneOf(param, ListOf::Texts), index);
            }
        };
        match arg {
            Arg::List(items) if items.len() == 1 => {
                self.compare(column, How::Equal, &items[0], one, index)
            }
            _ => {
                let param = self.bind(arg, list);
                Condition::Compare(column, How::OneOf(param, of), index)
            }
        }
    }

    fn range(&mut self, arg: &Arg, column: Column, scale: Scale, index: Index) -> Condition {
        let Arg::Object(ends) = arg else { return Condition::All(Vec::new()) };
        let (_, min, max) = scale.input();
        let mut all = Condition::All(Vec::new());
        for (name, value) in ends {
            let how = match name.as_str() {
                _ if *value == Arg::Null => continue,
                name if name == min => How::AtLeast,
                name if name == max => How::AtMost,
                _ => continue,
            };
            let convert = Convert::End(scale, name == max);
            all = all.and(self.compare(column, how, value, convert, index));
        }
        all
    }
}

/// The words of an enum, without the one that stands for those that it lacks.
fn words(declared: &Enum) -> Vec<String> {
    let names = declared.values.iter().map(|(name, _)| *name);
    names.filter(|name| *name != OTHER).map(str::to_lowercase).collect()
}
