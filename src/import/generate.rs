//! A large catalogue of invented data, made inside the database: the same rows on every database
//! for the same options.

pub mod imdb;

use std::time::{SystemTime, UNIX_EPOCH};

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, Statement};

use crate::catalog::write::Writer;
use crate::catalog::{Catalog, collation};
use crate::error::Error;

/// What fills the tables, with placeholders.
const ROWS: &str = include_str!("generate/rows.sql");
/// The words of which titles and names are made: a line for each list, which its name starts.
const WORDS: &str = include_str!("generate/words.txt");
/// Ids of words are the number of their list times this, and their place in it.
const WORDS_MAX: usize = 1000;
/// Every table that is filled, in the order of a change row.
const TABLES: &str = "award award_company award_person award_production company credit episode external_id genre known_for person \
    person_profession production production_company production_genre production_source profession \
    season shot shot_director show source title_name video";

/// Sorting in files keeps memory small; a cache that holds the people makes looking them up cheap.
const SETTINGS_SQLITE: &str = "SELECT 'PRAGMA temp_store = FILE; PRAGMA cache_size = -131072',
    'PRAGMA temp_store = MEMORY; PRAGMA cache_size = ' || cache_size FROM pragma_cache_size";
const SETTINGS_POSTGRES: &str = "SET LOCAL jit = off; SET LOCAL work_mem = '64MB';
    SET LOCAL maintenance_work_mem = '256MB'";
pub(super) const DEFINITIONS_SQLITE: &str = r#"
    SELECT printf('DROP INDEX "%w"', name), sql FROM sqlite_master
    WHERE type = 'index' AND sql IS NOT NULL ORDER BY rowid"#;
const DEFINITIONS_POSTGRES: &str = "
    SELECT remove, restore FROM (
        SELECT 2 AS rank, format('DROP INDEX %I', indexname) AS remove, indexdef AS restore
        FROM pg_indexes WHERE schemaname = current_schema() AND indexname NOT IN (
            SELECT conname FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
        )
        UNION ALL
        SELECT CASE contype WHEN 'f' THEN 3 ELSE 1 END,
            format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
            format('ALTER TABLE %s ADD CONSTRAINT %I ', conrelid::regclass, conname) || pg_get_constraintdef(oid)
        FROM pg_constraint
        WHERE contype IN ('f', 'p', 'u') AND connamespace = current_schema()::regnamespace
    ) AS definitions ORDER BY rank, restore";

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Films, shows and episodes together: 100 to 20 million. Everything else is in proportion.
    pub productions: u32,
    /// Other seeds give other rows of the same shape.
    pub seed: u32,
}

/// Fill an empty catalogue, in one transaction.
///
/// # Errors
/// A sentence when the catalogue is not empty or the options are out of bounds, or the fault of the
/// database.
pub async fn generate(catalog: &Catalog, options: Options) -> Result<(), Error> {
    if !(100..=20_000_000).contains(&options.productions) {
        return Err(Error::refused("a generated catalogue has 100 to 20000000 productions"));
    }
    catalog
        .write(move |transaction| {
            Box::pin(async move {
                if !Writer::new(transaction, "generator").catalogue_is_empty().await? {
                    return Err(Error::refused(
                        "the catalogue is not empty: only a new one can be generated",
                    ));
                }
                let postgres = transaction.get_database_backend() == DatabaseBackend::Postgres;
                let template = Template { postgres, options };
                if postgres {
                    run(transaction, SETTINGS_POSTGRES).await?;
                    return fill(transaction, &template).await;
                }
                // They are the connection's, and others use it afterwards.
                let settings = there_and_back(transaction, SETTINGS_SQLITE).await?;
                for (there, _) in &settings {
                    run(transaction, there).await?;
                }
                let filled = fill(transaction, &template).await;
                for (_, back) in &settings {
                    run(transaction, back).await?;
                }
                filled
            })
        })
        .await
}

async fn run(transaction: &DatabaseTransaction, sql: &str) -> Result<(), Error> {
    transaction.execute_unprepared(sql).await?;
    Ok(())
}

/// Pairs of statements that a query returns: to change something for the time, and to undo that.
async fn there_and_back(
    transaction: &DatabaseTransaction,
    sql: &str,
) -> Result<Vec<(String, String)>, Error> {
    let query = Statement::from_string(transaction.get_database_backend(), sql);
    let mut pairs = Vec::new();
    for row in transaction.query_all_raw(query).await? {
        pairs.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    }
    Ok(pairs)
}

/// Fill the tables without their indexes, which are far cheaper to make at the end; so are the
/// constraints, where they can be taken away.
async fn fill(transaction: &DatabaseTransaction, template: &Template) -> Result<(), Error> {
    let postgres = template.postgres;
    let definitions = if postgres { DEFINITIONS_POSTGRES } else { DEFINITIONS_SQLITE };
    let definitions = there_and_back(transaction, definitions).await?;
    for (remove, _) in definitions.iter().rev() {
        run(transaction, remove).await?;
    }
    run(transaction, &template.expand(ROWS)).await?;
    run(transaction, &change()).await?;
    if !postgres {
        // Short runs sort faster; the limit is the one of a closing connection.
        run(transaction, "PRAGMA cache_size = -2000; PRAGMA analysis_limit = 400").await?;
    }
    for (_, restore) in &definitions {
        run(transaction, restore).await?;
    }
    if postgres {
        // The next row that is written takes the next id.
        for table in TABLES.split(' ').filter(|table| !["episode", "show"].contains(table)) {
            let sequence = format!("pg_get_serial_sequence('{table}', 'id')");
            run(transaction, &format!("SELECT setval({sequence}, max(id)) FROM {table}")).await?;
        }
    }
    run(transaction, "ANALYZE").await
}

/// What the placeholders of a text stand for.
struct Template {
    postgres: bool,
    options: Options,
}

impl Template {
    fn expand(&self, text: &str) -> String {
        let mut sql = String::with_capacity(text.len() * 2);
        for part in text.split('{') {
            // What stands before the first brace has no end of a placeholder.
            let (placeholder, rest) = part.split_once('}').unwrap_or(("", part));
            sql += &self.value(placeholder);
            sql += rest;
        }
        sql
    }

    fn value(&self, placeholder: &str) -> String {
        if let Some((expression, stream)) = placeholder.rsplit_once(" ~ ") {
            return self.hash(expression, stream.parse().unwrap_or_default());
        }
        if let Some((list, index)) = placeholder.split_once(": ") {
            let found = lists().find(|(_, name, _)| *name == list);
            let (first, count) = found.map_or((0, 1), |(first, _, words)| (first, words.len()));
            return format!("({first} + ({index}) % {count})");
        }
        let (word, of) = placeholder.split_once(' ').unwrap_or((placeholder, ""));
        match (word, self.postgres) {
            ("", _) => String::new(),
            ("words", _) => words(),
            ("series", true) => format!("generate_series(1, {}) AS series(id)", self.number(of)),
            ("series", false) => format!(
                "(WITH RECURSIVE series(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM series WHERE id < {})
                SELECT id FROM series)",
                self.number(of)
            ),
            ("times", true) => {
                format!("CROSS JOIN LATERAL generate_series(1, CAST({of} AS integer)) AS n(k)")
            }
            ("times", false) => format!("CROSS JOIN generate_number AS n ON k <= {of}"),
            // SQLite keeps the order of the outermost loop, and would sort to promise it.
            ("order", true) => format!("ORDER BY {of}"),
            ("order", false) => String::new(),
            _ => self.number(word).to_string(),
        }
    }

    fn number(&self, name: &str) -> u32 {
        let n = self.options.productions;
        let (hundreds, rest) = (n / 100, n % 100);
        let shows = hundreds * 3 + rest.min(3);
        let films = hundreds * 25 + rest.clamp(3, 28) - 3;
        let episodes = n - shows - films;
        let soap = if n < 100_000 { n / 20 } else { 9_000 };
        // So many places of one role differ in who has them: see the credits.
        let width = (n - 1).min(512);
        match name {
            "n" | "people" => n,
            "companies" => n / 50,
            "shows" => shows,
            "films" => films,
            "episodes" => episodes,
            "soap" => soap,
            // Each other show has one episode at least.
            "spare" => episodes - soap - (shows - 1),
            "rarity" => n / (n / 10).min(10_000),
            "width" => width,
            "tail" => (2 * (width - 10)).min(980),
            "shots" => n / 1_000 + 20,
            "awards" => n / 200 + 20,
            "videos" => n / 500 + 20,
            // More than any show has episodes.
            "numbers" => 16_384,
            // More than there are rows.
            _ => u32::MAX,
        }
    }

    /// A hash below 2^31: the product of two linear ones, so that no two of them go along with each
    /// other. Every product is below 2^62: SQLite would go on in floating point.
    fn hash(&self, expression: &str, stream: u64) -> String {
        let key = (u64::from(self.options.seed) << 8) | (stream * 2);
        let offset = |which: u64| (key | which).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 34;
        let value = format!("CAST({expression} AS bigint)");
        format!(
            "(({value} * 179424673 + {}) % 2147483647 * (({value} * 104395301 + {}) % 1999999973) % 2147483629)",
            offset(0),
            offset(1)
        )
    }
}

/// The word lists: the id of the first word, the name, and the words.
fn lists() -> impl Iterator<Item = (usize, &'static str, Vec<String>)> {
    (1..).zip(WORDS.lines()).map(|(number, line)| {
        let (name, words) = line.split_once(' ').unwrap_or((line, ""));
        let words = words.split(' ').map(|word| word.replace('+', " "));
        (number * WORDS_MAX, name, words.collect())
    })
}

fn words() -> String {
    let rows = lists().flat_map(|(first, _, words)| (first..).zip(words));
    let rows = rows.map(|(id, word)| format!("({id}, '{word}', '{}')", collation::key(&word)));
    rows.collect::<Vec<_>>().join(", ")
}

/// The statement that leaves one change row with the count of every table.
fn change() -> String {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let count = |table: &str| format!(r#"'"{table}":' || (SELECT count(*) FROM {table})"#);
    format!(
        "INSERT INTO change (at_ms, actor, entity, action, fields)
        SELECT {}, 'generator', 'catalog', 'load', '{{' || {} || '}}'",
        since_epoch.as_millis(),
        TABLES.split(' ').map(count).collect::<Vec<_>>().join(" || ',' || ")
    )
}

#[cfg(test)]
mod tests {
    use super::{Options, ROWS, Template, WORDS_MAX, lists};

    #[test]
    fn every_placeholder_stands_for_something() {
        for postgres in [false, true] {
            let options = Options { productions: 100, seed: u32::MAX };
            let sql = Template { postgres, options }.expand(ROWS);
            assert!(!sql.contains(['{', '}']));
            let most = u32::MAX.to_string();
            assert_eq!(sql.matches(&most).count(), ROWS.matches("{all}").count());
        }
        for (_, name, words) in lists() {
            assert!((1..WORDS_MAX).contains(&words.len()), "{name}");
            assert!(ROWS.contains(&format!("{{{name}: ")), "{name}");
            assert!(!words.iter().any(|word| word.contains('\'')), "{name}");
        }
    }
}
