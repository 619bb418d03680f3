//! Documents that stay compiled.
//!
//! A document is parsed and validated once. Those that differ in their literals only, such as the
//! id of a film that a client writes into the text, have one compiled form in common from the third
//! one on: its literals are variables, and a request brings its own as their values. Only what every
//! value of its kind may take the place of is such a variable (see [`Slot`]). Where literals are equal
//! in one document, they are so in all that have a form in common with it, and are one variable where
//! they have one type: equal selections stay equal.
//!
//! The form is validated like any document, so that it holds whatever the values are. Whatever is
//! wrong with a request is told of the document that was sent.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use apollo_compiler::ast::{DirectiveList, Type, Value};
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::executable::{
    ExecutableDocument, Selection, SelectionSet, VariableDefinition,
};
use apollo_compiler::response::{JsonMap, JsonValue};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{Name, Node};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::error::{GraphQLError, Lines, Location, code};
use super::guard::{self, Limits};
use super::schema::Schema;
use super::unique;

/// Errors that a refused document is answered with.
const DIAGNOSTICS_MAX: usize = 10;
/// Bytes of documents that stay compiled, about; as many again of forms that some have in common.
const KEPT_BYTES: u64 = 8 << 20;
/// Bytes that a document takes, about: for itself, and for each byte of its text.
const DOCUMENT_BYTES: u64 = 2_048;
const DOCUMENT_BYTES_PER_BYTE: u64 = 32;
/// A document with more literals has its form for itself.
const LITERALS_MAX: usize = 128;

/// What stands in place of a string and of an integer in what documents have in common, before
/// [`which`] literal it is. No document with either of them is valid.
const STRING: char = '\u{1}';
const INT: char = '\u{2}';
/// What stands for the first literal; the others follow.
const EQUAL: u32 = 0xe000;

/// A parsed and validated document.
pub struct Document {
    /// Stands for its text in the keys of plans.
    pub id: u64,
    /// The document.
    pub valid: Valid<ExecutableDocument>,
}

/// The documents that stay compiled.
pub struct Compiled {
    /// By their text.
    own: Cache<String, Arc<Document>, ByBytes>,
    /// By what is left of their texts without literals.
    common: Cache<String, Arc<Common>, ByBytes>,
    ids: AtomicU64,
}

/// A document that is compiled already.
pub enum Found {
    /// This very one.
    Own(Arc<Document>),
    /// The form that it has in common with others.
    Common(Arc<Document>, Literals),
}

/// The literals of a document, as values of the variables that stand for them.
pub struct Literals {
    values: Vec<(Name, JsonValue)>,
    /// Places of the common form, and how much further to the right they are in the document.
    moved: Vec<(Location, isize)>,
}

/// What documents have in common.
struct Common {
    /// Of the first of them.
    bytes: usize,
    /// Their form; none until there are two of them, and none where it would not be valid.
    form: OnceLock<Option<Form>>,
}

struct Form {
    document: Arc<Document>,
    /// For each literal.
    slots: Vec<Slot>,
}

/// What becomes of a literal.
enum Slot {
    /// It stays, so that a document with another one has a form of its own: the value of a
    /// directive or of a variable.
    Fixed(Box<str>),
    /// It is a variable.
    Variable {
        name: Name,
        takes: Takes,
        /// Where it ends in the first document, and how many characters it has there.
        end: Location,
        width: usize,
    },
}

/// Which literals have the type of a variable, and how they become its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// Strings, as they are.
    Strings,
    /// Integers, as text where they are too large: they are ids.
    Ids,
    /// Integers.
    Ints,
}

#[derive(Clone)]
struct ByBytes;

fn weight(bytes: usize) -> u64 {
    DOCUMENT_BYTES + DOCUMENT_BYTES_PER_BYTE * bytes as u64
}

impl Weighter<String, Arc<Document>> for ByBytes {
    fn weight(&self, text: &String, _: &Arc<Document>) -> u64 {
        weight(text.len())
    }
}

impl Weighter<String, Arc<Common>> for ByBytes {
    fn weight(&self, _: &String, common: &Arc<Common>) -> u64 {
        weight(common.bytes)
    }
}

impl Default for Compiled {
    fn default() -> Self {
        Self {
            own: Cache::with_weighter(1_000, KEPT_BYTES, ByBytes),
            common: Cache::with_weighter(1_000, KEPT_BYTES, ByBytes),
            ids: AtomicU64::new(0),
        }
    }
}

impl Compiled {
    /// How many documents are kept, and how many bytes they have, about.
    pub fn documents(&self) -> (usize, u64) {
        (self.own.len(), self.own.weight())
    }

    /// How many forms are kept that documents have in common or may come to have, and how many bytes
    /// they have, about.
    pub fn forms(&self) -> (usize, u64) {
        (self.common.len(), self.common.weight())
    }

    /// A document, if it is compiled already or others that differ in literals only have been.
    pub fn find(&self, text: &str, limits: &Limits) -> Option<Found> {
        if let Some(document) = self.own.get(text) {
            return Some(Found::Own(document));
        }
        // The guard refuses what is longer.
        let masked = (text.len() as u64 <= limits.document_bytes).then(|| Masked::of(text))??;
        let common = self.common.get(&masked.text)?;
        let form = common.form.get()?.as_ref()?;
        let literals = form.literals(text, &masked.literals)?;
        Some(Found::Common(Arc::clone(&form.document), literals))
    }

    /// A document in the form that is its own, parsed and validated once.
    ///
    /// # Errors
    /// The limit that it exceeds, or what is wrong with it.
    pub fn own(
        &self,
        text: &str,
        limits: &Limits,
        schema: &Schema,
    ) -> Result<Arc<Document>, Vec<GraphQLError>> {
        // Whoever else wants it meanwhile waits for it.
        self.own.get_or_insert_with(text, || {
            let valid = validated(text, limits, schema)?;
            self.learn(text, &valid, schema);
            Ok(self.numbered(valid))
        })
    }

    /// Remember what a document has in common with others, and make their form of the second one.
    fn learn(&self, text: &str, valid: &Valid<ExecutableDocument>, schema: &Schema) {
        let Some(masked) = Masked::of(text) else { return };
        // A form has the text that it was made of, whose weight has to be told before.
        let fits = |common: &Arc<Common>| text.len() <= 2 * common.bytes;
        let Some(common) = self.common.get(&masked.text).filter(fits) else {
            let common = Common { bytes: text.len(), form: OnceLock::new() };
            return self.common.insert(masked.text.into_boxed_str().into(), Arc::new(common));
        };
        common.form.get_or_init(|| {
            let valid = valid.clone().into_inner();
            let (valid, slots) = with_variables(valid, text, &masked.literals, schema)?;
            Some(Form { document: self.numbered(valid), slots })
        });
    }

    fn numbered(&self, valid: Valid<ExecutableDocument>) -> Arc<Document> {
        Arc::new(Document { id: self.ids.fetch_add(1, Ordering::Relaxed), valid })
    }
}

/// Parse and validate the text of a document, as far as the limits let it come.
///
/// # Errors
/// The limit that it exceeds, or what is wrong with it.
pub fn validated(
    text: &str,
    limits: &Limits,
    schema: &Schema,
) -> Result<Valid<ExecutableDocument>, Vec<GraphQLError>> {
    limits.check_text(text).map_err(|exceeded| vec![exceeded.into()])?;
    let ast = guard::scan::fences(limits)
        .parse_ast(text, "document")
        .map_err(|error| diagnostics(code::PARSE_FAILED, &error.errors))?;
    limits.check_document(&ast).map_err(|error| vec![error])?;
    unique::check(&ast).map_err(|error| vec![error])?;
    ast.to_executable_validate(&schema.compiled)
        .map_err(|error| diagnostics(code::VALIDATION_FAILED, &error.errors))
}

fn diagnostics(code: &'static str, list: &DiagnosticList) -> Vec<GraphQLError> {
    let errors = list.iter().take(DIAGNOSTICS_MAX).map(|diagnostic| {
        let span = diagnostic.error.location();
        GraphQLError::new(code, diagnostic.error.to_string())
            .at(span.and_then(|span| Location::of(span, diagnostic.sources)))
    });
    errors.collect()
}

/// A text without its literals.
struct Masked {
    text: String,
    /// Where they stand in the text as it was sent.
    literals: Vec<Range<usize>>,
}

impl Masked {
    /// None for a text without literals, with too many, or with a string that could be written
    /// otherwise: it may be equal to one that is taken out.
    fn of(text: &str) -> Option<Self> {
        if text.contains([STRING, INT]) {
            return None;
        }
        let mut masked = Self { text: String::with_capacity(text.len()), literals: Vec::new() };
        let mut at = 0;
        for token in guard::scan::tokens(text) {
            let mask = match text.get(token.clone())? {
                token if is_plain_string(token) => STRING,
                token if token.starts_with('"') => return None,
                number if is_plain_int(number, text.as_bytes().get(token.end)) => INT,
                _ => continue,
            };
            masked.text.push_str(text.get(at..token.start)?);
            masked.text.push(mask);
            at = token.end;
            let which = which(text, &masked.literals, &token);
            masked
                .text
                .extend(u32::try_from(which).ok().and_then(|which| char::from_u32(EQUAL + which)));
            masked.literals.push(token);
            if masked.literals.len() > LITERALS_MAX {
                return None;
            }
        }
        masked.text.push_str(text.get(at..)?);
        (!masked.literals.is_empty()).then_some(masked)
    }
}

/// The first literal that is equal to another one, or else its own number.
fn which(text: &str, literals: &[Range<usize>], other: &Range<usize>) -> usize {
    let is_equal = |literal: &Range<usize>| text.get(literal.clone()) == text.get(other.clone());
    literals.iter().position(is_equal).unwrap_or(literals.len())
}

/// Whether a token is a string that stands for the characters between its quotes.
fn is_plain_string(token: &str) -> bool {
    let inside = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.is_some_and(|inside| !inside.bytes().any(|byte| byte < b' ' || b"\"\\".contains(&byte)))
}

/// Whether a token is an integer that could be written in one way only.
fn is_plain_int(token: &str, next: Option<&u8>) -> bool {
    let digits = token.strip_prefix('-').unwrap_or(token);
    let is_written_so = match digits.as_bytes() {
        [b'0'] => token == digits,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let goes_on = |next: &u8| next.is_ascii_alphanumeric() || b"_.".contains(next);
    is_written_so && !next.is_some_and(goes_on)
}

impl Form {
    /// The literals of a document that has this form; none where one of them does not fit.
    fn literals(&self, text: &str, literals: &[Range<usize>]) -> Option<Literals> {
        if literals.len() != self.slots.len() {
            return None;
        }
        let mut found = Literals { values: Vec::with_capacity(literals.len()), moved: Vec::new() };
        for (slot, literal) in self.slots.iter().zip(literals) {
            let token = text.get(literal.clone())?;
            match slot {
                Slot::Fixed(fixed) if **fixed == *token => {}
                Slot::Fixed(_) => return None,
                Slot::Variable { name, takes, end, width } => {
                    found.values.push((name.clone(), takes.value(token)?));
                    let moved = token.chars().count().checked_signed_diff(*width)?;
                    if moved != 0 {
                        found.moved.push((*end, moved));
                    }
                }
            }
        }
        Some(found)
    }
}

impl Literals {
    /// Add them to the values of a request's variables.
    pub fn add_to(&self, variables: &mut JsonMap) {
        for (name, value) in &self.values {
            variables.insert(name.as_str(), value.clone());
        }
    }

    /// Errors with their places in the document, for those of the common form.
    pub fn placed(&self, mut errors: Vec<GraphQLError>) -> Vec<GraphQLError> {
        for place in errors.iter_mut().flat_map(|error| &mut error.locations) {
            *place = self.place(*place);
        }
        errors
    }

    fn place(&self, of_form: Location) -> Location {
        // No literal has a line's end in it.
        let before = self
            .moved
            .iter()
            .filter(|(end, _)| end.line == of_form.line && end.column <= of_form.column);
        let moved: isize = before.map(|(_, moved)| moved).sum();
        Location { column: of_form.column.saturating_add_signed(moved), ..of_form }
    }
}

impl Takes {
    /// What a variable of a type takes that has a literal as its value now.
    fn of(value: &Value, ty: &Type, schema: &Schema) -> Option<Self> {
        let name = ty.inner_named_type();
        match (value, name.as_str(), schema.compiled.types.get(name)?) {
            (Value::String(_), _, ExtendedType::Scalar(_)) => Some(Self::Strings),
            (Value::Int(_), "ID", _) => Some(Self::Ids),
            (Value::Int(_), "Int" | "Float", _) => Some(Self::Ints),
            _ => None,
        }
    }

    fn value(self, token: &str) -> Option<JsonValue> {
        match self {
            Self::Strings => token.get(1..token.len() - 1).map(JsonValue::from),
            Self::Ids => Some(Self::Ints.value(token).unwrap_or_else(|| token.into())),
            Self::Ints => token.parse::<i64>().ok().map(JsonValue::from),
        }
    }
}

/// Put variables in place of literals. None where the document would not be valid then, has several
/// operations, no literal that a variable may stand for, or a question about the schema: such answers
/// are kept, and cost what they cost, for the literals of the question.
fn with_variables(
    mut document: ExecutableDocument,
    text: &str,
    literals: &[Range<usize>],
    schema: &Schema,
) -> Option<(Valid<ExecutableDocument>, Vec<Slot>)> {
    let fixed = literals.iter().map(|literal| Some(Slot::Fixed(text.get(literal.clone())?.into())));
    let mut replacing = Replacing {
        schema,
        text,
        lines: Lines::of(text),
        literals,
        slots: fixed.collect::<Option<_>>()?,
        variables: Vec::new(),
        asks_schema: false,
    };
    for fragment in document.fragments.values_mut() {
        replacing.selections(&mut fragment.make_mut().selection_set);
    }
    let operations = &mut document.operations;
    let mut operations = operations.anonymous.iter_mut().chain(operations.named.values_mut());
    let operation = operations.next()?.make_mut();
    if operations.next().is_some() {
        return None;
    }
    replacing.selections(&mut operation.selection_set);
    let Replacing { slots, variables, asks_schema, .. } = replacing;
    if variables.is_empty() || asks_schema {
        return None;
    }
    operation.variables.extend(variables.into_iter().map(|(_, variable)| variable));
    Some((document.validate(&schema.compiled).ok()?, slots))
}

/// On the way through a document, whose nesting is bounded by the guard.
struct Replacing<'a> {
    schema: &'a Schema,
    text: &'a str,
    lines: Lines<'a>,
    literals: &'a [Range<usize>],
    slots: Vec<Slot>,
    /// Each with the first of the literals that it stands for.
    variables: Vec<(usize, Node<VariableDefinition>)>,
    asks_schema: bool,
}

impl Replacing<'_> {
    fn selections(&mut self, set: &mut SelectionSet) {
        for selection in &mut set.selections {
            match selection {
                Selection::Field(field) => {
                    let field = field.make_mut();
                    self.asks_schema |= ["__schema", "__type"].contains(&field.name.as_str());
                    for argument in &mut field.arguments {
                        let definition = field.definition.argument_by_name(&argument.name);
                        if let Some(definition) = definition {
                            self.value(&mut argument.make_mut().value, &definition.ty);
                        }
                    }
                    field.selection_set.iter_mut().for_each(|set| self.selections(set));
                }
                Selection::InlineFragment(fragment) => {
                    self.selections(&mut fragment.make_mut().selection_set);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn value(&mut self, value: &mut Node<Value>, ty: &Type) {
        let place = value.location();
        match value.make_mut() {
            Value::List(items) => {
                items.iter_mut().for_each(|item| self.value(item, ty.item_type()));
            }
            Value::Object(members) => {
                let input = self.schema.compiled.get_input_object(ty.inner_named_type());
                for (name, member) in members {
                    if let Some(field) = input.and_then(|input| input.fields.get(name)) {
                        self.value(member, &field.ty);
                    }
                }
            }
            literal => {
                let takes = Takes::of(literal, ty, self.schema);
                let index = place.and_then(|place| {
                    self.literals.binary_search_by_key(&place.offset(), |range| range.start).ok()
                });
                if let (Some(takes), Some(index)) = (takes, index)
                    && let Some(variable) = self.variable(index, takes, ty)
                {
                    *literal = Value::Variable(variable);
                }
            }
        }
    }

    fn variable(&mut self, index: usize, takes: Takes, ty: &Type) -> Option<Name> {
        let literal = self.literals.get(index)?;
        let [start, end] = [literal.start, literal.end].map(|at| self.lines.location(at));
        let (start, end) = (start?, end?);
        let (ty, width) = (ty.clone().non_null(), end.column - start.column);
        let which = which(self.text, &self.literals[..index], literal);
        let known =
            self.variables.iter().find(|(first, variable)| *first == which && *variable.ty == ty);
        let name = match known {
            Some((_, variable)) => variable.name.clone(),
            None => {
                // No client can call a variable so.
                let name = Name::new_unchecked(&index.to_string());
                let variable = VariableDefinition {
                    description: None,
                    name: name.clone(),
                    ty: Node::new(ty),
                    default_value: None,
                    directives: DirectiveList::default(),
                };
                self.variables.push((which, Node::new(variable)));
                name
            }
        };
        *self.slots.get_mut(index)? = Slot::Variable { name: name.clone(), takes, end, width };
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> Option<(String, Vec<&str>)> {
        let masked = Masked::of(text)?;
        let text = |range: &Range<usize>| &text[range.clone()];
        let literals = masked.literals.iter().map(text).collect();
        let shown = masked.text.chars().map(|shown| match shown {
            STRING => "S".to_owned(),
            INT => "I".to_owned(),
            which if u32::from(which) >= EQUAL => (u32::from(which) - EQUAL).to_string(),
            other => other.to_string(),
        });
        Some((shown.collect(), literals))
    }

    #[test]
    fn strings_and_integers_are_taken_out() {
        let text = "{ a(id: \"x é\", n: [-1, 0,-1]) # 7 \"b\"\n b(t: \"\") }";
        let (rest, literals) = masked(text).expect("it has literals");
        assert_eq!(rest, "{ a(id: S0, n: [I1, I2,I1]) # 7 \"b\"\n b(t: S4) }");
        assert_eq!(literals, ["\"x é\"", "-1", "0", "-1", "\"\""]);
    }

    #[test]
    fn what_can_be_written_in_several_ways_stays() {
        for text in [
            r#"{ a(t: "\u0041") }"#,
            "{ a(t: \"\"\"block\"\"\") }",
            "{ a(t: \"\"\"\"\"\") }",
            "{ a(t: \"without an end) }",
            "{ a(t: \"line\n\") }",
            "{ a(n: 007) }",
            "{ a(n: -0) }",
            "{ a(n: 1.5, m: 1e3, o: 1., p: 1a, q: 1_) }",
            "{ a(n: -) b1 }",
            "{ a(n: \u{1}) b(n: 2) }",
        ] {
            assert_eq!(masked(text), None, "{text}");
        }
    }

    #[test]
    fn places_move_with_the_literals_before_them() {
        let end = |line, column| Location { line, column };
        let moved = vec![(end(1, 10), 5), (end(1, 20), -2), (end(2, 4), 1)];
        let literals = Literals { values: Vec::new(), moved };
        for (line, column, becomes) in [(1, 9, 9), (1, 10, 15), (1, 25, 28), (2, 1, 1), (2, 9, 10)]
        {
            let place = literals.place(Location { line, column });
            assert_eq!(place, Location { line, column: becomes }, "{line}:{column}");
        }
    }
}
