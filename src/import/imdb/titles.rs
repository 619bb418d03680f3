//! Filling in titles: their own rows, and those that hang on them.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};

use super::apply::{Step, may_write, same, set};
use super::batch::{Batch, Updates, get};
use super::bulk::{Id, Kind};
use super::changes::Changes;
use super::compose::{self, EPISODE, SHOW};
use super::file::{File, Scope};
use super::load;
use super::stored;
use crate::catalog::collation;
use crate::catalog::edit::lock_of_credit;
use crate::error::Error;

/// The files that lists come from.
const OF_GENRES: [File; 1] = [File::TitleBasics];
const OF_AKAS: [File; 1] = [File::TitleAkas];
const OF_CREDITS: [File; 2] = [File::TitlePrincipals, File::TitleCrew];

fn has(files: &[File], among: &[File]) -> bool {
    among.iter().any(|file| files.contains(file))
}

impl Step {
    /// Fill in what these files say of each of the titles. Returns what they were, as far as these
    /// files go.
    pub(super) async fn fill_titles(
        &self,
        batch: &Batch<'_>,
        ids: &HashMap<String, i64>,
        titles: &[compose::Title<'_>],
        files: &[Vec<File>],
        changes: &mut Changes,
    ) -> Result<HashMap<i64, stored::Title>, Error> {
        let rows: Vec<i64> = ids.values().copied().collect();
        if rows.is_empty() {
            return Ok(HashMap::new());
        }
        let mut stored = stored::own_rows(batch, &rows).await?;
        let with = |among: &[File]| -> Vec<i64> {
            let those = self.groups.iter().zip(files).filter(|(_, files)| has(files, among));
            those.filter_map(|(group, _)| ids.get(&group.key).copied()).collect()
        };
        stored::genres(batch, &with(&OF_GENRES), &mut stored).await?;
        stored::akas(batch, &with(&OF_AKAS), &mut stored).await?;
        stored::credits(batch, &with(&OF_CREDITS), &mut stored).await?;
        let locks = batch.locks("production", &rows).await?;
        let credit_ids = stored.values().flat_map(|title| &title.credits).map(|credit| credit.id);
        let credit_ids: Vec<i64> = credit_ids.collect();
        let credit_locks = batch.locks("credit", &credit_ids).await?;
        let known = stored.values().flat_map(|title| &title.credits);
        let known = known.filter_map(|credit| Some((credit.person.as_deref()?, credit.person_id)));
        let named = titles.iter().zip(files).filter(|(_, files)| has(files, &OF_CREDITS));
        let named = named.flat_map(|(title, _)| &title.credits).map(|credit| credit.person);
        let people = batch.ids_beside(Scope::Name, known, named).await?;
        let known = stored.values().filter_map(|title| title.show.as_deref().zip(title.show_id));
        let named = titles.iter().filter_map(|title| title.episode?.show);
        let mut shows = batch.ids_beside(Scope::Title, known, named).await?;
        if !shows.is_empty() {
            // What another source has as a film has no episodes here.
            let known: Vec<i64> = shows.values().copied().collect();
            let sql = "SELECT production_id FROM show WHERE production_id IN {keys}";
            let known = batch.rows(sql, known.into()).await?;
            let known: HashSet<i64> =
                known.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
            shows.retain(|_, id| known.contains(id));
        }
        let genres = titles.iter().flat_map(|title| &title.genres).copied();
        let genres = batch.words(Id::Genre, genres).await?;
        let mut writes = TitleWrites::default();
        for ((group, new), files) in self.groups.iter().zip(titles).zip(files) {
            let Some(old) = ids.get(&group.key).and_then(|id| stored.get(id)) else { continue };
            let Some(basics) = &new.basics else { continue };
            let mut fill = FillTitle {
                old,
                new,
                basics,
                locks: locks.get(&old.id),
                credit_locks: &credit_locks,
                changed: BTreeSet::new(),
                given: BTreeSet::new(),
                source_id: self.source_id,
            };
            fill.own(&mut writes);
            if has(files, &OF_GENRES) {
                fill.genres(&genres, &mut writes);
            } else {
                fill.goes_on_giving("genres");
            }
            if basics.kind == old.kind {
                fill.sides(&shows, &mut writes);
            }
            if has(files, &OF_AKAS) {
                fill.akas(&mut writes);
            } else {
                fill.goes_on_giving("titles");
            }
            if has(files, &OF_CREDITS) {
                fill.credits(&people, &mut writes);
            }
            fill.keep_locked();
            let FillTitle { changed, given, .. } = fill;
            writes.sources.push((old.id, given));
            self.tell(changes, old.id, &changed);
        }
        writes.write(batch).await?;
        self.write_sources(batch, Scope::Title, writes.sources).await?;
        Ok(stored)
    }
}

/// What is to be written of some titles, table by table.
#[derive(Default)]
struct TitleWrites<'a> {
    productions: Updates,
    released: Vec<Value>,
    votes: Vec<Value>,
    ended: Vec<Value>,
    no_genres: Vec<i64>,
    new_genres: Vec<Value>,
    episodes: Vec<EpisodeWrite>,
    left_seasons: Vec<i64>,
    no_akas: Vec<i64>,
    new_akas: Vec<Value>,
    no_credits: Vec<i64>,
    changed_credits: Vec<Value>,
    new_credits: Vec<Value>,
    sources: Vec<(i64, BTreeSet<&'a str>)>,
}

/// An episode that is written once its season has a row id.
struct EpisodeWrite {
    id: i64,
    show: Option<i64>,
    season: Option<i32>,
    number: Option<i32>,
    released_on: Option<i32>,
    is_there: bool,
}

/// A title that is filled in.
struct FillTitle<'a> {
    old: &'a stored::Title,
    new: &'a compose::Title<'a>,
    basics: &'a compose::Basics<'a>,
    locks: Option<&'a HashSet<String>>,
    credit_locks: &'a HashMap<i64, HashSet<String>>,
    changed: BTreeSet<&'static str>,
    given: BTreeSet<&'static str>,
    source_id: i64,
}

impl FillTitle<'_> {
    fn may(&self, field: &str, is_missing: bool) -> bool {
        may_write(self.old.fields.as_deref(), self.locks, field, is_missing)
    }

    /// What was set by hand goes on being the source's, for the day when it is given back.
    fn keep_locked(&mut self) {
        let (fields, locks) = (self.old.fields.as_deref().unwrap_or_default(), self.locks);
        let is_locked = |field: &&str| {
            locks.is_some_and(|locks| locks.contains(*field))
                && fields.iter().any(|own| own == field)
        };
        self.given.extend(load::FIELDS.into_iter().filter(is_locked));
    }

    /// What was not looked at is the source's as it was.
    fn goes_on_giving(&mut self, field: &'static str) {
        if self.old.fields.iter().flatten().any(|own| own == field) {
            self.given.insert(field);
        }
    }

    /// Its own row.
    fn own(&mut self, writes: &mut TitleWrites<'_>) {
        let (old, basics) = (self.old, self.basics);
        let mut format = Some(old.format.as_str());
        let mut title = old.title.as_deref();
        let mut original = old.original_title.as_deref();
        let mut adult = Some(old.is_adult);
        let mut released = old.released_on;
        let mut runtime = old.runtime_minutes;
        let mut rating = old.rating_tenths.zip(old.rating_votes);
        let may = [
            self.may("format", false),
            self.may("title", title.is_none()),
            self.may("original_title", original.is_none()),
            self.may("adult", false),
            self.may("released", released.is_none()),
            self.may("runtime_minutes", runtime.is_none()),
            self.may("rating_tenths", rating.is_none()),
        ];
        let (changed, given) = (&mut self.changed, &mut self.given);
        if may[0] {
            set(&mut format, Some(basics.format), "format", changed, given);
        }
        if may[1] {
            set(&mut title, basics.title, "title", changed, given);
        }
        if may[2] {
            set(&mut original, basics.original_title, "original_title", changed, given);
        }
        if may[3] {
            set(&mut adult, Some(basics.is_adult), "adult", changed, given);
        }
        if may[4] {
            set(&mut released, basics.released_on, "released", changed, given);
        }
        if may[5] {
            set(&mut runtime, basics.runtime_minutes, "runtime_minutes", changed, given);
        }
        if may[6] {
            let new = self.new.rating.map(|rating| (rating.tenths, rating.votes));
            set(&mut rating, new, "rating_tenths", changed, given);
            if rating.is_some() {
                given.insert("rating_votes");
            }
        }
        let values = [
            ("format", "format", json!(format)),
            ("title", "title", json!(title)),
            ("title", "title_key", json!(title.map(collation::key))),
            ("original_title", "original_title", json!(original)),
            ("adult", "is_adult", json!(adult)),
            ("released", "released_on", json!(released)),
            ("runtime_minutes", "runtime_minutes", json!(runtime)),
            ("rating_tenths", "rating_tenths", json!(rating.map(|(tenths, _)| tenths))),
            ("rating_tenths", "rating_votes", json!(rating.map(|(_, votes)| votes))),
        ];
        let values = values.into_iter().filter(|(field, ..)| changed.contains(field));
        writes.productions.add(old.id, values.map(|(_, column, value)| (column, value)));
        if changed.contains("released") {
            writes.released.push(json!([old.id, released]));
        }
        if changed.contains("rating_tenths") {
            writes.votes.push(json!([old.id, rating.map(|(_, votes)| votes)]));
        }
    }

    fn votes(&self) -> Option<i32> {
        let is_new = self.changed.contains("rating_tenths");
        if is_new { self.new.rating.map(|rating| rating.votes) } else { self.old.rating_votes }
    }

    fn released_on(&self) -> Option<i32> {
        let is_new = self.changed.contains("released");
        if is_new { self.basics.released_on } else { self.old.released_on }
    }

    fn genres(&mut self, ids: &HashMap<String, i64>, writes: &mut TitleWrites<'_>) {
        let (old, new) = (self.old, self.new);
        if !self.may("genres", old.genres.is_empty()) {
            return;
        }
        if !new.genres.is_empty() {
            self.given.insert("genres");
        }
        if same(&old.genres, &new.genres, |(_, _, name), word| name == word) {
            return;
        }
        self.changed.insert("genres");
        writes.no_genres.extend(old.genres.iter().map(|(id, ..)| *id));
        let (released_on, votes) = (self.released_on(), self.votes());
        let kind = self.basics.kind;
        let places = (1_i64..).zip(&new.genres);
        writes.new_genres.extend(
            places.map(|(place, word)| {
                json!([old.id, ids.get(*word), place, released_on, kind, votes])
            }),
        );
    }

    /// What only shows and only episodes have.
    fn sides(&mut self, shows: &HashMap<&str, i64>, writes: &mut TitleWrites<'_>) {
        let old = self.old;
        let mut ended = old.ended_on;
        if self.basics.kind == SHOW && self.may("ended", ended.is_none()) {
            set(&mut ended, self.basics.ended_on, "ended", &mut self.changed, &mut self.given);
            if self.changed.contains("ended") {
                writes.ended.push(json!([old.id, ended]));
            }
        }
        if self.basics.kind != EPISODE {
            return;
        }
        let new = self.new.episode.unwrap_or_default();
        let (mut show, mut season, mut number) = (old.show_id, old.season, old.number);
        let may = [
            self.may("show", show.is_none()),
            self.may("season", season.is_none()),
            self.may("episode", number.is_none()),
        ];
        let (changed, given) = (&mut self.changed, &mut self.given);
        if may[0] {
            let new = new.show.and_then(|show| shows.get(show).copied());
            set(&mut show, new, "show", changed, given);
        }
        if may[1] {
            set(&mut season, new.season, "season", changed, given);
        }
        if may[2] {
            set(&mut number, new.number, "episode", changed, given);
        }
        let is_changed = ["show", "season", "episode"].iter().any(|field| changed.contains(field));
        if is_changed || !old.has_side.1 {
            writes.left_seasons.extend(old.season_id);
            let released_on = self.released_on();
            writes.episodes.push(EpisodeWrite {
                id: old.id,
                show,
                season,
                number,
                released_on,
                is_there: old.has_side.1,
            });
        }
    }

    fn akas(&mut self, writes: &mut TitleWrites<'_>) {
        if self.locks.is_some_and(|locks| locks.contains("titles")) {
            return;
        }
        let is = |old: &stored::Aka, new: &compose::Aka<'_>| {
            old.position == new.position
                && old.text == new.text
                && old.region.as_deref() == new.region
                && old.language.as_deref() == new.language
                && old.kinds == new.kinds
                && old.attributes == new.attributes
                && old.is_original == new.is_original
        };
        if !self.new.akas.is_empty() {
            self.given.insert("titles");
        }
        if same(&self.old.akas, &self.new.akas, is) {
            return;
        }
        self.changed.insert("titles");
        let mut left: Vec<&stored::Aka> = self.old.akas.iter().collect();
        let shared = shared_places(self.new.akas.iter().map(|aka| aka.position));
        for new in &self.new.akas {
            let place = left.iter().position(|old| is(old, new));
            if let Some(place) = place.filter(|_| !shared.contains(&new.position)) {
                left.remove(place);
                continue;
            }
            writes.new_akas.push(json!([
                self.old.id,
                new.text,
                new.region,
                new.language,
                new.is_original,
                new.position,
                self.source_id,
                new.kinds,
                new.attributes
            ]));
        }
        writes.no_akas.extend(left.iter().map(|aka| aka.id));
    }

    fn credits(&mut self, people: &HashMap<&str, i64>, writes: &mut TitleWrites<'_>) {
        let old = self.old;
        let is_locked = |field: &str| self.locks.is_some_and(|locks| locks.contains(field));
        if is_locked("credits") {
            return;
        }
        let released_on = self.released_on();
        let known = self.new.credits.iter();
        let new: Vec<(i64, &compose::Credit<'_>)> =
            known.filter_map(|credit| Some((*people.get(credit.person)?, credit))).collect();
        let is = |old: &stored::Credit, (person_id, new): &(i64, &compose::Credit<'_>)| {
            old.person_id == *person_id
                && old.role == new.role
                && old.category.as_deref() == new.category
                && old.job.as_deref() == new.job
                && old.characters == new.characters
                && old.position == new.position
                && old.is_billed == new.is_billed
                && old.crew_position == new.crew_position
        };
        if same(&old.credits, &new, is) {
            return;
        }
        let shared = shared_places(new.iter().map(|(_, credit)| credit.position));
        let mut left: Vec<&stored::Credit> = old.credits.iter().collect();
        let mut unmatched = Vec::new();
        // What is as it was keeps its row, whatever else there is of the same person.
        for new in new {
            let place = left.iter().position(|old| is(old, &new));
            match place.filter(|_| !shared.contains(&new.1.position)) {
                Some(place) => drop(left.remove(place)),
                None => unmatched.push(new),
            }
        }
        for (person_id, new) in unmatched {
            let values = json!([
                new.category,
                new.job,
                new.characters,
                new.position,
                new.is_billed,
                new.crew_position
            ]);
            let place =
                left.iter().position(|old| old.person_id == person_id && old.role == new.role);
            if let Some(place) = place.filter(|_| !shared.contains(&new.position)) {
                let id = left.remove(place).id;
                // Set by hand, it stays as it is.
                if !self.credit_locks.contains_key(&id) {
                    self.changed.insert("credits");
                    writes.changed_credits.push(with(json!([id]), &values));
                }
                continue;
            }
            if is_locked(&lock_of_credit(person_id, new.role)) {
                continue;
            }
            self.changed.insert("credits");
            let row = json!([old.id, person_id, new.role, released_on, self.source_id]);
            writes.new_credits.push(with(row, &values));
        }
        for credit in left {
            if !self.credit_locks.contains_key(&credit.id) {
                self.changed.insert("credits");
                writes.no_credits.push(credit.id);
            }
        }
    }
}

/// The places that several rows have. What parts these is the order in which they were written, so
/// that they are written together.
fn shared_places(places: impl Iterator<Item = i32>) -> HashSet<i32> {
    let mut seen = HashSet::new();
    places.filter(|place| !seen.insert(*place)).collect()
}

pub(super) fn with(mut row: Value, values: &Value) -> Value {
    if let (Some(row), Some(values)) = (row.as_array_mut(), values.as_array()) {
        row.extend(values.iter().cloned());
    }
    row
}

const CREDIT_VALUES: [&str; 6] =
    ["category", "job", "characters", "position", "is_billed", "crew_position"];

impl TitleWrites<'_> {
    async fn write(&self, batch: &Batch<'_>) -> Result<(), Error> {
        self.productions.write(batch, Id::Production).await?;
        write_released(batch, &self.released).await?;
        batch.update(Id::Show, "production_id", &["ended_on"], &self.ended).await?;
        batch.delete("production_genre", "id", &self.no_genres).await?;
        write_votes(batch, &self.votes).await?;
        let columns =
            ["production_id", "genre_id", "position", "released_on", "kind", "rating_votes"];
        batch.insert(Id::ProductionGenre, &columns, &self.new_genres).await?;
        self.write_episodes(batch).await?;
        batch.delete("title_name", "id", &self.no_akas).await?;
        let columns = [
            "production_id",
            "text",
            "region",
            "language",
            "is_original",
            "position",
            "source_id",
            "kinds",
            "attributes",
        ];
        batch.insert(Id::TitleName, &columns, &self.new_akas).await?;
        batch.delete("credit", "id", &self.no_credits).await?;
        batch.update(Id::Credit, "id", &CREDIT_VALUES, &self.changed_credits).await?;
        let columns = ["production_id", "person_id", "role", "released_on", "source_id"];
        let columns: Vec<&str> = columns.into_iter().chain(CREDIT_VALUES).collect();
        batch.insert(Id::Credit, &columns, &self.new_credits).await
    }

    async fn write_episodes(&self, batch: &Batch<'_>) -> Result<(), Error> {
        let shows: BTreeSet<i64> =
            self.episodes.iter().filter_map(|episode| episode.show).collect();
        let shows: Vec<i64> = shows.into_iter().collect();
        let mut seasons: HashMap<(i64, i32), i64> = HashMap::new();
        if !shows.is_empty() {
            let sql = "SELECT show_id, number, id FROM season WHERE show_id IN {keys}";
            for row in batch.rows(sql, shows.into()).await? {
                seasons.insert((get(&row, 0)?, get(&row, 1)?), get(&row, 2)?);
            }
        }
        let mut missing: Vec<(i64, i32)> = Vec::new();
        for EpisodeWrite { show, season, .. } in &self.episodes {
            if let Some(pair) = show.zip(*season)
                && !seasons.contains_key(&pair)
                && !missing.contains(&pair)
            {
                missing.push(pair);
            }
        }
        let ids = batch.new_ids(Id::Season, missing.len()).await?;
        let rows: Vec<Value> = ids
            .iter()
            .zip(&missing)
            .map(|(id, (show, number))| json!([id, show, number]))
            .collect();
        batch.insert(Id::Season, &["id", "show_id", "number"], &rows).await?;
        seasons.extend(missing.into_iter().zip(ids));
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for EpisodeWrite { id, show, season, number, released_on, is_there } in &self.episodes {
            let season_id = show.zip(*season).and_then(|pair| seasons.get(&pair));
            let row = json!([id, show, season, number, released_on, season_id]);
            if *is_there { changed.push(row) } else { new.push(row) }
        }
        let columns = ["show_id", "season_number", "episode_number", "released_on", "season_id"];
        batch.update(Id::Episode, "production_id", &columns, &changed).await?;
        let columns: Vec<&str> = ["production_id"].into_iter().chain(columns).collect();
        batch.insert(Id::Episode, &columns, &new).await?;
        remove_empty_seasons(batch, &self.left_seasons).await
    }
}
/// Link tables carry the date beside their key.
pub(super) async fn write_released(batch: &Batch<'_>, rows: &[Value]) -> Result<(), Error> {
    for table in ["credit", "production_genre", "production_company", "episode"] {
        let columns = [("released_on", Kind::Int)].into_iter();
        batch.update_table(table, "production_id", columns, rows).await?;
    }
    Ok(())
}

/// So it is with votes and genres.
pub(super) async fn write_votes(batch: &Batch<'_>, rows: &[Value]) -> Result<(), Error> {
    let columns = [("rating_votes", Kind::Int)].into_iter();
    batch.update_table("production_genre", "production_id", columns, rows).await
}

/// A season that its last episode has left goes too.
pub(super) async fn remove_empty_seasons(batch: &Batch<'_>, left: &[i64]) -> Result<(), Error> {
    if left.is_empty() {
        return Ok(());
    }
    let sql = "SELECT id FROM season WHERE id IN {keys}
        AND NOT EXISTS (SELECT 1 FROM episode WHERE season_id = season.id)";
    let empty = batch.rows(sql, left.into()).await?;
    let empty: Vec<i64> = empty.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    batch.delete("season", "id", &empty).await
}
