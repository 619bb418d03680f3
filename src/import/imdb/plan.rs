//! In which order what differs is brought into the catalogue, and in which portions.

use std::collections::HashSet;
use std::sync::Arc;

use sea_orm::DatabaseTransaction;

use super::apply::Step;
use super::compose::World;
use super::file::Scope;
use super::group::Group;
use super::spool::{Reading, Spool};
use super::tally::Tally;
use super::withdraw;
use crate::error::Error;

/// Things of one transaction, and lines about them.
const THINGS: usize = 500;
const LINES: usize = 20_000;

/// What one transaction does.
pub enum Task {
    /// Let new things in.
    Enter(Step),
    /// Fill in what changed.
    Fill(Step),
    /// Take away what is gone.
    Withdraw(i64, Scope, Vec<String>),
}

/// What it did.
#[derive(Default)]
pub struct Outcome {
    entered: Vec<i64>,
    tally: Tally,
}

impl Task {
    /// Do it.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn perform(self, transaction: &DatabaseTransaction) -> Result<Outcome, Error> {
        let mut outcome = Outcome::default();
        match self {
            Self::Enter(step) => outcome.entered = step.enter(transaction).await?,
            Self::Fill(step) => outcome.tally = step.fill(transaction).await?,
            Self::Withdraw(source_id, scope, keys) => {
                outcome.tally = withdraw::withdraw(transaction, source_id, scope, &keys).await?;
            }
        }
        Ok(outcome)
    }
}

/// What is left to do.
pub struct Plan {
    changed: Spool,
    entering: Option<Reading>,
    filling: Option<Reading>,
    next: Option<Group>,
    gone: Vec<(Scope, String)>,
    world: Arc<World>,
    source_id: i64,
    entered: Arc<HashSet<i64>>,
    tally: Tally,
}

impl Plan {
    /// A plan for what differs.
    ///
    /// # Errors
    /// When the file of what was set aside fails.
    pub fn new(
        mut changed: Spool,
        gone: Vec<(Scope, String)>,
        world: World,
        source_id: i64,
    ) -> Result<Self, Error> {
        let mut entering = changed.read()?;
        let next = entering.next()?;
        Ok(Self {
            changed,
            entering: Some(entering),
            filling: None,
            next,
            gone,
            world: Arc::new(world),
            source_id,
            entered: Arc::default(),
            tally: Tally::default(),
        })
    }

    /// What is next to be done.
    ///
    /// # Errors
    /// When the file of what was set aside fails.
    pub fn next(&mut self) -> Result<Option<Task>, Error> {
        if let Some(mut reading) = self.entering.take() {
            let groups = self.portion(&mut reading)?;
            if !groups.is_empty() {
                self.entering = Some(reading);
                return Ok(Some(Task::Enter(self.step(groups))));
            }
            let mut reading = self.changed.read()?;
            self.next = reading.next()?;
            self.filling = Some(reading);
        }
        if let Some(mut reading) = self.filling.take() {
            let groups = self.portion(&mut reading)?;
            if !groups.is_empty() {
                self.filling = Some(reading);
                return Ok(Some(Task::Fill(self.step(groups))));
            }
        }
        let Some((scope, _)) = self.gone.last() else { return Ok(None) };
        let scope = *scope;
        let mut keys = Vec::new();
        while keys.len() < THINGS && self.gone.last().is_some_and(|(is, _)| *is == scope) {
            keys.extend(self.gone.pop().map(|(_, key)| key));
        }
        Ok(Some(Task::Withdraw(self.source_id, scope, keys)))
    }

    fn step(&self, groups: Vec<Group>) -> Step {
        let (world, entered) = (Arc::clone(&self.world), Arc::clone(&self.entered));
        Step { groups, world, source_id: self.source_id, entered }
    }

    /// The next things of one scope.
    fn portion(&mut self, reading: &mut Reading) -> Result<Vec<Group>, Error> {
        let mut groups: Vec<Group> = Vec::new();
        let mut lines = 0;
        while groups.len() < THINGS && lines < LINES {
            let fits = |next: &Group| groups.first().is_none_or(|first| first.scope == next.scope);
            let Some(group) = self.next.take_if(|next| fits(next)) else { break };
            lines += group.files().map(|(_, part)| part.len()).sum::<usize>();
            groups.push(group);
            self.next = reading.next()?;
        }
        Ok(groups)
    }

    /// Note what was done.
    pub fn done(&mut self, outcome: Outcome) {
        if !outcome.entered.is_empty() {
            Arc::make_mut(&mut self.entered).extend(outcome.entered);
        }
        self.tally.add(outcome.tally);
    }

    /// What was counted.
    pub fn tally(self) -> Tally {
        self.tally
    }
}
