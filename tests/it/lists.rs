//! Importing the film lists of Wikipedia and the nominations of the Academy Awards.

use serde_json::{Value, json};
use shotlist::catalog::{Backend, Catalog};
use shotlist::error::Error;
use shotlist::import::report::{Counts, Report};
use shotlist::import::{Input, oscars, wikipedia};

use crate::oracle::world::{self, World};
use crate::support::{App, BACKENDS, Database, runtime};

const FILMS: &str = include_str!("../data/wikipedia.json");
const NOMINATIONS: &str = include_str!("../data/oscars.csv");

fn input(name: &str, text: &str) -> Input {
    Input { name: name.to_owned(), text: text.to_owned() }
}

fn closed<T>(database: &Database, work: impl AsyncFnOnce(&Catalog) -> T) -> T {
    let catalog = database.open();
    runtime().block_on(async {
        let done = work(&catalog).await;
        catalog.close().await.expect("it closes");
        done
    })
}

fn films_of(database: &Database, text: &str) -> Result<Report, Error> {
    let files = vec![input("films.json", text)];
    closed(database, async |catalog| wikipedia::import(catalog, files, false).await)
}

fn nominations_of(database: &Database, text: &str) -> Result<Report, Error> {
    let file = input("oscars.csv", text);
    closed(database, async |catalog| oscars::import(catalog, file, false).await)
}

fn import_films(database: &Database) -> Report {
    films_of(database, FILMS).expect("the films are imported")
}

fn import_nominations(database: &Database) -> Report {
    nominations_of(database, NOMINATIONS).expect("the nominations are imported")
}

fn counts<'a>(report: &'a Report, table: &str) -> &'a Counts {
    &report.tables.iter().find(|(name, _)| name == table).expect("the table").1
}

fn changes(database: &Database) -> Vec<String> {
    database.texts("SELECT actor FROM change ORDER BY id")
}

/// How many rows a query without `SELECT` finds.
fn count(database: &Database, from: &str) -> usize {
    database.texts(&format!("SELECT '' {from}")).len()
}

fn each(test: impl Fn(&Database)) {
    for backend in BACKENDS {
        println!("on {backend:?}");
        test(&Database::built_in(backend));
    }
}

/// Nothing is read from it, and nothing is new, changed or gone.
fn assert_nothing_new(report: &Report) {
    for (table, counts) in &report.tables {
        assert_eq!((counts.new, counts.changed, counts.withdrawn), (0, 0, 0), "{table}");
        assert_eq!(counts.read, counts.unchanged + counts.quarantined, "{table}");
    }
}

#[test]
fn a_second_import_writes_nothing() {
    each(|database| {
        let films = import_films(database);

        assert_eq!(counts(&films, "films").read, 58);
        // Of the built-in ones the six of the episodes have everything, and others have no genres.
        assert_eq!((counts(&films, "films").changed, counts(&films, "films").unchanged), (5, 7));
        let nominations = import_nominations(database);
        assert_eq!(
            counts(&nominations, "nominations").read,
            NOMINATIONS.lines().count() as u64 - 1
        );
        // The sixteen of the Academy that are built in get the words that they lack.
        assert_eq!(counts(&nominations, "nominations").changed, 16);
        assert_eq!(changes(database), ["builtin", "wikipedia", "oscars"]);

        let before = World::of(database);
        assert_nothing_new(&import_nominations(database));
        assert_nothing_new(&import_films(database));
        assert_nothing_new(&import_nominations(database));
        let after = World::of(database);
        for (table, rows) in &before.tables {
            assert_eq!(rows, after.rows(table), "{table}");
        }
        assert_eq!(changes(database), ["builtin", "wikipedia", "oscars"]);
    });
}

#[test]
fn both_databases_get_the_same_rows() {
    let [sqlite, postgres] = BACKENDS.map(|backend| {
        let database = Database::empty(backend);
        database.open();
        let reports = [import_films(&database), import_nominations(&database)];
        let names = [
            "SELECT title || ' ' || CAST(coalesce(released_on, 0) AS text) FROM production ORDER BY title_key, released_on, synopsis",
            "SELECT name FROM person ORDER BY name_key, name",
            "SELECT p.title || ': ' || q.name || ' ' || CAST(c.position AS text) FROM credit c JOIN production p ON p.id = c.production_id JOIN person q ON q.id = c.person_id ORDER BY 1",
            "SELECT catalog || ' ' || scope || ' ' || value FROM external_id ORDER BY 1",
            "SELECT a.category || ': ' || p.title || ' ' || CAST(l.position AS text) FROM award a JOIN award_production l ON l.award_id = a.id JOIN production p ON p.id = l.production_id ORDER BY 1",
        ];
        (reports, names.map(|sql| {
            let mut rows = database.texts(sql);
            rows.sort();
            rows
        }))
    });
    assert_eq!(sqlite, postgres);
}

#[test]
fn the_films_of_the_built_in_catalogue_are_found() {
    each(|database| {
        let before = count(database, "FROM production WHERE kind = 1");
        let synopses = "SELECT synopsis FROM production WHERE id < 20 ORDER BY id";
        let (synopses_before, people) =
            (database.texts(synopses), count(database, "FROM person WHERE name = 'Al Pacino'"));
        let report = import_films(database);
        let new = usize::try_from(counts(&report, "films").new).expect("a number");
        assert_eq!(count(database, "FROM production WHERE kind = 1"), before + new);
        for title in [
            "Wonder Woman",
            "The Trial of the Chicago 7",
            "Harriet",
            "Crazy Rich Asians",
            "Girls Trip",
            "The Insider",
            "The Aviator",
            "The Social Network",
            "Moneyball",
            "Molly''s Game",
        ] {
            let from = format!("FROM production WHERE title = '{title}'");
            assert_eq!(count(database, &from), 1, "{title}");
        }
        // What others have set stays.
        assert_eq!(database.texts(synopses), synopses_before);
        assert_eq!(count(database, "FROM person WHERE name = 'Al Pacino'"), people);

        let app = App::on(database.share());
        let film = app.data(
            r#"{ film(by: {title: "Molly's Game"}) { externalIds { catalog value } genres { name }
                sources { fields source { key } }
                credits(filter: {role: ACTOR}) { nodes { person { name } source { attribution } } } } }"#,
            json!({}),
        );
        let film = &film["film"];
        let ids = film["externalIds"].as_array().expect("ids");
        assert!(ids.contains(&json!({"catalog": "wikipedia", "value": "Molly's_Game"})), "{ids:?}");
        assert_eq!(
            film["genres"],
            json!([{"name": "Crime"}, {"name": "Drama"}, {"name": "Biography"}])
        );
        let sources = film["sources"].as_array().expect("sources");
        let fields = sources.iter().find(|it| it["source"]["key"] == "wikipedia").expect("it");
        assert_eq!(fields["fields"], json!(["genres"]));
        let credits = film["credits"]["nodes"].as_array().expect("credits");
        assert_eq!(credits[0]["person"]["name"], "Jessica Chastain");
        let line = credits[0]["source"]["attribution"].as_str().expect("a line");
        assert!(line.contains("CC BY-SA"), "{line}");
    });
}

#[test]
fn michael_mann_is_two_people() {
    each(|database| {
        let report = import_films(database);
        import_nominations(database);
        let told = report.notes.iter().any(|note| note.contains("Michael Mann"));
        assert!(told, "{:?}", report.notes);
        let app = App::on(database.share());
        let answer = app.answer(r#"{ person(by: {name: "Michael Mann"}) { id } }"#, json!({}));
        assert_eq!(answer["errors"][0]["extensions"]["code"], "AMBIGUOUS");
        // The director of Heat has the nominations; whoever is in Hancock has none.
        let data = app.data(
            r#"{ person(by: {imdbId: "nm0000520"}) { directed { nodes { title } }
                   credits(filter: {role: ACTOR}) { totalCount } awards { totalCount } }
                 film(by: {title: "Hancock"}) { credits { nodes { person { name awards { totalCount } } } } } }"#,
            json!({}),
        );
        assert_eq!(
            data["person"]["directed"]["nodes"],
            json!([{"title": "The Insider"}, {"title": "Heat"}])
        );
        assert_eq!(data["person"]["credits"]["totalCount"], 0);
        assert_eq!(data["person"]["awards"]["totalCount"], 4);
        let cast = data["film"]["credits"]["nodes"].as_array().expect("credits");
        let mann = cast.iter().find(|it| it["person"]["name"] == "Michael Mann").expect("he");
        assert_eq!(mann["person"]["awards"]["totalCount"], 0);
    });
}

#[test]
fn steve_mcqueen_is_two_people_and_the_actor_keeps_his_films() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        import_films(&database);
        import_nominations(&database);
        let app = App::on(database.share());
        let data = app.data(
            r#"{ actor: person(by: {imdbId: "nm0000537"}) { ...P }
                 director: person(by: {imdbId: "nm2588606"}) { ...P } }
               fragment P on Person { name credits { nodes { production { title } } }
                 awards { nodes { productions { title } } } }"#,
            json!({}),
        );
        let titles = |of: &Value, list: &str| -> Vec<String> {
            let nodes = of[list]["nodes"].as_array().expect("nodes").iter();
            nodes
                .map(|node| {
                    let production = node.get("production").unwrap_or(&node["productions"][0]);
                    production["title"].as_str().expect("a title").to_owned()
                })
                .collect()
        };
        assert_eq!(data["actor"]["name"], data["director"]["name"]);
        assert_eq!(titles(&data["actor"], "credits"), ["Bullitt", "The Sand Pebbles"]);
        assert_eq!(titles(&data["actor"], "awards"), ["The Sand Pebbles"]);
        assert!(titles(&data["director"], "credits").is_empty());
        assert_eq!(titles(&data["director"], "awards"), ["12 Years a Slave"; 2]);
    }
}

#[test]
fn wonder_woman_is_three_works() {
    for backend in BACKENDS {
        let lines = r#"{"type":"source","key":"s","name":"S"}
            {"type":"person","key":"gal","name":"Gal Gadot","source":"s"}
            {"type":"show","key":"show","title":"Wonder Woman","format":"series","released":"1975"}
            {"type":"film","key":"drawn","title":"Wonder Woman","format":"video","released":"2009"}
            {"type":"show","key":"other","title":"Wonder Woman","format":"series","released":"2017"}
            {"type":"credit","production":"other","person":"gal","role":"actor","position":1,"source":"s"}"#;
        let database = world::written(backend, lines);
        let report = import_films(&database);
        assert_eq!(count(&database, "FROM production WHERE title = 'Wonder Woman'"), 4);
        assert!(!report.notes.iter().any(|note| note.contains("Wonder Woman")));
        assert_nothing_new(&import_films(&database));
    }
}

#[test]
fn what_is_listed_twice_is_one_film_unless_pages_or_people_part_it() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        database.open();
        let report = import_films(&database);
        for (title, films) in [
            ("Suspicion", 1),
            ("Anvil! The Story of Anvil", 1),
            ("Carmen", 2),
            ("Romeo and Juliet", 2),
            ("Harlow", 2),
            ("Swan Song", 2),
            ("The Decoy", 2),
            // Of two years, and linked to one page.
            ("Forbidden Trails", 2),
        ] {
            let from = format!("FROM production WHERE title = '{title}'");
            assert_eq!(count(&database, &from), films, "{title}");
        }
        let page = |value: &str| {
            database.texts(&format!(
                "SELECT p.title || ' ' || CAST(p.released_on / 10000 AS text) FROM production p JOIN external_id e ON e.production_id = p.id WHERE e.value = '{value}'"
            ))
        };
        assert_eq!(page("Top_Gun"), ["Top Gun 1986"]);
        assert_eq!(page("President_McKinley_Inauguration_Footage"), [""; 0]);
        for told in ["Top Gun 3D", "The Decoy", "(narrated by)"] {
            assert!(report.notes.iter().any(|note| note.contains(told)), "{told}");
        }
    }
}

#[test]
fn an_unclear_film_is_left_out_unless_it_can_be_told_the_next_time() {
    for backend in BACKENDS {
        let lines = r#"{"type":"source","key":"s","name":"S"}
            {"type":"film","key":"a","title":"Twins","format":"feature","released":"1950"}
            {"type":"film","key":"b","title":"Twins","format":"feature","released":"1950"}"#;
        let database = world::written(backend, lines);
        let bare = r#"[{"title": "Twins", "year": 1950}]"#;
        let report = films_of(&database, bare).expect("it is imported");
        assert_eq!(counts(&report, "films").quarantined, 1);
        assert_eq!(count(&database, "FROM production"), 2);
        assert!(report.notes[0].starts_with("films.json, film 1: "), "{:?}", report.notes);
        let told = r#"[{"title": "TWINS", "year": 1950, "cast": ["Ann"]}]"#;
        let report = films_of(&database, told).expect("it is imported");
        assert_eq!(counts(&report, "films").new, 1);
        let report = films_of(&database, told).expect("it is imported");
        assert_eq!(
            (counts(&report, "films").unchanged, counts(&report, "credits").unchanged),
            (1, 1)
        );
    }
}

#[test]
fn a_name_of_several_people_is_one_person_for_each_film() {
    for backend in BACKENDS {
        let lines = r#"{"type":"source","key":"s","name":"S"}
            {"type":"person","key":"a","name":"John Smith","source":"s"}
            {"type":"person","key":"b","name":"John Smith","source":"s"}"#;
        let database = world::written(backend, lines);
        let films = r#"[{"title": "One", "year": 1950, "cast": ["John Smith", "Ann"]},
            {"title": "Two", "year": 1951, "cast": ["John Smith", "Ann"]}]"#;
        let report = films_of(&database, films).expect("they are imported");
        assert_eq!(count(&database, "FROM person WHERE name = 'John Smith'"), 4);
        assert_eq!(count(&database, "FROM person WHERE name = 'Ann'"), 1);
        assert!(report.notes[0].contains("John Smith"), "{:?}", report.notes);
        assert_nothing_new(&films_of(&database, films).expect("they are imported"));
    }
}

#[test]
fn a_nomination_has_all_its_films_people_and_companies() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        database.open();
        import_nominations(&database);
        let app = App::on(database.share());
        let data = app.data(
            r#"{ person(by: {imdbId: "nm0417837"}) { name awards { nodes { body category class canonicalCategory year
                   ceremony status name detail productions { title } people { name } companies { name } } } }
                 company(by: {imdbId: "co0080422"}) { name awards { nodes { category citation
                   productions { title } companies { name } } } }
                 ethan: person(by: {imdbId: "nm0001053"}) { name awards { nodes { name people { name } } } } }"#,
            json!({}),
        );
        assert_eq!(
            data["person"],
            json!({"name": "Emil Jannings", "awards": {"nodes": [{
                "body": "Academy Awards", "category": "ACTOR", "class": "Acting",
                "canonicalCategory": "ACTOR IN A LEADING ROLE", "year": 1927, "ceremony": 1,
                "status": "WINNER", "name": "Emil Jannings",
                "detail": "General Dolgorucki [Grand Duke Sergius Alexander]|August Schilling",
                "productions": [{"title": "The Last Command"}, {"title": "The Way of All Flesh"}],
                "people": [{"name": "Emil Jannings"}], "companies": [],
            }]}}),
        );
        assert_eq!(
            data["company"],
            json!({"name": "Warner Bros.", "awards": {"nodes": [{
                "category": "SPECIAL AWARD",
                "citation": "To Warner Bros., for producing The Jazz Singer, the pioneer outstanding talking picture, which has revolutionized the industry.",
                "productions": [{"title": "The Jazz Singer"}],
                "companies": [{"name": "Warner Bros."}],
            }]}}),
        );
        // A pseudonym of two.
        assert_eq!(data["ethan"]["name"], "Ethan Coen");
        let awards = data["ethan"]["awards"]["nodes"].as_array().expect("awards");
        let jaynes = awards.iter().find(|it| it["name"] == "Roderick Jaynes").expect("it");
        assert_eq!(jaynes["people"], json!([{"name": "Ethan Coen"}, {"name": "Joel Coen"}]));
        let spelled = "SELECT name FROM award_person WHERE name = 'Roderick Jaynes'";
        assert!(database.texts(spelled).len() >= 2);
    }
}

#[test]
fn a_nominee_who_wins_becomes_the_winner() {
    for backend in BACKENDS {
        let database = Database::empty(backend);
        database.open();
        let header = NOMINATIONS.lines().next().expect("a header");
        let of = |winner: &str| {
            format!(
                "{header}\n98\t2025\tTitle\tBEST PICTURE\tBEST PICTURE\tFilm\ttt1\tAnn, Producer\tAnn\tnm1\t{winner}\n"
            )
        };
        nominations_of(&database, &of("")).expect("it is imported");
        let report = nominations_of(&database, &of("True")).expect("it is imported");
        assert_eq!(counts(&report, "nominations").changed, 1);
        assert_eq!(database.texts("SELECT status FROM award"), ["winner"]);
    }
}

#[test]
fn what_was_done_by_hand_stays_done() {
    for backend in BACKENDS {
        let lines = r#"{"type":"source","key":"s","name":"S"}
            {"type":"film","key":"one","title":"One","format":"feature"}
            {"type":"film","key":"old","title":"Old","format":"feature"}
            {"type":"person","key":"ann","name":"Ann","source":"s"}
            {"type":"external_id","of":{"production":"one"},"catalog":"wikipedia","scope":"en","value":"One_(film)","source":"s"}
            {"type":"external_id","of":{"production":"old"},"catalog":"imdb","scope":"title","value":"tt1","source":"s"}
            {"type":"lock","production":"one","field":"released","actor":"Ed"}
            {"type":"lock","production":"one","field":"synopsis","actor":"Ed"}
            {"type":"lock","production":"one","field":"genres","actor":"Ed"}
            {"type":"lock","production":"one","person":"ann","role":"actor","actor":"Ed"}
            {"type":"lock","production":"old","field":"released","actor":"Ed"}
            {"type":"removed","entity":"production","catalog":"wikipedia","scope":"en","value":"Gone"}
            {"type":"removed","entity":"production","catalog":"imdb","scope":"title","value":"tt8"}
            {"type":"removed","entity":"person","catalog":"imdb","scope":"name","value":"nm7"}"#;
        let database = world::written(backend, lines);
        let films = r#"[{"title": "One", "year": 1950, "cast": ["Ann", "Bob"], "genres": ["Drama"], "href": "One_(film)", "extract": "Of 1950."},
            {"title": "Gone", "year": 1951, "cast": ["Cid"], "genres": ["Drama"], "href": "Gone", "extract": "Of 1951."}]"#;
        let report = films_of(&database, films).expect("they are imported");
        assert_eq!(counts(&report, "films").quarantined, 1, "{report}");
        assert!(report.notes.iter().any(|it| it.contains("\"Gone\" (1951) was taken out by hand")));
        let one =
            "FROM production WHERE title = 'One' AND released_on IS NULL AND synopsis IS NULL";
        assert_eq!(count(&database, one), 1);
        assert_eq!(count(&database, "FROM production"), 2);
        assert_eq!(count(&database, "FROM production_genre"), 0);
        let cast = "SELECT p.name FROM credit AS c JOIN person AS p ON p.id = c.person_id";
        assert_eq!(database.texts(cast), ["Bob"]);
        assert_nothing_new(&films_of(&database, films).expect("they are imported"));

        let header = NOMINATIONS.lines().next().expect("a header");
        let line = |film: &str, names: &str, ids: &str| {
            format!("98\t2025\tActing\tACTOR\tACTOR\t{film}\t{names}\t{names}\t{ids}\tTrue\n")
        };
        let nominations = [
            header,
            "\n",
            &line("Old\ttt1", "Dan", "nm1"),
            &line("Gone too\ttt8", "Gone", "nm7"),
            &line("Gone too\ttt8", "Eva", "nm2"),
            &line("Two\ttt2", "Gone|Eva", "nm7|nm2"),
        ]
        .concat();
        let report = nominations_of(&database, &nominations).expect("they are imported");
        assert_eq!(counts(&report, "nominations").quarantined, 1, "{report}");
        assert_eq!(
            (counts(&report, "nominations").new, counts(&report, "films").quarantined),
            (3, 1)
        );
        assert_eq!(
            count(&database, "FROM production WHERE title = 'Old' AND released_on IS NULL"),
            1
        );
        assert_eq!(count(&database, "FROM production WHERE title = 'Gone too'"), 0);
        assert_eq!(count(&database, "FROM person WHERE name = 'Gone'"), 0);
        let named = "SELECT p.name FROM award_person AS l JOIN person AS p ON p.id = l.person_id ORDER BY l.award_id, l.position";
        assert_eq!(database.texts(named), ["Dan", "Eva", "Eva"]);
        assert_nothing_new(&nominations_of(&database, &nominations).expect("they are imported"));
    }
}

#[test]
fn a_dry_run_and_a_wrong_file_write_nothing() {
    each(|database| {
        let before = World::of(database);
        let assert_untouched = || {
            let after = World::of(database);
            for (table, rows) in &before.tables {
                assert_eq!(rows, after.rows(table), "{table}");
            }
            assert_eq!(changes(database), ["builtin"]);
        };
        let report = closed(database, async |catalog| {
            let files = vec![input("films.json", FILMS)];
            wikipedia::import(catalog, files, true).await.expect("a trial")
        });
        assert!(counts(&report, "films").new > 40);
        let report = closed(database, async |catalog| {
            let file = input("oscars.csv", NOMINATIONS);
            oscars::import(catalog, file, true).await.expect("a trial")
        });
        assert!(counts(&report, "nominations").new > 100);
        assert_untouched();

        for (text, reason) in [
            ("nonsense", "films.json is no list of films: expected ident at line 1 column 2"),
            ("{}", "films.json is no list of films: invalid type: map, expected a sequence"),
            (r#"[{"title": "A", "year": 1999}, {"year": 1999}]"#, "missing field `title`"),
            (r#"[{"title": "A", "year": 1999, "gross": 7}]"#, "unknown field `gross`"),
            (
                r#"[{"title": "A", "year": 1999}, {"title": " ", "year": 1}]"#,
                "films.json, film 2: the title is empty",
            ),
            (r#"[{"title": "A", "year": 0}]"#, "films.json, film 1: 0 is no year"),
        ] {
            let error = films_of(database, text).expect_err(text).to_string();
            assert!(error.contains(reason), "{error}");
        }
        let more = |line: &str| format!("{NOMINATIONS}{line}\n");
        let next = NOMINATIONS.lines().count() + 1;
        for (text, reason) in [
            (FILMS.to_owned(), "oscars.csv, line 1: the columns are not Ceremony, Year".to_owned()),
            (more("1\t1999"), format!("oscars.csv, line {next}: it has 2 columns, not 5 to 14")),
            (more(&"x\t".repeat(15)), format!("line {next}: it has 16 columns")),
            (more("1\t1999/01\ta\tb\tc"), format!("line {next}: its Year is \"1999/01\"")),
            (more("1\t1999\ta\tb\tc\tA|B\ttt1"), format!("line {next}: it has 2 films and 1 ids")),
        ] {
            let error = nominations_of(database, &text).expect_err(&text).to_string();
            assert!(error.contains(&reason), "{error}");
        }
        assert_untouched();
    });
}

#[test]
fn the_report_is_a_table_or_json() {
    let database = Database::empty(Backend::Sqlite);
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_shotlist"))
            .current_dir(std::env::temp_dir())
            .args([
                "import",
                "oscars",
                concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/oscars.csv"),
            ])
            .args(["--database-url", &database.text])
            .args(arguments)
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let text = run(&["--dry-run"]);
    assert!(text.contains("\nnominations"), "{text}");
    assert!(text.ends_with("Academy Award data: DLu/oscar_data (BSD-2-Clause)\n"), "{text}");
    let report: Value = serde_json::from_str(&run(&["--json"])).expect("JSON");
    assert_eq!(report["tables"][0][0], "nominations");
    assert_eq!(report["tables"][0][1]["new"], NOMINATIONS.lines().count() - 1);
    let report: Value = serde_json::from_str(&run(&["--json"])).expect("JSON");
    assert_eq!(report["tables"][0][1]["new"], 0);
}
