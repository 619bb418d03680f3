//! Running the statements of a plan. Levels that do not wait for each other run at once.

use std::collections::HashMap;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use futures_util::future::join_all;

use super::declare::LIST_SIZE_MAX;
use super::plan::bind::Bound;
use super::plan::statement::{ORDINAL, Reading};
use super::plan::{Gathered, Keys, LevelIndex, Plan};
use crate::catalog::Stop;
use crate::catalog::read::{KeyList, Parameter, Part, Reader, Rows, Session};
use crate::error::Fault;

/// What a level read.
pub struct Outcome {
    /// The rows, those of one parent together.
    pub rows: Arc<Rows>,
    /// How many of them are this level's: others may have shared its statement.
    count: usize,
    /// The rows of each key, in the order of the keys.
    ranges: Vec<Range<usize>>,
    places: Places,
}

/// Which of a level's keys a parent is.
enum Places {
    /// The root is the only one.
    Root,
    Ids(Ids),
    Texts(HashMap<String, usize>),
    /// Few groups, each with its parents.
    Groups(Vec<(String, Ids)>),
}

/// Ids in their order, each with its place. They are few, and looked up once or twice.
struct Ids(Vec<(i64, usize)>);

impl Ids {
    fn of(ids: impl Iterator<Item = (i64, usize)>) -> Self {
        let mut ids: Vec<_> = ids.collect();
        ids.sort_unstable();
        Self(ids)
    }

    fn place(&self, id: i64) -> Option<usize> {
        let found = self.0.binary_search_by_key(&id, |(known, _)| *known);
        found.ok().map(|index| self.0[index].1)
    }
}

/// A parent, as a level knows it.
#[derive(Clone, Copy)]
pub enum Parent<'a> {
    /// The root.
    Root,
    /// A row.
    Id(i64),
    /// What a text looks up.
    Text(&'a str),
    /// A group of a row's list.
    Group(i64, &'a str),
}

impl Places {
    fn of(keys: Option<&KeyList>) -> Self {
        match keys {
            None => Self::Root,
            Some(KeyList::Ids(ids)) => Self::Ids(Ids::of(ids.iter().copied().zip(0..))),
            Some(KeyList::Texts(texts)) => Self::Texts(
                texts.iter().zip(0..).map(|(text, place)| (text.clone(), place)).collect(),
            ),
            Some(KeyList::Groups(ids, names)) => {
                let mut groups: Vec<(String, Vec<(i64, usize)>)> = Vec::new();
                for (place, (id, name)) in ids.iter().zip(names).enumerate() {
                    match groups.iter_mut().find(|(known, _)| known == name) {
                        Some((_, ids)) => ids.push((*id, place)),
                        None => groups.push((name.clone(), vec![(*id, place)])),
                    }
                }
                let groups = groups.into_iter();
                Self::Groups(groups.map(|(name, ids)| (name, Ids::of(ids.into_iter()))).collect())
            }
        }
    }

    fn place(&self, parent: Parent<'_>) -> Option<usize> {
        match (self, parent) {
            (Self::Root, _) => Some(0),
            (Self::Ids(ids), Parent::Id(id)) => ids.place(id),
            (Self::Texts(texts), Parent::Text(text)) => texts.get(text).copied(),
            (Self::Groups(groups), Parent::Group(id, name)) => {
                let (_, ids) = groups.iter().find(|(known, _)| known == name)?;
                ids.place(id)
            }
            _ => None,
        }
    }
}

impl Outcome {
    /// The rows of a parent.
    pub fn rows_of(&self, parent: Parent<'_>) -> Range<usize> {
        let range = self.places.place(parent).and_then(|place| self.ranges.get(place));
        range.cloned().unwrap_or(0..0)
    }

    /// The rows that are shown of a level: not the one that tells whether a page goes on, and none of
    /// several that fit a key.
    fn shown(&self, reading: Reading, size: usize) -> impl Iterator<Item = usize> {
        self.ranges.iter().cloned().flat_map(move |Range { start, end }| match reading {
            Reading::Page => start..end.min(start.saturating_add(size)),
            Reading::LastPage => start.max(end.saturating_sub(size))..end,
            Reading::AtMost(rows) if rows < LIST_SIZE_MAX && end - start > 1 => start..start,
            _ => start..end,
        })
    }
}

/// What every level of a plan read; a level that failed has the fault.
pub type Outcomes = Vec<OnceLock<Result<Outcome, Fault>>>;

/// What a plan read.
pub struct Read {
    /// By level.
    pub outcomes: Outcomes,
    /// How many rows there are.
    pub rows: u64,
}

/// Run the statements of a plan. Below those with which more rows have been read than may be, none
/// is run.
pub async fn run(reader: &Reader, plan: &Plan, bound: &Bound, rows_max: u64, stop: &Stop) -> Read {
    let outcomes: Outcomes = plan.levels.iter().map(|_| OnceLock::new()).collect();
    if plan.first.is_empty() {
        return Read { outcomes, rows: 0 };
    }
    let rows = AtomicU64::new(0);
    let session = match reader.session().await {
        Ok(session) => session,
        Err(fault) => {
            for &index in &plan.first {
                let _ = outcomes[index].set(Err(fault.clone()));
            }
            return Read { outcomes, rows: 0 };
        }
    };
    let run =
        Run { session: &session, plan, bound, stop, outcomes: &outcomes, rows: &rows, rows_max };
    join_all(plan.first.iter().map(|&index| run.level(index))).await;
    if stop.is_spent() {
        session.give_up();
    }
    let rows = rows.into_inner();
    Read { outcomes, rows }
}

#[derive(Clone, Copy)]
struct Run<'a> {
    session: &'a Session<'a>,
    plan: &'a Plan,
    bound: &'a Bound,
    stop: &'a Stop,
    outcomes: &'a Outcomes,
    rows: &'a AtomicU64,
    rows_max: u64,
}

impl<'a> Run<'a> {
    /// Read a level, then the levels below it.
    fn level(self, index: LevelIndex) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let place = &self.outcomes[index];
            // What is gathered is there.
            if place.get().is_none() {
                let _ = place.set(self.read(index).await);
            }
            let Some(Ok(outcome)) = place.get() else { return };
            let read = outcome.count as u64;
            let all = self.rows.fetch_add(read, Ordering::Relaxed).saturating_add(read);
            if all <= self.rows_max {
                for gathered in &self.plan.levels[index].gathered {
                    let _ =
                        self.outcomes[gathered.level].set(self.gathered(index, outcome, gathered));
                }
                let children = self.plan.children[index].iter();
                join_all(children.map(|&child| self.level(child))).await;
            }
        })
    }

    /// The rows of a level that came with those of its parent.
    fn gathered(
        self,
        parent: LevelIndex,
        parents: &Outcome,
        gathered: &Gathered,
    ) -> Result<Outcome, Fault> {
        let reading = self.plan.levels[parent].statement.reading();
        let (mut ids, mut ranges, mut count) = (Vec::new(), Vec::new(), 0);
        for row in parents.shown(reading, self.bound.levels[parent].size) {
            if let Some(id) = parents.rows.int(row, gathered.key)? {
                let range = parents.rows.range(row, gathered.slot)?;
                count += range.len();
                ids.push((id, ranges.len()));
                ranges.push(range);
            }
        }
        let places = Places::Ids(Ids::of(ids.into_iter()));
        let rows = parents.rows.gathered(gathered.slot);
        Ok(Outcome { rows, count, ranges, places })
    }

    /// What a level's statement is given after its keys: first what is for the levels gathered in it.
    fn parameters(self, index: LevelIndex) -> Vec<Parameter> {
        let gathered = self.plan.levels[index].gathered.iter();
        let mut all: Vec<_> =
            gathered.flat_map(|gathered| self.parameters(gathered.level)).collect();
        all.extend(self.bound.levels[index].parameters.iter().cloned());
        all
    }

    async fn read(self, index: LevelIndex) -> Result<Outcome, Fault> {
        let level = &self.plan.levels[index];
        let bound = &self.bound.levels[index];
        let keys = match &level.keys {
            Keys::Root => None,
            Keys::Given { .. } | Keys::Named { .. } => bound.keys.clone(),
            Keys::Rows { level, slot, group, kinds } => match self.outcomes[*level].get() {
                Some(Ok(parents)) => {
                    let reading = self.plan.levels[*level].statement.reading();
                    let shown = parents.shown(reading, self.bound.levels[*level].size);
                    Some(match group {
                        None => {
                            KeyList::Ids(distinct(&parents.rows, shown, *slot, kinds.as_ref())?)
                        }
                        Some(group) => grouped(&parents.rows, shown, *slot, *group)?,
                    })
                }
                _ => Some(KeyList::Ids(Vec::new())),
            },
        };
        let places = Places::of(keys.as_ref());
        let count = keys.as_ref().map_or(1, KeyList::len);
        if count == 0 {
            let rows = Arc::new(Rows::none());
            return Ok(Outcome { rows, count, ranges: Vec::new(), places });
        }
        let sql = level.statement.text(bound.bounds);
        let rest = self.parameters(index);
        let Part { rows, range, first } = self.session.fetch(&sql, keys, rest, self.stop).await?;
        let mut ranges: Vec<Range<usize>> = vec![0..0; count];
        let rows_count = range.len();
        for row in range {
            let ordinal = rows.int(row, ORDINAL)?.and_then(|ordinal| usize::try_from(ordinal).ok());
            let place = ordinal.and_then(|ordinal| ordinal.checked_sub(first));
            let range = place.and_then(|place| ranges.get_mut(place));
            let range = range.ok_or_else(|| Fault::bug("a row belongs to no key"))?;
            *range = if range.start == range.end { row..row + 1 } else { range.start..row + 1 };
        }
        Ok(Outcome { rows, count: rows_count, ranges, places })
    }
}

/// The keys of groups; each is a row of its own.
fn grouped(
    rows: &Rows,
    shown: impl Iterator<Item = usize>,
    slot: usize,
    group: usize,
) -> Result<KeyList, Fault> {
    let (mut ids, mut names) = (Vec::new(), Vec::new());
    for row in shown {
        if let (Some(id), Some(name)) = (rows.int(row, slot)?, rows.text(row, group)?) {
            ids.push(id);
            names.push(name.to_owned());
        }
    }
    Ok(KeyList::Groups(ids, names))
}

/// The keys of the parents, each once.
fn distinct(
    rows: &Rows,
    shown: impl Iterator<Item = usize>,
    slot: usize,
    kinds: Option<&(usize, Vec<i64>)>,
) -> Result<Vec<i64>, Fault> {
    let mut keys = Vec::new();
    for row in shown {
        if let Some((slot, kinds)) = kinds
            && !rows.int(row, *slot)?.is_some_and(|kind| kinds.contains(&kind))
        {
            continue;
        }
        keys.extend(rows.int(row, slot)?);
    }
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}
