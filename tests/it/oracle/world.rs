//! A random catalogue, full of what goes wrong: NULLs, ties, shared names, unknown words, text that
//! needs escapes.

use std::collections::BTreeMap;

use serde_json::Value;
use shotlist::catalog::Backend;
use shotlist::catalog::write::Writer;
use shotlist::import::jsonl;

use crate::support::{Database, runtime};

/// Numbers that only look random.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("it is below a usize")
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn maybe(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

const NAMES: &[&str] = &[
    "Ava",
    "Michael Mann",
    "O'Neill \"Tip\"",
    "Zoë",
    "李安",
    "back\\slash",
    "line\nbreak\ttab",
    "🎬 emoji",
    "a",
    "B",
    "é",
    "\u{202e}right to left",
    "ẞ",
    "%_%",
    "null",
    "</script>",
];
const DATES: &[&str] = &["1995", "2017", "2017-06", "2017-06-02", "2022-03-24", "1927-10-06"];

/// Fewer than `most` of the keys that start so, each once.
fn some_of(random: &mut Random, prefix: &str, count: usize, most: usize) -> Vec<String> {
    let mut keys: Vec<String> = (0..count).map(|index| format!("{prefix}{index}")).collect();
    keys.rotate_left(random.below(count));
    keys.truncate(random.below(most));
    keys
}

/// The lines of a random catalogue.
pub fn lines(seed: u64) -> String {
    let mut random = Random(seed);
    let mut lines: Vec<Value> = Vec::new();
    macro_rules! line {
        ($($json:tt)+) => { lines.push(serde_json::json!($($json)+)) };
    }
    let optional = |random: &mut Random, of: &[&str]| {
        if random.maybe(40) { Value::Null } else { random.one(of).into() }
    };
    for (index, name) in NAMES.iter().enumerate().take(3) {
        line!({"type": "source", "key": format!("s{index}"), "name": name,
            "licence": optional(&mut random, NAMES), "retrieved": optional(&mut random, DATES)});
    }
    for index in 0..6 {
        line!({"type": "genre", "key": format!("g{index}"), "name": random.one(NAMES)});
    }
    for index in 0..5 {
        line!({"type": "profession", "key": format!("j{index}"), "name": random.one(NAMES)});
    }
    let source = |random: &mut Random| format!("s{}", random.below(3));
    for index in 0..8 {
        line!({"type": "company", "key": format!("c{index}"), "name": random.one(NAMES),
            "kind": random.one(&["studio", "network", "co-operative"]), "source": source(&mut random)});
    }
    for index in 0..40 {
        let name = if random.maybe(10) { Value::Null } else { random.one(NAMES).into() };
        line!({"type": "person", "key": format!("p{index}"), "name": name,
            "born": optional(&mut random, DATES), "died": optional(&mut random, DATES),
            "professions": some_of(&mut random, "j", 5, 3),
            "source": source(&mut random)});
    }
    for index in 0..70 {
        let (kind, key) = match index {
            0..32 => ("film", format!("f{index}")),
            32..36 => ("show", format!("h{index}")),
            _ => ("episode", format!("e{index}")),
        };
        let genres = some_of(&mut random, "g", 6, 4);
        let rated = random.maybe(60);
        let mut record = serde_json::json!({"type": kind, "key": key, "title": random.one(NAMES),
            "original_title": optional(&mut random, NAMES), "synopsis": optional(&mut random, NAMES),
            "format": random.one(&["feature", "short", "episode", "puppet_theatre"]),
            "released": optional(&mut random, DATES), "adult": random.maybe(10), "genres": genres,
            "sources": {source(&mut random): ["title", "a \"quoted\" field"]}});
        if rated {
            record["rating_tenths"] = (10 + random.below(91)).into();
            record["rating_votes"] = (1 + random.below(2_000_000)).into();
        }
        if random.maybe(50) {
            record["runtime_minutes"] = (1 + random.below(200)).into();
        }
        if kind == "show" {
            record["ended"] = optional(&mut random, DATES);
            record["based_on"] = optional(&mut random, NAMES);
            if random.maybe(50) {
                record["service"] = format!("c{}", random.below(8)).into();
            }
        }
        if kind == "episode" {
            if random.maybe(90) {
                record["show"] = format!("h{}", 32 + random.below(3)).into();
            }
            if random.maybe(30) {
                record["title"] = Value::Null;
            }
            if random.maybe(60) {
                record["season"] = random.below(3).into();
            }
            if random.maybe(60) {
                record["episode"] = random.below(5).into();
            }
        }
        lines.push(record);
    }
    let production = |random: &mut Random| match random.below(78) {
        index @ 0..32 => format!("f{index}"),
        index @ 32..36 => format!("h{index}"),
        index @ 36..70 => format!("e{index}"),
        // There are few shows; they have as many things as others.
        index => format!("h{}", 32 + index % 4),
    };
    for index in 0..420 {
        // One person has done more than a page holds.
        let person = if index < 150 { 0 } else { random.below(40) };
        let role = random.one(&["director", "actor", "writer", "self", "other", "editor"]);
        let production = production(&mut random);
        let characters: Vec<_> = (0..random.below(3)).map(|_| random.one(NAMES)).collect();
        line!({"type": "credit", "production": production, "person": format!("p{person}"),
            "role": role, "category": optional(&mut random, &["actress", "archive_footage"]),
            "job": optional(&mut random, NAMES), "characters": characters,
            "position": 1 + random.below(4), "billed": random.maybe(80),
            "source": source(&mut random)});
    }
    let mut seen = std::collections::HashSet::new();
    for _ in 0..60 {
        let (company, role) = (random.below(8), random.one(&["produced_by", "service", "other"]));
        let production = production(&mut random);
        if seen.insert((production.clone(), company, role)) {
            line!({"type": "production_company", "production": production,
                "company": format!("c{company}"), "role": role, "exclusive": random.maybe(30),
                "position": 1 + random.below(3), "source": source(&mut random)});
        }
    }
    for index in 0..40 {
        let mut directors: Vec<_> = (0..4).map(|_| format!("p{}", random.below(40))).collect();
        directors.sort();
        directors.dedup();
        directors.truncate(random.below(3));
        let mut record = serde_json::json!({"type": "shot", "key": format!("t{index}"),
            "film": format!("f{}", random.below(8)), "directors": directors, "title": random.one(NAMES),
            "description": optional(&mut random, NAMES), "position": 1 + random.below(3),
            "source": source(&mut random)});
        if random.maybe(60) {
            record["episode"] = format!("e{}", 36 + random.below(6)).into();
        }
        if random.maybe(40) {
            record["starts_at_ms"] = random.below(7_000_000).into();
        }
        lines.push(record);
    }
    for _ in 0..60 {
        let mut people: Vec<_> =
            (0..random.below(3)).map(|_| format!("p{}", random.below(40))).collect();
        people.sort();
        people.dedup();
        let mut record = serde_json::json!({"type": "award", "body": random.one(NAMES),
            "category": optional(&mut random, NAMES), "status": random.one(&["winner", "nominee"]),
            "people": people, "detail": optional(&mut random, NAMES), "source": source(&mut random)});
        if random.maybe(60) {
            record["year"] = (2000 + random.below(4)).into();
        }
        let mut productions: Vec<_> =
            (0..random.below(4)).map(|_| production(&mut random)).collect();
        productions.sort();
        productions.dedup();
        record["productions"] = productions.into();
        let mut companies: Vec<_> =
            (0..random.below(3)).map(|_| format!("c{}", random.below(8))).collect();
        companies.sort();
        companies.dedup();
        record["companies"] = companies.into();
        for field in ["class", "canonical_category", "name", "note", "citation"] {
            record[field] = optional(&mut random, NAMES);
        }
        lines.push(record);
    }
    for _ in 0..20 {
        line!({"type": "video", "production": production(&mut random),
            "kind": random.one(&["trailer", "hologram"]), "title": random.one(NAMES),
            "description": optional(&mut random, NAMES), "source": source(&mut random)});
        line!({"type": "title", "production": production(&mut random), "text": random.one(NAMES),
            "region": optional(&mut random, &["US", "XWW"]),
            "language": optional(&mut random, &["en", "fr"]), "original": random.maybe(30),
            "kinds": some_of(&mut random, "kind ", 4, 3), "attributes": some_of(&mut random, "a ", 2, 2),
            "position": 1 + random.below(3), "source": source(&mut random)});
    }
    for index in 0..90 {
        let (of, scope) = match index % 3 {
            0 => (serde_json::json!({"production": production(&mut random)}), "title"),
            1 => (serde_json::json!({"person": format!("p{}", random.below(40))}), "name"),
            _ => (serde_json::json!({"company": format!("c{}", random.below(8))}), "company"),
        };
        line!({"type": "external_id", "of": of, "catalog": "imdb", "scope": scope,
            "value": format!("x{index}"), "canonical": random.maybe(80), "source": source(&mut random)});
        line!({"type": "external_id", "of": {"production": production(&mut random)}, "catalog": "tmdb",
            "scope": "movie", "value": index.to_string(), "source": source(&mut random)});
    }
    for person in (0..40).step_by(3) {
        let mut productions = some_of(&mut random, "f", 32, 5);
        productions.push("h33".to_owned());
        line!({"type": "known_for", "person": format!("p{person}"), "productions": productions});
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A database with a random catalogue, the same each time.
pub fn random(backend: Backend) -> Database {
    seeded(backend, 7)
}

/// A database with the random catalogue of a seed.
pub fn seeded(backend: Backend, seed: u64) -> Database {
    written(backend, &lines(seed))
}

/// A database with the records of these lines.
pub fn written(backend: Backend, lines: &str) -> Database {
    let database = Database::empty(backend);
    let catalog = database.open();
    let records = jsonl::parse(lines).expect("records");
    runtime().block_on(async {
        catalog
            .write(|transaction| {
                Box::pin(async move {
                    let mut writer = Writer::new(transaction, "test");
                    jsonl::write(records, &mut writer).await?;
                    writer.finish().await
                })
            })
            .await
            .expect("it is written");
        catalog.close().await.expect("it closes");
    });
    database
}

/// The rows of a database.
pub struct World {
    pub tables: BTreeMap<String, Vec<Value>>,
}

impl World {
    pub fn of(database: &Database) -> Self {
        let names = match database.backend {
            Backend::Sqlite => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            }
            Backend::Postgres => {
                "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"
            }
        };
        let names = database
            .texts(names)
            .into_iter()
            .filter(|name| !name.starts_with("seaql") && name != "change");
        let tables = names.map(|name| {
            let sql = match database.backend {
                Backend::Sqlite => {
                    let columns = database.texts(&format!("SELECT name FROM pragma_table_xinfo('{name}')"));
                    let pairs: Vec<_> = columns.iter().map(|column| format!("'{column}', {column}")).collect();
                    format!("SELECT json_object({}) FROM {name} ORDER BY 1", pairs.join(", "))
                }
                Backend::Postgres => {
                    let columns = format!("SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{name}' ORDER BY ordinal_position");
                    let columns = database.texts(&columns).into_iter().map(|column| {
                        // SQLite has no truth values: there they are numbers.
                        if column.starts_with("is_") { format!("{column}::int AS {column}") } else { column }
                    });
                    let columns: Vec<_> = columns.collect();
                    format!("SELECT row_to_json(t)::text FROM (SELECT {} FROM {name}) t ORDER BY 1", columns.join(", "))
                }
            };
            let rows = database.texts(&sql);
            let mut rows: Vec<Value> =
                rows.iter().map(|row| serde_json::from_str(row).expect("a row")).collect();
            rows.sort_by_key(|row| row.get("id").or(row.get("production_id")).and_then(Value::as_i64));
            (name, rows)
        });
        Self { tables: tables.collect() }
    }

    /// The rows of a table.
    pub fn rows(&self, table: &str) -> &[Value] {
        &self.tables[table]
    }
}
