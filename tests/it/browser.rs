//! The playground in a browser without a network.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use shotlist::catalog::Backend;

use crate::support::{self, App, Database};

#[test]
fn the_playground_works_without_a_network() {
    let app = App::on(Database::built_in(Backend::Sqlite));
    let picture = std::env::var_os("SHOTLIST_PICTURE").map_or_else(
        || PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("playground.png"),
        PathBuf::from,
    );
    let output = Command::new("node")
        .arg(support::scripts().join("playground.mjs"))
        .arg(format!("{}/", app.url))
        .arg(&picture)
        .output()
        .expect("node is missing: install Node.js 20 or newer");
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    let report: Value = serde_json::from_str(printed.trim()).expect("one line of JSON");
    println!("{report}");
    assert_eq!(report["ok"], true);
    let size = std::fs::metadata(&picture).expect("a picture").len();
    assert!(size > 20_000, "the picture is empty: {size} bytes");
}
