//! Builds the playground, the page that the server shows to a browser, and writes
//! `playground.rs`, the list of its files, for the server to include.
//!
//! With npm at hand the page and all that it loads go into the binary. Without, or
//! when `SHOTLIST_BUILD_PLAYGROUND=cdn` asks for it, the binary carries one page that
//! loads the same versions of the same packages from a public CDN.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

const HERE: &str = "src/http/playground";

/// What the page is made of. The folder as a whole is not watched: it also holds
/// the server's code, and a change to that must not run npm.
const SOURCES: [&str; 9] = [
    "package.json",
    "package-lock.json",
    "vite.config.js",
    "compress.mjs",
    "index.html",
    "main.js",
    "app.js",
    "style.css",
    "examples",
];

fn main() {
    println!("cargo:rerun-if-env-changed=SHOTLIST_BUILD_PLAYGROUND");
    for name in SOURCES.iter().chain(&["build.rs", "cdn.html"]) {
        println!("cargo:rerun-if-changed={HERE}/{name}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR."));
    let project = out.join("playground");
    let dist = project.join("dist");

    let bundled = bundle(&project);
    if let Err(reason) = &bundled {
        println!("cargo:warning=The playground will load GraphiQL from a public CDN: {reason}");
        // Of a build that broke off, nothing may be left to be listed.
        start_afresh(&project)
            .and_then(|()| fs::create_dir(&dist))
            .and_then(|()| fs::write(dist.join("index.html"), cdn_page()?))
            .expect("The page that loads GraphiQL from a CDN could not be written.");
    }
    list(&dist, bundled.is_ok())
        .and_then(|list| fs::write(out.join("playground.rs"), list))
        .expect("The list of the playground's files could not be written.");
}

/// Bundles the page with npm, in a copy of its sources so that nothing is written
/// beside them. An error says in a sentence why it could not.
fn bundle(project: &Path) -> Result<(), String> {
    if env::var("SHOTLIST_BUILD_PLAYGROUND").is_ok_and(|choice| choice == "cdn") {
        return Err("SHOTLIST_BUILD_PLAYGROUND=cdn asks for it.".into());
    }
    start_afresh(project)
        .and_then(|()| {
            let copied = |name| copy(&Path::new(HERE).join(name), &project.join(name));
            SOURCES.into_iter().try_for_each(copied)
        })
        .map_err(|error| format!("the sources could not be copied ({error})."))?;
    npm(project, "ci --ignore-scripts --include=dev --prefer-offline --no-audit --no-fund")?;
    npm(project, "run build")?;
    // These are hundreds of megabytes; if they stay, they do no other harm.
    let _ = fs::remove_dir_all(project.join("node_modules"));
    Ok(())
}

/// Runs npm and, if it fails, keeps what it said in a log beside the project.
fn npm(project: &Path, arguments: &str) -> Result<(), String> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = Command::new(program)
        .args(arguments.split(' '))
        .current_dir(project)
        .env("NO_COLOR", "1")
        // Vite makes a development build of React when this is set so.
        .env_remove("NODE_ENV")
        .output()
        .map_err(|error| format!("npm could not be started ({error})."))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let log = project.with_extension("log");
    // The log only helps a reader; the warning is printed without it too.
    let _ = fs::write(&log, said.as_bytes());
    let mut lines = said.lines().map(str::trim);
    let reason = lines.find(|line| line.to_lowercase().contains("error"));
    Err(format!(
        "`npm {arguments}` failed ({}; more in {}).",
        reason.unwrap_or("without naming an error"),
        log.display(),
    ))
}

/// The page for a CDN: its template with the code, the style and the examples put in.
fn cdn_page() -> io::Result<String> {
    let read = |name: &str| fs::read_to_string(Path::new(HERE).join(name));
    Ok(read("cdn.html")?
        .replace("{{style.css}}", &read("style.css")?)
        .replace("{{app.js}}", &read("app.js")?)
        .replace("{{examples}}", &examples()?))
}

/// The example queries, each with its variables if it has any, as a JSON array.
fn examples() -> io::Result<String> {
    let mut examples = Vec::new();
    for file in files(&Path::new(HERE).join("examples"))? {
        if file.extension().is_some_and(|extension| extension == "graphql") {
            let mut example = format!("\"query\":{}", json(&fs::read_to_string(&file)?));
            if let Ok(variables) = fs::read_to_string(file.with_extension("json")) {
                example += &format!(",\"variables\":{}", json(&variables));
            }
            examples.push(format!("{{{example}}}"));
        }
    }
    Ok(format!("[{}]", examples.join(",")))
}

/// Text as a JSON string that is also safe inside a `<script>`.
fn json(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' | '<' | '\0'..='\x1f' => json += &format!("\\u{:04x}", character as u32),
            _ => json.push(character),
        }
    }
    json + "\""
}

/// The Rust source that declares every file of the page as an asset.
fn list(dist: &Path, bundled: bool) -> io::Result<String> {
    let mut list = format!(
        "/// Whether the page and all that it loads are in the binary.\n\
         pub const BUNDLED: bool = {bundled};\n\n\
         /// The files of the page, sorted by path.\n\
         pub static ASSETS: &[Asset] = &[\n"
    );
    for file in files(dist)? {
        let name = file
            .strip_prefix(dist)
            .expect("A listed file is below the listed folder.")
            .to_string_lossy()
            .replace('\\', "/");
        let path = name.strip_suffix(".gz").unwrap_or(&name);
        list += &format!(
            "    Asset {{ path: {path:?}, content_type: {:?}, immutable: {}, gzipped: {}, \
             body: include_bytes!({file:?}), etag: {:?} }},\n",
            content_type(path),
            // Vite puts here all that has a hash of its content in its name.
            path.starts_with("assets/"),
            path != name,
            format!("\"{:032x}\"", hash(&fs::read(&file)?)),
        );
    }
    Ok(list + "];\n")
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("md") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("ttf") => "font/ttf",
        _ => "application/octet-stream",
    }
}

/// FNV-1a with 128 bits: enough to tell the versions of a file apart.
fn hash(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0x6c62272e07bb014262b821756295c58d, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000000001000000000000000000013b)
    })
}

/// Every file below a folder, sorted by path.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Copies a file, or a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    fs::read_dir(from)?.try_for_each(|entry| {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))
    })
}

/// Makes a folder that is empty, whatever an earlier build left there.
fn start_afresh(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(folder),
    }
}
