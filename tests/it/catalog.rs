//! Every fact about One Perfect Shot is reached by a query.

use serde_json::{Value, json};

use crate::support::{App, each};

/// An episode: who walks through which film, and what is shown.
struct Row {
    director: &'static str,
    film: &'static str,
    genres: &'static [&'static str],
    /// What the synopsis of the film says about its kind.
    about: &'static str,
    /// What the shot says of itself.
    shot: &'static [&'static str],
    /// What the trailer shows of it.
    moment: &'static str,
}

const ROWS: [Row; 6] = [
    Row {
        director: "Patty Jenkins",
        film: "Wonder Woman",
        genres: &["Superhero"],
        about: "superhero film",
        shot: &["crossing of no-man's-land", "steps into", "building its tension"],
        moment: "no-man's-land is crossed in Wonder Woman",
    },
    Row {
        director: "Aaron Sorkin",
        film: "The Trial of the Chicago 7",
        genres: &["Historical drama", "Courtroom drama"],
        about: "historical courtroom drama",
        shot: &["riot", "real event", "recreate", "responsibility"],
        moment: "riot breaks out in The Trial of the Chicago 7",
    },
    Row {
        director: "Kasi Lemmons",
        film: "Harriet",
        genres: &["Biopic"],
        about: "biopic of the American abolitionist Harriet Tubman",
        shot: &["Why Harriet Tubman's story matters"],
        moment: "why the story of Harriet Tubman matters",
    },
    Row {
        director: "Jon M. Chu",
        film: "Crazy Rich Asians",
        genres: &["Romantic comedy"],
        about: "romantic comedy",
        shot: &["wedding"],
        moment: "wedding of Crazy Rich Asians",
    },
    Row {
        director: "Malcolm D. Lee",
        film: "Girls Trip",
        genres: &["Comedy"],
        about: "comedy",
        shot: &["Superdome scene"],
        moment: "Superdome scene of Girls Trip",
    },
    Row {
        director: "Michael Mann",
        film: "Heat",
        genres: &["Heist"],
        about: "heist film, called a classic",
        shot: &["shootout"],
        moment: "shootout of Heat",
    },
];

/// What a query of the show gives.
fn show(app: &App, fields: &str) -> Value {
    let query = format!("{{ show(by: {{title: \"One Perfect Shot\"}}) {{ {fields} }} }}");
    app.data(&query, json!({}))["show"].take()
}

/// What a query of a film gives.
fn film(app: &App, title: &str, fields: &str) -> Value {
    let query = format!("query($title: String!) {{ film(by: {{title: $title}}) {{ {fields} }} }}");
    app.data(&query, json!({ "title": title }))["film"].take()
}

/// What a query of a person gives.
fn person(app: &App, name: &str, fields: &str) -> Value {
    let query = format!("query($name: String!) {{ person(by: {{name: $name}}) {{ {fields} }} }}");
    app.data(&query, json!({ "name": name }))["person"].take()
}

/// A list of the answer.
fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no list: {value:#}"))
}

/// The same part of every item of a list.
fn all(items: &Value, pointer: &str) -> Value {
    let part = |item: &Value| item.pointer(pointer).cloned();
    list(items).iter().map(|item| part(item).unwrap_or_else(|| panic!("{item:#}"))).collect()
}

/// Check that a text says all of it, whatever the words around.
#[track_caller]
fn says(text: &Value, words: &[&str]) {
    let text = text.as_str().unwrap_or_else(|| panic!("no text: {text:#}"));
    for words in words {
        assert!(text.contains(words), "{words:?} is missing: {text}");
    }
}

/// Sources as an object: the key of each with the fields that it gave.
fn fields_by_source(production: &Value) -> Value {
    let pair = |fact: &Value| {
        let key = fact["source"]["key"].as_str().expect("every source has a key");
        (key.to_owned(), fact["fields"].clone())
    };
    Value::Object(list(&production["sources"]).iter().map(pair).collect())
}

#[test]
fn the_show_is_a_documentary_series_of_half_hours_based_on_a_twitter_account() {
    each(|app| {
        let mut show = show(
            app,
            "__typename title format runtimeMinutes genres { name }
             released { year month day } synopsis basedOn premise",
        );
        let words = ["synopsis", "basedOn", "premise"].map(|field| show[field].take());
        assert_eq!(
            show,
            json!({
                "__typename": "Show",
                "title": "One Perfect Shot",
                "format": "DOCUMENTARY_SERIES",
                "runtimeMinutes": 30,
                "genres": [{"name": "Documentary"}],
                "released": {"year": 2022, "month": 3, "day": 24},
                "synopsis": null,
                "basedOn": null,
                "premise": null,
            }),
        );
        let [synopsis, based_on, premise] = words;
        says(&synopsis, &["directors", "famous scene", "best-known films"]);
        says(&based_on, &["Twitter account of the same name", "beautiful shots in films"]);
        says(&premise, &["one director's, and one well-known film's"]);
        says(&premise, &["visual effects", "a famous scene", "from every side"]);
        says(&premise, &["how the shot was made", "what had to be overcome"]);
    });
}

#[test]
fn the_show_is_exclusively_on_hbo_max() {
    each(|app| {
        let show = show(
            app,
            "service { name kind }
             companies(filter: {role: SERVICE}) { nodes { isExclusive company { name } } }",
        );
        assert_eq!(
            show,
            json!({
                "service": {"name": "HBO Max", "kind": "SERVICE"},
                "companies": {
                    "nodes": [{"isExclusive": true, "company": {"name": "HBO Max"}}],
                },
            }),
        );
        let data = app.data(
            "{ company(by: {name: \"HBO Max\"}) {
                 productions(filter: {role: SERVICE}) { nodes { isExclusive production { title } } }
             } }",
            json!({}),
        );
        assert_eq!(
            data["company"]["productions"]["nodes"],
            json!([{"isExclusive": true, "production": {"title": "One Perfect Shot"}}]),
        );
    });
}

#[test]
fn all_six_episodes_came_out_with_the_premiere_as_season_one_without_titles_and_numbers() {
    each(|app| {
        let show = show(
            app,
            "episodes { totalCount nodes {
                 title originalTitle episodeNumber seasonNumber format runtimeMinutes
                 released { year month day } show { title }
             } }
             one: episodes(filter: {season: 1}) { totalCount }
             two: episodes(filter: {season: 2}) { totalCount }",
        );
        assert_eq!(show["episodes"]["totalCount"], 6);
        assert_eq!(show["one"]["totalCount"], 6);
        assert_eq!(show["two"]["totalCount"], 0);
        let episode = json!({
            "title": null,
            "originalTitle": null,
            "episodeNumber": null,
            "seasonNumber": 1,
            "format": "DOCUMENTARY",
            "runtimeMinutes": 30,
            "released": {"year": 2022, "month": 3, "day": 24},
            "show": {"title": "One Perfect Shot"},
        });
        assert_eq!(show["episodes"]["nodes"], json!(vec![episode; 6]));
    });
}

#[test]
fn every_row_is_walked_from_the_director_by_the_film_and_the_shot_to_the_show() {
    each(|app| {
        for row in &ROWS {
            let person = person(
                app,
                row.director,
                "directed { nodes {
                     title
                     ... on Film {
                         synopsis
                         genres { name }
                         shots { nodes {
                             title
                             description
                             directors { name }
                             episode {
                                 synopsis
                                 credits(filter: {role: SELF}) { nodes { person { name } } }
                                 show { title }
                             }
                         } }
                     }
                 } }",
            );
            let films = list(&person["directed"]["nodes"]);
            let film = films.iter().find(|film| film["title"] == row.film);
            let film = film.unwrap_or_else(|| panic!("{} is missing: {person:#}", row.film));
            assert_eq!(all(&film["genres"], "/name"), json!(row.genres), "{}", row.film);
            says(&film["synopsis"], &[row.about]);

            let [shot] = list(&film["shots"]["nodes"]) else { panic!("not one shot: {film:#}") };
            assert_eq!(shot["directors"], json!([{"name": row.director}]));
            let (title, description) = (&shot["title"], &shot["description"]);
            says(&json!(format!("{title} {description}")), row.shot);

            let episode = &shot["episode"];
            assert_eq!(episode["show"]["title"], "One Perfect Shot");
            let on_screen = &episode["credits"]["nodes"];
            assert_eq!(all(on_screen, "/person/name"), json!([row.director]));
            says(&episode["synopsis"], &[row.director, row.film]);
        }
    });
}

#[test]
fn every_row_is_found_from_the_show_downwards() {
    each(|app| {
        let show = show(
            app,
            "episodes { nodes { shots { nodes {
                 film { title directors { nodes { name } } }
                 directors { name shots { nodes { film { title } } } }
             } } } }",
        );
        let rows = ROWS.iter().map(|Row { director, film, .. }| {
            json!({"shots": {"nodes": [{
                "film": {"title": film, "directors": {"nodes": [{"name": director}]}},
                "directors": [
                    {"name": director, "shots": {"nodes": [{"film": {"title": film}}]}},
                ],
            }]}})
        });
        assert_eq!(show["episodes"]["nodes"], rows.collect::<Value>());
    });
}

#[test]
fn ava_duvernay_developed_the_show_and_has_an_academy_nomination_and_an_emmy() {
    each(|app| {
        let show = show(app, "credits(filter: {role: DEVELOPER}) { nodes { person { name } } }");
        assert_eq!(all(&show["credits"]["nodes"], "/person/name"), json!(["Ava DuVernay"]));

        let person = person(
            app,
            "Ava DuVernay",
            "credits { nodes { role production { title } } }
             awards { nodes { body status year productions { title } } }",
        );
        let show = json!({"title": "One Perfect Shot"});
        assert_eq!(
            person,
            json!({
                "credits": {"nodes": [
                    {"role": "EXECUTIVE_PRODUCER", "production": show},
                    {"role": "DEVELOPER", "production": show},
                ]},
                "awards": {"nodes": [
                    {
                        "body": "Academy Awards",
                        "status": "NOMINEE",
                        "year": 2016,
                        "productions": [{"title": "13th"}],
                    },
                    {"body": "Emmy Awards", "status": "WINNER", "year": null, "productions": []},
                ]},
            }),
        );
    });
}

#[test]
fn five_people_and_four_companies_produced_the_show_in_this_order() {
    each(|app| {
        let company = "{ nodes { isExclusive company { name } } }";
        let show = show(
            app,
            &format!(
                "credits(filter: {{role: EXECUTIVE_PRODUCER}}) {{ nodes {{ position person {{ name }} }} }}
                 by: companies(filter: {{role: PRODUCED_BY}}) {company}
                 with: companies(filter: {{role: IN_ASSOCIATION_WITH}}) {company}
                 companies {{ totalCount }}",
            ),
        );
        let people = &show["credits"]["nodes"];
        assert_eq!(
            all(people, "/person/name"),
            json!([
                "Ava DuVernay",
                "Paul Garnes",
                "Bruce Robertson",
                "Neil Miller",
                "Sonia Slutsky",
            ]),
        );
        assert_eq!(all(people, "/position"), json!([1, 2, 3, 4, 5]));
        assert_eq!(
            all(&show["by"]["nodes"], "/company/name"),
            json!(["Warner Bros. Unscripted Television"]),
        );
        assert_eq!(
            all(&show["with"]["nodes"], "/company/name"),
            json!(["Warner Horizon", "ARRAY Filmworks", "One Perfect Shot"]),
        );
        // These and the service.
        assert_eq!(show["companies"]["totalCount"], 5);

        let data = app.data(
            "{ company(by: {name: \"One Perfect Shot\"}) {
                 __typename productions { nodes { role production { title } } }
             } }",
            json!({}),
        );
        assert_eq!(
            data["company"],
            json!({
                "__typename": "Company",
                "productions": {"nodes": [{
                    "role": "IN_ASSOCIATION_WITH",
                    "production": {"title": "One Perfect Shot"},
                }]},
            }),
        );
    });
}

#[test]
fn the_trailer_by_hbo_max_shows_a_moment_of_every_episode() {
    each(|app| {
        let show = show(
            app,
            "videos { nodes {
                 kind title description publisher { name } production { title }
             } }",
        );
        let [video] = list(&show["videos"]["nodes"]) else { panic!("not one video: {show:#}") };
        assert_eq!(video["kind"], "TRAILER");
        assert_eq!(video["publisher"]["name"], "HBO Max");
        assert_eq!(video["production"]["title"], "One Perfect Shot");
        says(&video["title"], &["One Perfect Shot"]);
        says(
            &video["description"],
            &["HBO Max put it out before the premiere", "Each episode has its moment"],
        );
        says(&video["description"], &ROWS.map(|row| row.moment));
    });
}

#[test]
fn years_and_lengths_of_the_films_are_given_where_a_public_source_has_them() {
    each(|app| {
        let expected = [
            ("Wonder Woman", 2017, Some(141)),
            ("The Trial of the Chicago 7", 2020, Some(130)),
            ("Harriet", 2019, Some(125)),
            ("Crazy Rich Asians", 2018, Some(120)),
            ("Girls Trip", 2017, None),
            ("Heat", 1995, None),
        ];
        for (title, year, minutes) in expected {
            let film = film(
                app,
                title,
                "format released { year month day } runtimeMinutes
                 sources { fields source { key } }",
            );
            assert_eq!(film["format"], "FEATURE", "{title}");
            assert_eq!(film["released"], json!({"year": year, "month": null, "day": null}));
            assert_eq!(film["runtimeMinutes"], json!(minutes), "{title}");
            let mut sources = json!({
                "report": ["title", "genres"],
                "shotlist": ["synopsis", "format"],
                "wikipedia": ["released"],
            });
            if minutes.is_some() {
                sources["seed-ids"] = json!(["runtime_minutes"]);
            }
            assert_eq!(fields_by_source(&film), sources, "{title}");
        }
    });
}

/// An id of another catalogue.
fn id(catalog: &str, scope: &str, value: &str) -> Value {
    json!({ "catalog": catalog, "scope": scope, "value": value })
}

#[test]
fn ids_of_other_catalogues_are_given_where_known_and_nothing_else() {
    let imdb = |value| id("imdb", "title", value);
    let tmdb = |value| id("tmdb", "movie", value);
    let wikipedia = |value| id("wikipedia", "en", value);
    let name = |value| id("imdb", "name", value);
    let productions = [
        ("One Perfect Shot", vec![imdb("tt19026978")]),
        (
            "Wonder Woman",
            vec![imdb("tt0451279"), tmdb("297762"), wikipedia("Wonder_Woman_(2017_film)")],
        ),
        (
            "The Trial of the Chicago 7",
            vec![imdb("tt1070874"), wikipedia("The_Trial_of_the_Chicago_7")],
        ),
        ("Harriet", vec![imdb("tt4648786"), wikipedia("Harriet_(film)")]),
        (
            "Crazy Rich Asians",
            vec![imdb("tt3104988"), tmdb("455207"), wikipedia("Crazy_Rich_Asians_(film)")],
        ),
        ("Girls Trip", vec![imdb("tt3564472"), wikipedia("Girls_Trip")]),
        ("Heat", vec![imdb("tt0113277"), tmdb("949"), wikipedia("Heat_(1995_film)")]),
    ];
    let people = [
        ("Ava DuVernay", vec![name("nm1148550")]),
        ("Patty Jenkins", vec![name("nm0420941")]),
        ("Aaron Sorkin", vec![name("nm0815070")]),
        ("Kasi Lemmons", vec![name("nm0501435")]),
        ("Jon M. Chu", vec![name("nm0160840")]),
        ("Malcolm D. Lee", vec![]),
        ("Michael Mann", vec![name("nm0000520")]),
    ];
    each(|app| {
        let by_title = "query($text: String!) { it: production(by: {title: $text}) {
            id externalIds { catalog scope value } } }";
        let by_name = "query($text: String!) { it: person(by: {name: $text}) {
            id externalIds { catalog scope value } } }";
        let by_imdb = "query($value: String!) { it: production(by: {imdbId: $value}) { id } }";
        let by_tmdb = "query($value: String!) { it: film(by: {tmdbId: $value}) { id } }";
        let by_imdb_name = "query($value: String!) { it: person(by: {imdbId: $value}) { id } }";
        let productions = productions.iter().map(|known| (by_title, known));
        let people = people.iter().map(|known| (by_name, known));
        for (query, (text, ids)) in productions.chain(people) {
            let found = app.data(query, json!({ "text": text }));
            assert_eq!(found["it"]["externalIds"], json!(ids), "{text}");
            // The id leads back to the same thing.
            for id in ids {
                let query = match (id["catalog"].as_str(), id["scope"].as_str()) {
                    (Some("imdb"), Some("title")) => by_imdb,
                    (Some("imdb"), Some("name")) => by_imdb_name,
                    (Some("tmdb"), _) => by_tmdb,
                    _ => continue,
                };
                let again = app.data(query, json!({ "value": id["value"] }));
                assert_eq!(again["it"]["id"], found["it"]["id"], "{text}");
            }
        }
    });
}

/// Ceremony, year, film, status and category, then the people and the detail.
const ACADEMY_AWARDS: [&str; 16] = [
    "72 1999 The Insider NOMINEE DIRECTING: Michael Mann",
    "72 1999 The Insider NOMINEE BEST PICTURE: Michael Mann, Pieter Jan Brugge",
    "72 1999 The Insider NOMINEE WRITING (Screenplay Based on Material Previously Produced or \
     Published): Eric Roth, Michael Mann",
    "77 2004 The Aviator NOMINEE BEST PICTURE: Michael Mann, Graham King",
    "83 2010 The Social Network WINNER WRITING (Adapted Screenplay): Aaron Sorkin",
    "84 2011 Moneyball NOMINEE WRITING (Adapted Screenplay): Steven Zaillian, Aaron Sorkin, \
     Stan Chervin",
    "89 2016 13th NOMINEE DOCUMENTARY (Feature): Ava DuVernay, Spencer Averick, Howard Barish",
    "90 2017 Molly's Game NOMINEE WRITING (Adapted Screenplay): Aaron Sorkin",
    "92 2019 Harriet NOMINEE ACTRESS IN A LEADING ROLE: Cynthia Erivo: Harriet/Minty",
    "92 2019 Harriet NOMINEE MUSIC (Original Song): Joshuah Brian Campbell, Cynthia Erivo: \
     Stand Up",
    "93 2020 The Trial of the Chicago 7 NOMINEE ACTOR IN A SUPPORTING ROLE: Sacha Baron Cohen: \
     Abbie Hoffman",
    "93 2020 The Trial of the Chicago 7 NOMINEE CINEMATOGRAPHY: Phedon Papamichael",
    "93 2020 The Trial of the Chicago 7 NOMINEE FILM EDITING: Alan Baumgarten",
    "93 2020 The Trial of the Chicago 7 NOMINEE MUSIC (Original Song): Daniel Pemberton, \
     Celeste Waite: Hear My Voice",
    "93 2020 The Trial of the Chicago 7 NOMINEE BEST PICTURE: Marc Platt, Stuart Besser",
    "93 2020 The Trial of the Chicago 7 NOMINEE WRITING (Original Screenplay): Aaron Sorkin",
];

/// The fields that [`line`] needs.
const AWARD: &str = "body ceremony year status category detail productions { title }
                     people { name } source { key }";

/// An award of the Academy as a line of the table.
fn line(award: &Value) -> String {
    assert_eq!(award["body"], "Academy Awards", "{award:#}");
    assert_eq!(award["source"]["key"], "oscars", "{award:#}");
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{award:#}")).to_owned();
    let people: Vec<_> = list(&award["people"]).iter().map(|one| text(&one["name"])).collect();
    let mut line = format!(
        "{} {} {} {} {}: {}",
        award["ceremony"],
        award["year"],
        text(&award["productions"][0]["title"]),
        text(&award["status"]),
        text(&award["category"]),
        people.join(", "),
    );
    if !award["detail"].is_null() {
        line += &format!(": {}", text(&award["detail"]));
    }
    line
}

#[test]
fn the_awards_are_sixteen_of_the_academy_and_an_emmy() {
    each(|app| {
        let data = app.data(
            &format!("{{ awards(first: 100) {{ totalCount nodes {{ {AWARD} }} }} }}"),
            json!({}),
        );
        assert_eq!(data["awards"]["totalCount"], 17);
        let awards = list(&data["awards"]["nodes"]).iter();
        let (academy, others): (Vec<_>, Vec<_>) =
            awards.partition(|award| award["body"] == "Academy Awards");
        let lines: Vec<_> = academy.into_iter().map(line).collect();
        assert_eq!(lines, ACADEMY_AWARDS);
        assert_eq!(
            json!(others),
            json!([{
                "body": "Emmy Awards",
                "ceremony": null,
                "year": null,
                "status": "WINNER",
                "category": null,
                "detail": null,
                "productions": [],
                "people": [{"name": "Ava DuVernay"}],
                "source": {"key": "report"},
            }]),
        );

        // The same by the film and by the director, where the latest comes first.
        let nodes = format!("awards {{ nodes {{ {AWARD} }} }}");
        let fitting = |word: &str| {
            let mut lines = ACADEMY_AWARDS.to_vec();
            lines.retain(|line| line.contains(word));
            // Of one year the last entered comes first.
            lines.sort_by_key(|line| line[3..7].to_owned());
            lines.reverse();
            lines
        };
        for Row { director, film: title, .. } in &ROWS {
            let of_film = film(app, title, &nodes);
            let lines: Vec<_> = list(&of_film["awards"]["nodes"]).iter().map(line).collect();
            assert_eq!(lines, fitting(&format!(" {title} ")));
            let of_director = person(app, director, &nodes);
            let lines: Vec<_> = list(&of_director["awards"]["nodes"]).iter().map(line).collect();
            assert_eq!(lines, fitting(director));
        }
        let won =
            film(app, "The Social Network", "awards(filter: {status: WINNER}) { totalCount }");
        assert_eq!(won["awards"]["totalCount"], 1);
        let lost = film(app, "Moneyball", "awards(filter: {status: WINNER}) { totalCount }");
        assert_eq!(lost["awards"]["totalCount"], 0);
    });
}

#[test]
fn every_fact_names_its_source() {
    each(|app| {
        let show = show(
            app,
            "sources { fields source { key } }
             credits { nodes { source { key } } }
             companies { nodes { source { key } } }
             videos { nodes { source { key } } }
             externalIds { source { key } }
             episodes { nodes {
                 sources { fields source { key } }
                 shots { nodes { source { key } } }
             } }",
        );
        assert_eq!(
            fields_by_source(&show),
            json!({
                "report": [
                    "title",
                    "format",
                    "released",
                    "runtime_minutes",
                    "genres",
                    "service",
                    "based_on",
                    "premise",
                ],
                "shotlist": ["synopsis"],
            }),
        );
        for relation in ["credits", "companies", "videos"] {
            for key in list(&all(&show[relation]["nodes"], "/source/key")) {
                assert_eq!(key, "report", "{relation}");
            }
        }
        assert_eq!(all(&show["externalIds"], "/source/key"), json!(["seed-ids"]));
        for episode in list(&show["episodes"]["nodes"]) {
            assert_eq!(
                fields_by_source(episode),
                json!({
                    "report": [
                        "format",
                        "released",
                        "runtime_minutes",
                        "genres",
                        "show",
                        "season",
                    ],
                    "shotlist": ["synopsis"],
                }),
            );
            assert_eq!(all(&episode["shots"]["nodes"], "/source/key"), json!(["report"]));
        }

        let data = app.data(
            "{ sources { nodes { key name licence attribution } }
               productions(first: 100) { totalCount nodes { sources { source { key } } } } }",
            json!({}),
        );
        // Six films of the episodes, six more with awards, the show and its episodes.
        assert_eq!(data["productions"]["totalCount"], 19);
        for production in list(&data["productions"]["nodes"]) {
            assert!(!list(&production["sources"]).is_empty(), "{production:#}");
        }
        assert_eq!(
            all(&data["sources"]["nodes"], "/name"),
            json!([
                "Press report on One Perfect Shot, 2022-03-15",
                "Academy Award data",
                "Wikipedia film lists",
                "Public pages of IMDb, TMDB and Wikipedia: identifiers and running times",
                "Shotlist",
            ]),
        );
        // Where a licence asks for it, there is a line to show.
        for source in list(&data["sources"]["nodes"]) {
            assert_eq!(source["licence"].is_null(), source["attribution"].is_null(), "{source:#}");
        }
    });
}
