//! Bringing what changed into the catalogue, some things at a time, while it is being read.
//!
//! It goes in three steps, each in transactions of bounded size: things that are new enter, so that
//! others can name them; then everything that changed is filled in; then what is gone leaves. What
//! is known of a thing is written down with its rows: killed in between, the next run finds the rest.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};

use super::batch::{Batch, Updates, get};
use super::bulk::{Id, Kind};
use super::changes::Changes;
use super::compose::{self, EPISODE, SHOW, Unfit, World};
use super::count::{self, Old};
use super::existing::IMDB;
use super::file::{File, Scope};
use super::group::Group;
use super::load::{self, hash_bytes};
use super::stored;
use super::tally::Tally;
use super::withdraw;
use crate::catalog::collation;
use crate::error::{Error, Fault};

/// What is done to some things in one transaction.
pub struct Step {
    /// The lines about them.
    pub groups: Vec<Group>,
    /// Which things the files have.
    pub world: Arc<World>,
    /// Id of the source.
    pub source_id: i64,
    /// Things that entered in this run.
    pub entered: Arc<HashSet<i64>>,
}
impl Step {
    fn batch<'t>(&self, transaction: &'t DatabaseTransaction) -> Batch<'t> {
        Batch { transaction, source_id: self.source_id }
    }

    fn keys(&self) -> Vec<&str> {
        self.groups.iter().map(|group| group.key.as_str()).collect()
    }

    fn scope(&self) -> Scope {
        self.groups.first().map_or(Scope::Name, |group| group.scope)
    }

    /// Let things in that are not there, with what is their own. Returns their row ids.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn enter(self, transaction: &DatabaseTransaction) -> Result<Vec<i64>, Error> {
        let batch = self.batch(transaction);
        let scope = self.scope();
        let keys = self.keys();
        let known = batch.ids(scope, &keys).await?;
        let sql = format!(
            "SELECT value, entity_id, is_by_hand FROM retired
            WHERE catalog = '{IMDB}' AND scope = '{}' AND value IN {{keys}}",
            scope.name()
        );
        let mut retired: HashMap<String, (i64, bool)> = HashMap::new();
        for row in batch.rows(&sql, keys.into()).await? {
            retired.insert(get(&row, 0)?, (get(&row, 1)?, get(&row, 2)?));
        }
        let is_new = |group: &&Group| {
            let is_removed = retired.get(&group.key).is_some_and(|(_, is_by_hand)| *is_by_hand);
            !known.contains_key(&group.key) && !is_removed && self.is_thing(group)
        };
        let new: Vec<&Group> = self.groups.iter().filter(is_new).collect();
        let entering: Vec<&str> = new.iter().map(|group| group.key.as_str()).collect();
        let table = if scope == Scope::Name { Id::Person } else { Id::Production };
        // Of several ids that a thing had, the first brings its row back.
        let mut returned = HashSet::new();
        let mut returns = |group: &&Group| {
            let id = retired.get(&group.key).map(|(id, _)| *id);
            id.filter(|id| returned.insert(*id))
        };
        let returning: Vec<Option<i64>> = new.iter().map(&mut returns).collect();
        let count = returning.iter().filter(|id| id.is_none()).count();
        let mut fresh = batch.new_ids(table, count).await?.into_iter();
        let mut entered = Vec::new();
        let (mut rows, mut sources, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for (group, id) in new.into_iter().zip(returning) {
            let id = match id {
                Some(id) => id,
                None => fresh.next().ok_or_else(|| Fault::bug("too few ids"))?,
            };
            entered.push(id);
            ids.push(json!([IMDB, scope.name(), group.key, id, self.source_id]));
            if scope == Scope::Name {
                let person = compose::person(group, &self.world);
                rows.push(json!([
                    id,
                    person.name,
                    person.name.map(collation::key),
                    person.born_on,
                    person.died_on,
                    self.source_id
                ]));
                continue;
            }
            let title = compose::title(group, &self.world);
            let Some(basics) = &title.basics else { continue };
            rows.push(json!([
                id,
                basics.kind,
                basics.format,
                basics.title,
                basics.title.map(collation::key),
                basics.original_title,
                basics.released_on,
                basics.runtime_minutes,
                basics.is_adult,
                title.rating.map(|rating| rating.tenths),
                title.rating.map(|rating| rating.votes)
            ]));
            let own = load::given(&title) & load::OWN_FIELDS;
            sources.push(json!([id, self.source_id, load::names(own)]));
        }
        if scope == Scope::Name {
            let columns = ["id", "name", "name_key", "born_on", "died_on", "source_id"];
            batch.insert(table, &columns, &rows).await?;
        } else {
            let columns = [
                "id",
                "kind",
                "format",
                "title",
                "title_key",
                "original_title",
                "released_on",
                "runtime_minutes",
                "is_adult",
                "rating_tenths",
                "rating_votes",
            ];
            batch.insert(table, &columns, &rows).await?;
            let columns = ["production_id", "source_id", "fields"];
            batch.insert(Id::ProductionSource, &columns, &sources).await?;
        }
        let column = format!("{}_id", scope.table());
        let columns = ["catalog", "scope", "value", column.as_str(), "source_id"];
        batch.insert(Id::ExternalId, &columns, &ids).await?;
        // Should the next step not come, whoever has the files without them still finds them.
        let record = |key: &str| json!([self.source_id, scope.name(), key, ""]);
        let records: Vec<Value> = entering.iter().map(|key| record(key)).collect();
        if !entering.is_empty() {
            batch.forget(scope, &entering).await?;
            let columns = ["source_id", "scope", "key", "hashes"];
            batch.insert(Id::ImportRecord, &columns, &records).await?;
        }
        let back = retired.iter().filter(|(_, (_, is_by_hand))| !is_by_hand);
        let back: Vec<&str> = back.map(|(key, _)| key.as_str()).collect();
        if !back.is_empty() {
            let sql = format!(
                "DELETE FROM retired WHERE catalog = '{IMDB}' AND scope = '{}' AND value IN {{keys}}",
                scope.name()
            );
            batch.execute_keys(&sql, back.into()).await?;
        }
        if scope == Scope::Title {
            let there = entering.iter().map(|key| (*key).to_owned()).zip(entered.iter().copied());
            self.settle_kinds(&batch, &known.into_iter().chain(there).collect()).await?;
        }
        Ok(entered)
    }

    /// The files that say something else than before, for each thing.
    fn changed(&self, before: &HashMap<String, Vec<u8>>) -> Vec<Vec<File>> {
        let of = |group: &Group| {
            let before = before.get(&group.key).map_or(&[][..], Vec::as_slice);
            let now = hash_bytes(group, &self.world);
            let files = group.scope.files().iter().zip(now.chunks(8)).enumerate();
            let changed = files.filter(|(place, (_, now))| {
                before.get(place * 8..place * 8 + 8).is_none_or(|before| before != *now)
            });
            changed.map(|(_, (file, _))| *file).collect()
        };
        self.groups.iter().map(of).collect()
    }

    /// Whether the lines bring a thing.
    fn is_thing(&self, group: &Group) -> bool {
        match group.scope {
            Scope::Name => compose::person(group, &self.world).is_known,
            Scope::Title => compose::title(group, &self.world).basics.is_some(),
        }
    }

    /// Titles that became another kind do so before anything names them; shows get what only shows
    /// have.
    async fn settle_kinds(
        &self,
        batch: &Batch<'_>,
        ids: &HashMap<String, i64>,
    ) -> Result<(), Error> {
        let changed = self.changed(&batch.hashes(Scope::Title, &self.keys()).await?);
        let changed = self.groups.iter().zip(changed);
        let changed = changed.filter(|(_, files)| files.contains(&File::TitleBasics));
        let groups: Vec<&Group> = changed.map(|(group, _)| group).collect();
        let rows = groups.iter().filter_map(|group| ids.get(&group.key));
        let rows: Vec<i64> = rows.copied().collect();
        if rows.is_empty() {
            return Ok(());
        }
        let stored = stored::own_rows(batch, &rows).await?;
        let locks = batch.locks("production", &rows).await?;
        let (mut kinds, mut shows, mut no_shows, mut no_episodes) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut settled, mut link_kinds) = (Vec::new(), Vec::new());
        for group in groups {
            let Some(old) = ids.get(&group.key).and_then(|id| stored.get(id)) else { continue };
            let title = compose::title(group, &self.world);
            let Some(new) = title.basics else { continue };
            let may = may_write(old.fields.as_deref(), locks.get(&old.id), "format", false);
            let kind = if may { new.kind } else { old.kind };
            let named = old.title.as_deref().or(new.title);
            let kind = if named.is_none() { EPISODE } else { kind };
            if kind != old.kind {
                kinds.push(json!([old.id, kind, named, named.map(collation::key)]));
                link_kinds.push(json!([old.id, kind]));
                settled.push(group.key.as_str());
                if old.has_side.0 {
                    no_shows.push(old.id);
                }
                if old.has_side.1 {
                    no_episodes.push(old.id);
                }
            }
            if kind == SHOW && !old.has_side.0 {
                shows.push(json!([old.id]));
            }
        }
        batch.update(Id::Production, "id", &["kind", "title", "title_key"], &kinds).await?;
        let link_kind = [("kind", Kind::Small)].into_iter();
        batch.update_table("production_genre", "production_id", link_kind, &link_kinds).await?;
        // Should the next step not come, files that take the kind back have it settled again.
        batch.change_hash_of_basics(&settled).await?;
        batch.insert(Id::Show, &["production_id"], &shows).await?;
        if !no_shows.is_empty() {
            let loose: Vec<Value> = no_shows.iter().map(|id| json!([id, null, null])).collect();
            batch.update(Id::Episode, "show_id", &["show_id", "season_id"], &loose).await?;
            batch.delete("show", "production_id", &no_shows).await?;
        }
        if !no_episodes.is_empty() {
            // One that a shot names keeps what made it an episode.
            let sql = "SELECT production_id FROM episode WHERE production_id IN {keys}
                AND NOT EXISTS (SELECT 1 FROM shot WHERE episode_id = production_id)";
            let free = batch.rows(sql, no_episodes.into()).await?;
            let free: Vec<i64> = free.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
            batch.delete("episode", "production_id", &free).await?;
        }
        Ok(())
    }

    /// Fill in everything that changed.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn fill(self, transaction: &DatabaseTransaction) -> Result<Tally, Error> {
        let batch = self.batch(transaction);
        let scope = self.scope();
        let keys = self.keys();
        let ids = batch.ids(scope, &keys).await?;
        let mut tally = Tally::default();
        let before = batch.hashes(scope, &keys).await?;
        let kept = stored::quarantine(&batch, scope, &keys).await?;
        batch.forget(scope, &keys).await?;
        let mut changes = Changes::default();
        let unfit = match scope {
            Scope::Name => {
                let people = self.groups.iter().map(|group| compose::person(group, &self.world));
                let people: Vec<_> = people.collect();
                let stored = self.fill_people(&batch, &ids, &people, &mut changes).await?;
                for (group, person) in self.groups.iter().zip(&people) {
                    let line = ids.get(&group.key).and_then(|id| stored.get(id));
                    let line = line.map(|person| person.line(&group.key));
                    let old = Old { before: before.get(&group.key), kept: kept.get(&group.key) };
                    old.count(
                        group,
                        &self.world,
                        |_| line.iter().cloned().collect(),
                        &person.unfit,
                        &mut tally,
                    );
                }
                people.into_iter().map(|person| person.unfit).collect::<Vec<_>>()
            }
            Scope::Title => {
                let titles = self.groups.iter().map(|group| compose::title(group, &self.world));
                let titles: Vec<_> = titles.collect();
                let changed = self.changed(&before);
                let stored =
                    self.fill_titles(&batch, &ids, &titles, &changed, &mut changes).await?;
                for (group, title) in self.groups.iter().zip(&titles) {
                    let was = ids.get(&group.key).and_then(|id| stored.get(id));
                    let old = Old { before: before.get(&group.key), kept: kept.get(&group.key) };
                    let lines = |file| {
                        was.map(|title| count::lines(title, &group.key, file)).unwrap_or_default()
                    };
                    old.count(group, &self.world, lines, &title.unfit, &mut tally);
                }
                self.let_go(&batch, &ids, &titles, &stored).await?;
                titles.into_iter().map(|title| title.unfit).collect()
            }
        };
        self.write_down(&batch, &unfit).await?;
        changes.write(&batch).await?;
        Ok(tally)
    }

    /// Titles that title.basics does not have any more leave, whatever else speaks of them: those
    /// lines wait for their return.
    async fn let_go(
        &self,
        batch: &Batch<'_>,
        ids: &HashMap<String, i64>,
        titles: &[compose::Title<'_>],
        stored: &HashMap<i64, stored::Title>,
    ) -> Result<(), Error> {
        let without = self.groups.iter().zip(titles).filter(|(_, title)| title.basics.is_none());
        let known =
            without.filter_map(|(group, _)| Some((group.key.clone(), *ids.get(&group.key)?)));
        // What others brought was never the source's.
        let was_ours = |id: &i64| stored.get(id).is_some_and(|title| title.fields.is_some());
        let gone: HashMap<String, i64> = known.filter(|(_, id)| was_ours(id)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        withdraw::loosen_episodes(batch, &gone.values().copied().collect::<Vec<_>>()).await?;
        withdraw::leave(batch, Scope::Title, &gone).await
    }

    /// Keep what was said: the hashes, and the lines that could not be taken.
    async fn write_down(&self, batch: &Batch<'_>, unfit: &[Vec<Unfit<'_>>]) -> Result<(), Error> {
        let records: Vec<Value> = self
            .groups
            .iter()
            .map(|group| {
                let hashes = hash_bytes(group, &self.world);
                let hashes = &hashes[..group.parts.len() * 8];
                let hex: String = hashes.iter().map(|byte| format!("{byte:02x}")).collect();
                json!([self.source_id, group.scope.name(), group.key, hex])
            })
            .collect();
        batch.insert(Id::ImportRecord, &["source_id", "scope", "key", "hashes"], &records).await?;
        let mut rows = Vec::new();
        for (group, unfit) in self.groups.iter().zip(unfit) {
            rows.extend(unfit.iter().map(|line| {
                json!([
                    self.source_id,
                    group.scope.name(),
                    group.key,
                    line.file.name(),
                    line.line,
                    line.reason,
                    line.is_loaded,
                    line.raw
                ])
            }));
        }
        let columns = ["source_id", "scope", "key", "file", "line", "reason", "is_loaded", "raw"];
        batch.insert(Id::Quarantine, &columns, &rows).await
    }

    async fn fill_people(
        &self,
        batch: &Batch<'_>,
        ids: &HashMap<String, i64>,
        people: &[compose::Person<'_>],
        changes: &mut Changes,
    ) -> Result<HashMap<i64, stored::Person>, Error> {
        let rows: Vec<i64> = ids.values().copied().collect();
        if rows.is_empty() {
            return Ok(HashMap::new());
        }
        let stored = stored::people(batch, &rows).await?;
        let locks = batch.locks("person", &rows).await?;
        let known = stored.values().flat_map(|person| &person.known_for);
        let known = known.filter_map(|(_, id, title)| Some((title.as_deref()?, *id)));
        let named = people.iter().flat_map(|person| &person.known_for).copied();
        let titles = batch.ids_beside(Scope::Title, known, named).await?;
        let professions = people.iter().flat_map(|person| &person.professions).copied();
        let words = batch.words(Id::Profession, professions).await?;
        let (mut updates, mut sources) = (Updates::default(), Vec::new());
        let (mut no_professions, mut new_professions) = (Vec::new(), Vec::new());
        let (mut no_known_for, mut new_known_for) = (Vec::new(), Vec::new());
        for (group, new) in self.groups.iter().zip(people) {
            let Some(old) = ids.get(&group.key).and_then(|id| stored.get(id)) else { continue };
            let all =
                if old.is_own { None } else { Some(old.fields.as_deref().unwrap_or_default()) };
            let may = |field: &str, is_missing: bool| match all {
                None => !locks.get(&old.id).is_some_and(|locks| locks.contains(field)),
                Some(fields) => may_write(Some(fields), locks.get(&old.id), field, is_missing),
            };
            let mut changed = BTreeSet::new();
            let mut given = BTreeSet::new();
            let mut row = (old.name.as_deref(), old.born_on, old.died_on);
            if may("name", old.name.is_none()) && new.is_known {
                set(&mut row.0, new.name, "name", &mut changed, &mut given);
            }
            if may("born", old.born_on.is_none()) {
                set(&mut row.1, new.born_on, "born", &mut changed, &mut given);
            }
            if may("died", old.died_on.is_none()) {
                set(&mut row.2, new.died_on, "died", &mut changed, &mut given);
            }
            let values = [
                ("name", "name", json!(row.0)),
                ("name", "name_key", json!(row.0.map(collation::key))),
                ("born", "born_on", json!(row.1)),
                ("died", "died_on", json!(row.2)),
            ];
            let values = values.into_iter().filter(|(field, ..)| changed.contains(field));
            updates.add(old.id, values.map(|(_, column, value)| (column, value)));
            if may("professions", old.professions.is_empty()) {
                let is = |(_, _, key): &(i64, i64, String), word: &&str| key == word;
                if !same(&old.professions, &new.professions, is) {
                    changed.insert("professions");
                    no_professions.extend(old.professions.iter().map(|(id, ..)| *id));
                    let places = (1_i64..).zip(&new.professions);
                    new_professions.extend(
                        places.map(|(place, word)| json!([old.id, words.get(*word), place])),
                    );
                }
                if !new.professions.is_empty() {
                    given.insert("professions");
                }
            }
            if may("known_for", old.known_for.is_empty()) {
                let found: Vec<i64> =
                    new.known_for.iter().filter_map(|title| titles.get(*title).copied()).collect();
                if !same(&old.known_for, &found, |(_, old, _), new| old == new) {
                    changed.insert("known_for");
                    no_known_for.extend(old.known_for.iter().map(|(id, ..)| *id));
                    let places = (1_i64..).zip(found);
                    new_known_for
                        .extend(places.map(|(place, title)| json!([old.id, title, place])));
                }
                if !new.known_for.is_empty() {
                    given.insert("known_for");
                }
            }
            if !old.is_own {
                // What was set by hand goes on being the source's.
                let owned = ["name", "born", "died", "professions", "known_for"];
                given.extend(owned.into_iter().filter(|field| {
                    let is_own = all.is_some_and(|fields| fields.iter().any(|own| own == field));
                    is_own && locks.get(&old.id).is_some_and(|locks| locks.contains(*field))
                }));
                sources.push((old.id, given));
            }
            self.tell(changes, old.id, &changed);
        }
        updates.write(batch, Id::Person).await?;
        batch.delete("person_profession", "id", &no_professions).await?;
        let columns = ["person_id", "profession_id", "position"];
        batch.insert(Id::PersonProfession, &columns, &new_professions).await?;
        batch.delete("known_for", "id", &no_known_for).await?;
        let columns = ["person_id", "production_id", "position"];
        batch.insert(Id::KnownFor, &columns, &new_known_for).await?;
        self.write_sources(batch, Scope::Name, sources).await?;
        Ok(stored)
    }

    pub(super) fn tell(&self, changes: &mut Changes, id: i64, changed: &BTreeSet<&str>) {
        let is_new = self.entered.contains(&id);
        if is_new || !changed.is_empty() {
            changes.add(
                self.scope().table(),
                id,
                if is_new { "insert" } else { "update" },
                changed,
            );
        }
    }

    /// Tell which fields the source gave.
    pub(super) async fn write_sources(
        &self,
        batch: &Batch<'_>,
        scope: Scope,
        sources: Vec<(i64, BTreeSet<&str>)>,
    ) -> Result<(), Error> {
        let (table, of) = match scope {
            Scope::Name => (Id::PersonSource, "person_id"),
            Scope::Title => (Id::ProductionSource, "production_id"),
        };
        let name = table.table().name;
        let all: Vec<i64> = sources.iter().map(|(id, _)| *id).collect();
        if all.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "SELECT {of}, id, fields FROM {name} WHERE source_id = {{source}} AND {of} IN {{keys}}"
        );
        let mut there: HashMap<i64, (i64, String)> = HashMap::new();
        for row in batch.rows(&sql, all.into()).await? {
            there.insert(get(&row, 0)?, (get(&row, 1)?, get(&row, 2)?));
        }
        let (mut new, mut changed, mut none) = (Vec::new(), Vec::new(), Vec::new());
        for (id, fields) in sources {
            let text = Value::from_iter(fields.iter().copied()).to_string();
            match there.get(&id) {
                Some((row, _)) if fields.is_empty() => none.push(*row),
                Some((_, before)) if *before == text => {}
                Some((row, _)) => changed.push(json!([row, text])),
                None if fields.is_empty() => {}
                None => new.push(json!([id, self.source_id, text])),
            }
        }
        batch.delete(name, "id", &none).await?;
        batch.update(table, "id", &["fields"], &changed).await?;
        batch.insert(table, &[of, "source_id", "fields"], &new).await
    }
}
/// Whether a field may be written: nobody has set it by hand, and it is the source's or missing.
pub(super) fn may_write(
    fields: Option<&[String]>,
    locks: Option<&HashSet<String>>,
    field: &str,
    is_missing: bool,
) -> bool {
    let is_locked = locks.is_some_and(|locks| locks.contains(field));
    let is_own = fields.is_some_and(|fields| fields.iter().any(|own| own == field));
    !is_locked && (is_own || is_missing)
}

/// Set a value, and note whether that changes it and whether there is one.
pub(super) fn set<'f, T: PartialEq>(
    old: &mut Option<T>,
    new: Option<T>,
    field: &'f str,
    changed: &mut BTreeSet<&'f str>,
    given: &mut BTreeSet<&'f str>,
) {
    if new.is_some() {
        given.insert(field);
    }
    if *old != new {
        changed.insert(field);
        *old = new;
    }
}

pub(super) fn same<A, B>(old: &[A], new: &[B], is: impl Fn(&A, &B) -> bool) -> bool {
    old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is(old, new))
}
