//! What the catalogue holds of what IMDb said, thing by thing.

use std::collections::HashMap;

use sea_orm::QueryResult;

use super::batch::{Batch, get};
use super::compose::{self, ITEM_END, MISSING};
use super::existing::IMDB;
use super::file::{File, Scope};
use crate::error::{Error, Fault};

/// SQL for the id that IMDb has for a row.
fn imdb_id(scope: Scope, row: &str) -> String {
    let (scope, table) = (scope.name(), scope.table());
    // Of several, the files know the one that is current.
    format!(
        "(SELECT value FROM external_id AS x WHERE x.{table}_id = {row} AND x.catalog = '{IMDB}'
            AND x.scope = '{scope}' ORDER BY is_canonical DESC, id LIMIT 1)"
    )
}

/// A credit of a title.
#[derive(Clone, Debug, PartialEq)]
pub struct Credit {
    /// Row id.
    pub id: i64,
    /// Row id of the person.
    pub person_id: i64,
    /// IMDb's id of the person.
    pub person: Option<String>,
    /// The catalogue's word.
    pub role: String,
    /// IMDb's word, where it is another one.
    pub category: Option<String>,
    /// The job.
    pub job: Option<String>,
    /// A JSON array.
    pub characters: String,
    /// Place among the credits.
    pub position: i32,
    /// Whether title.principals has it.
    pub is_billed: bool,
    /// Its place in title.crew.
    pub crew_position: Option<i32>,
}

/// Another title of a title.
#[derive(Clone, Debug, PartialEq)]
pub struct Aka {
    /// Row id.
    pub id: i64,
    /// The title.
    pub text: String,
    /// Region code.
    pub region: Option<String>,
    /// Language code.
    pub language: Option<String>,
    /// A JSON array.
    pub kinds: String,
    /// A JSON array.
    pub attributes: String,
    /// The original title.
    pub is_original: bool,
    /// Its `ordering`.
    pub position: i32,
}

/// A title.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Title {
    /// Row id.
    pub id: i64,
    /// Film, show or episode.
    pub kind: i16,
    /// The form.
    pub format: String,
    /// The title.
    pub title: Option<String>,
    /// The original title, where it differs.
    pub original_title: Option<String>,
    /// For adults only.
    pub is_adult: bool,
    /// First release.
    pub released_on: Option<i32>,
    /// Length.
    pub runtime_minutes: Option<i32>,
    /// Average rating.
    pub rating_tenths: Option<i16>,
    /// Votes.
    pub rating_votes: Option<i32>,
    /// End of a show's run.
    pub ended_on: Option<i32>,
    /// Whether it has what only shows have, and what only episodes have.
    pub has_side: (bool, bool),
    /// Row id of an episode's show.
    pub show_id: Option<i64>,
    /// IMDb's id of it.
    pub show: Option<String>,
    /// Season.
    pub season: Option<i32>,
    /// Number in the season.
    pub number: Option<i32>,
    /// Row id of the season.
    pub season_id: Option<i64>,
    /// The fields that IMDb gave; none where it has given nothing yet.
    pub fields: Option<Vec<String>>,
    /// Genres, in order, each with the id of the link and of the genre.
    pub genres: Vec<(i64, i64, String)>,
    /// Its titles of IMDb's.
    pub akas: Vec<Aka>,
    /// Its credits of IMDb's.
    pub credits: Vec<Credit>,
}

/// Read the own rows of titles by row id, without what hangs on them.
///
/// # Errors
/// The fault of the database.
pub async fn own_rows(batch: &Batch<'_>, ids: &[i64]) -> Result<HashMap<i64, Title>, Error> {
    let show = imdb_id(Scope::Title, "e.show_id");
    let sql = format!(
        "SELECT p.id, p.kind, p.format, p.title, p.original_title, p.is_adult, p.released_on,
            p.runtime_minutes, p.rating_tenths, p.rating_votes, s.ended_on,
            s.production_id IS NOT NULL, e.production_id IS NOT NULL, e.show_id, {show},
            e.season_number, e.episode_number, e.season_id, f.fields
        FROM production AS p LEFT JOIN show AS s ON s.production_id = p.id
        LEFT JOIN episode AS e ON e.production_id = p.id
        LEFT JOIN production_source AS f ON f.production_id = p.id AND f.source_id = {{source}}
        WHERE p.id IN {{keys}}"
    );
    let mut titles = HashMap::new();
    for row in batch.rows(&sql, ids.into()).await? {
        let fields: Option<String> = get(&row, 18)?;
        let fields = fields.map(|fields| serde_json::from_str(&fields).unwrap_or_default());
        let title = Title {
            id: get(&row, 0)?,
            kind: get(&row, 1)?,
            format: get(&row, 2)?,
            title: get(&row, 3)?,
            original_title: get(&row, 4)?,
            is_adult: get(&row, 5)?,
            released_on: get(&row, 6)?,
            runtime_minutes: get(&row, 7)?,
            rating_tenths: get(&row, 8)?,
            rating_votes: get(&row, 9)?,
            ended_on: get(&row, 10)?,
            has_side: (get(&row, 11)?, get(&row, 12)?),
            show_id: get(&row, 13)?,
            show: get(&row, 14)?,
            season: get(&row, 15)?,
            number: get(&row, 16)?,
            season_id: get(&row, 17)?,
            fields,
            ..Title::default()
        };
        titles.insert(title.id, title);
    }
    Ok(titles)
}

/// Read titles by row id, with all that hangs on them.
///
/// # Errors
/// The fault of the database.
pub async fn titles(batch: &Batch<'_>, ids: &[i64]) -> Result<HashMap<i64, Title>, Error> {
    let mut titles = own_rows(batch, ids).await?;
    genres(batch, ids, &mut titles).await?;
    akas(batch, ids, &mut titles).await?;
    credits(batch, ids, &mut titles).await?;
    Ok(titles)
}

fn of_row<'t>(
    titles: &'t mut HashMap<i64, Title>,
    row: &QueryResult,
) -> Result<&'t mut Title, Error> {
    let lost = || Fault::bug("a row of no title".to_owned());
    Ok(titles.get_mut(&get(row, 0)?).ok_or_else(lost)?)
}

/// Read the genres of some of the titles.
///
/// # Errors
/// The fault of the database.
pub async fn genres(
    batch: &Batch<'_>,
    ids: &[i64],
    titles: &mut HashMap<i64, Title>,
) -> Result<(), Error> {
    let sql = "SELECT l.production_id, l.id, l.genre_id, g.name FROM production_genre AS l
        JOIN genre AS g ON g.id = l.genre_id WHERE l.production_id IN {keys} ORDER BY 1, l.position, 2";
    for row in batch.rows(sql, ids.into()).await? {
        let genre = (get(&row, 1)?, get(&row, 2)?, get(&row, 3)?);
        of_row(titles, &row)?.genres.push(genre);
    }
    Ok(())
}

/// Read the other titles of some of the titles.
///
/// # Errors
/// The fault of the database.
pub async fn akas(
    batch: &Batch<'_>,
    ids: &[i64],
    titles: &mut HashMap<i64, Title>,
) -> Result<(), Error> {
    let sql =
        "SELECT production_id, id, text, region, language, kinds, attributes, is_original, position
        FROM title_name WHERE source_id = {source} AND production_id IN {keys} ORDER BY 1, 2";
    for row in batch.rows(sql, ids.into()).await? {
        of_row(titles, &row)?.akas.push(Aka {
            id: get(&row, 1)?,
            text: get(&row, 2)?,
            region: get(&row, 3)?,
            language: get(&row, 4)?,
            kinds: get(&row, 5)?,
            attributes: get(&row, 6)?,
            is_original: get(&row, 7)?,
            position: get(&row, 8)?,
        });
    }
    Ok(())
}

/// Read the credits of some of the titles.
///
/// # Errors
/// The fault of the database.
pub async fn credits(
    batch: &Batch<'_>,
    ids: &[i64],
    titles: &mut HashMap<i64, Title>,
) -> Result<(), Error> {
    let person = imdb_id(Scope::Name, "c.person_id");
    let sql = format!(
        "SELECT production_id, id, person_id, {person}, role, category, job, characters, position,
            is_billed, crew_position
        FROM credit AS c WHERE source_id = {{source}} AND production_id IN {{keys}} ORDER BY 1, 2"
    );
    for row in batch.rows(&sql, ids.into()).await? {
        of_row(titles, &row)?.credits.push(Credit {
            id: get(&row, 1)?,
            person_id: get(&row, 2)?,
            person: get(&row, 3)?,
            role: get(&row, 4)?,
            category: get(&row, 5)?,
            job: get(&row, 6)?,
            characters: get(&row, 7)?,
            position: get(&row, 8)?,
            is_billed: get(&row, 9)?,
            crew_position: get(&row, 10)?,
        });
    }
    Ok(())
}

/// A person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Person {
    /// Row id.
    pub id: i64,
    /// The name.
    pub name: Option<String>,
    /// Birth.
    pub born_on: Option<i32>,
    /// Death.
    pub died_on: Option<i32>,
    /// Whether IMDb brought the person.
    pub is_own: bool,
    /// The fields that IMDb gave to a person whom another source brought.
    pub fields: Option<Vec<String>>,
    /// Professions, in order, each with the id of the link and of the profession.
    pub professions: Vec<(i64, i64, String)>,
    /// What the person is known for, in order: the id of the link, of the production, and IMDb's.
    pub known_for: Vec<(i64, i64, Option<String>)>,
}

/// Read people by row id.
///
/// # Errors
/// The fault of the database.
pub async fn people(batch: &Batch<'_>, ids: &[i64]) -> Result<HashMap<i64, Person>, Error> {
    let sql = "SELECT p.id, p.name, p.born_on, p.died_on, p.source_id = {source}, f.fields
        FROM person AS p LEFT JOIN person_source AS f ON f.person_id = p.id AND f.source_id = {source}
        WHERE p.id IN {keys}";
    let mut people = HashMap::new();
    for row in batch.rows(sql, ids.into()).await? {
        let fields: Option<String> = get(&row, 5)?;
        let fields = fields.map(|fields| serde_json::from_str(&fields).unwrap_or_default());
        let person = Person {
            id: get(&row, 0)?,
            name: get(&row, 1)?,
            born_on: get(&row, 2)?,
            died_on: get(&row, 3)?,
            is_own: get(&row, 4)?,
            fields,
            ..Person::default()
        };
        people.insert(person.id, person);
    }
    let lost = || Fault::bug("a row of nobody".to_owned());
    let professions = "SELECT l.person_id, l.id, l.profession_id, p.key FROM person_profession AS l
        JOIN profession AS p ON p.id = l.profession_id WHERE l.person_id IN {keys} ORDER BY 1, l.position, 2";
    for row in batch.rows(professions, ids.into()).await? {
        let person = people.get_mut(&get(&row, 0)?).ok_or_else(lost)?;
        person.professions.push((get(&row, 1)?, get(&row, 2)?, get(&row, 3)?));
    }
    let title = imdb_id(Scope::Title, "l.production_id");
    let known_for = format!(
        "SELECT l.person_id, l.id, l.production_id, {title} FROM known_for AS l
        WHERE l.person_id IN {{keys}} ORDER BY 1, l.position, 2"
    );
    for row in batch.rows(&known_for, ids.into()).await? {
        let person = people.get_mut(&get(&row, 0)?).ok_or_else(lost)?;
        person.known_for.push((get(&row, 1)?, get(&row, 2)?, get(&row, 3)?));
    }
    Ok(people)
}

fn or_missing(value: Option<&str>) -> &str {
    value.unwrap_or(MISSING)
}

fn number<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| MISSING.to_owned(), |value| value.to_string())
}

fn year(date: Option<i32>) -> String {
    number(date.map(|date| date / 10_000))
}

fn list(items: impl Iterator<Item = String>, end: &str) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() { MISSING.to_owned() } else { items.join(end) }
}

fn json_list(json: &str) -> String {
    let items: Vec<String> = serde_json::from_str(json).unwrap_or_default();
    list(items.into_iter(), &ITEM_END.to_string())
}

impl Aka {
    /// Its line in title.akas.
    pub fn line(&self, key: &str) -> String {
        let flag = u8::from(self.is_original);
        let (region, language) =
            (or_missing(self.region.as_deref()), or_missing(self.language.as_deref()));
        let (kinds, attributes) = (json_list(&self.kinds), json_list(&self.attributes));
        let Self { position, text, .. } = self;
        format!("{key}\t{position}\t{text}\t{region}\t{language}\t{kinds}\t{attributes}\t{flag}")
    }
}

impl Credit {
    /// Its line in title.principals, where it is billed.
    pub fn line(&self, key: &str) -> Option<String> {
        let person = self.person.as_deref().filter(|_| self.is_billed)?;
        let category = self.category.as_deref().unwrap_or(&self.role);
        let job = or_missing(self.job.as_deref());
        let characters = if self.characters == "[]" { MISSING } else { &self.characters };
        Some(format!("{key}\t{}\t{person}\t{category}\t{job}\t{characters}", self.position))
    }
}

impl Title {
    /// Its line in title.basics.
    pub fn basics_line(&self, key: &str) -> String {
        let title = or_missing(self.title.as_deref());
        let original = self.original_title.as_deref().unwrap_or(title);
        let genres = list(self.genres.iter().map(|(_, _, name)| name.clone()), ",");
        format!(
            "{key}\t{}\t{title}\t{original}\t{}\t{}\t{}\t{}\t{genres}",
            compose::title_type(&self.format),
            u8::from(self.is_adult),
            year(self.released_on),
            year(self.ended_on),
            number(self.runtime_minutes),
        )
    }

    /// Its line in title.episode, where its show is known.
    pub fn episode_line(&self, key: &str) -> Option<String> {
        let show = self.show.as_ref()?;
        Some(format!("{key}\t{show}\t{}\t{}", number(self.season), number(self.number)))
    }

    /// Its line in title.ratings, where it is rated.
    pub fn rating_line(&self, key: &str) -> Option<String> {
        let (tenths, votes) = self.rating_tenths.zip(self.rating_votes)?;
        Some(format!("{key}\t{}.{}\t{votes}", tenths / 10, tenths % 10))
    }

    /// Its line in title.crew.
    pub fn crew_line(&self, key: &str) -> String {
        let people = |role: &str| {
            let credits = self.credits.iter().filter(|credit| credit.role == role);
            let mut placed: Vec<_> = credits
                .filter_map(|credit| Some((credit.crew_position?, credit.person.clone()?)))
                .collect();
            placed.sort();
            list(placed.into_iter().map(|(_, person)| person), ",")
        };
        format!("{key}\t{}\t{}", people("director"), people("writer"))
    }
}

impl Person {
    /// The line in name.basics.
    pub fn line(&self, key: &str) -> String {
        let name = or_missing(self.name.as_deref());
        let professions = list(self.professions.iter().map(|(_, _, key)| key.clone()), ",");
        let titles = self.known_for.iter().filter_map(|(_, _, title)| title.clone());
        let (born, died) = (year(self.born_on), year(self.died_on));
        format!("{key}\t{name}\t{born}\t{died}\t{professions}\t{}", list(titles, ","))
    }
}

/// A row that was kept word for word.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The file.
    pub file: String,
    /// Whether it is in the catalogue, but for a value.
    pub is_loaded: bool,
    /// The row.
    pub raw: String,
}

/// Rows that were kept word for word, by thing, in the order of their lines.
///
/// # Errors
/// The fault of the database.
pub async fn quarantine(
    batch: &Batch<'_>,
    scope: Scope,
    keys: &[&str],
) -> Result<HashMap<String, Vec<Kept>>, Error> {
    let sql = format!(
        "SELECT key, file, is_loaded, raw FROM quarantine
        WHERE source_id = {{source}} AND scope = '{}' AND key IN {{keys}} ORDER BY id",
        scope.name()
    );
    let mut found: HashMap<String, Vec<Kept>> = HashMap::new();
    for row in batch.rows(&sql, keys.into()).await? {
        let kept = Kept { file: get(&row, 1)?, is_loaded: get(&row, 2)?, raw: get(&row, 3)? };
        found.entry(get(&row, 0)?).or_default().push(kept);
    }
    Ok(found)
}

/// Whether a row that was kept is the one that a line of the catalogue was loaded from: rows of one
/// file about one thing differ in their order.
pub fn stands_for(file: File, kept: &str, line: &str) -> bool {
    match file {
        File::TitleAkas | File::TitlePrincipals => {
            let place = |line: &str| line.split('\t').nth(1).map(str::to_owned);
            place(kept) == place(line)
        }
        _ => true,
    }
}
