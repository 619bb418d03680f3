//! The catalogue as text: what is exported is imported again, into either database, without loss.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::{Value, json};
use shotlist::catalog::{Backend, export};
use shotlist::graphql::id;
use shotlist::import::jsonl::{self, Count, File, Report};

use crate::canary;
use crate::cli::command;
use crate::oracle::world::{World, lines};
use crate::support::{App, BACKENDS, Database, runtime};

/// What random catalogues lack.
const MORE: &str = r#"
{"type":"source","key":"z","name":"Z","licence":"L","attribution":"A","url":"http://z","retrieved":"2020-01"}
{"type":"source","key":"y","name":"Y"}
{"type":"company","key":"cc","name":"A: company","kind":"studio","source":"z"}
{"type":"person","key":"pp","name":"Somebody","born":"1950","professions":["j1","j0"],"source":"z","sources":{"y":["born"]}}
{"type":"person","key":"twin","name":"Twin","source":"z"}
{"type":"person","key":"other-twin","name":"Twin","source":"z"}
{"type":"show","key":"hh","title":"A show","format":"series","ended":"2001","service":"cc","based_on":"B","premise":"P","sources":{"z":["title"],"y":["premise"],"s0":[]}}
{"type":"film","key":"ff","title":"tt0000001","format":"feature","sources":{"z":["title"]}}
{"type":"film","key":"fg","title":"A film","original_title":"Un film","synopsis":"S","format":"feature","released":"1999-01-02","runtime_minutes":3,"adult":true,"rating_tenths":55,"rating_votes":3,"genres":["g2","g1"],"sources":{"z":["title"]}}
{"type":"episode","key":"ee","format":"episode","show":"hh","season":1,"episode":0,"sources":{"z":["show"]}}
{"type":"episode","key":"ef","format":"episode","show":"hh","season":1,"episode":0,"sources":{"z":["show"]}}
{"type":"season","show":"hh","number":7}
{"type":"season","show":"hh","number":2}
{"type":"credit","production":"fg","person":"other-twin","role":"actor","category":"c","job":"j","characters":["1","2"],"position":1,"billed":false,"crew_position":3,"source":"z"}
{"type":"production_company","production":"fg","company":"cc","role":"network","exclusive":true,"position":1,"source":"z"}
{"type":"shot","key":"one","film":"fg","episode":"ef","directors":["twin","pp"],"title":"T","description":"D","position":1,"starts_at_ms":1,"ends_at_ms":2,"source":"z"}
{"type":"shot","key":"two","film":"fg","title":"T","position":1,"source":"z"}
{"type":"video","production":"ff","kind":"trailer","title":"T","description":"D","publisher":"cc","source":"z"}
{"type":"award","body":"B","category":"C","year":2000,"ceremony":1,"status":"winner","productions":["fg","ff"],"people":["pp",{"key":"twin","name":"T. Win"}],"companies":[{"key":"cc","name":"Co."}],"detail":"D","class":"K","canonical_category":"CC","name":"N","note":"O","citation":"I","source":"z"}
{"type":"external_id","of":{"production":"fg"},"catalog":"a:b","scope":"c","value":"d:%","source":"z"}
{"type":"external_id","of":{"production":"hh"},"catalog":"imdb","scope":"title","value":"tt2","canonical":false,"source":"z"}
{"type":"external_id","of":{"production":"hh"},"catalog":"imdb","scope":"title","value":"tt3","source":"z"}
{"type":"lock","production":"fg","field":"synopsis","actor":"Ed"}
{"type":"lock","production":"fg","person":"other-twin","role":"actor","position":1,"source":"z","field":"job","actor":"Ed"}
{"type":"lock","production":"fg","person":"twin","role":"director","actor":"Ed"}
{"type":"lock","production":"fg","person":"pp","role":"director","actor":"Ed"}
{"type":"lock","person":"pp","field":"born","actor":"Edna"}
{"type":"removed","entity":"production","catalog":"imdb","scope":"title","value":"tt9"}
{"type":"removed","entity":"person","catalog":"imdb","scope":"name","value":"nm9"}
"#;

fn world(seed: u64) -> String {
    lines(seed) + MORE
}

fn text(database: &Database) -> String {
    let catalog = database.open();
    runtime().block_on(async {
        let text = export::jsonl(&catalog, Vec::new()).await.expect("it is exported");
        catalog.close().await.expect("it closes");
        String::from_utf8(text).expect("UTF-8")
    })
}

fn run(database: &Database, text: &str, is_dry_run: bool) -> Result<Report, String> {
    let catalog = database.open();
    runtime().block_on(async {
        let file = File { name: "it.jsonl".to_owned(), text: text.to_owned() };
        let report = jsonl::import(&catalog, vec![file], is_dry_run).await;
        catalog.close().await.expect("it closes");
        report.map_err(|error| error.to_string())
    })
}

#[track_caller]
fn import(database: &Database, text: &str) -> Report {
    run(database, text, false).expect("it is imported")
}

fn from(backend: Backend, text: &str) -> Database {
    let database = Database::empty(backend);
    import(&database, text);
    database
}

fn other(backend: Backend) -> Backend {
    if backend == Backend::Sqlite { Backend::Postgres } else { Backend::Sqlite }
}

fn counts(new: u64, filled: u64, unchanged: u64) -> Count {
    Count { new, filled, unchanged }
}

fn count(report: &Report, record: &str) -> Count {
    let count = report.counts.iter().find(|(name, _)| *name == record);
    count.unwrap_or_else(|| panic!("no {record}: {report:?}")).1
}

#[track_caller]
fn assert_same(one: &str, two: &str) {
    let different = one.lines().zip(two.lines()).find(|(one, two)| one != two);
    assert!(one == two, "{different:#?} of {} and {} bytes", one.len(), two.len());
}

/// That a catalogue goes into the other kind of database and back: the same rows, the same text.
fn there_and_back(database: &Database) {
    let first = text(database);
    let there = from(other(database.backend), &first);
    assert_same(&text(&there), &first);
    let back = from(database.backend, &text(&there));
    assert_same(&text(&back), &first);
    let [here, there, back] = [database, &there, &back].map(|database| {
        let mut world = World::of(database);
        // When each was set by hand.
        for table in ["field_lock", "retired"] {
            let rows = world.tables.get_mut(table).into_iter().flatten();
            rows.filter_map(Value::as_object_mut).for_each(|row| drop(row.remove("at_ms")));
        }
        world
    });
    for (table, rows) in &here.tables {
        assert_eq!(there.tables[table], back.tables[table], "{table}");
        // What belongs to a thing is written thing by thing.
        let content = |rows: &[Value]| {
            let mut rows = rows.to_vec();
            if ["credit", "title_name", "external_id", "field_lock", "retired"]
                .contains(&table.as_str())
            {
                rows.iter_mut().filter_map(Value::as_object_mut).for_each(|row| {
                    row.remove("id");
                });
                // Columns stand in another order on each database.
                rows.sort_by_key(|row| format!("{:?}", row.as_object().map(BTreeMap::from_iter)));
            }
            rows
        };
        assert_eq!(content(rows), content(&there.tables[table]), "{table}");
    }
}

#[test]
fn the_built_in_catalogue_goes_there_and_back() {
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        there_and_back(&database);
        let text = text(&database);
        let line = r#"{"type":"film","key":"tt0451279","title":"Wonder Woman","#;
        assert!(text.contains(line), "{text}");
        let line =
            r#"{"type":"person","key":"malcolm-d-lee","name":"Malcolm D. Lee","source":"report"}"#;
        assert!(text.contains(line), "{text}");
        let line =
            r#"{"type":"shot","key":"tt0451279/1","film":"tt0451279","episode":"production-2022""#;
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn random_catalogues_go_there_and_back() {
    for seed in 1..=4 {
        for backend in BACKENDS {
            there_and_back(&from(backend, &world(seed)));
        }
    }
}

#[test]
fn a_catalogue_that_came_back_gives_the_same_answers() {
    const QUERY: &str = "{
        productions(first: 100) { totalCount nodes {
            title format sources { fields source { key } } genres { name }
            credits(first: 100) { nodes { role category job characters position person { name } } }
            companies { nodes { role company { name } } } externalIds { catalog value isCanonical }
            ... on Show { endedOn: ended { year } seasons { nodes { number } } }
            ... on Film { shots { nodes { title directors { name } } } }
        } }
        people(first: 100) { nodes { name professions { name } knownFor { title }
            awards { nodes { body status productions { title } companies { name } class canonicalCategory name note citation } } } }
    }";
    let text_of = world(5);
    let answers = BACKENDS.map(|backend| {
        let first = App::on(from(backend, &text_of));
        let exported = text(&first.database);
        let second = App::on(from(other(backend), &exported));
        let [first, second] = [first, second].map(|app| app.data(QUERY, json!({})));
        assert_eq!(first, second);
        first
    });
    assert!(answers[0].to_string().len() > 10_000);
}

/// The columns of the catalogue's content that an export must tell of, by table. Left out are ids
/// and what follows from other columns.
fn columns(database: &Database) -> BTreeMap<String, Vec<String>> {
    let tables = World::of(database).tables;
    let content = tables.into_iter().filter(|(table, _)| {
        !["import_record", "import_run", "quarantine"].contains(&table.as_str())
    });
    let told = |table: &str, column: &str| match (table, column) {
        (_, "source_id") => true,
        ("source" | "genre" | "profession", "key") => true,
        ("production", "released_on") => true,
        // Copies.
        ("production_genre", "kind" | "rating_votes") => false,
        ("production", "kind") | (_, "at_ms") => false,
        ("award_person" | "award_company" | "award_production", "year") => false,
        (_, "released_on" | "place_in_show" | "id") => false,
        _ => !column.ends_with("_id") && !column.ends_with("_key"),
    };
    let content = content.map(|(table, rows)| {
        let row = rows.first().and_then(Value::as_object).expect(&table);
        let columns = row.keys().filter(|column| told(&table, column)).cloned().collect();
        (table, columns)
    });
    content.collect()
}

#[test]
fn a_change_of_any_column_shows() {
    let database = from(Backend::Sqlite, &world(6));
    let before = text(&database);
    let mut count = 0;
    for (table, columns) in columns(&database) {
        for column in columns {
            let value = match column.as_str() {
                "source_id" => "iif(source_id = 1, 2, 1)".to_owned(),
                "fields" | "characters" | "kinds" | "attributes" => "'[\"changed\"]'".to_owned(),
                "status" => "iif(status = 'winner', 'nominee', 'winner')".to_owned(),
                "rating_tenths" => "56".to_owned(),
                "position" => "1000 - position".to_owned(),
                _ if column.starts_with("is_") => format!("1 - {column}"),
                _ if column.ends_with("_on") => "19980706".to_owned(),
                "number" | "season_number" | "episode_number" | "year" | "ceremony"
                | "runtime_minutes" | "rating_votes" | "crew_position" | "ends_at_ms" => {
                    format!("{column} + 1000")
                }
                "starts_at_ms" => format!("{column} / 2"),
                _ => format!("{column} || 'x'"),
            };
            // The rules that hold between rows do not matter here.
            database.sql(&format!(
                "CREATE TABLE saved AS SELECT rowid AS place, {column} AS value FROM {table};
                 UPDATE OR IGNORE {table} SET {column} = {value} WHERE {column} IS NOT NULL"
            ));
            let after = text(&database);
            database.sql(&format!(
                "UPDATE {table} SET {column} = (SELECT value FROM saved WHERE place = {table}.rowid);
                 DROP TABLE saved"
            ));
            assert!(after != before, "{table}.{column} does not show");
            count += 1;
        }
    }
    assert_same(&text(&database), &before);
    assert!(count > 60, "{count}");
}

#[test]
fn what_is_there_is_not_written_again() {
    for backend in BACKENDS {
        for text_of in [jsonl_of_built_in(), world(8), world(9)] {
            let database = from(backend, &text_of);
            let (before, rows) = (text(&database), World::of(&database).tables);
            let changes = || database.texts("SELECT fields FROM change ORDER BY id");
            let written = changes();
            // The file that it came from, and what it says of itself.
            for again in [&text_of, &before] {
                let report = import(&database, again);
                let records = again.lines().filter(|line| !line.is_empty()).count() as u64;
                assert_eq!(report.total(), counts(0, 0, records), "{report:?}");
            }
            assert_eq!(World::of(&database).tables, rows);
            assert_eq!(changes(), written);
            assert_same(&text(&database), &before);
        }
    }
}

fn jsonl_of_built_in() -> String {
    shotlist::import::BUILT_IN.to_owned()
}

#[test]
fn a_faulty_line_is_told_and_nothing_is_written() {
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        let rows = World::of(&database).tables;
        let head = "{\"type\":\"source\",\"key\":\"n\",\"name\":\"N\"}\n\n";
        for (line, sentence) in [
            (r#"{"type":"film"}"#, "it.jsonl: line 3: missing field"),
            (r#"{"type":"puppet"}"#, "it.jsonl: line 3: unknown variant"),
            (
                r#"{"type":"film","key":"a","title":"A","format":"feature","colour":1}"#,
                "it.jsonl: line 3: unknown field `colour`",
            ),
            (
                r#"{"type":"film","key":"a","title":"A","format":"feature","runtime_minutes":0}"#,
                "it.jsonl: line 3: a rule of the catalogue forbids it",
            ),
            (
                r#"{"type":"film","key":"a","title":"A","format":"feature","sources":{"n":[],"n":[]}}"#,
                "it.jsonl: line 3: the source \"n\" stands there twice",
            ),
            (
                r#"{"type":"known_for","person":"nobody","productions":[]}"#,
                "it.jsonl: line 3: no person with the key \"nobody\"",
            ),
            (
                r#"{"type":"lock","field":"title","actor":"Ed"}"#,
                "it.jsonl: line 3: a lock names a production or a person and a field, or",
            ),
            (
                r#"{"type":"removed","entity":"shot","catalog":"c","scope":"s","value":"v"}"#,
                "it.jsonl: line 3: the entity \"shot\" is none of production, person",
            ),
            (
                r#"{"type":"film","key":"f","title":"F","format":"feature"}
                {"type":"external_id","of":{"production":"f"},"catalog":"c","scope":"s","value":"v","source":"n"}
                {"type":"removed","entity":"production","catalog":"c","scope":"s","value":"v"}"#,
                "it.jsonl: line 5: c:s:v was taken out by hand, and is the id of something above",
            ),
            (
                r#"{"type":"person","key":"p","source":"n"}
                {"type":"lock","person":"p","field":"borne","actor":"Ed"}"#,
                "it.jsonl: line 4: a person has no field \"borne\" that can be locked: those are name,",
            ),
        ] {
            let error = run(&database, &format!("{head}{line}\n"), false).expect_err(line);
            assert!(error.starts_with(sentence), "{error}");
            assert_eq!(World::of(&database).tables, rows, "{line}");
        }
    }
}

#[test]
fn a_dry_run_tells_the_same_and_writes_nothing() {
    for backend in BACKENDS {
        let database = Database::built_in(backend);
        let rows = World::of(&database).tables;
        let dry = run(&database, &world(3), true).expect("it goes well");
        assert_eq!(World::of(&database).tables, rows);
        let wet = import(&database, &world(3));
        assert_eq!(dry.counts, wet.counts);
        assert!(wet.total().new > 500 && dry.is_dry_run && !wet.is_dry_run, "{wet:?}");
        assert_ne!(World::of(&database).tables, rows);
    }
}

/// A film, a person and a credit, with ids.
const HEAT: &str = r#"
{"type":"source","key":"one","name":"One"}
{"type":"genre","key":"heist","name":"Heist"}
{"type":"person","key":"m","name":"Michael Mann","source":"one"}
{"type":"film","key":"h","title":"Heat","format":"feature","synopsis":"Ours.","sources":{"one":["title","synopsis"]}}
{"type":"credit","production":"h","person":"m","role":"director","position":1,"source":"one"}
{"type":"external_id","of":{"production":"h"},"catalog":"imdb","scope":"title","value":"tt0113277","source":"one"}
{"type":"external_id","of":{"person":"m"},"catalog":"imdb","scope":"name","value":"nm0000520","source":"one"}
"#;

#[test]
fn what_is_not_known_is_filled_in_and_the_rest_stays() {
    let more = r#"
{"type":"source","key":"two","name":"Two"}
{"type":"genre","key":"heist","name":"A heist"}
{"type":"person","key":"mann","name":"M. Mann","born":"1943","source":"two"}
{"type":"film","key":"heat","title":"HEAT","format":"short","released":"1995","synopsis":"Theirs.","runtime_minutes":170,"genres":["heist"],"sources":{"two":["title","released","runtime_minutes","genres"]}}
{"type":"credit","production":"heat","person":"mann","role":"director","position":1,"source":"two"}
{"type":"external_id","of":{"production":"heat"},"catalog":"tmdb","scope":"movie","value":"949","source":"two"}
{"type":"external_id","of":{"production":"heat"},"catalog":"imdb","scope":"title","value":"tt0113277","source":"two"}
{"type":"external_id","of":{"person":"mann"},"catalog":"imdb","scope":"name","value":"nm0000520","source":"two"}
"#;
    for backend in BACKENDS {
        let database = from(backend, HEAT);
        // What was set by hand stays, also where it was left open.
        database.sql(
            "INSERT INTO field_lock (entity, entity_id, field, actor, at_ms)
             VALUES ('production', 1, 'runtime_minutes', 'me', 0)",
        );
        let report = import(&database, more);
        assert_eq!(count(&report, "film"), counts(0, 1, 0));
        assert_eq!(count(&report, "person"), counts(0, 1, 0));
        assert_eq!(count(&report, "credit"), counts(1, 0, 0));
        assert_eq!(count(&report, "external_id"), counts(1, 0, 2));
        let text = text(&database);
        for line in [
            r#"{"type":"genre","key":"heist","name":"Heist"}"#,
            r#"{"type":"person","key":"nm0000520","name":"Michael Mann","born":"1943","source":"one","sources":{"two":["born"]}}"#,
            r#"{"type":"film","key":"tt0113277","title":"Heat","synopsis":"Ours.","format":"feature","released":"1995","genres":["heist"],"sources":{"one":["title","synopsis"],"two":["released","genres"]}}"#,
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        let dates = "SELECT CAST(released_on AS text) FROM credit UNION SELECT CAST(released_on AS text) FROM production_genre";
        assert_eq!(database.texts(dates), ["19950000"]);
        assert_eq!(import(&database, more).total(), counts(0, 0, 8));
    }
}

/// What the API calls the first credit.
fn credit_id(database: &Database) -> String {
    let ids = database.texts("SELECT CAST(min(id) AS text) FROM credit");
    let mut id = Vec::new();
    id::encode(4, ids[0].parse().expect("a number"), &mut id);
    String::from_utf8(id).expect("it is ASCII")
}

#[test]
fn what_was_done_by_hand_stays_done() {
    for backend in BACKENDS {
        let database = from(backend, HEAT);
        // Locks come with what is new; what is there keeps its values, and who may change them.
        let locks = r#"
{"type":"lock","production":"h","field":"title","actor":"Ed"}
{"type":"lock","production":"h","person":"m","role":"director","field":"job","actor":"Ed"}
{"type":"lock","person":"m","field":"born","actor":"Ed"}
"#;
        let report = import(&database, &(HEAT.to_owned() + locks));
        assert_eq!(count(&report, "lock"), counts(0, 0, 3));
        let locked = from(backend, &(HEAT.to_owned() + locks));
        let more = HEAT
            .replace(r#""name":"Michael Mann""#, r#""name":"Michael Mann","born":"1943""#)
            + locks;
        let report = import(&locked, &more);
        assert_eq!(count(&report, "person"), counts(0, 0, 1), "it was set by hand");
        assert_eq!(count(&report, "lock"), counts(0, 0, 3));

        // What the file filled in comes with its lock.
        let report = import(&database, &more);
        assert_eq!(count(&report, "lock"), counts(1, 0, 2));
        assert_eq!(database.texts("SELECT field FROM field_lock"), ["born"]);

        // A credit stays as it was set, and out when it was taken out.
        let id = credit_id(&database);
        for (edit, left) in [(&["set", id.as_str(), "job=boss"][..], 1), (&["delete", &id], 0)] {
            let (code, _, told) = shotlist(&database, &[&["edit"], edit].concat(), "");
            assert_eq!(code, Some(0), "{told}");
            assert_eq!(count(&import(&database, HEAT), "credit"), counts(0, 0, 1));
            assert_eq!(database.texts("SELECT role FROM credit").len(), left);
        }

        // It stands for one record, not for all of the person and role.
        let database = from(backend, HEAT);
        shotlist(&database, &["edit", "set", &credit_id(&database), "job=boss"], "");
        let second = r#"{"type":"credit","production":"h","person":"m","role":"director","job":"second unit","position":2,"source":"one"}"#;
        let report = import(&database, &(HEAT.to_owned() + second));
        assert_eq!(count(&report, "credit"), counts(1, 0, 1));

        // Nor does a file bring back what it says was taken out.
        let both = r#"{"type":"removed","entity":"production","catalog":"imdb","scope":"title","value":"tt0113277"}"#
            .to_owned()
            + HEAT;
        let error = run(&from(backend, ""), &both, false).expect_err("it was taken out");
        assert!(error.starts_with("it.jsonl: line 7: imdb:title:tt0113277 was taken"), "{error}");

        // What was taken out elsewhere is there all the same.
        let elsewhere = r#"{"type":"removed","entity":"production","catalog":"imdb","scope":"title","value":"tt0113277"}"#;
        assert_eq!(count(&import(&database, elsewhere), "removed"), counts(0, 0, 1));

        // What was taken out does not come back unasked.
        let removed = r#"{"type":"removed","entity":"production","catalog":"imdb","scope":"title","value":"tt0113277"}"#;
        let database = from(backend, removed);
        assert_eq!(count(&import(&database, removed), "removed"), counts(0, 0, 1));
        let before = text(&database);
        let error = run(&database, HEAT, false).expect_err("it was taken out");
        let sentence = "it.jsonl: line 7: imdb:title:tt0113277 was taken out by hand";
        assert!(error.starts_with(sentence), "{error}");
        assert_same(&text(&database), &before);
        let (code, _, told) = shotlist(&database, &["edit", "unlock", "tt0113277"], "");
        assert_eq!(code, Some(0), "{told}");
        assert_same(&text(&database), "");
        import(&database, HEAT);
    }
}

#[test]
fn what_cannot_be_told_apart_is_refused() {
    let twins = r#"
{"type":"source","key":"one","name":"One"}
{"type":"person","key":"a","name":"Twin","source":"one"}
{"type":"person","key":"b","name":"Twin","source":"one"}
"#;
    let one = r#"
{"type":"source","key":"one","name":"One"}
{"type":"person","key":"a","name":"Twin","source":"one"}
"#;
    let two_in_one = HEAT.to_owned()
        + r#"{"type":"external_id","of":{"production":"h"},"catalog":"tmdb","scope":"movie","value":"5","source":"one"}"#;
    let of_another = HEAT.replace("tt0113277", "tt5").replace("\"h\"", "\"i\"")
        + r#"{"type":"external_id","of":{"production":"i"},"catalog":"tmdb","scope":"movie","value":"5","source":"one"}"#;
    let show = HEAT.replace(r#""type":"film""#, r#""type":"show""#);
    for backend in BACKENDS {
        let database = from(backend, twins);
        let error = run(&database, one, false).expect_err("it may be either");
        assert!(error.starts_with("it.jsonl: line 3: \"a\" may be one of 2 things"), "{error}");
        assert_eq!(import(&database, twins).total(), counts(0, 0, 3));
        // A third one is new.
        let three =
            format!("{twins}{}", one.lines().last().expect("one").replace("\"a\"", "\"c\""));
        assert_eq!(count(&import(&database, &three), "person"), counts(1, 0, 2));

        let database = from(backend, HEAT);
        import(&database, &of_another);
        let error = run(&database, &two_in_one, false).expect_err("it is two");
        let sentence =
            "it.jsonl: line 5: \"h\" is two things in the catalogue: imdb:title:tt0113277";
        assert!(error.starts_with(sentence), "{error}");
        let error = run(&database, &show, false).expect_err("it is a film");
        assert!(error.starts_with("it.jsonl: line 5: \"h\" is a film in the catalogue"), "{error}");
    }
}

#[test]
fn a_show_that_came_after_its_episode_is_written_before_it() {
    let episode = r#"
{"type":"source","key":"one","name":"One"}
{"type":"episode","key":"e","title":"Twice","format":"episode","sources":{"one":["title"]}}
{"type":"film","key":"f","title":"Twice","format":"feature","sources":{"one":["title"]}}
{"type":"external_id","of":{"production":"e"},"catalog":"imdb","scope":"title","value":"tt1","source":"one"}
"#;
    let show = r#"
{"type":"source","key":"one","name":"One"}
{"type":"show","key":"s","title":"Twice","format":"series","sources":{"one":["title"]}}
{"type":"episode","key":"e","title":"Twice","format":"episode","show":"s","season":1,"sources":{"one":["title"]}}
{"type":"external_id","of":{"production":"e"},"catalog":"imdb","scope":"title","value":"tt1","source":"one"}
"#;
    for backend in BACKENDS {
        let database = from(backend, episode);
        let report = import(&database, show);
        assert_eq!(count(&report, "episode"), counts(0, 1, 0));
        let exported = text(&database);
        let keys = exported.lines().filter(|line| line.contains("\"format\""));
        let keys: Vec<Value> = keys.map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let keys: Vec<&str> = keys.iter().filter_map(|line| line["key"].as_str()).collect();
        assert_eq!(keys, ["twice", "tt1", "twice-2"], "{exported}");
        assert_same(&text(&from(other(backend), &exported)), &exported);
    }
}

fn shotlist(database: &Database, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    use std::io::Write;
    let mut program = command(arguments)
        .args(["--database-url", &database.text])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut pipe = program.stdin.take().expect("a pipe");
    // A program that needs no input may have ended.
    let _ = pipe.write_all(input.as_bytes());
    drop(pipe);
    let output = program.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    canary::assert_none_in(&String::from_utf8_lossy(&output.stderr));
    canary::assert_none_in(&String::from_utf8_lossy(&output.stdout));
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_commands_export_and_import() {
    for backend in BACKENDS {
        let (here, there) = (Database::built_in(backend), Database::empty(other(backend)));
        let (code, exported, errors) = shotlist(&here, &["export", "jsonl"], "");
        assert_eq!((code, errors.as_str()), (Some(0), ""));
        assert_same(&exported, &text(&here));

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("it.jsonl");
        let path = path.to_str().expect("a path");
        let written = shotlist(&here, &["export", "jsonl", "--output", path], "");
        assert_eq!(written, (Some(0), String::new(), String::new()));
        assert_same(&std::fs::read_to_string(path).expect("a file"), &exported);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);

        let dry = ["import", "jsonl", "--dry-run", path];
        let (code, table, _) = shotlist(&there, &dry, "");
        assert_eq!(code, Some(0));
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "record                     new    filled  unchanged");
        assert_eq!(lines[1], "source                       5         0          0");
        assert_eq!(lines.last(), Some(&"Nothing was written: it was a dry run."), "{table}");
        assert_eq!(text(&there), "");

        let (code, report, errors) =
            shotlist(&there, &["import", "jsonl", "--json", "-"], &exported);
        assert_eq!((code, errors.as_str()), (Some(0), ""));
        let report: Value = serde_json::from_str(&report).expect("JSON");
        let film = json!({"new": 12, "filled": 0, "unchanged": 0});
        assert_eq!((&report["dry_run"], &report["records"]["film"]), (&json!(false), &film));
        assert_same(&text(&there), &exported);

        let (code, _, errors) = shotlist(&there, &["import", "jsonl", "-"], "{}");
        assert_eq!(code, Some(1));
        assert!(errors.starts_with("shotlist: standard input: line 1: "), "{errors}");
    }
}

#[test]
fn there_is_nothing_to_export_where_there_is_no_database() {
    let database = Database::empty(Backend::Sqlite);
    let (code, output, errors) = shotlist(&database, &["export", "jsonl"], "");
    assert_eq!((code, output.as_str()), (Some(1), ""));
    assert!(errors.starts_with("shotlist: there is no database sqlite://"), "{errors}");
}
