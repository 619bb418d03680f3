//! Writing the whole catalogue as records: the reverse of [`write`](super::write).
//!
//! Rows are read in chunks, in the order of their ids, and nothing of them is kept. Ids are no part
//! of the text: things are named by what other catalogues call them, or else by their titles and
//! names, so that two catalogues with the same content, entered in the same order, give the same
//! bytes.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use entity::production::Kind;
use entity::{
    award, award_company, award_person, award_production, company, credit, episode, external_id,
    genre, known_for, person, person_profession, person_source, production, production_company,
    production_genre, production_source, profession, retired, season, shot, shot_director, show,
    source, title_name, video,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DatabaseTransaction, EntityTrait,
    PrimaryKeyToColumn, QueryFilter, QueryOrder, QueryResult, QuerySelect, Statement, Value,
};

use super::record::{
    Award, Company, Credit, Episode, ExternalId, Film, KnownFor, Lock, Nominee, Person, Production,
    ProductionCompany, Record, Removed, Season, Shot, Show, Source, Sources, Subject, Title,
    Unknown, Video, Word,
};
use super::{Catalog, date, edit};
use crate::error::{Error, Fault};

/// Rows that are read at once.
const CHUNK: u64 = 5_000;
/// Keys that are remembered, which most credits find there.
const REMEMBERED_MAX: usize = 500_000;
/// Longest part of a title that a key is made of.
const SLUG_MAX: usize = 60;

/// Write the whole catalogue, in one state of it. Where the reader goes away, this ends early and
/// well.
///
/// # Errors
/// A sentence when the output takes no more, or the fault of the database.
pub async fn jsonl<W: Write>(catalog: &Catalog, out: W) -> Result<W, Error> {
    let transaction = catalog.snapshot().await?;
    let mut export = Export {
        postgres: transaction.get_database_backend() == DatabaseBackend::Postgres,
        transaction: &transaction,
        out,
        line: Vec::new(),
        is_gone: false,
        sources: HashMap::new(),
        genres: HashMap::new(),
        professions: HashMap::new(),
        slugs: HashMap::new(),
        remembered: HashMap::new(),
        first_episodes: HashMap::new(),
    };
    let result = export.everything().await;
    let Export { out, is_gone, .. } = export;
    transaction.rollback().await?;
    match result {
        Err(_) if is_gone => Ok(out),
        result => result.map(|()| out),
    }
}

/// What has a key of its own making.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Group {
    Production,
    Person,
    Company,
}

impl Group {
    /// Its table, which is also how columns name it.
    fn table(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Person => "person",
            Self::Company => "company",
        }
    }

    /// How IMDb calls it, and how its ids start.
    fn imdb(self) -> (&'static str, &'static str) {
        match self {
            Self::Production => ("title", "tt"),
            Self::Person => ("name", "nm"),
            Self::Company => ("company", "co"),
        }
    }

    /// Whether a key looks like an id of IMDb. Nothing else may look so.
    fn is_imdb(self, key: &str) -> bool {
        let digits = key.strip_prefix(self.imdb().1).unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    }
}

/// Keys by row id.
type Keys = HashMap<i64, String>;

struct Export<'a, W> {
    transaction: &'a DatabaseTransaction,
    postgres: bool,
    out: W,
    line: Vec<u8>,
    /// Whoever read the output.
    is_gone: bool,
    sources: Keys,
    genres: Keys,
    professions: Keys,
    /// Of what no other catalogue knows.
    slugs: HashMap<(Group, i64), String>,
    /// Keys that were needed before.
    remembered: HashMap<(Group, i64), String>,
    /// Shows that entered the catalogue after an episode of theirs, each by the first such one.
    first_episodes: HashMap<i64, i64>,
}

impl<W: Write> Export<'_, W> {
    async fn everything(&mut self) -> Result<(), Error> {
        self.words().await?;
        self.name_by_slugs(Group::Company, "name_key", "0").await?;
        self.companies().await?;
        self.name_by_slugs(Group::Person, "name_key", "born_on").await?;
        self.people().await?;
        self.find_first_episodes().await?;
        self.name_by_slugs(Group::Production, "title_key", "released_on").await?;
        self.productions().await?;
        self.seasons().await?;
        self.credits().await?;
        self.production_companies().await?;
        self.titles().await?;
        self.external_ids().await?;
        self.known_for().await?;
        self.shots().await?;
        self.videos().await?;
        self.awards().await?;
        self.locks().await?;
        self.removed().await?;
        self.flush()
    }

    fn put(&mut self, record: &Record) -> Result<(), Error> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, record)
            .map_err(|error| Fault::bug(format!("a record is not written: {error}")))?;
        self.line.push(b'\n');
        let result = self.out.write_all(&self.line);
        self.check(result)
    }

    fn flush(&mut self) -> Result<(), Error> {
        let result = self.out.flush();
        self.check(result)
    }

    fn check(&mut self, result: io::Result<()>) -> Result<(), Error> {
        result.map_err(|error| {
            self.is_gone = error.kind() == io::ErrorKind::BrokenPipe;
            Error::refused(format!("cannot write the export: {error}"))
        })
    }

    fn statement(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
        // The test whether an integer is in a list that is bound as text.
        let is_in = if self.postgres {
            "= ANY (CAST('{' || $1::text || '}' AS bigint[]))"
        } else {
            "IN (SELECT value FROM json_each('[' || $1 || ']'))"
        };
        let sql = sql.replace("IS IN $1", is_in);
        Statement::from_sql_and_values(self.transaction.get_database_backend(), sql, values)
    }

    async fn query(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, Error> {
        Ok(self.transaction.query_all_raw(self.statement(sql, values)).await?)
    }

    /// The next rows of a table, by their ids.
    async fn after<E>(&self, id: i64) -> Result<Vec<E::Model>, Error>
    where
        E: EntityTrait<PrimaryKey: PrimaryKeyToColumn<Column = E::Column>>,
    {
        use sea_orm::Iterable;
        let Some(key) = E::PrimaryKey::iter().next().map(PrimaryKeyToColumn::into_column) else {
            return Ok(Vec::new());
        };
        let rows = E::find().filter(key.gt(id)).order_by_asc(key).limit(CHUNK);
        Ok(rows.all(self.transaction).await?)
    }

    /// The next rows of a table, by three columns: what they belong to, their place there, and what
    /// parts equal places. The row ids of what belongs to a thing tell when it was written last, which
    /// is no content.
    async fn placed<E: EntityTrait>(
        &self,
        table: &str,
        columns: [&str; 3],
        last: (i64, i64, i64),
    ) -> Result<Vec<E::Model>, Error> {
        let of = columns[0];
        let columns = columns.join(", ");
        let sql = format!(
            "SELECT * FROM {table} WHERE {of} IS NOT NULL AND ({columns}) > ($1, $2, $3)
             ORDER BY {columns} LIMIT {CHUNK}"
        );
        let statement = self.statement(&sql, [last.0.into(), last.1.into(), last.2.into()]);
        Ok(E::find().from_raw_sql(statement).all(self.transaction).await?)
    }

    /// The rows that belong to these, in an order.
    async fn below<E: EntityTrait>(
        &self,
        table: &str,
        column: &str,
        ids: &[i64],
        order: &str,
    ) -> Result<Vec<E::Model>, Error> {
        let sql = format!("SELECT * FROM {table} WHERE {column} IS IN $1 ORDER BY {order}");
        let statement = self.statement(&sql, [list(ids.iter().copied()).into()]);
        Ok(E::find().from_raw_sql(statement).all(self.transaction).await?)
    }

    /// The keys of these rows.
    async fn keys(
        &mut self,
        group: Group,
        ids: impl IntoIterator<Item = i64>,
    ) -> Result<Keys, Error> {
        let mut ids: Vec<i64> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        let mut keys = Keys::with_capacity(ids.len());
        ids.retain(|id| match self.remembered.get(&(group, *id)) {
            Some(key) => {
                keys.insert(*id, key.clone());
                false
            }
            None => true,
        });
        if ids.is_empty() {
            return Ok(keys);
        }
        if self.remembered.len() + ids.len() > REMEMBERED_MAX {
            self.remembered.clear();
        }
        let sql = format!(
            "SELECT {table}_id, catalog, scope, value, is_canonical FROM external_id WHERE {table}_id IS IN $1",
            table = group.table()
        );
        // IMDb's own before all others; of several the least.
        let mut best: HashMap<i64, (bool, [String; 3])> = HashMap::with_capacity(ids.len());
        for row in self.query(&sql, [list(ids.iter().copied()).into()]).await? {
            let [catalog, scope, value]: [String; 3] =
                [row.try_get_by_index(1)?, row.try_get_by_index(2)?, row.try_get_by_index(3)?];
            let is_other =
                !(row.try_get_by_index(4)? && catalog == "imdb" && scope == group.imdb().0);
            let rank = (is_other, [catalog, scope, value]);
            let id = row.try_get_by_index(0)?;
            match best.get_mut(&id) {
                Some(least) if *least <= rank => {}
                Some(least) => *least = rank,
                None => {
                    best.insert(id, rank);
                }
            }
        }
        for id in ids {
            let key = match best.remove(&id) {
                Some((false, [_, _, value])) if group.is_imdb(&value) => value,
                Some((_, [catalog, scope, value])) => {
                    // What has a colon of its own must not be taken for something else.
                    let plain = |text: String| text.replace('%', "%25").replace(':', "%3A");
                    format!("{}:{}:{value}", plain(catalog), plain(scope))
                }
                None => key_of(self.slugs.get(&(group, id)))?,
            };
            self.remembered.insert((group, id), key.clone());
            keys.insert(id, key);
        }
        Ok(keys)
    }

    /// Name what no other catalogue knows by its title or name and its year.
    async fn name_by_slugs(&mut self, group: Group, name: &str, year: &str) -> Result<(), Error> {
        let table = group.table();
        let sql = format!(
            "SELECT id, {name}, {year} FROM {table} WHERE id > $1 AND NOT EXISTS (
                SELECT 1 FROM external_id WHERE external_id.{table}_id = {table}.id
            ) ORDER BY id LIMIT {CHUNK}"
        );
        let mut unnamed = Vec::new();
        let mut last = 0;
        loop {
            let rows = self.query(&sql, [last.into()]).await?;
            for row in &rows {
                last = row.try_get_by_index(0)?;
                let name: Option<String> = row.try_get_by_index(1)?;
                let year = row.try_get_by_index::<Option<i32>>(2)?.unwrap_or_default() / 10_000;
                let slug = slug(group, name.as_deref().unwrap_or_default(), year);
                unnamed.push((last, slug));
            }
            if rows.is_empty() {
                break;
            }
        }
        if group == Group::Production {
            // In the order in which they are written.
            unnamed.sort_by_key(|(id, _)| match self.first_episodes.get(id) {
                Some(episode) => (*episode, 0),
                None => (*id, 1),
            });
        }
        let mut taken = HashSet::new();
        let mut counts: HashMap<String, u32> = HashMap::new();
        for (id, slug) in unnamed {
            let count = counts.entry(slug.clone()).or_default();
            let key = loop {
                *count += 1;
                let key = if *count == 1 { slug.clone() } else { format!("{slug}-{count}") };
                if taken.insert(key.clone()) {
                    break key;
                }
            };
            self.slugs.insert((group, id), key);
        }
        Ok(())
    }

    /// Sources, genres and professions.
    async fn words(&mut self) -> Result<(), Error> {
        let rows = source::Entity::find().order_by_asc(source::Column::Id);
        for row in rows.all(self.transaction).await? {
            self.sources.insert(row.id, row.key.clone());
            self.put(&Record::Source(Source {
                key: row.key,
                name: row.name,
                licence: row.licence,
                attribution: row.attribution,
                url: row.url,
                retrieved: row.retrieved_on.map(date::text),
            }))?;
        }
        let rows = genre::Entity::find().order_by_asc(genre::Column::Id);
        for row in rows.all(self.transaction).await? {
            self.genres.insert(row.id, row.key.clone());
            self.put(&Record::Genre(Word { key: row.key, name: row.name }))?;
        }
        let rows = profession::Entity::find().order_by_asc(profession::Column::Id);
        for row in rows.all(self.transaction).await? {
            self.professions.insert(row.id, row.key.clone());
            self.put(&Record::Profession(Word { key: row.key, name: row.name }))?;
        }
        Ok(())
    }

    fn source(&self, id: i64) -> Result<String, Error> {
        key_of(self.sources.get(&id))
    }

    async fn companies(&mut self) -> Result<(), Error> {
        let mut last = 0;
        loop {
            let rows = self.after::<company::Entity>(last).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = end.id;
            let mut keys = self.keys(Group::Company, rows.iter().map(|row| row.id)).await?;
            for row in rows {
                let record = Company {
                    key: key_of(keys.remove(&row.id).as_ref())?,
                    name: row.name,
                    kind: row.kind,
                    source: self.source(row.source_id)?,
                };
                self.put(&Record::Company(record))?;
            }
        }
    }

    async fn people(&mut self) -> Result<(), Error> {
        let mut last = 0;
        loop {
            let rows = self.after::<person::Entity>(last).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = end.id;
            let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
            let mut keys = self.keys(Group::Person, ids.iter().copied()).await?;
            let mut professions: HashMap<i64, Vec<String>> = HashMap::new();
            for row in self
                .below::<person_profession::Entity>(
                    "person_profession",
                    "person_id",
                    &ids,
                    "person_id, position, id",
                )
                .await?
            {
                let key = key_of(self.professions.get(&row.profession_id))?;
                professions.entry(row.person_id).or_default().push(key);
            }
            let mut sources: HashMap<i64, Sources> = HashMap::new();
            for row in self
                .below::<person_source::Entity>("person_source", "person_id", &ids, "id")
                .await?
            {
                let fact = (self.source(row.source_id)?, strings(&row.fields)?);
                sources.entry(row.person_id).or_default().0.push(fact);
            }
            for row in rows {
                let record = Person {
                    key: key_of(keys.remove(&row.id).as_ref())?,
                    name: row.name,
                    born: row.born_on.map(date::text),
                    died: row.died_on.map(date::text),
                    professions: professions.remove(&row.id).unwrap_or_default(),
                    source: self.source(row.source_id)?,
                    sources: sources.remove(&row.id).unwrap_or_default(),
                };
                self.put(&Record::Person(record))?;
            }
        }
    }

    /// A show stands above its episodes, also where it entered the catalogue after one.
    async fn find_first_episodes(&mut self) -> Result<(), Error> {
        let sql = "SELECT show_id, min(production_id) FROM episode WHERE show_id > production_id GROUP BY show_id";
        for row in self.query(sql, []).await? {
            self.first_episodes.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
        Ok(())
    }

    async fn productions(&mut self) -> Result<(), Error> {
        let shows_before: HashMap<i64, i64> =
            self.first_episodes.iter().map(|(show, episode)| (*episode, *show)).collect();
        let mut last = 0;
        loop {
            let rows = self.after::<production::Entity>(last).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = end.id;
            let early: Vec<i64> =
                rows.iter().filter_map(|row| shows_before.get(&row.id).copied()).collect();
            let mut shows = HashMap::new();
            if !early.is_empty() {
                let rows = self.below::<production::Entity>("production", "id", &early, "id");
                shows = rows.await?.into_iter().map(|row| (row.id, row)).collect();
            }
            let mut ordered = Vec::with_capacity(rows.len() + early.len());
            for row in rows {
                if self.first_episodes.contains_key(&row.id) {
                    continue;
                }
                ordered.extend(shows_before.get(&row.id).and_then(|show| shows.remove(show)));
                ordered.push(row);
            }
            self.production_chunk(ordered).await?;
        }
    }

    async fn production_chunk(&mut self, rows: Vec<production::Model>) -> Result<(), Error> {
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let mut genres: HashMap<i64, Vec<String>> = HashMap::new();
        for row in self
            .below::<production_genre::Entity>(
                "production_genre",
                "production_id",
                &ids,
                "production_id, position, id",
            )
            .await?
        {
            let key = key_of(self.genres.get(&row.genre_id))?;
            genres.entry(row.production_id).or_default().push(key);
        }
        let mut sources: HashMap<i64, Sources> = HashMap::new();
        for row in self
            .below::<production_source::Entity>("production_source", "production_id", &ids, "id")
            .await?
        {
            let fact = (self.source(row.source_id)?, strings(&row.fields)?);
            sources.entry(row.production_id).or_default().0.push(fact);
        }
        let shows =
            self.below::<show::Entity>("show", "production_id", &ids, "production_id").await?;
        let episodes = self
            .below::<episode::Entity>("episode", "production_id", &ids, "production_id")
            .await?;
        let services = shows.iter().filter_map(|row| row.service_id);
        let services = self.keys(Group::Company, services).await?;
        let named = ids.iter().copied().chain(episodes.iter().filter_map(|row| row.show_id));
        let keys = self.keys(Group::Production, named).await?;
        let mut shows: HashMap<i64, show::Model> =
            shows.into_iter().map(|row| (row.production_id, row)).collect();
        let mut episodes: HashMap<i64, episode::Model> =
            episodes.into_iter().map(|row| (row.production_id, row)).collect();
        for row in rows {
            let (id, kind) = (row.id, row.kind);
            let production = Production {
                key: key_of(keys.get(&id))?,
                title: row.title,
                original_title: row.original_title,
                synopsis: row.synopsis,
                format: row.format,
                released: row.released_on.map(date::text),
                runtime_minutes: row.runtime_minutes,
                adult: row.is_adult,
                rating_tenths: row.rating_tenths,
                rating_votes: row.rating_votes,
                genres: genres.remove(&id).unwrap_or_default(),
                sources: sources.remove(&id).unwrap_or_default(),
            };
            let unknown = Unknown::new();
            let record = match kind {
                Kind::Film => Record::Film(Film { production, unknown }),
                Kind::Show => {
                    let row = shows.remove(&id);
                    let service = row.as_ref().and_then(|row| row.service_id);
                    let service = service.map(|id| key_of(services.get(&id))).transpose()?;
                    let row = row.as_ref();
                    Record::Show(Show {
                        production,
                        ended: row.and_then(|row| row.ended_on).map(date::text),
                        service,
                        based_on: row.and_then(|row| row.based_on.clone()),
                        premise: row.and_then(|row| row.premise.clone()),
                        unknown,
                    })
                }
                Kind::Episode => {
                    let row = episodes.remove(&id);
                    let row = row.as_ref();
                    let show = row.and_then(|row| row.show_id);
                    Record::Episode(Episode {
                        production,
                        show: show.map(|id| key_of(keys.get(&id))).transpose()?,
                        season: row.and_then(|row| row.season_number),
                        episode: row.and_then(|row| row.episode_number),
                        unknown,
                    })
                }
            };
            self.put(&record)?;
        }
        Ok(())
    }

    /// Those that no episode brings along.
    async fn seasons(&mut self) -> Result<(), Error> {
        let sql = format!(
            "SELECT id, show_id, number FROM season WHERE id > $1 AND NOT EXISTS (
                SELECT 1 FROM episode WHERE episode.season_id = season.id
            ) ORDER BY id LIMIT {CHUNK}"
        );
        let mut last = 0;
        loop {
            let statement = self.statement(&sql, [last.into()]);
            let rows = season::Entity::find().from_raw_sql(statement).all(self.transaction).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = end.id;
            let keys = self.keys(Group::Production, rows.iter().map(|row| row.show_id)).await?;
            for row in rows {
                let show = key_of(keys.get(&row.show_id))?;
                self.put(&Record::Season(Season { show, number: row.number }))?;
            }
        }
    }

    async fn credits(&mut self) -> Result<(), Error> {
        let mut last = (0, 0, 0);
        loop {
            let columns = ["production_id", "position", "id"];
            let rows = self.placed::<credit::Entity>("credit", columns, last).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = (end.production_id, end.position.into(), end.id);
            let productions = rows.iter().map(|row| row.production_id);
            let productions = self.keys(Group::Production, productions).await?;
            let people = self.keys(Group::Person, rows.iter().map(|row| row.person_id)).await?;
            for row in rows {
                let record = Credit {
                    production: key_of(productions.get(&row.production_id))?,
                    person: key_of(people.get(&row.person_id))?,
                    role: row.role,
                    category: row.category,
                    job: row.job,
                    characters: strings(&row.characters)?,
                    position: row.position,
                    billed: row.is_billed,
                    crew_position: row.crew_position,
                    source: self.source(row.source_id)?,
                };
                self.put(&Record::Credit(record))?;
            }
        }
    }

    async fn production_companies(&mut self) -> Result<(), Error> {
        let mut last = 0;
        loop {
            let rows = self.after::<production_company::Entity>(last).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = end.id;
            let productions = rows.iter().map(|row| row.production_id);
            let productions = self.keys(Group::Production, productions).await?;
            let companies = rows.iter().map(|row| row.company_id);
            let companies = self.keys(Group::Company, companies).await?;
            for row in rows {
                let record = ProductionCompany {
                    production: key_of(productions.get(&row.production_id))?,
                    company: key_of(companies.get(&row.company_id))?,
                    role: row.role,
                    exclusive: row.is_exclusive,
                    position: row.position,
                    source: self.source(row.source_id)?,
                };
                self.put(&Record::ProductionCompany(record))?;
            }
        }
    }

    async fn titles(&mut self) -> Result<(), Error> {
        let mut last = (0, 0, 0);
        loop {
            let columns = ["production_id", "position", "id"];
            let rows = self.placed::<title_name::Entity>("title_name", columns, last).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = (end.production_id, end.position.into(), end.id);
            let productions = rows.iter().map(|row| row.production_id);
            let productions = self.keys(Group::Production, productions).await?;
            for row in rows {
                let record = Title {
                    production: key_of(productions.get(&row.production_id))?,
                    text: row.text,
                    region: row.region,
                    language: row.language,
                    kinds: strings(&row.kinds)?,
                    attributes: strings(&row.attributes)?,
                    original: row.is_original,
                    position: row.position,
                    source: self.source(row.source_id)?,
                };
                self.put(&Record::Title(record))?;
            }
        }
    }

    async fn external_ids(&mut self) -> Result<(), Error> {
        for column in ["production_id", "person_id", "company_id"] {
            let mut last = (0, 0, 0);
            loop {
                let columns = [column, "id", "id"];
                let rows = self.placed::<external_id::Entity>("external_id", columns, last).await?;
                let Some(end) = rows.last() else { break };
                let of = end.production_id.or(end.person_id).or(end.company_id);
                last = (of.unwrap_or_default(), end.id, end.id);
                self.some_external_ids(rows).await?;
            }
        }
        Ok(())
    }

    async fn some_external_ids(&mut self, rows: Vec<external_id::Model>) -> Result<(), Error> {
        let productions = rows.iter().filter_map(|row| row.production_id);
        let productions = self.keys(Group::Production, productions).await?;
        let people = rows.iter().filter_map(|row| row.person_id);
        let people = self.keys(Group::Person, people).await?;
        let companies = rows.iter().filter_map(|row| row.company_id);
        let companies = self.keys(Group::Company, companies).await?;
        for row in rows {
            let of = match (row.production_id, row.person_id, row.company_id) {
                (Some(id), ..) => Subject::Production(key_of(productions.get(&id))?),
                (_, Some(id), _) => Subject::Person(key_of(people.get(&id))?),
                (.., id) => Subject::Company(key_of(id.and_then(|id| companies.get(&id)))?),
            };
            let record = ExternalId {
                of,
                catalog: row.catalog,
                scope: row.scope,
                value: row.value,
                canonical: row.is_canonical,
                source: self.source(row.source_id)?,
            };
            self.put(&Record::ExternalId(record))?;
        }
        Ok(())
    }

    /// Person by person.
    async fn known_for(&mut self) -> Result<(), Error> {
        let sql = format!(
            "SELECT * FROM known_for WHERE (person_id, position, id) > ($1, $2, $3)
             ORDER BY person_id, position, id LIMIT {CHUNK}"
        );
        let mut last = (0, 0, 0);
        // Whom the last row was about: there may be more.
        let mut person = None;
        let mut pending = KnownFor { person: String::new(), productions: Vec::new() };
        loop {
            let (of, position, id) = last;
            let statement = self.statement(&sql, [of.into(), position.into(), id.into()]);
            let rows =
                known_for::Entity::find().from_raw_sql(statement).all(self.transaction).await?;
            let productions = rows.iter().map(|row| row.production_id);
            let productions = self.keys(Group::Production, productions).await?;
            let people = self.keys(Group::Person, rows.iter().map(|row| row.person_id)).await?;
            let is_end = rows.is_empty();
            for row in rows {
                if person.is_some_and(|person| person != row.person_id) {
                    self.put(&Record::KnownFor(pending.clone()))?;
                    pending.productions.clear();
                }
                person = Some(row.person_id);
                pending.person = key_of(people.get(&row.person_id))?;
                pending.productions.push(key_of(productions.get(&row.production_id))?);
                last = (row.person_id, row.position, row.id);
            }
            if is_end {
                if person.is_some() {
                    self.put(&Record::KnownFor(pending))?;
                }
                return Ok(());
            }
        }
    }

    async fn shots(&mut self) -> Result<(), Error> {
        let before = "SELECT id, (
                SELECT count(*) FROM shot AS other
                WHERE other.film_id = shot.film_id AND other.position = shot.position AND other.id < shot.id
            ) FROM shot WHERE id IS IN $1";
        let mut last = 0;
        loop {
            let rows = self.after::<shot::Entity>(last).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = end.id;
            let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
            // Those of the same place in the same film.
            let mut before_it: HashMap<i64, i64> = HashMap::new();
            for row in self.query(before, [list(ids.iter().copied()).into()]).await? {
                before_it.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            }
            let directors = self
                .below::<shot_director::Entity>(
                    "shot_director",
                    "shot_id",
                    &ids,
                    "shot_id, position, id",
                )
                .await?;
            let people =
                self.keys(Group::Person, directors.iter().map(|row| row.person_id)).await?;
            let mut directors_of: HashMap<i64, Vec<String>> = HashMap::new();
            for row in directors {
                let key = key_of(people.get(&row.person_id))?;
                directors_of.entry(row.shot_id).or_default().push(key);
            }
            let productions = rows.iter().flat_map(|row| [Some(row.film_id), row.episode_id]);
            let productions = self.keys(Group::Production, productions.flatten()).await?;
            for row in rows {
                let film = key_of(productions.get(&row.film_id))?;
                let key = match before_it.get(&row.id) {
                    Some(count) if *count > 0 => format!("{film}/{}.{}", row.position, count + 1),
                    _ => format!("{film}/{}", row.position),
                };
                let record = Shot {
                    key,
                    film,
                    episode: row.episode_id.map(|id| key_of(productions.get(&id))).transpose()?,
                    directors: directors_of.remove(&row.id).unwrap_or_default(),
                    title: row.title,
                    description: row.description,
                    position: row.position,
                    starts_at_ms: row.starts_at_ms,
                    ends_at_ms: row.ends_at_ms,
                    source: self.source(row.source_id)?,
                };
                self.put(&Record::Shot(record))?;
            }
        }
    }

    async fn videos(&mut self) -> Result<(), Error> {
        let mut last = 0;
        loop {
            let rows = self.after::<video::Entity>(last).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = end.id;
            let productions = rows.iter().map(|row| row.production_id);
            let productions = self.keys(Group::Production, productions).await?;
            let publishers = rows.iter().filter_map(|row| row.publisher_id);
            let publishers = self.keys(Group::Company, publishers).await?;
            for row in rows {
                let publisher = row.publisher_id.map(|id| key_of(publishers.get(&id)));
                let record = Video {
                    production: key_of(productions.get(&row.production_id))?,
                    kind: row.kind,
                    title: row.title,
                    description: row.description,
                    publisher: publisher.transpose()?,
                    source: self.source(row.source_id)?,
                };
                self.put(&Record::Video(record))?;
            }
        }
    }

    async fn awards(&mut self) -> Result<(), Error> {
        let mut last = 0;
        loop {
            let rows = self.after::<award::Entity>(last).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = end.id;
            let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
            let order = "award_id, position, id";
            let named =
                self.below::<award_person::Entity>("award_person", "award_id", &ids, order).await?;
            let keys = self.keys(Group::Person, named.iter().map(|row| row.person_id)).await?;
            let mut people: HashMap<i64, Vec<Nominee>> = HashMap::new();
            for row in named {
                let nominee = Nominee::new(key_of(keys.get(&row.person_id))?, row.name);
                people.entry(row.award_id).or_default().push(nominee);
            }
            let named = self
                .below::<award_company::Entity>("award_company", "award_id", &ids, order)
                .await?;
            let keys = self.keys(Group::Company, named.iter().map(|row| row.company_id)).await?;
            let mut companies: HashMap<i64, Vec<Nominee>> = HashMap::new();
            for row in named {
                let nominee = Nominee::new(key_of(keys.get(&row.company_id))?, row.name);
                companies.entry(row.award_id).or_default().push(nominee);
            }
            let named = self
                .below::<award_production::Entity>("award_production", "award_id", &ids, order)
                .await?;
            let keys = self.keys(Group::Production, named.iter().map(|row| row.production_id));
            let keys = keys.await?;
            let mut productions: HashMap<i64, Vec<String>> = HashMap::new();
            for row in named {
                let key = key_of(keys.get(&row.production_id))?;
                productions.entry(row.award_id).or_default().push(key);
            }
            for row in rows {
                let mut productions = productions.remove(&row.id).unwrap_or_default();
                let production = if productions.len() == 1 { productions.pop() } else { None };
                let record = Award {
                    body: row.body,
                    category: row.category,
                    year: row.year,
                    ceremony: row.ceremony,
                    status: row.status,
                    production,
                    productions,
                    people: people.remove(&row.id).unwrap_or_default(),
                    companies: companies.remove(&row.id).unwrap_or_default(),
                    detail: row.detail,
                    class: row.class,
                    canonical_category: row.canonical_category,
                    name: row.name,
                    note: row.note,
                    citation: row.citation,
                    source: self.source(row.source_id)?,
                };
                self.put(&Record::Award(record))?;
            }
        }
    }
}

impl<W: Write> Export<'_, W> {
    /// Sorted by what they name: somebody made each by hand, so that they are few.
    async fn locks(&mut self) -> Result<(), Error> {
        // What is locked, and the rows that it names: whoever wrote past the catalogue may have left
        // some of what is gone.
        let sql = "SELECT l.actor, l.field, l.entity_id, CAST(NULL AS bigint), CAST(NULL AS text), CAST(NULL AS integer), CAST(NULL AS bigint)
                FROM field_lock AS l JOIN production AS p ON p.id = l.entity_id
                WHERE l.entity = 'production'
            UNION ALL SELECT l.actor, l.field, CAST(NULL AS bigint), l.entity_id, CAST(NULL AS text), CAST(NULL AS integer), CAST(NULL AS bigint)
                FROM field_lock AS l JOIN person AS p ON p.id = l.entity_id
                WHERE l.entity = 'person'
            UNION ALL SELECT l.actor, l.field, c.production_id, c.person_id, c.role, c.position, c.source_id
                FROM field_lock AS l JOIN credit AS c ON c.id = l.entity_id
                WHERE l.entity = 'credit'";
        let mut rows = Vec::new();
        for row in self.query(sql, []).await? {
            let actor: String = row.try_get_by_index(0)?;
            let mut field: Option<String> = row.try_get_by_index(1)?;
            let production: Option<i64> = row.try_get_by_index(2)?;
            let mut person: Option<i64> = row.try_get_by_index(3)?;
            let mut role: Option<String> = row.try_get_by_index(4)?;
            let position: Option<i32> = row.try_get_by_index(5)?;
            let source: Option<i64> = row.try_get_by_index(6)?;
            let source = source.map(|id| self.source(id)).transpose()?;
            if let (Some(text), None) = (&field, person)
                && let Some((id, taken)) = edit::credit_of_lock(text)
            {
                (person, role, field) = (Some(id), Some(taken.to_owned()), None);
            }
            rows.push((production, person, role, position, source, field, actor));
        }
        // A person whose credit was taken out may be gone too.
        let people = rows.iter().filter_map(|(_, person, ..)| *person);
        let known = "SELECT id FROM person WHERE id IS IN $1";
        let known = self.query(known, [list(people).into()]).await?;
        let known: HashSet<i64> =
            known.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        rows.retain(|(_, person, ..)| person.is_none_or(|id| known.contains(&id)));
        let people = self.keys(Group::Person, known).await?;
        let productions = rows.iter().filter_map(|(production, ..)| *production);
        let productions = self.keys(Group::Production, productions).await?;
        let mut locks = Vec::with_capacity(rows.len());
        for (production, person, role, position, source, field, actor) in rows {
            let production = production.map(|id| key_of(productions.get(&id))).transpose()?;
            let person = person.map(|id| key_of(people.get(&id))).transpose()?;
            locks.push(Lock { production, person, role, position, source, field, actor });
        }
        locks.sort();
        locks.dedup();
        locks.into_iter().try_for_each(|lock| self.put(&Record::Lock(lock)))
    }

    /// What was taken out by hand.
    async fn removed(&mut self) -> Result<(), Error> {
        let rows = retired::Entity::find()
            .filter(retired::Column::IsByHand.eq(true))
            .order_by_asc(retired::Column::Catalog)
            .order_by_asc(retired::Column::Scope)
            .order_by_asc(retired::Column::Value);
        for row in rows.all(self.transaction).await? {
            let retired::Model { entity, catalog, scope, value, .. } = row;
            self.put(&Record::Removed(Removed { entity, catalog, scope, value }))?;
        }
        Ok(())
    }
}

/// The key that a row must have.
fn key_of(key: Option<&String>) -> Result<String, Error> {
    key.cloned().ok_or_else(|| Fault::bug("a row refers to one that has no key").into())
}

/// Ids with commas between them.
fn list(ids: impl Iterator<Item = i64>) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for id in ids {
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{id}");
    }
    text
}

/// A JSON array of strings.
fn strings(text: &str) -> Result<Vec<String>, Error> {
    let strings = serde_json::from_str(text);
    strings.map_err(|_| Fault::bug("a column is no list of texts").into())
}

/// The words of a name with a hyphen between them, and the year.
fn slug(group: Group, name: &str, year: i32) -> String {
    let mut slug = String::new();
    for letter in name.chars().filter(|letter| !matches!(letter, '\'' | '’')) {
        if slug.len() >= SLUG_MAX {
            break;
        }
        if letter.is_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let words = slug.trim_end_matches('-');
    let mut slug = if words.is_empty() || group.is_imdb(words) {
        format!("{}-{words}", group.table()).trim_end_matches('-').to_owned()
    } else {
        words.to_owned()
    };
    if year > 0 {
        slug += &format!("-{year}");
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::{Group, slug};

    #[test]
    fn a_slug_is_the_name_in_words_and_its_year() {
        for (name, year, expected) in [
            ("molly's game", 2017, "mollys-game-2017"),
            ("  the trial -- of the chicago 7!", 0, "the-trial-of-the-chicago-7"),
            ("李安", 1954, "李安-1954"),
            ("%_%", 0, "production"),
            ("", 1995, "production-1995"),
            // What looks like an id is none.
            ("tt0111161", 0, "production-tt0111161"),
        ] {
            assert_eq!(slug(Group::Production, name, year), expected, "{name}");
        }
    }
}
