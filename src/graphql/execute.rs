//! Running the statements of a plan. Levels that do not wait for each other run at once.

use std::collections::HashMap;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::OnceLock;

use futures_util::future::join_all;

use super::plan::bind::{Bound, KeyList};
use super::plan::statement::ORDINAL;
use super::plan::{Keys, LevelIndex, Plan};
use crate::catalog::read::{Parameter, Reader, Rows};
use crate::error::Fault;

/// What a level read.
pub struct Outcome {
    /// The rows, those of one parent together.
    pub rows: Rows,
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
}

/// What every level of a plan read; a level that failed has the fault.
pub type Outcomes = Vec<OnceLock<Result<Outcome, Fault>>>;

/// Run the statements.
pub async fn run(reader: &Reader, plan: &Plan, bound: &Bound) -> Outcomes {
    let outcomes: Outcomes = plan.levels.iter().map(|_| OnceLock::new()).collect();
    let run = Run { reader, plan, bound, outcomes: &outcomes };
    join_all(plan.first.iter().map(|&index| run.level(index))).await;
    outcomes
}

#[derive(Clone, Copy)]
struct Run<'a> {
    reader: &'a Reader,
    plan: &'a Plan,
    bound: &'a Bound,
    outcomes: &'a Outcomes,
}

impl<'a> Run<'a> {
    /// Read a level, then the levels below it.
    fn level(self, index: LevelIndex) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let outcome = self.read(index).await;
            let failed = outcome.is_err();
            let _ = self.outcomes[index].set(outcome);
            if !failed {
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
                Some(Ok(parents)) => Some(match group {
                    None => KeyList::Ids(distinct(&parents.rows, *slot, kinds.as_ref())?),
                    Some(group) => grouped(&parents.rows, *slot, *group)?,
                }),
                _ => Some(KeyList::Ids(Vec::new())),
            },
        };
        let places = Places::of(keys.as_ref());
        let count = keys.as_ref().map_or(1, KeyList::len);
        if count == 0 {
            return Ok(Outcome { rows: Rows::none(), ranges: Vec::new(), places });
        }
        let mut parameters = Vec::with_capacity(bound.parameters.len() + 1);
        parameters.extend(keys.map(|keys| match keys {
            KeyList::Ids(ids) => Parameter::Keys(ids),
            KeyList::Texts(texts) => Parameter::Texts(texts),
            KeyList::Groups(ids, names) => Parameter::Pairs(ids, names),
        }));
        parameters.extend(bound.parameters.iter().cloned());
        let sql = level.statement.text(bound.bounds);
        let rows = self.reader.fetch(&sql, parameters).await?;

        let mut ranges: Vec<Range<usize>> = vec![0..0; count];
        for row in 0..rows.len() {
            let ordinal = rows.int(row, ORDINAL)?.and_then(|ordinal| usize::try_from(ordinal).ok());
            let range = ordinal.and_then(|ordinal| ranges.get_mut(ordinal));
            let range = range.ok_or_else(|| Fault::bug("a row belongs to no key"))?;
            *range = if range.start == range.end { row..row + 1 } else { range.start..row + 1 };
        }
        Ok(Outcome { rows, ranges, places })
    }
}

/// The keys of groups; each is a row of its own.
fn grouped(rows: &Rows, slot: usize, group: usize) -> Result<KeyList, Fault> {
    let (mut ids, mut names) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in 0..rows.len() {
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
    slot: usize,
    kinds: Option<&(usize, Vec<i64>)>,
) -> Result<Vec<i64>, Fault> {
    let mut keys = Vec::with_capacity(rows.len());
    let mut seen = std::collections::HashSet::with_capacity(rows.len());
    for row in 0..rows.len() {
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
