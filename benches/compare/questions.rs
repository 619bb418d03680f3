//! What is asked: queries with their variables, and the right answers.

use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::answers;
use crate::catalogue::Catalogue;
use crate::servers::Running;
use crate::support::Result;

/// What can be asked. The last one is about the schema, which is another one for each server.
pub const QUERIES: &[&str] = &["film", "walk", "show", "genre", "company", "page", INTROSPECTION];
pub const INTROSPECTION: &str = "introspection";
/// Of how many questions the answers are compared.
const COMPARED: usize = 100;

/// A query with all the variables that it is asked with.
pub struct Question {
    pub query: &'static str,
    /// In random order, but the same one each time.
    pub variables: Vec<Map<String, Value>>,
    /// The values of the right answers to the first of them.
    answers: Vec<Vec<String>>,
}

impl Question {
    pub fn read(catalogue: &Catalogue, query: &'static str) -> Result<Self> {
        Self::read_from(catalogue, query).map_err(|error| format!("{query}: {error}").into())
    }

    fn read_from(catalogue: &Catalogue, query: &'static str) -> Result<Self> {
        if query == INTROSPECTION {
            return Ok(Self { query, variables: vec![Map::new()], answers: Vec::new() });
        }
        let sql = |folder| fs::read_to_string(folder_of(folder).join(format!("{query}.sql")));
        let mut texts = catalogue.all_texts(&sql("variables")?)?;
        let variables: Vec<_> = texts
            .iter()
            .map(|text| serde_json::from_str(text))
            .collect::<std::result::Result<_, _>>()?;
        if variables.is_empty() {
            return Err("there is nothing to ask for in a catalogue that small".into());
        }
        texts.truncate(COMPARED);
        let answers = catalogue.texts(&sql("answers")?, &texts)?;
        let answers =
            answers.iter().map(|text| answers::expected(text)).collect::<Result<Vec<_>>>()?;
        if answers.len() != texts.len() {
            return Err("SQL has not one answer to each question".into());
        }
        Ok(Self { query, variables, answers })
    }

    /// Compare a server's answers with the right ones.
    pub fn compare(&self, server: &Running, bodies: &[String]) -> Result {
        if self.query == INTROSPECTION {
            for body in bodies {
                let (status, body) = server.post(body)?;
                let data = answers::data(status, &body)?;
                let types = data.pointer("/__schema/types").and_then(Value::as_array);
                if types.is_none_or(|types| types.len() < 10) {
                    return Err("the answer has hardly any types".into());
                }
            }
            return Ok(());
        }
        let mut wrong = 0;
        let mut first = String::new();
        for (number, (body, expected)) in bodies.iter().zip(&self.answers).enumerate() {
            let (status, body) = server.post(body)?;
            let difference = match answers::data(status, &body) {
                Ok(data) => answers::difference(&data, expected),
                Err(error) => Some(error.to_string()),
            };
            if let Some(difference) = difference {
                wrong += 1;
                if wrong == 1 {
                    let variables = Value::Object(self.variables[number].clone());
                    first = format!("with {variables}: {difference}");
                }
            }
        }
        match wrong {
            0 => Ok(()),
            _ => {
                Err(format!("{wrong} of {} answers are wrong: {first}", self.answers.len()).into())
            }
        }
    }
}

/// A folder of this bench.
pub fn folder_of(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "benches", "compare", name].iter().collect()
}
