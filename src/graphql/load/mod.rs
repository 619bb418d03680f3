//! What keeps the server answering when more is asked of it than it can do: how many requests run
//! at once and how many wait ([`admission`]), what one client may use up ([`budget`]), and the
//! counts of it all.

pub mod admission;
pub mod budget;
mod counts;

use std::sync::Arc;
use std::time::Duration;

pub use budget::{Client, Standing};
pub use counts::{BUCKETS, Counts};

use admission::{Admission, Permit};
use budget::Budgets;

use super::error::{GraphQLError, code};
use super::{Outcome, Response};
use crate::error::FaultClass;

/// Points that every request costs, also one that is refused or is no GraphQL at all. It is part of
/// the cost of what is executed.
pub const REQUEST_POINTS: u64 = 1;

/// Settings.
#[derive(Clone, Debug)]
pub struct Options {
    /// Requests that are worked on at once.
    pub running_max: usize,
    /// Requests that wait for others to end.
    pub queue_max: usize,
    /// Longest time that one waits.
    pub queue_wait: Duration,
    /// Points that an address may use up in a minute; 0 is no limit.
    pub budget_per_address: u64,
    /// Points that a token may use up in a minute; 0 is no limit.
    pub budget_per_token: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            running_max: 32,
            queue_max: 64,
            queue_wait: Duration::from_millis(250),
            budget_per_address: 600_000,
            budget_per_token: 300_000,
        }
    }
}

/// Admission, budgets and counts of one API.
pub struct Load {
    admission: Arc<Admission>,
    budgets: Budgets,
    counts: Counts,
}

impl Load {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            admission: Arc::new(Admission::new(
                options.running_max,
                options.queue_max,
                options.queue_wait,
            )),
            budgets: Budgets::new(options.budget_per_address, options.budget_per_token),
            counts: Counts::default(),
        }
    }

    /// Who runs and who waits.
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// What clients have left.
    pub fn budgets(&self) -> &Budgets {
        &self.budgets
    }

    /// What became of requests.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Why a request would be refused whatever it says, before it is even read. What refuses it for
    /// want of room is charged for, as every answer is.
    pub fn refuse_unread(&self, client: &Client) -> Option<Refused> {
        let refused = match self.budgets.affords(client, REQUEST_POINTS) {
            Err(wait) => Refused::rate_limited(wait),
            Ok(()) if self.admission.is_full() => {
                self.admission.count_shed();
                // It was affordable a moment ago, and is refused either way.
                let _ = self.budgets.charge(client, REQUEST_POINTS);
                Refused::overloaded(&self.admission)
            }
            Ok(()) => return None,
        };
        self.counts.add(refused.outcome, Duration::ZERO);
        Some(refused)
    }

    /// Refuse a request for want of room other than that for running it.
    pub fn refuse(&self) -> Refused {
        self.admission.count_shed();
        self.counts.add(Outcome::Overloaded, Duration::ZERO);
        Refused::overloaded(&self.admission)
    }

    /// Charge a client.
    ///
    /// # Errors
    /// When it has not so many points left. It is charged nothing then.
    pub fn charge(&self, client: Option<&Client>, points: u64) -> Result<(), Refused> {
        let Some(client) = client else { return Ok(()) };
        self.budgets.charge(client, points).map_err(Refused::rate_limited)
    }

    /// Charge what every request costs, and see whether there is room for it.
    ///
    /// # Errors
    /// When the client has used up its budget, or there is no room.
    pub(super) fn enter(&self, client: Option<&Client>) -> Result<(), Refused> {
        self.charge(client, REQUEST_POINTS)?;
        if self.admission.is_full() {
            self.admission.count_shed();
            return Err(Refused::overloaded(&self.admission));
        }
        Ok(())
    }

    /// Leave to run, if nobody has to wait for it.
    pub(super) fn at_once(&self) -> Option<Permit> {
        self.admission.admit_at_once()
    }

    /// Wait for leave to run.
    ///
    /// # Errors
    /// When there is no room any more, or the wait was too long.
    pub(super) async fn wait(&self) -> Result<Permit, Refused> {
        self.admission.admit().await.map_err(|_| Refused::overloaded(&self.admission))
    }
}

/// A request that is not let in.
#[derive(Clone, Copy, Debug)]
pub struct Refused {
    /// [`Outcome::RateLimited`] or [`Outcome::Overloaded`].
    pub outcome: Outcome,
    /// After how many seconds it may be let in.
    pub retry_after: u64,
}

impl Refused {
    fn rate_limited(wait: Duration) -> Self {
        let retry_after = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self { outcome: Outcome::RateLimited, retry_after: retry_after.max(1) }
    }

    fn overloaded(admission: &Admission) -> Self {
        // Not the same for all, or they would all come back at once.
        Self { outcome: Outcome::Overloaded, retry_after: 1 + admission.shed() % 3 }
    }

    pub(super) fn error(self) -> GraphQLError {
        match self.outcome {
            Outcome::RateLimited => GraphQLError::new(
                code::RATE_LIMITED,
                format!(
                    "The points of this minute are used up; try again in {} s.",
                    self.retry_after
                ),
            ),
            _ => GraphQLError::new(code::OVERLOADED, FaultClass::Overloaded.sentence()),
        }
    }
}

impl From<Refused> for Response {
    fn from(refused: Refused) -> Self {
        let refusal = Self::without_data(refused.outcome, &[refused.error()]);
        Self { retry_after: Some(refused.retry_after), ..refusal }
    }
}
