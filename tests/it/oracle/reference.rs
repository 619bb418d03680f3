//! graphql-js in a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;
use tempfile::NamedTempFile;

use super::world::World;
use crate::support;

/// The reference implementation, over the rows of a world.
pub struct Reference {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    _dump: NamedTempFile,
}

impl Reference {
    pub fn start(world: &World) -> Self {
        let dump = NamedTempFile::new().expect("a temporary file");
        serde_json::to_writer(&dump, &world.tables).expect("the rows are written");
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
        let mut child = Command::new("node")
            .arg(support::scripts().join("oracle.mjs"))
            .arg(schema)
            .arg(dump.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is missing: install Node.js 20 or newer");
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let mut reference = Self { child, input, output, _dump: dump };
        assert_eq!(reference.read()["ready"], true);
        reference
    }

    pub fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.input, "{request}").expect("it reads");
        self.read()
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
