//! Running the statements of a plan. Levels that do not wait for each other run at once.

use std::collections::HashMap;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use futures_util::future::join_all;

use super::declare::LIST_SIZE_MAX;
use super::plan::bind::{Bound, KeyList};
use super::plan::statement::{ORDINAL, Reading};
use super::plan::{Keys, LevelIndex, Plan};
use crate::catalog::Stop;
use crate::catalog::read::{Parameter, Part, Reader, Rows};
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
    Ids(HashMap<i64, usize>),
    Texts(HashMap<String, usize>),
    /// Few groups, each with its parents.
    Groups(Vec<(String, HashMap<i64, usize>)>),
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
        let ids = |ids: &[i64]| ids.iter().zip(0..).map(|(id, place)| (*id, place)).collect();
        match keys {
            None => Self::Root,
            Some(KeyList::Ids(list)) => Self::Ids(ids(list)),
            Some(KeyList::Texts(texts)) => Self::Texts(
                texts.iter().zip(0..).map(|(text, place)| (text.clone(), place)).collect(),
            ),
            Some(KeyList::Groups(list, names)) => {
                let mut groups: Vec<(String, HashMap<i64, usize>)> = Vec::new();
                for (place, (id, name)) in list.iter().zip(names).enumerate() {
                    match groups.iter_mut().find(|(known, _)| known == name) {
                        Some((_, ids)) => ids.insert(*id, place),
                        None => {
                            groups.push((name.clone(), HashMap::from([(*id, place)])));
                            None
                        }
                    };
                }
                Self::Groups(groups)
            }
        }
    }

    fn place(&self, parent: Parent<'_>) -> Option<usize> {
        match (self, parent) {
            (Self::Root, _) => Some(0),
            (Self::Ids(ids), Parent::Id(id)) => ids.get(&id).copied(),
            (Self::Texts(texts), Parent::Text(text)) => texts.get(text).copied(),
            (Self::Groups(groups), Parent::Group(id, name)) => {
                let (_, ids) = groups.iter().find(|(known, _)| known == name)?;
                ids.get(&id).copied()
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

/// What is still to be read of a plan: all of it.
pub fn unread(plan: &Plan) -> Outcomes {
    plan.levels.iter().map(|_| OnceLock::new()).collect()
}

/// Run the statements of what is still to be read. Below those with which more rows have been read
/// than may be, none is run. Returns how many rows there are.
pub async fn run(
    reader: &Reader,
    plan: &Plan,
    bound: &Bound,
    rows_max: u64,
    stop: &Stop,
    outcomes: &Outcomes,
) -> u64 {
    let rows = AtomicU64::new(0);
    let run = Run { reader, plan, bound, stop, outcomes, rows: &rows, rows_max };
    join_all(plan.first.iter().map(|&index| run.level(index))).await;
    rows.into_inner()
}

#[derive(Clone, Copy)]
struct Run<'a> {
    reader: &'a Reader,
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
            if place.get().is_none() {
                let _ = place.set(self.read(index).await);
            }
            let read = place.get().and_then(|outcome| outcome.as_ref().ok());
            let goes_on = read.is_some_and(|outcome| {
                let read = outcome.count as u64;
                self.rows.fetch_add(read, Ordering::Relaxed).saturating_add(read) <= self.rows_max
            });
            if goes_on {
                let children = self.plan.children[index].iter();
                join_all(children.map(|&child| self.level(child))).await;
            }
        })
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
        let rest = bound.parameters.clone();
        let keyed = |keys| std::iter::once(keys).chain(rest.clone()).collect();
        let Part { rows, range, first } = match keys {
            Some(KeyList::Ids(ids)) => self.reader.fetch_for(&sql, ids, rest, self.stop).await?,
            None => self.reader.fetch(&sql, rest, self.stop).await?.into(),
            Some(KeyList::Texts(texts)) => {
                let parameters = keyed(Parameter::Texts(texts));
                self.reader.fetch(&sql, parameters, self.stop).await?.into()
            }
            Some(KeyList::Groups(ids, names)) => {
                let parameters = keyed(Parameter::Pairs(ids, names));
                self.reader.fetch(&sql, parameters, self.stop).await?.into()
            }
        };
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
    let mut seen = std::collections::HashSet::new();
    for row in shown {
        if let Some((slot, kinds)) = kinds
            && !rows.int(row, *slot)?.is_some_and(|kind| kinds.contains(&kind))
        {
            continue;
        }
        if let Some(key) = rows.int(row, slot)?
            && seen.insert(key)
        {
            keys.push(key);
        }
    }
    Ok(keys)
}
