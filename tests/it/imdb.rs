//! The IMDb data set: everything in, everything kept, only what changed written, nothing of an
//! editor's lost.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use shotlist::catalog::{Backend, Options as DatabaseOptions, edit, export};
use shotlist::error::Error;
use shotlist::import::generate::imdb::{self as generator, Manifest};
use shotlist::import::imdb::{self, Options};
use shotlist::import::jsonl;
use shotlist::import::report::{Counts, Report};
use tempfile::TempDir;

use crate::support::{App, BACKENDS, Database, runtime};

const FILES: [&str; 7] = [
    "name.basics",
    "title.basics",
    "title.akas",
    "title.crew",
    "title.episode",
    "title.principals",
    "title.ratings",
];

/// Generated files, which are there once for all tests.
struct Files {
    folder: TempDir,
    manifest: Manifest,
}

impl Files {
    fn new(titles: u32, day: u32, churn_per_mille: u32) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = generator::Options { titles, seed: 7, day, churn_per_mille };
        let manifest = generator::generate(folder.path(), &options).expect("files");
        Self { folder, manifest }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A copy that can be spoiled.
    fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().expect("a temporary folder");
        for file in FILES {
            let name = format!("{file}.tsv.gz");
            fs::copy(self.path().join(&name), copy.path().join(&name)).expect("a copy");
        }
        copy
    }
}

/// Titles of the large set: 200,000 shows what the README says, and takes a while.
fn titles() -> u32 {
    let titles = std::env::var("SHOTLIST_IMDB_TITLES").ok();
    titles.map_or(4_000, |titles| titles.parse().expect("a number of titles"))
}

fn large(day: u32) -> &'static Files {
    static FILES: [OnceLock<Files>; 2] = [const { OnceLock::new() }; 2];
    FILES[day as usize - 1].get_or_init(|| Files::new(titles(), day, 4))
}

fn small(day: u32) -> &'static Files {
    static FILES: [OnceLock<Files>; 2] = [const { OnceLock::new() }; 2];
    FILES[day as usize - 1].get_or_init(|| Files::new(1_000, day, 50))
}

fn options(path: &Path) -> Options {
    Options {
        paths: vec![path.to_owned()],
        any_day: false,
        force: false,
        dry_run: false,
        progress: false,
    }
}

fn try_import(database: &Database, options: &Options) -> Result<Report, Error> {
    runtime().block_on(imdb::import(&database.url, &DatabaseOptions::default(), options))
}

fn import(database: &Database, path: &Path) -> HashMap<String, Counts> {
    let report = try_import(database, &options(path)).expect("it is imported");
    assert_eq!(report.attribution.as_deref(), Some(imdb::ATTRIBUTION));
    report.tables.into_iter().collect()
}

/// Import records of the catalogue's own format.
fn import_records(database: &Database, lines: &[String]) {
    let file = jsonl::File { name: "records.jsonl".to_owned(), text: lines.join("\n") };
    let catalog = database.open();
    runtime().block_on(async {
        jsonl::import(&catalog, vec![file], false).await.expect("it is imported");
        catalog.close().await.expect("it closes");
    });
}

/// The whole catalogue as text.
fn text(database: &Database) -> String {
    let catalog = database.open();
    let text = runtime().block_on(async {
        let text = export::jsonl(&catalog, Vec::new()).await.expect("it is exported");
        catalog.close().await.expect("it closes");
        text
    });
    database.assert_copies_agree();
    String::from_utf8(text).expect("text")
}

/// Its lines in their own order: what returns stands behind what stayed.
fn sorted_text(database: &Database) -> Vec<String> {
    let mut lines: Vec<_> = text(database).lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn assert_same(now: &str, before: &str, what: &str) {
    let differ = now.lines().zip(before.lines()).find(|(now, before)| now != before);
    assert_eq!(differ, None, "{what}");
    assert_eq!(now.len(), before.len(), "{what}");
}

fn lines(path: &Path) -> Vec<String> {
    let mut text = String::new();
    let file = fs::File::open(path).expect("a file");
    GzDecoder::new(file).read_to_string(&mut text).expect("text");
    let mut lines: Vec<_> = text.split_terminator('\n').map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The files that are written back have the lines of those that were read, each as often.
fn assert_comes_back(database: &Database, files: &Files) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let catalog = database.open();
    let rows = runtime().block_on(async {
        let rows = imdb::export::export(&catalog, folder.path()).await.expect("it is exported");
        catalog.close().await.expect("it closes");
        rows
    });
    for (file, rows) in rows {
        let name = format!("{file}.tsv.gz");
        let (read, written) = (lines(&files.path().join(&name)), lines(&folder.path().join(&name)));
        assert_eq!(rows, files.manifest.files[&name].rows, "{name}");
        let differ = read.iter().zip(&written).find(|(read, written)| read != written);
        assert_eq!(differ, None, "{name}");
        assert_eq!(read.len(), written.len(), "{name}");
    }
}

fn number(database: &Database, sql: &str) -> u64 {
    let sql = format!("SELECT CAST(({sql}) AS text)");
    database.texts(&sql)[0].parse().expect(&sql)
}

/// What the catalogue holds is what the manifest of the files says.
fn assert_counts(database: &Database, manifest: &Manifest) {
    let count = |sql: &str| number(database, sql);
    let titles = &manifest.titles;
    let of_imdb = "JOIN external_id AS x ON x.production_id = p.id AND x.catalog = 'imdb' AND x.scope = 'title'";
    assert_eq!(count(&format!("SELECT count(*) FROM production AS p {of_imdb}")), titles.total);
    let formats = [
        ("movie", "feature"),
        ("short", "short"),
        ("tvMovie", "tv_movie"),
        ("tvShort", "tv_short"),
        ("tvSpecial", "tv_special"),
        ("tvPilot", "tv_pilot"),
        ("video", "video"),
        ("videoGame", "video_game"),
        ("tvSeries", "series"),
        ("tvMiniSeries", "mini_series"),
        ("tvEpisode", "episode"),
    ];
    let formats = BTreeMap::from(formats);
    for (word, number) in &titles.by_type {
        let format = formats.get(word.as_str()).copied().unwrap_or(word);
        let sql = format!("SELECT count(*) FROM production WHERE format = '{format}'");
        assert_eq!(count(&sql), *number, "{word}");
    }
    assert_eq!(count("SELECT count(*) FROM production_genre"), titles.genre_links);
    let people = &manifest.people;
    assert_eq!(count("SELECT count(*) FROM person"), people.total);
    assert_eq!(count("SELECT count(*) FROM person_profession"), people.profession_links);
    assert_eq!(
        count("SELECT count(*) FROM known_for"),
        people.known_for - people.known_for_dangling
    );
    let akas = &manifest.akas;
    assert_eq!(
        count("SELECT count(*) FROM title_name"),
        akas.rows - akas.of_unknown_title - akas.duplicates
    );
    assert_eq!(
        count("SELECT count(*) FROM title_name WHERE kinds LIKE '%\",\"%'"),
        akas.multi_typed
    );
    let crew = &manifest.crew;
    for (role, number, dangling) in [
        ("director", crew.directors, crew.directors_dangling),
        ("writer", crew.writers, crew.writers_dangling),
    ] {
        let sql = format!(
            "SELECT count(*) FROM credit WHERE crew_position IS NOT NULL AND role = '{role}'"
        );
        assert_eq!(count(&sql), number - dangling, "{role}");
    }
    assert_eq!(count("SELECT count(*) FROM credit WHERE NOT is_billed"), crew.crew_only);
    let principals = &manifest.principals;
    let dropped =
        principals.of_unknown_title + principals.of_unknown_person + principals.duplicates;
    assert_eq!(count("SELECT count(*) FROM credit WHERE is_billed"), principals.rows - dropped);
    let characters: usize = database
        .texts("SELECT characters FROM credit WHERE characters <> '[]'")
        .iter()
        .map(|list| serde_json::from_str::<Vec<String>>(list).expect("a list").len())
        .sum();
    assert_eq!(characters as u64, principals.characters);
    let episodes = &manifest.episodes;
    let is_placed = "SELECT count(*) FROM episode WHERE show_id IS NOT NULL";
    let placed = episodes.rows
        - episodes.of_unknown_title
        - episodes.parent_absent
        - episodes.parent_no_series;
    assert_eq!(count(is_placed), placed);
    let ratings = &manifest.ratings;
    assert_eq!(
        count("SELECT count(*) FROM production WHERE rating_votes IS NOT NULL"),
        ratings.rows - ratings.of_unknown_title - ratings.duplicates
    );
    assert_eq!(count("SELECT sum(rating_votes) FROM production"), ratings.votes);
    // A season is there for its episodes.
    assert_eq!(
        count("SELECT count(*) FROM season"),
        count(
            "SELECT count(*) FROM (SELECT DISTINCT show_id, season_number FROM episode WHERE show_id IS NOT NULL AND season_number IS NOT NULL) AS seasons"
        )
    );
}

/// Each line that could not be taken as it is is kept with its reason, and no other.
fn assert_quarantine(database: &Database, manifest: &Manifest) {
    let rows = database.texts(
        "SELECT file || '.tsv.gz' || '|' || key || '|' || CASE WHEN is_loaded THEN 'in' ELSE 'out' END || '|' || reason || ' in line ' || CAST(line AS text) FROM quarantine",
    );
    let mut left: HashSet<&str> = rows.iter().map(String::as_str).collect();
    assert_eq!(left.len(), rows.len(), "a line is kept twice");
    let mut take = |defect: &str, place: &str, reason: &str| {
        let found = manifest.defects.iter().find(|known| known.name == defect);
        let defect = found.unwrap_or_else(|| panic!("no {defect}"));
        let is = |row: &&str| {
            let mut parts = row.splitn(4, '|');
            parts.next() == Some(&defect.file)
                && parts.nth(1) == Some(place)
                && parts.next().is_some_and(|is| is.starts_with(reason))
        };
        let found: Vec<&str> = left.iter().copied().filter(is).collect();
        assert!(found.len() as u64 >= defect.count, "{} of {defect:?}: {reason}", found.len());
        for sample in &defect.samples {
            let key = sample.split(':').next().expect("a key");
            let rows = found.iter().filter(|row| row.split('|').nth(1) == Some(key));
            let count = rows.map(|row| left.remove(row)).count();
            assert!(count > 0, "{sample} of {}", defect.name);
        }
        // The manifest names no more of them.
        if defect.count > defect.samples.len() as u64 {
            left.retain(|row| !found.contains(row));
        }
    };
    take("known_for_absent", "in", "an unknown id: tt");
    take("name_empty", "in", "an empty primaryName");
    take("profession_empty", "in", "an empty item of primaryProfession");
    take("aka_of_unknown_title", "out", "an unknown id: tt");
    take("duplicate_aka", "out", "a repeated row");
    take("duplicate_title", "out", "a repeated row");
    take("shifted_row", "in", "isAdult is neither 0 nor 1: 2019; not a possible runtimeMinutes");
    take("runtime_zero", "in", "not a possible runtimeMinutes: 0");
    take("crew_of_unknown_title", "out", "an unknown id: tt");
    take("crew_unknown_person", "in", "an unknown id: nm");
    take("episode_of_unknown_title", "out", "an unknown id: tt");
    take("parent_absent", "in", "an unknown id: tt");
    take("parent_no_series", "in", "not a series: tt");
    take("unknown_person", "out", "an unknown id: nm");
    take("duplicate_principal", "out", "a repeated row");
    take("principal_of_unknown_title", "out", "an unknown id: tt");
    take("duplicate_rating", "out", "a repeated row");
    take("rating_of_unknown_title", "out", "an unknown id: tt");
    assert!(left.is_empty(), "{left:?}");
}

/// What a run says of each file is what the manifest says of the day.
fn assert_churn(counts: &HashMap<String, Counts>, manifest: &Manifest, is_back: bool) {
    let churn = manifest.churn.as_ref().expect("a later day");
    for file in FILES {
        let churn = &churn[&format!("{file}.tsv.gz")];
        let (new, gone) = if is_back { (churn.gone, churn.new) } else { (churn.new, churn.gone) };
        let counts = &counts[file];
        assert_eq!(
            (counts.new, counts.changed, counts.withdrawn),
            (new, churn.changed, gone),
            "{file}"
        );
    }
}

#[test]
fn everything_is_kept_and_only_what_changed_is_written() {
    let states = BACKENDS.map(|backend| {
        println!("on {backend:?}");
        let database = Database::empty(backend);
        let files = large(1);
        let counts = import(&database, files.path());
        for file in FILES {
            let counts = &counts[file];
            assert_eq!(counts.read, files.manifest.files[&format!("{file}.tsv.gz")].rows);
            assert_eq!(counts.read, counts.new, "{file}");
        }
        assert_counts(&database, &files.manifest);
        assert_quarantine(&database, &files.manifest);
        assert_comes_back(&database, files);
        let first = text(&database);
        assert_eq!(
            database.texts("SELECT action || ' ' || actor FROM change"),
            ["load import:imdb"],
            "one row tells of a first load"
        );

        // The same files say nothing new, and neither does the same text in other files.
        let said = try_import(&database, &options(files.path())).expect("it is imported");
        assert!(said.notes[0].contains("imported already"), "{said:?}");
        let unpacked = tempfile::tempdir().expect("a temporary folder");
        for file in FILES {
            let packed = fs::File::open(files.path().join(format!("{file}.tsv.gz"))).expect("it");
            let plain = fs::File::create(unpacked.path().join(format!("{file}.tsv")));
            std::io::copy(&mut GzDecoder::new(packed), &mut plain.expect("a file")).expect("text");
        }
        for (file, counts) in import(&database, unpacked.path()) {
            let all = counts.unchanged + counts.quarantined;
            assert_eq!(
                (counts.read, counts.new, counts.changed, counts.withdrawn),
                (all, 0, 0, 0),
                "{file}"
            );
        }
        assert_eq!(number(&database, "SELECT count(*) FROM change"), 1);
        assert_eq!(text(&database), first);

        let next = large(2);
        assert_churn(&import(&database, next.path()), &next.manifest, false);
        assert_counts(&database, &next.manifest);
        assert_comes_back(&database, next);
        let second = text(&database);
        assert!(first != second);
        let told = number(&database, "SELECT count(*) FROM change");
        assert!(told > 10, "{told}");

        assert_churn(&import(&database, files.path()), &next.manifest, true);
        assert_counts(&database, &files.manifest);
        assert_quarantine(&database, &files.manifest);
        assert_same(&text(&database), &first, "the first state does not come back");
        let runs = "SELECT status FROM import_run ORDER BY id";
        assert_eq!(database.texts(runs), ["outdated", "outdated", "outdated", "complete"]);
        (first, second)
    });
    let [(first, second), (other_first, other_second)] = states;
    assert_same(&first, &other_first, "the databases differ");
    assert_same(&second, &other_second, "the databases differ on the second day");
}

#[test]
fn a_first_load_leaves_what_is_there_and_finds_it() {
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        let before = text(&database);
        let files = small(1).copy();
        // Two films, two people of the built-in catalogue, as IMDb tells of them.
        let film = database.texts(
            "SELECT value FROM external_id WHERE catalog = 'imdb' AND scope = 'title' ORDER BY value LIMIT 1",
        );
        let person = database.texts(
            "SELECT value FROM external_id WHERE catalog = 'imdb' AND scope = 'name' ORDER BY value LIMIT 1",
        );
        let (film, person) = (&film[0], &person[0]);
        let title_before = format!(
            "SELECT p.title || coalesce(CAST(p.runtime_minutes AS text), '-') FROM production AS p JOIN external_id AS x ON x.production_id = p.id WHERE x.value = '{film}'"
        );
        let was = database.texts(&title_before);
        add_line(
            files.path(),
            "title.basics",
            &format!("{film}\tmovie\tAnother Title\tAnother Title\t1\t1899\t\\N\t77\tDrama"),
        );
        add_line(files.path(), "title.ratings", &format!("{film}\t7.5\t1000"));
        add_line(files.path(), "title.crew", &format!("{film}\t{person}\t\\N"));
        add_line(
            files.path(),
            "name.basics",
            &format!("{person}\tAnother Name\t1901\t\\N\tdirector\t{film}"),
        );
        import(&database, files.path());
        // What others gave stays, what was missing is filled in.
        let now = database.texts(&title_before);
        if was[0].ends_with('-') {
            assert_eq!(now[0], was[0].replace('-', "77"));
        } else {
            assert_eq!(now, was);
        }
        let rating = format!(
            "SELECT CAST(p.rating_votes AS text) FROM production AS p JOIN external_id AS x ON x.production_id = p.id WHERE x.value = '{film}'"
        );
        assert_eq!(database.texts(&rating), ["1000"]);
        let directed = format!(
            "SELECT x.value FROM credit AS c JOIN external_id AS x ON x.person_id = c.person_id JOIN source AS s ON s.id = c.source_id WHERE s.key = 'imdb' AND c.role = 'director' AND x.value = '{person}'"
        );
        assert_eq!(database.texts(&directed).as_slice(), std::slice::from_ref(person));
        let known_for = format!(
            "SELECT x.value FROM known_for AS k JOIN external_id AS x ON x.person_id = k.person_id WHERE x.value = '{person}'"
        );
        assert_eq!(database.texts(&known_for).len(), 1);
        let names = format!(
            "SELECT p.name FROM person AS p JOIN external_id AS x ON x.person_id = p.id WHERE x.value = '{person}'"
        );
        assert_ne!(database.texts(&names), ["Another Name"]);

        // And without IMDb the catalogue is what it was.
        let removed = runtime()
            .block_on(imdb::remove::remove(&database.url, &DatabaseOptions::default()))
            .expect("it is removed");
        assert_eq!((removed.titles, removed.people), (1_000, 1_230), "{removed:?}");
        assert_eq!(removed.kept, 2);
        assert_same(&text(&database), &before, &format!("on {backend:?}"));
        let left = "SELECT CAST(count(*) AS text) FROM import_record UNION ALL SELECT CAST(count(*) AS text) FROM quarantine UNION ALL SELECT CAST(count(*) AS text) FROM retired";
        assert_eq!(database.texts(left), ["0", "0", "0"]);
    }
}

#[test]
fn what_others_hold_on_to_stays_without_what_the_source_gave() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        import(&database, small(1).path());
        let episode = database.texts(
            "SELECT x.value || ' ' || y.value FROM episode AS e JOIN show AS s ON s.production_id = e.show_id
                JOIN external_id AS x ON x.production_id = e.production_id
                JOIN external_id AS y ON y.production_id = e.show_id
            WHERE s.ended_on IS NOT NULL AND e.season_id IS NOT NULL AND e.episode_number IS NOT NULL
            ORDER BY 1 LIMIT 1",
        );
        let (episode, show) = episode[0].split_once(' ').expect("two ids");
        let film = database.texts(
            "SELECT x.value || ' ' || p.title FROM production AS p JOIN external_id AS x ON x.production_id = p.id
            WHERE kind = 1 AND released_on IS NOT NULL AND runtime_minutes IS NOT NULL ORDER BY 1 LIMIT 1",
        );
        let (film, title) = film[0].split_once(' ').expect("an id and a title");
        let person = database.texts(
            "SELECT x.value FROM person AS p JOIN external_id AS x ON x.person_id = p.id WHERE born_on IS NOT NULL ORDER BY 1 LIMIT 1",
        );
        let production = |kind: &str, id: &str, title: &str| json!({"type": kind, "key": id, "title": title, "format": "short"});
        let id = |kind: &str, scope: &str, id: &str| json!({"type": "external_id", "of": {kind: id}, "catalog": "imdb", "scope": scope, "value": id, "source": "o"});
        // The other one says when it was released, too.
        let released = database.texts(&format!("SELECT CAST(released_on / 10000 AS text) FROM production AS p JOIN external_id AS x ON x.production_id = p.id WHERE x.value = '{film}'"));
        let mut film_of_another = production("film", film, title);
        film_of_another["released"] = released[0].as_str().into();
        film_of_another["sources"] = json!({"o": ["released"]});
        let lines = [
            json!({"type": "source", "key": "o", "name": "O"}),
            json!({"type": "person", "key": person[0], "source": "o"}),
            production("show", show, "Show"),
            film_of_another,
            json!({"type": "episode", "key": episode, "show": show, "format": "short", "sources": {"o": ["show"]}}),
            id("person", "name", &person[0]),
            id("production", "title", show),
            id("production", "title", film),
            id("production", "title", episode),
            json!({"type": "award", "body": "B", "status": "winner", "productions": [show, film, episode], "people": [person[0]], "source": "o"}),
        ];
        let lines: Vec<_> = lines.iter().map(ToString::to_string).collect();
        import_records(&database, &lines);
        let removed = runtime()
            .block_on(imdb::remove::remove(&database.url, &DatabaseOptions::default()))
            .expect("it is removed");
        assert_eq!(removed.kept, 4, "{removed:?}");
        // A film and a show cannot be without a title and a form: those stay, and whose they are.
        let left = database.texts(
            "SELECT CAST(p.kind AS text) || coalesce(f.fields, '') || coalesce(s.key, '') FROM production AS p
                LEFT JOIN production_source AS f ON f.production_id = p.id LEFT JOIN source AS s ON s.id = f.source_id ORDER BY 1",
        );
        let of = |kind, fields| format!("{kind}{fields}imdb");
        let others = r#"1["released"]o"#.to_owned();
        let needed = r#"["adult","format","title"]"#;
        assert_eq!(
            left,
            [
                of(1, needed),
                others,
                of(2, needed),
                of(3, r#"["adult","format"]"#),
                r#"3["show"]o"#.to_owned()
            ],
            "{backend:?}"
        );
        for (table, columns) in [
            ("production", "original_title runtime_minutes rating_tenths rating_votes"),
            ("show", "ended_on"),
            ("episode", "season_id season_number episode_number released_on"),
            ("person", "born_on died_on"),
        ] {
            for column in columns.split(' ') {
                let sql = format!("SELECT count(*) FROM {table} WHERE {column} IS NOT NULL");
                assert_eq!(number(&database, &sql), 0, "{table}.{column}");
            }
        }
        assert_eq!(number(&database, "SELECT count(*) FROM episode WHERE show_id IS NOT NULL"), 1);
        let dated = "SELECT CAST(kind AS text) FROM production WHERE released_on IS NOT NULL";
        assert_eq!(database.texts(dated), ["1"]);
        for table in
            ["season", "production_genre", "credit", "title_name", "known_for", "external_id"]
        {
            assert_eq!(number(&database, &format!("SELECT count(*) FROM {table}")), 0, "{table}");
        }
        assert_eq!(
            database.texts("SELECT s.key FROM person AS p JOIN source AS s ON s.id = p.source_id"),
            ["o"]
        );
    }
}

/// Put a line where it belongs in the order of a file.
fn add_line(folder: &Path, file: &str, line: &str) {
    let path = folder.join(format!("{file}.tsv.gz"));
    let mut text = String::new();
    GzDecoder::new(fs::File::open(&path).expect("a file")).read_to_string(&mut text).expect("text");
    let mut lines: Vec<&str> = text.split_terminator('\n').collect();
    let key = |line: &str| line.split('\t').next().expect("a key").to_owned();
    let place = lines.iter().skip(1).position(|other| key(other) > key(line));
    lines.insert(place.map_or(lines.len(), |place| place + 1), line);
    write_lines(&path, &lines);
}

fn write_lines(path: &Path, lines: &[&str]) {
    let mut out = GzEncoder::new(fs::File::create(path).expect("a file"), Compression::fast());
    for line in lines {
        writeln!(out, "{line}").expect("it is written");
    }
    out.finish().expect("it is written");
}

/// Change a file of a copy.
fn change_lines(folder: &Path, file: &str, change: impl FnOnce(&mut Vec<String>)) {
    let path = folder.join(format!("{file}.tsv.gz"));
    let mut text = String::new();
    GzDecoder::new(fs::File::open(&path).expect("a file")).read_to_string(&mut text).expect("text");
    let mut lines: Vec<String> = text.split_terminator('\n').map(str::to_owned).collect();
    change(&mut lines);
    write_lines(&path, &lines.iter().map(String::as_str).collect::<Vec<_>>());
}

/// Something done by hand.
enum Op {
    Set(String, &'static str, String),
    Delete(String),
    DeleteCredit(i64),
    Unlock(String),
    UnlockProduction(i64),
    Restore(String),
}

fn edit(database: &Database, ops: Vec<Op>) {
    let catalog = database.open();
    let writer = catalog.clone();
    let work = writer.write(move |transaction| {
        Box::pin(async move {
            let find = async |key: &str| {
                Ok::<_, Error>(edit::find(transaction, key).await?.expect("it is there"))
            };
            for op in ops {
                match op {
                    Op::Set(key, field, value) => {
                        let values = [(field.to_owned(), Some(value))];
                        edit::set(transaction, "tester", find(&key).await?, &values).await?;
                    }
                    Op::Delete(key) => {
                        edit::delete(transaction, "tester", find(&key).await?).await?;
                    }
                    Op::DeleteCredit(id) => {
                        let target = edit::Target { entity: edit::Entity::Credit, id };
                        edit::delete(transaction, "tester", target).await?;
                    }
                    Op::Unlock(key) => {
                        edit::unlock(transaction, "tester", find(&key).await?, &[]).await?;
                    }
                    Op::UnlockProduction(id) => {
                        let target = edit::Target { entity: edit::Entity::Production, id };
                        edit::unlock(transaction, "tester", target, &[]).await?;
                    }
                    Op::Restore(key) => {
                        let which = edit::Which::Key(&key);
                        assert!(edit::restore(transaction, "tester", which).await?);
                    }
                }
            }
            Ok(())
        })
    });
    runtime().block_on(async {
        work.await.expect("it is edited");
        catalog.close().await.expect("it closes");
    });
}

#[test]
fn editors_win_until_they_let_go() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        import(&database, small(1).path());
        let untouched = text(&database);
        let keys = |sql: &str| database.texts(sql);
        let titles = keys(
            "SELECT value FROM external_id WHERE scope = 'title' AND production_id IN (SELECT id FROM production WHERE kind = 1) ORDER BY value LIMIT 14",
        );
        let people =
            keys("SELECT value FROM external_id WHERE scope = 'name' ORDER BY value LIMIT 6");
        let credits = keys("SELECT CAST(id AS text) FROM credit ORDER BY id LIMIT 2");
        let [last_title, last_person] = ["title", "name"].map(|scope| {
            let sql = format!("SELECT max(value) FROM external_id WHERE scope = '{scope}' AND coalesce(production_id, 0) NOT IN (SELECT id FROM production WHERE kind = 2)");
            database.texts(&sql)[0].clone()
        });
        // Twenty fields set, three things taken out.
        let set = |key: &String, field, value: String| Op::Set(key.clone(), field, value);
        let mut ops: Vec<Op> =
            titles.iter().map(|key| set(key, "title", format!("By hand {key}"))).collect();
        ops.extend(people.iter().map(|key| set(key, "born", "1900-01-02".to_owned())));
        ops.push(Op::DeleteCredit(credits[0].parse().expect("a number")));
        ops.extend([&last_title, &last_person].map(|key| Op::Delete(key.clone())));
        edit(&database, ops);
        let edited = text(&database);
        // Everything is read again, all of it different.
        let next = small(2).copy();
        let touch = |lines: &mut Vec<String>| {
            for line in &mut lines[1..] {
                let mut columns: Vec<&str> = line.split('\t').collect();
                if columns.len() == 9 {
                    columns[2] = "Retitled";
                }
                *line = columns.join("\t");
            }
        };
        change_lines(next.path(), "title.basics", touch);
        import(&database, next.path());
        for title in &titles {
            let sql = format!(
                "SELECT title FROM production AS p JOIN external_id AS x ON x.production_id = p.id WHERE x.value = '{title}'"
            );
            let now = database.texts(&sql);
            if now.is_empty() {
                panic!("{title} has left");
            }
            assert_eq!(now, [format!("By hand {title}")]);
        }
        let count = "SELECT count(*) FROM person WHERE born_on = 19000102";
        assert_eq!(number(&database, count), 6);
        let still = format!(
            "SELECT count(*) FROM external_id WHERE value IN ('{last_title}', '{last_person}')"
        );
        assert_eq!(number(&database, &still), 0);

        // Back on the first day, with the edits as they were.
        import(&database, small(1).path());
        assert_same(&text(&database), &edited, &format!("on {backend:?}"));

        // Let go, everything is the source's again.
        let mut ops: Vec<Op> =
            titles.iter().chain(&people).map(|key| Op::Unlock(key.clone())).collect();
        ops.extend([&last_title, &last_person].map(|key| Op::Restore(key.clone())));
        edit(&database, ops);
        let locks = database.texts("SELECT field FROM field_lock");
        assert_eq!(locks.len(), 1, "{locks:?}");
        let locked = database.texts("SELECT CAST(entity_id AS text) FROM field_lock");
        edit(&database, vec![Op::UnlockProduction(locked[0].parse().expect("a number"))]);
        import(&database, small(1).path());
        let mut first: Vec<_> = untouched.lines().map(str::to_owned).collect();
        first.sort();
        assert_eq!(sorted_text(&database), first, "on {backend:?}");
    }
}

#[test]
fn titles_change_their_kind_and_change_back() {
    let next = small(1).copy();
    change_lines(next.path(), "title.basics", |lines| {
        for (from, to) in [("movie", "tvEpisode"), ("tvEpisode", "movie"), ("tvSeries", "tvMovie")]
        {
            let is = |line: &&mut String| {
                let columns: Vec<_> = line.split('\t').collect();
                columns[1] == from && columns[2] != "\\N" && columns[8] != "\\N"
            };
            let line = lines.iter_mut().find(is).expect("one of them");
            *line = line.replacen(&format!("\t{from}\t"), &format!("\t{to}\t"), 1);
        }
    });
    for backend in BACKENDS {
        let database = Database::empty(backend);
        import(&database, small(1).path());
        let first = sorted_text(&database);
        let counts = import(&database, next.path());
        let basics = &counts["title.basics"];
        assert_eq!((basics.new, basics.changed, basics.withdrawn), (0, 3, 0));
        let second = sorted_text(&database);
        assert_ne!(second, first);
        let fresh = Database::empty(backend);
        import(&fresh, next.path());
        assert_eq!(second, sorted_text(&fresh), "on {backend:?}");
        import(&database, small(1).path());
        assert_eq!(sorted_text(&database), first, "on {backend:?}");
    }
}

#[test]
fn what_is_given_back_at_once_comes_back_whole() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        import(&database, small(1).path());
        let untouched = sorted_text(&database);
        let most = |scope: &str, link: &str| {
            let sql = format!(
                "SELECT x.value FROM external_id AS x JOIN {link} AS l ON l.{scope}_id = x.{scope}_id
                LEFT JOIN production AS p ON p.id = x.production_id
                WHERE coalesce(p.kind, 1) = 1 GROUP BY x.value ORDER BY count(*) DESC, 1 LIMIT 1"
            );
            database.texts(&sql)[0].clone()
        };
        // Others name both: credits the person, people are known for the film.
        let keys = [most("person", "credit"), most("production", "known_for")];
        edit(&database, keys.iter().cloned().map(Op::Delete).collect());
        edit(&database, keys.iter().cloned().map(Op::Restore).collect());
        import(&database, small(1).path());
        assert_eq!(sorted_text(&database), untouched, "on {backend:?}");
    }
}

#[test]
fn a_title_without_its_own_line_leaves_and_returns() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        import(&database, small(1).path());
        let untouched = sorted_text(&database);
        // Of each kind the one of which most is said.
        let sql = "SELECT value FROM (
                SELECT x.value, p.kind, row_number() OVER (PARTITION BY p.kind ORDER BY count(*) DESC, x.value) AS place
                FROM production AS p JOIN external_id AS x ON x.production_id = p.id
                LEFT JOIN credit AS c ON c.production_id = p.id LEFT JOIN episode AS e ON e.show_id = p.id
                GROUP BY x.value, p.kind
            ) AS counted WHERE place = 1 ORDER BY kind";
        let gone = database.texts(sql);
        assert_eq!(gone.len(), 3);
        let next = Files { folder: small(1).copy(), manifest: small(1).manifest.clone() };
        change_lines(next.path(), "title.basics", |lines| {
            lines.retain(|line| !gone.iter().any(|key| line.starts_with(&format!("{key}\t"))));
        });
        let counts = import(&database, next.path());
        assert_eq!(counts["title.basics"].withdrawn, 3);
        let fresh = Database::empty(backend);
        import(&fresh, next.path());
        assert_eq!(sorted_text(&database), sorted_text(&fresh), "on {backend:?}");
        import(&database, small(1).path());
        assert_eq!(sorted_text(&database), untouched, "on {backend:?}");
        assert_comes_back(&database, small(1));
    }
}

#[test]
fn a_copy_of_a_catalogue_is_taken_for_what_was_imported() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        import(&database, small(1).path());
        let lines: Vec<String> = text(&database).lines().map(str::to_owned).collect();
        let source = "SELECT count(*) FROM production";
        let count = number(&database, source);
        let copy = Database::empty(backend);
        import_records(&copy, &lines);
        assert_eq!(number(&copy, source), count);
        // What the files do not have any more leaves with the second run, as after any import.
        import(&copy, small(2).path());
        import(&copy, small(2).path());
        let fresh = Database::empty(backend);
        import(&fresh, small(2).path());
        assert_eq!(sorted_text(&copy), sorted_text(&fresh), "on {backend:?}");
        let other = Database::empty(backend);
        import_records(&other, &lines);
        let options = DatabaseOptions::default();
        let remove = imdb::remove::remove(&other.url, &options);
        let removed = runtime().block_on(remove).expect("it is taken out");
        assert_eq!((removed.titles, removed.kept), (count, 0));
        assert_eq!(text(&other), "", "on {backend:?}");
    }
}

#[test]
fn what_is_given_back_during_an_import_is_read_again() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        import(&database, small(1).path());
        let untouched = text(&database);
        let key = database
            .texts("SELECT value FROM external_id WHERE scope = 'name' ORDER BY value LIMIT 1")
            .remove(0);
        edit(&database, vec![Op::Set(key.clone(), "born", "1900-01-02".to_owned())]);
        let path = small(2).path().to_owned();
        let (url, unlocked) = (database.url.clone(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // As soon as the import has begun to write.
                let begun = "SELECT status FROM import_run ORDER BY id DESC LIMIT 1";
                while database.texts(begun) != ["outdated"] {
                    std::thread::sleep(Duration::from_millis(1));
                }
                edit(&database, vec![Op::Unlock(key.clone())]);
                unlocked.store(true, Ordering::SeqCst);
            });
            runtime()
                .block_on(imdb::import(&url, &DatabaseOptions::default(), &options(&path)))
                .expect("it is imported");
        });
        assert!(unlocked.load(Ordering::SeqCst));
        import(&database, small(2).path());
        let fresh = Database::empty(backend);
        import(&fresh, small(2).path());
        assert_eq!(sorted_text(&database), sorted_text(&fresh), "on {backend:?}");
        import(&database, small(1).path());
        assert_same(&text(&database), &untouched, &format!("on {backend:?}"));
    }
}

#[test]
fn lists_to_which_other_imports_added_are_compared_again() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        import(&database, small(1).path());
        let untouched = text(&database);
        // An older export has other words for rows of IMDb's.
        let mut lines: Vec<String> = untouched.lines().map(str::to_owned).collect();
        for (kind, field) in [("title", "text"), ("credit", "job")] {
            let is = format!("\"type\":\"{kind}\"");
            let line = lines.iter_mut().find(|line| line.contains(&is)).expect("a record");
            let mut record: Value = serde_json::from_str(line).expect("JSON");
            record[field] = "Older words".into();
            *line = record.to_string();
        }
        import_records(&database, &lines);
        let count = |now: String| now.matches("Older words").count();
        assert_eq!(count(text(&database)), 2);
        import(&database, small(1).path());
        assert_same(&text(&database), &untouched, &format!("on {backend:?}"));
    }
}

/// Files that are refused, each with what the sentence names.
fn spoiled() -> Vec<(&'static str, TempDir, Vec<&'static str>)> {
    let mut all = Vec::new();
    let mut add = |what: &'static str, words: &[&'static str], spoil: &dyn Fn(&Path)| {
        let copy = small(2).copy();
        spoil(copy.path());
        all.push((what, copy, words.to_vec()));
    };
    let packed = |file: &str| format!("{file}.tsv.gz");
    add("missing", &["title.crew", "missing"], &|folder| {
        fs::remove_file(folder.join(packed("title.crew"))).expect("it goes");
    });
    add("twice", &["title.crew", "both"], &|folder| {
        let header = "tconst\tdirectors\twriters\n";
        fs::write(folder.join("title.crew.tsv"), header).expect("it is written");
    });
    add(
        "another file",
        &["title.crew.tsv.gz", "line 1", "none of IMDb's seven files"],
        &|folder| {
            change_lines(folder, "title.crew", |lines| lines[0] = "tconst\tcrew".to_owned());
        },
    );
    add("cut short", &["title.principals.tsv.gz", "line", "cut short"], &|folder| {
        let path = folder.join(packed("title.principals"));
        let bytes = fs::read(&path).expect("it is read");
        fs::write(&path, &bytes[..bytes.len() / 2]).expect("it is written");
    });
    add("a flipped bit", &["title.akas.tsv.gz", "line", "damaged"], &|folder| {
        let path = folder.join(packed("title.akas"));
        let mut bytes = fs::read(&path).expect("it is read");
        let end = bytes.len() - 6;
        bytes[end] ^= 1;
        fs::write(&path, &bytes).expect("it is written");
    });
    add("a bad byte", &["name.basics.tsv", "line 2", "UTF-8"], &|folder| {
        fs::remove_file(folder.join(packed("name.basics"))).expect("it goes");
        let mut bytes =
            b"nconst\tprimaryName\tbirthYear\tdeathYear\tprimaryProfession\tknownForTitles\n"
                .to_vec();
        bytes.extend_from_slice(b"nm0000001\tA \xff\t\\N\t\\N\t\\N\t\\N\n");
        fs::write(folder.join("name.basics.tsv"), bytes).expect("it is written");
    });
    add("a NUL", &["title.basics.tsv.gz", "line 3", "NUL"], &|folder| {
        change_lines(folder, "title.basics", |lines| {
            lines[2] = lines[2].replace("tv", "t\0v") + "\0";
        });
    });
    add("no last newline", &["title.ratings.tsv", "does not end"], &|folder| {
        fs::remove_file(folder.join(packed("title.ratings"))).expect("it goes");
        fs::write(
            folder.join("title.ratings.tsv"),
            "tconst\taverageRating\tnumVotes\ntt0000001\t5.0\t1",
        )
        .expect("it is written");
    });
    add("out of order", &["title.crew", "line 3", "order"], &|folder| {
        change_lines(folder, "title.crew", |lines| lines.swap(1, 2));
    });
    add("no id", &["title.crew", "line", "is no id"], &|folder| {
        change_lines(folder, "title.crew", |lines| lines.push("x".repeat(200)));
    });
    add("another day", &["day older"], &|folder| {
        let old = std::time::SystemTime::now() - Duration::from_secs(3 * 24 * 3600);
        let file = fs::File::options().append(true).open(folder.join(packed("title.crew")));
        file.expect("it opens").set_modified(old).expect("it has a time");
    });
    add("much is gone", &["more than 5 %", "--force"], &|folder| {
        change_lines(folder, "title.ratings", |lines| lines.truncate(2));
    });
    all
}

#[test]
fn faulty_files_are_refused_and_the_catalogue_is_as_before() {
    let spoiled = spoiled();
    for backend in BACKENDS {
        let empty = Database::empty(backend);
        let full = Database::empty(backend);
        import(&full, small(1).path());
        let before = text(&full);
        for (what, folder, words) in &spoiled {
            for database in [&empty, &full] {
                if *what == "much is gone" && std::ptr::eq(database, &empty) {
                    continue;
                }
                let error = try_import(database, &options(folder.path()));
                let error = error.expect_err(what).to_string();
                for word in words {
                    assert!(error.contains(word), "{what}: {error}");
                }
                assert!(!error.contains("database"), "{what}: {error}");
            }
            assert_eq!(text(&empty), "", "{what} on {backend:?}");
            assert_same(&text(&full), &before, what);
        }
        assert_eq!(number(&full, "SELECT count(*) FROM import_run"), 1);
        // Nothing is left of the tries, and a right one goes well.
        import(&empty, small(1).path());
        assert_eq!(text(&empty), before);
    }
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        let dry = |files: &Files| {
            let options = Options { dry_run: true, ..options(files.path()) };
            let report = try_import(&database, &options).expect("it is tried");
            report.tables.into_iter().collect::<HashMap<_, _>>()
        };
        let told = dry(small(1));
        assert_eq!(text(&database), "");
        assert_eq!(told, import(&database, small(1).path()));
        let before = text(&database);
        let told = dry(small(2));
        assert_eq!(text(&database), before);
        assert_churn(&told, &small(2).manifest, false);
        assert_eq!(told, import(&database, small(2).path()));
    }
}

#[test]
fn a_server_goes_on_answering() {
    const QUERY: &str = "{ films(first: 20, orderBy: [{field: VOTES, direction: DESC}]) { totalCount nodes { title credits(first: 5) { nodes { person { name } } } } } }";
    for backend in BACKENDS {
        let app = App::on(Database::built_in(backend));
        let database = app.database.share();
        let films =
            || app.data(QUERY, json!({}))["films"]["totalCount"].as_u64().expect("a number");
        assert_eq!(films(), number(&database, "SELECT count(*) FROM production WHERE kind = 1"));
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| {
                let mut answers = 0;
                while !is_over.load(Ordering::Relaxed) {
                    // It fails where there is an error.
                    films();
                    answers += 1;
                }
                answers
            });
            let done = (import(&database, small(1).path()), import(&database, small(2).path()));
            is_over.store(true, Ordering::Relaxed);
            let answers = asking.join().expect("every query goes well");
            assert!(answers > 5, "{answers}");
            assert!(done.1["title.basics"].new > 0);
        });
        // On PostgreSQL the news takes a moment, where answers are kept.
        let start = Instant::now();
        let there = number(&database, "SELECT count(*) FROM production WHERE kind = 1");
        while films() != there {
            assert!(backend == Backend::Postgres && start.elapsed() < Duration::from_secs(2));
        }
        assert!(there > 100);
    }
}

#[test]
fn one_import_at_a_time() {
    for backend in BACKENDS {
        // Two that start together are hardly ever done one after the other.
        let refused = (0..5).any(|_| {
            let database = Database::empty(backend);
            import(&database, small(1).path());
            let both = [spawn(&database, small(2).path()), spawn(&database, small(2).path())];
            let ended = both.map(|program| program.wait_with_output().expect("an end"));
            let refused = ended.iter().find(|end| !end.status.success());
            assert!(ended.iter().any(|end| end.status.success()));
            refused.is_some_and(|end| {
                let sentence = String::from_utf8_lossy(&end.stderr);
                assert!(sentence.contains("another import"), "{sentence}");
                true
            })
        });
        assert!(refused, "on {backend:?}");
    }
}

fn spawn(database: &Database, path: &Path) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_shotlist"))
        .args(["import", "imdb", "--database-url", &database.text])
        .arg(path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// Kill a run after a while; whether that was before its end.
fn kill_after(database: &Database, path: &Path, after: Duration) -> bool {
    let mut program = spawn(database, path);
    std::thread::sleep(after);
    let was_running = program.try_wait().expect("a state").is_none();
    program.kill().expect("it is killed");
    program.wait().expect("an end");
    was_running
}

#[test]
fn a_run_that_is_killed_is_run_again() {
    for backend in BACKENDS {
        let undisturbed = Database::empty(backend);
        let began = Instant::now();
        assert!(spawn(&undisturbed, small(1).path()).wait().expect("an end").success());
        let load = began.elapsed();
        let first = text(&undisturbed);
        let began = Instant::now();
        assert!(spawn(&undisturbed, small(2).path()).wait().expect("an end").success());
        let refresh = began.elapsed();
        let second = text(&undisturbed);
        let mut killed = 0;
        for moment in 0..10_u32 {
            let database = Database::empty(backend);
            killed +=
                u32::from(kill_after(&database, small(1).path(), load * (2 * moment + 1) / 20));
            import(&database, small(1).path());
            assert_same(
                &text(&database),
                &first,
                &format!("a load killed at {moment}/10 on {backend:?}"),
            );
            killed +=
                u32::from(kill_after(&database, small(2).path(), refresh * (2 * moment + 1) / 20));
            import(&database, small(2).path());
            assert_same(
                &text(&database),
                &second,
                &format!("a refresh killed at {moment}/10 on {backend:?}"),
            );
            leftovers(&database);
        }
        println!("{killed} of 20 runs were killed before their end on {backend:?}");
        assert!(killed >= 10, "{killed}");
    }
}

/// Nothing of a killed run stays behind.
fn leftovers(database: &Database) {
    match database.backend {
        Backend::Postgres => {
            let schemas = "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'shotlist%'";
            assert!(database.texts(schemas).is_empty());
        }
        Backend::Sqlite => {
            let path = PathBuf::from(database.text.trim_start_matches("sqlite://"));
            let names = fs::read_dir(path.parent().expect("a folder")).expect("a folder");
            let names = names.map(|entry| entry.expect("a name").file_name());
            let left = names.filter(|name| name.to_string_lossy().contains("loading")).count();
            assert_eq!(left, 0);
        }
    }
}
