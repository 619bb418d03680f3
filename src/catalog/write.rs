//! Writing records into the catalogue. Every import goes through here.

pub mod batch;

use std::collections::{BTreeMap, HashMap};
use std::mem::take;
use std::time::{SystemTime, UNIX_EPOCH};

use entity::{
    award, award_company, award_person, award_production, change, company, credit, episode,
    external_id, genre, known_for, person, person_profession, person_source, production,
    production_company, production_genre, production_source, profession, season, shot,
    shot_director, show, source, title_name, video,
};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseBackend, DatabaseTransaction,
    EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
};

use super::edit::{self, Entity, Target};
use super::record::{Lock, Production, Record, Subject, Unknown};
use super::{collation, date};
use crate::error::Error;

/// Writes records in a transaction, resolving the keys by which they name each other.
pub struct Writer<'a> {
    pub(super) transaction: &'a DatabaseTransaction,
    actor: &'static str,
    pub(super) sources: Keys<i64>,
    pub(super) genres: Keys<i64>,
    pub(super) professions: Keys<i64>,
    pub(super) companies: Keys<i64>,
    pub(super) people: Keys<i64>,
    pub(super) productions: Keys<Placed>,
    pub(super) shots: Keys<i64>,
    /// By show and number: episodes bring their seasons along.
    seasons: HashMap<(i64, i32), i64>,
    pub(super) written: BTreeMap<&'static str, u64>,
}

/// A production that has been written.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub(super) id: i64,
    pub(super) kind: production::Kind,
    /// Link tables carry it beside their key, so that they are read in order from one index.
    pub(super) released_on: Option<i32>,
}

/// The keys of one group of records.
pub(super) struct Keys<T> {
    group: &'static str,
    ids: HashMap<String, T>,
}

impl<T: Copy> Keys<T> {
    fn new(group: &'static str) -> Self {
        Self { group, ids: HashMap::new() }
    }

    pub(super) fn get(&self, key: &str) -> Result<T, Error> {
        self.ids.get(key).copied().ok_or_else(|| {
            Error::refused(format!(
                "no {} with the key \"{key}\" stands above this record",
                self.group
            ))
        })
    }

    pub(super) fn get_opt(&self, key: Option<&String>) -> Result<Option<T>, Error> {
        key.map(|key| self.get(key)).transpose()
    }

    pub(super) fn put(&mut self, key: &str, value: T) -> Result<(), Error> {
        match self.ids.insert(key.to_owned(), value) {
            None => Ok(()),
            Some(_) => {
                Err(Error::refused(format!("a second {} has the key \"{key}\"", self.group)))
            }
        }
    }
}

pub(super) fn date(text: Option<&String>) -> Result<Option<i32>, Error> {
    text.map(|text| date::parse(text).map_err(Error::Refused)).transpose()
}

pub(super) fn refuse_unknown(unknown: &Unknown) -> Result<(), Error> {
    match unknown.keys().next() {
        None => Ok(()),
        Some(field) => Err(Error::refused(format!("unknown field `{field}`"))),
    }
}

/// What is filtered by must be one of the words that it is filtered by.
fn refuse_unless_one_of(field: &str, word: &str, words: &[&str]) -> Result<(), Error> {
    if words.contains(&word) {
        return Ok(());
    }
    Err(Error::refused(format!("the {field} \"{word}\" is none of {}", words.join(", "))))
}

pub(super) fn json(strings: &[String]) -> String {
    serde_json::Value::from(strings).to_string()
}

impl<'a> Writer<'a> {
    /// A writer on a transaction. The actor is who the change rows name.
    pub fn new(transaction: &'a DatabaseTransaction, actor: &'static str) -> Self {
        Self {
            transaction,
            actor,
            sources: Keys::new("source"),
            genres: Keys::new("genre"),
            professions: Keys::new("profession"),
            companies: Keys::new("company"),
            people: Keys::new("person"),
            productions: Keys::new("film, show or episode"),
            shots: Keys::new("shot"),
            seasons: HashMap::new(),
            written: BTreeMap::new(),
        }
    }

    /// Whether the catalogue has never been written to. While the answer matters, nobody else can
    /// write: the transaction holds the write lock.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn catalogue_is_empty(&self) -> Result<bool, Error> {
        if self.transaction.get_database_backend() == DatabaseBackend::Postgres {
            // SQLite's transaction has taken the write lock when it began.
            self.transaction
                .execute_unprepared("LOCK TABLE change IN SHARE ROW EXCLUSIVE MODE")
                .await?;
        }
        let empty = change::Entity::find().count(self.transaction).await? == 0
            && production::Entity::find().count(self.transaction).await? == 0
            && person::Entity::find().count(self.transaction).await? == 0;
        Ok(empty)
    }

    /// Write one record.
    ///
    /// # Errors
    /// A sentence about what is wrong with the record, or the fault of the database.
    pub async fn put(&mut self, record: Record) -> Result<(), Error> {
        match record {
            Record::Source(record) => {
                let row = source::ActiveModel {
                    id: NotSet,
                    key: Set(record.key.clone()),
                    name: Set(record.name),
                    licence: Set(record.licence),
                    attribution: Set(record.attribution),
                    url: Set(record.url),
                    retrieved_on: Set(date(record.retrieved.as_ref())?),
                };
                let id = self.insert("source", row).await?.id;
                self.sources.put(&record.key, id)
            }
            Record::Genre(record) => {
                let row = genre::ActiveModel {
                    id: NotSet,
                    key: Set(record.key.clone()),
                    name_key: Set(collation::key(&record.name)),
                    name: Set(record.name),
                };
                let id = self.insert("genre", row).await?.id;
                self.genres.put(&record.key, id)
            }
            Record::Profession(record) => {
                let row = profession::ActiveModel {
                    id: NotSet,
                    key: Set(record.key.clone()),
                    name: Set(record.name),
                };
                let id = self.insert("profession", row).await?.id;
                self.professions.put(&record.key, id)
            }
            Record::Company(record) => {
                let row = company::ActiveModel {
                    id: NotSet,
                    name_key: Set(collation::key(&record.name)),
                    name: Set(record.name),
                    kind: Set(record.kind),
                    source_id: Set(self.sources.get(&record.source)?),
                };
                let id = self.insert("company", row).await?.id;
                self.companies.put(&record.key, id)
            }
            Record::Person(record) => {
                let row = person::ActiveModel {
                    id: NotSet,
                    name_key: Set(record.name.as_deref().map(collation::key)),
                    name: Set(record.name),
                    born_on: Set(date(record.born.as_ref())?),
                    died_on: Set(date(record.died.as_ref())?),
                    source_id: Set(self.sources.get(&record.source)?),
                };
                let id = self.insert("person", row).await?.id;
                for (position, key) in (1..).zip(&record.professions) {
                    let row = person_profession::ActiveModel {
                        id: NotSet,
                        person_id: Set(id),
                        profession_id: Set(self.professions.get(key)?),
                        position: Set(position),
                    };
                    self.insert("person_profession", row).await?;
                }
                for (key, fields) in &record.sources.0 {
                    let row = person_source::ActiveModel {
                        id: NotSet,
                        person_id: Set(id),
                        source_id: Set(self.sources.get(key)?),
                        fields: Set(json(fields)),
                    };
                    self.insert("person_source", row).await?;
                }
                self.people.put(&record.key, id)
            }
            Record::Film(record) => {
                refuse_unknown(&record.unknown)?;
                self.put_production(record.production, production::Kind::Film).await?;
                Ok(())
            }
            Record::Show(record) => {
                refuse_unknown(&record.unknown)?;
                let service_id = self.companies.get_opt(record.service.as_ref())?;
                let ended_on = date(record.ended.as_ref())?;
                let placed = self.put_production(record.production, production::Kind::Show).await?;
                let row = show::ActiveModel {
                    production_id: Set(placed.id),
                    ended_on: Set(ended_on),
                    service_id: Set(service_id),
                    based_on: Set(record.based_on),
                    premise: Set(record.premise),
                };
                self.insert("show", row).await?;
                Ok(())
            }
            Record::Episode(record) => {
                refuse_unknown(&record.unknown)?;
                let show_id = match &record.show {
                    Some(key) => Some(self.production(key, production::Kind::Show, "a show")?),
                    None => None,
                };
                let placed =
                    self.put_production(record.production, production::Kind::Episode).await?;
                let season_id = match show_id.zip(record.season) {
                    Some((show_id, number)) => Some(self.season(show_id, number).await?),
                    None => None,
                };
                let row = episode::ActiveModel {
                    production_id: Set(placed.id),
                    show_id: Set(show_id),
                    season_number: Set(record.season),
                    episode_number: Set(record.episode),
                    released_on: Set(placed.released_on),
                    place_in_show: NotSet,
                    season_id: Set(season_id),
                };
                self.insert("episode", row).await?;
                Ok(())
            }
            Record::Season(record) => {
                let show_id = self.production(&record.show, production::Kind::Show, "a show")?;
                self.season(show_id, record.number).await.map(drop)
            }
            Record::Credit(record) => {
                refuse_unless_one_of("role", &record.role, credit::ROLES)?;
                let production = self.productions.get(&record.production)?;
                let row = credit::ActiveModel {
                    id: NotSet,
                    production_id: Set(production.id),
                    person_id: Set(self.people.get(&record.person)?),
                    role: Set(record.role),
                    category: Set(record.category),
                    job: Set(record.job),
                    characters: Set(json(&record.characters)),
                    position: Set(record.position),
                    is_billed: Set(record.billed),
                    crew_position: Set(record.crew_position),
                    released_on: Set(production.released_on),
                    source_id: Set(self.sources.get(&record.source)?),
                };
                self.insert("credit", row).await.map(drop)
            }
            Record::ProductionCompany(record) => {
                refuse_unless_one_of("role", &record.role, production_company::ROLES)?;
                let production = self.productions.get(&record.production)?;
                let row = production_company::ActiveModel {
                    id: NotSet,
                    production_id: Set(production.id),
                    company_id: Set(self.companies.get(&record.company)?),
                    role: Set(record.role),
                    is_exclusive: Set(record.exclusive),
                    position: Set(record.position),
                    released_on: Set(production.released_on),
                    source_id: Set(self.sources.get(&record.source)?),
                };
                self.insert("production_company", row).await.map(drop)
            }
            Record::Shot(record) => {
                let episode_id = match &record.episode {
                    Some(key) => {
                        Some(self.production(key, production::Kind::Episode, "an episode")?)
                    }
                    None => None,
                };
                let row = shot::ActiveModel {
                    id: NotSet,
                    film_id: Set(self.production(
                        &record.film,
                        production::Kind::Film,
                        "a film",
                    )?),
                    episode_id: Set(episode_id),
                    title: Set(record.title),
                    description: Set(record.description),
                    position: Set(record.position),
                    starts_at_ms: Set(record.starts_at_ms),
                    ends_at_ms: Set(record.ends_at_ms),
                    source_id: Set(self.sources.get(&record.source)?),
                };
                let id = self.insert("shot", row).await?.id;
                for (position, key) in (1..).zip(&record.directors) {
                    let row = shot_director::ActiveModel {
                        id: NotSet,
                        shot_id: Set(id),
                        person_id: Set(self.people.get(key)?),
                        position: Set(position),
                    };
                    self.insert("shot_director", row).await?;
                }
                self.shots.put(&record.key, id)
            }
            Record::Video(record) => {
                let row = video::ActiveModel {
                    id: NotSet,
                    production_id: Set(self.productions.get(&record.production)?.id),
                    kind: Set(record.kind),
                    title: Set(record.title),
                    description: Set(record.description),
                    publisher_id: Set(self.companies.get_opt(record.publisher.as_ref())?),
                    source_id: Set(self.sources.get(&record.source)?),
                };
                self.insert("video", row).await.map(drop)
            }
            Record::Award(record) => {
                let row = award::ActiveModel {
                    id: NotSet,
                    body: Set(record.body),
                    category: Set(record.category),
                    year: Set(record.year),
                    ceremony: Set(record.ceremony),
                    status: Set(record.status),
                    detail: Set(record.detail),
                    source_id: Set(self.sources.get(&record.source)?),
                    class: Set(record.class),
                    canonical_category: Set(record.canonical_category),
                    name: Set(record.name),
                    note: Set(record.note),
                    citation: Set(record.citation),
                };
                let id = self.insert("award", row).await?.id;
                let productions = record.production.iter().chain(&record.productions);
                for (position, key) in (1..).zip(productions) {
                    let row = award_production::ActiveModel {
                        id: NotSet,
                        award_id: Set(id),
                        production_id: Set(self.productions.get(key)?.id),
                        position: Set(position),
                        year: Set(record.year),
                    };
                    self.insert("award_production", row).await?;
                }
                for (position, company) in (1..).zip(&record.companies) {
                    let row = award_company::ActiveModel {
                        id: NotSet,
                        award_id: Set(id),
                        company_id: Set(self.companies.get(company.key())?),
                        position: Set(position),
                        year: Set(record.year),
                        name: Set(company.name().cloned()),
                    };
                    self.insert("award_company", row).await?;
                }
                for (position, person) in (1..).zip(&record.people) {
                    let row = award_person::ActiveModel {
                        id: NotSet,
                        award_id: Set(id),
                        person_id: Set(self.people.get(person.key())?),
                        position: Set(position),
                        year: Set(record.year),
                        name: Set(person.name().cloned()),
                    };
                    self.insert("award_person", row).await?;
                }
                Ok(())
            }
            Record::ExternalId(record) => {
                let (mut production_id, mut person_id, mut company_id) = (None, None, None);
                match &record.of {
                    Subject::Production(key) => production_id = Some(self.productions.get(key)?.id),
                    Subject::Person(key) => person_id = Some(self.people.get(key)?),
                    Subject::Company(key) => company_id = Some(self.companies.get(key)?),
                }
                let row = external_id::ActiveModel {
                    id: NotSet,
                    catalog: Set(record.catalog),
                    scope: Set(record.scope),
                    value: Set(record.value),
                    production_id: Set(production_id),
                    person_id: Set(person_id),
                    company_id: Set(company_id),
                    source_id: Set(self.sources.get(&record.source)?),
                    is_canonical: Set(record.canonical),
                };
                self.insert("external_id", row).await.map(drop)
            }
            Record::Title(record) => {
                let row = title_name::ActiveModel {
                    id: NotSet,
                    production_id: Set(self.productions.get(&record.production)?.id),
                    text: Set(record.text),
                    region: Set(record.region),
                    language: Set(record.language),
                    is_original: Set(record.original),
                    position: Set(record.position),
                    source_id: Set(self.sources.get(&record.source)?),
                    kinds: Set(json(&record.kinds)),
                    attributes: Set(json(&record.attributes)),
                };
                self.insert("title_name", row).await.map(drop)
            }
            Record::KnownFor(record) => {
                let person_id = self.people.get(&record.person)?;
                for (position, key) in (1..).zip(&record.productions) {
                    let row = known_for::ActiveModel {
                        id: NotSet,
                        person_id: Set(person_id),
                        production_id: Set(self.productions.get(key)?.id),
                        position: Set(position),
                    };
                    self.insert("known_for", row).await?;
                }
                Ok(())
            }
            Record::Lock(record) => {
                let (target, field) = self.lock_target(&record).await?;
                edit::lock(self.transaction, &record.actor, target, &field).await?;
                *self.written.entry("field_lock").or_default() += 1;
                Ok(())
            }
            Record::Removed(record) => {
                let entity = match record.entity.as_str() {
                    "production" => Entity::Production,
                    "person" => Entity::Person,
                    other => {
                        return Err(Error::refused(format!(
                            "the entity \"{other}\" is none of production, person"
                        )));
                    }
                };
                let id = [record.catalog, record.scope, record.value];
                let [catalog, scope, value] = &id;
                let alive = external_id::Entity::find()
                    .filter(external_id::Column::Catalog.eq(catalog))
                    .filter(external_id::Column::Scope.eq(scope))
                    .filter(external_id::Column::Value.eq(value));
                if alive.one(self.transaction).await?.is_some() {
                    return Err(Error::refused(format!(
                        "{} was taken out by hand, and is the id of something above this record",
                        id.join(":")
                    )));
                }
                let target = Target { entity, id: edit::NO_ROW };
                edit::retire(self.transaction, id, target).await?;
                *self.written.entry("retired").or_default() += 1;
                Ok(())
            }
        }
    }

    /// The row that a lock is on, and the name of the lock.
    pub(super) async fn lock_target(&self, lock: &Lock) -> Result<(Target, String), Error> {
        let Lock { production, person, role, position, source, field, .. } = lock;
        let production = self.productions.get_opt(production.as_ref())?.map(|placed| placed.id);
        let person = self.people.get_opt(person.as_ref())?;
        let (entity, id) = match (production, person, role, field) {
            (Some(id), None, None, Some(_)) => (Entity::Production, id),
            (None, Some(id), None, Some(_)) => (Entity::Person, id),
            (Some(id), Some(person), Some(role), None) => {
                let target = Target { entity: Entity::Production, id };
                return Ok((target, edit::lock_of_credit(person, role)));
            }
            (Some(production), Some(person), Some(role), Some(_)) => {
                let mut credit = credit::Entity::find()
                    .filter(credit::Column::ProductionId.eq(production))
                    .filter(credit::Column::PersonId.eq(person))
                    .filter(credit::Column::Role.eq(role))
                    .order_by_asc(credit::Column::Position)
                    .order_by_asc(credit::Column::Id);
                if let Some(position) = position {
                    credit = credit.filter(credit::Column::Position.eq(*position));
                }
                if let Some(source_id) = self.sources.get_opt(source.as_ref())? {
                    credit = credit.filter(credit::Column::SourceId.eq(source_id));
                }
                let credit = credit.one(self.transaction).await?.ok_or_else(|| {
                    let of = [&lock.production, &lock.person].map(|key| key.as_deref());
                    let [production, person] = of.map(Option::unwrap_or_default);
                    Error::refused(format!(
                        "\"{production}\" has no such credit of \"{person}\" as {role}"
                    ))
                })?;
                (Entity::Credit, credit.id)
            }
            _ => {
                return Err(Error::refused(
                    "a lock names a production or a person and a field, or a credit by production, person and role",
                ));
            }
        };
        let field = field.clone().unwrap_or_default();
        entity.check_lock(&field)?;
        Ok((Target { entity, id }, field))
    }

    /// Leave the one change row that sums up everything written.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn finish(self) -> Result<(), Error> {
        let counts = serde_json::to_string(&self.written).unwrap_or_default();
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        change::ActiveModel {
            id: NotSet,
            at_ms: Set(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)),
            actor: Set(self.actor.to_owned()),
            entity: Set("catalog".to_owned()),
            entity_id: Set(None),
            action: Set("load".to_owned()),
            fields: Set(counts),
        }
        .insert(self.transaction)
        .await?;
        Ok(())
    }

    pub(super) async fn insert<A>(
        &mut self,
        table: &'static str,
        row: A,
    ) -> Result<<A::Entity as EntityTrait>::Model, Error>
    where
        A: ActiveModelTrait + sea_orm::ActiveModelBehavior + Send,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        let model = row.insert(self.transaction).await?;
        *self.written.entry(table).or_default() += 1;
        Ok(model)
    }

    pub(super) fn production(
        &self,
        key: &str,
        kind: production::Kind,
        what: &str,
    ) -> Result<i64, Error> {
        let placed = self.productions.get(key)?;
        if placed.kind == kind {
            Ok(placed.id)
        } else {
            Err(Error::refused(format!("\"{key}\" is not {what}")))
        }
    }

    /// Whether nothing has been written.
    pub fn wrote_nothing(&self) -> bool {
        self.written.is_empty()
    }

    /// Forget the keys of records: they live within one file, and another one begins.
    pub fn next_file(&mut self) {
        let new = Self::new(self.transaction, self.actor);
        let (written, seasons) = (take(&mut self.written), take(&mut self.seasons));
        *self = Self { written, seasons, ..new };
    }

    /// The season of a show with a number, made with the first episode that has it.
    pub(super) async fn season(&mut self, show_id: i64, number: i32) -> Result<i64, Error> {
        if let Some(id) = self.seasons.get(&(show_id, number)) {
            return Ok(*id);
        }
        let known = season::Entity::find()
            .filter(season::Column::ShowId.eq(show_id))
            .filter(season::Column::Number.eq(number));
        let id = match known.one(self.transaction).await? {
            Some(row) => row.id,
            None => {
                let (show_id, number) = (Set(show_id), Set(number));
                let row = season::ActiveModel { id: NotSet, show_id, number };
                self.insert("season", row).await?.id
            }
        };
        self.seasons.insert((show_id, number), id);
        Ok(id)
    }

    async fn put_production(
        &mut self,
        record: Production,
        kind: production::Kind,
    ) -> Result<Placed, Error> {
        if record.title.is_none() && kind != production::Kind::Episode {
            return Err(Error::refused(format!(
                "\"{}\" needs a title: only an episode may lack one",
                record.key
            )));
        }
        let released_on = date(record.released.as_ref())?;
        let row = production::ActiveModel {
            id: NotSet,
            kind: Set(kind),
            format: Set(record.format),
            title_key: Set(record.title.as_deref().map(collation::key)),
            title: Set(record.title),
            original_title: Set(record.original_title),
            synopsis: Set(record.synopsis),
            released_on: Set(released_on),
            runtime_minutes: Set(record.runtime_minutes),
            is_adult: Set(record.adult),
            rating_tenths: Set(record.rating_tenths),
            rating_votes: Set(record.rating_votes),
        };
        let id = self.insert("production", row).await?.id;
        for (position, key) in (1..).zip(&record.genres) {
            let row = production_genre::ActiveModel {
                id: NotSet,
                production_id: Set(id),
                genre_id: Set(self.genres.get(key)?),
                position: Set(position),
                released_on: Set(released_on),
                kind: Set(kind),
                rating_votes: Set(record.rating_votes),
            };
            self.insert("production_genre", row).await?;
        }
        for (key, fields) in &record.sources.0 {
            let row = production_source::ActiveModel {
                id: NotSet,
                production_id: Set(id),
                source_id: Set(self.sources.get(key)?),
                fields: Set(json(fields)),
            };
            self.insert("production_source", row).await?;
        }
        let placed = Placed { id, kind, released_on };
        self.productions.put(&record.key, placed)?;
        Ok(placed)
    }
}
