//! Statements that requests share.
//!
//! Whoever has to wait for a connection gathers company meanwhile: requests that want to run the
//! same statement for other keys. Once there is a connection, one statement answers them all. So a
//! busy database is asked less often, while nobody waits longer than for a connection of their own.
//! Nobody depends on anybody either: where company breaks up, by a fault or since the one who
//! gathered it has gone away, each asks alone.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::mem;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deadpool::managed::{Object, Pool};
use tokio::sync::oneshot;

use super::postgres::{Connector, Lease, parameters};
use super::{KeyList, Parameter, Rows};
use crate::error::Fault;

/// Most requests that one statement answers, and most keys that it is given.
const COMPANY_MAX: usize = 32;
const KEYS_MAX: usize = 2_000;

/// The rows of some keys among those of a statement.
pub struct Part {
    /// All rows of the statement.
    pub rows: Arc<Rows>,
    /// Those of these keys.
    pub range: Range<usize>,
    /// The ordinal of the first key.
    pub first: usize,
}

impl From<Rows> for Part {
    fn from(rows: Rows) -> Self {
        Self { range: 0..rows.len(), first: 0, rows: Arc::new(rows) }
    }
}

/// The statements of one runtime that wait for a connection.
#[derive(Default)]
pub struct Sharing {
    waiting: Mutex<HashMap<Question, Company>>,
    joined: AtomicU64,
}

/// A statement with everything but its keys.
#[derive(Clone)]
struct Question {
    sql: Arc<str>,
    rest: Vec<Parameter>,
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        // A text belongs to one plan.
        Arc::ptr_eq(&self.sql, &other.sql) && self.rest == other.rest
    }
}

impl Eq for Question {}

impl Hash for Question {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sql.as_ptr().hash(state);
    }
}

/// Those who wait together.
#[derive(Default)]
struct Company {
    /// How many keys they have.
    keys: usize,
    others: Vec<Other>,
}

/// Somebody who has joined.
struct Other {
    keys: Vec<i64>,
    answer: oneshot::Sender<Part>,
}

/// Whether one waits by oneself or with others.
enum Place<'s> {
    /// One has gathered them.
    First(Gathering<'s>),
    /// One has joined them.
    Joined(oneshot::Receiver<Part>),
    /// They are too many.
    Alone,
}

/// Company that is being gathered. Dropped, it breaks up.
struct Gathering<'s> {
    sharing: &'s Sharing,
    question: &'s Question,
}

impl Sharing {
    /// The rows of some keys.
    pub async fn fetch(
        &self,
        pool: &Pool<Connector>,
        sql: &Arc<str>,
        keys: Vec<i64>,
        rest: Vec<Parameter>,
    ) -> Result<Part, Fault> {
        let question = Question { sql: Arc::clone(sql), rest };
        let company = match self.join(&question, &keys) {
            Place::First(gathering) => {
                let connection = pool.get().await?;
                let company = gathering.end();
                return question.answer(connection, keys, company).await;
            }
            Place::Joined(answer) => {
                let answer = answer.await.ok();
                self.joined.fetch_add(u64::from(answer.is_some()), Ordering::Relaxed);
                answer
            }
            Place::Alone => None,
        };
        match company {
            Some(part) => Ok(part),
            None => question.fetch(pool.get().await?, keys).await.map(Part::from),
        }
    }

    /// How often a statement of somebody else gave the rows.
    pub fn joined(&self) -> u64 {
        self.joined.load(Ordering::Relaxed)
    }

    fn join<'s>(&'s self, question: &'s Question, keys: &[i64]) -> Place<'s> {
        let mut waiting = self.waiting();
        let Some(company) = waiting.get_mut(question) else {
            let company = Company { keys: keys.len(), others: Vec::new() };
            waiting.insert(question.clone(), company);
            return Place::First(Gathering { sharing: self, question });
        };
        if company.others.len() + 1 >= COMPANY_MAX || company.keys + keys.len() > KEYS_MAX {
            return Place::Alone;
        }
        let (answer, answered) = oneshot::channel();
        company.keys += keys.len();
        company.others.push(Other { keys: keys.to_vec(), answer });
        Place::Joined(answered)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Question, Company>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathering<'_> {
    /// Those who have joined and still wait. Whoever comes from now on gathers anew.
    fn end(self) -> Vec<Other> {
        let company = self.sharing.waiting().remove(self.question).unwrap_or_default();
        // Whoever gathers anew is not to be broken up.
        mem::forget(self);
        company.others.into_iter().filter(|other| !other.answer.is_closed()).collect()
    }
}

impl Drop for Gathering<'_> {
    fn drop(&mut self) {
        self.sharing.waiting().remove(self.question);
    }
}

impl Question {
    /// Run the statement for some keys and those of others. Returns the rows of the first; after a
    /// fault, the others ask for themselves, and meet it or not.
    async fn answer(
        &self,
        connection: Object<Connector>,
        mut keys: Vec<i64>,
        company: Vec<Other>,
    ) -> Result<Part, Fault> {
        if company.is_empty() {
            return self.fetch(connection, keys).await.map(Part::from);
        }
        let own = keys.len();
        keys.extend(company.iter().flat_map(|other| other.keys.iter().copied()));
        let rows = self.fetch(connection, keys).await?;
        let counts = std::iter::once(own).chain(company.iter().map(|other| other.keys.len()));
        let mut parts = divided(rows, counts)
            .ok_or_else(|| Fault::bug("rows are not in the order of their keys"))?
            .into_iter();
        let first = parts.next().ok_or_else(|| Fault::bug("there are no rows of any key"))?;
        for (other, part) in company.into_iter().zip(parts) {
            // Who has gone away does not want it.
            let _ = other.answer.send(part);
        }
        Ok(first)
    }

    async fn fetch(&self, connection: Object<Connector>, keys: Vec<i64>) -> Result<Rows, Fault> {
        let parameters = parameters(Some(KeyList::Ids(keys)), self.rest.clone());
        Lease::of(connection).fetch(&self.sql, parameters).await
    }
}

/// The rows of each who has so many keys; none where they are not in the order of the keys.
fn divided(rows: Rows, counts: impl Iterator<Item = usize>) -> Option<Vec<Part>> {
    let rows = Arc::new(rows);
    let (mut row, mut first) = (0, 0);
    let mut parts = Vec::new();
    for count in counts {
        let start = row;
        let end = first + count;
        while row < rows.len() {
            let ordinal = usize::try_from(rows.int(row, 0).ok()??).ok()?;
            if ordinal >= end {
                break;
            }
            if ordinal < first {
                return None;
            }
            row += 1;
        }
        parts.push(Part { rows: Arc::clone(&rows), range: start..row, first });
        first = end;
    }
    (row == rows.len()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(ordinals: &[i64]) -> Rows {
        let mut rows = Rows::of(1);
        ordinals.iter().for_each(|ordinal| rows.push_int(*ordinal));
        rows
    }

    #[test]
    fn each_gets_the_rows_of_its_own_keys() {
        let parts = divided(rows(&[0, 0, 1, 3, 5, 5]), [2, 1, 3].into_iter());
        let parts = parts.expect("they are in order").into_iter();
        let parts: Vec<_> = parts.map(|part| (part.range, part.first)).collect();
        assert_eq!(parts, [(0..3, 0), (3..3, 2), (3..6, 3)]);
    }

    #[test]
    fn rows_out_of_order_are_nobodys() {
        let is_divided = |ordinals| divided(rows(ordinals), [1, 2].into_iter()).is_some();
        assert!(is_divided(&[0, 2, 1]));
        assert!(!is_divided(&[2, 0]));
        assert!(!is_divided(&[0, 3]));
    }

    #[test]
    fn company_that_breaks_up_is_told_so() {
        let sharing = Sharing::default();
        let question = Question { sql: "SELECT".into(), rest: Vec::new() };
        let Place::First(gathering) = sharing.join(&question, &[1]) else { panic!("the first") };
        let Place::Joined(mut answer) = sharing.join(&question, &[2]) else { panic!("joins") };
        let other = Question { rest: vec![Parameter::Int(1)], ..question.clone() };
        assert!(matches!(sharing.join(&other, &[2]), Place::First(_)));
        drop(gathering);
        assert_eq!(answer.try_recv().err(), Some(oneshot::error::TryRecvError::Closed));
        assert!(matches!(sharing.join(&question, &[3]), Place::First(_)));
    }

    #[test]
    fn company_has_an_end() {
        let sharing = Sharing::default();
        let question = Question { sql: "SELECT".into(), rest: Vec::new() };
        let Place::First(gathering) = sharing.join(&question, &[1]) else { panic!("the first") };
        let many = vec![7; KEYS_MAX];
        assert!(matches!(sharing.join(&question, &many), Place::Alone));
        let joined: Vec<_> = (0..COMPANY_MAX).map(|_| sharing.join(&question, &[2])).collect();
        let alone = joined.iter().filter(|place| matches!(place, Place::Alone)).count();
        assert_eq!(alone, 1);
        assert_eq!(gathering.end().len(), COMPANY_MAX - 1);
    }
}
