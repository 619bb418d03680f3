//! The playground in a browser without a network.

use std::path::{Path, PathBuf};
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

#[test]
fn the_cdn_page_loads_the_versions_that_are_bundled() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/playground");
    let read = |name| std::fs::read_to_string(folder.join(name)).expect(name);
    let package: Value = serde_json::from_str(&read("package.json")).expect("JSON");
    let page = read("cdn.html");
    for (name, version) in package["dependencies"].as_object().expect("dependencies") {
        let pinned = format!("{name}@{}", version.as_str().expect("a version"));
        assert!(page.contains(&pinned), "{pinned} is not on the page");
    }
    // What is loaded from elsewhere is named with its version, whatever the page.
    for part in page.split("https://esm.sh/").skip(1) {
        let name = part.split(['"', '?', '\'']).next().unwrap_or_default();
        assert!(name.trim_start_matches('@').contains('@'), "{name} has no version");
    }
}
