//! Running the statements of a plan. Levels that do not wait for each other run at once.

use std::collections::HashMap;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::OnceLock;

use futures_util::future::join_all;

use super::plan::bind::Bound;
use super::plan::statement::ORDINAL;
use super::plan::{Keys, LevelIndex, Plan};
use crate::catalog::read::{Parameter, Reader, Rows};
use crate::error::Fault;

/// What a level read.
pub struct Outcome {
    /// The rows, those of one parent together.
    pub rows: Rows,
    /// The rows of each parent, by its key; of the root, by 0.
    ranges: HashMap<i64, Range<usize>>,
}

impl Outcome {
    /// The rows of a parent.
    pub fn rows_of(&self, key: i64) -> Range<usize> {
        self.ranges.get(&key).cloned().unwrap_or(0..0)
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
            Keys::Given { .. } => Some(bound.keys.clone()),
            Keys::Rows { level, slot, kinds } => match self.outcomes[*level].get() {
                Some(Ok(parents)) => Some(distinct(&parents.rows, *slot, kinds.as_ref())?),
                _ => Some(Vec::new()),
            },
        };
        if keys.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Outcome { rows: Rows::none(), ranges: HashMap::new() });
        }
        let mut parameters = Vec::with_capacity(bound.parameters.len() + 1);
        parameters.extend(keys.clone().map(Parameter::Keys));
        parameters.extend(bound.parameters.iter().cloned());
        let sql = level.statement.text(bound.bounds);
        let rows = self.reader.fetch(&sql, parameters).await?;

        let mut ranges: HashMap<i64, Range<usize>> = HashMap::new();
        for row in 0..rows.len() {
            let ordinal = rows.int(row, ORDINAL)?.and_then(|ordinal| usize::try_from(ordinal).ok());
            let key = match &keys {
                None => 0,
                Some(keys) => *ordinal
                    .and_then(|ordinal| keys.get(ordinal))
                    .ok_or_else(|| Fault::bug("a row belongs to no key"))?,
            };
            let range = ranges.entry(key).or_insert(row..row);
            range.end = row + 1;
        }
        Ok(Outcome { rows, ranges })
    }
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
