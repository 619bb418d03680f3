//! Connections to a server, divided among the threads that ask.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use deadpool::managed::Pool;
use tokio::runtime::{Handle, Id};

use super::postgres::{Connector, Lease, parameters};
use super::share::{Part, Sharing};
use super::{KeyList, Parameter, Usage, connections, pool, processors, threads};
use crate::catalog::Options;
use crate::error::{Fault, FaultClass};

/// A pool for each runtime that asks: a connection is driven by the runtime in which it was
/// opened, and an answer that comes to another thread costs as much as a small statement.
pub struct Pools {
    connector: Connector,
    /// Connections of each.
    share: usize,
    threads: usize,
    shares_statements: bool,
    pools: RwLock<Vec<(Id, Here)>>,
    is_closed: AtomicBool,
}

/// What belongs to a runtime.
#[derive(Clone)]
struct Here {
    /// Its connections.
    pool: Pool<Connector>,
    /// The statements that run, if they are shared.
    sharing: Option<Arc<Sharing>>,
}

impl Pools {
    pub fn new(connector: Connector, options: &Options) -> Self {
        // More would not be served faster by a database on a computer of this size, and would take
        // each other's caches; there, or beyond it, a server takes a hundred from all who ask.
        let connections = connections(options, (2 * processors()).clamp(4, 32));
        let threads = threads(connections);
        let share = (connections / threads).max(1);
        let shares_statements = options.shares_statements;
        Self {
            connector,
            share,
            threads,
            shares_statements,
            pools: RwLock::default(),
            is_closed: AtomicBool::new(false),
        }
    }

    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// What belongs to this runtime.
    fn here(&self) -> Result<Here, Fault> {
        let here = Handle::try_current().map_err(|error| Fault::bug(error.to_string()))?.id();
        let known = |pools: &[(Id, Here)]| {
            pools.iter().find(|(id, _)| *id == here).map(|(_, its)| its.clone())
        };
        let read = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(its) = known(&read) {
            return Ok(its);
        }
        drop(read);
        let mut write = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(Fault::new(FaultClass::Unavailable, "the pools are closed"));
        }
        if let Some(its) = known(&write) {
            return Ok(its);
        }
        let pool = pool(self.connector.clone(), self.share)?;
        let its = Here { pool, sharing: self.shares_statements.then(Arc::default) };
        write.push((here, its.clone()));
        Ok(its)
    }

    /// Run a statement and read all its rows.
    pub async fn fetch(
        &self,
        sql: &Arc<str>,
        keys: Option<KeyList>,
        rest: Vec<Parameter>,
    ) -> Result<Part, Fault> {
        let Here { pool, sharing } = self.here()?;
        let parameters = match (keys, sharing) {
            (Some(KeyList::Ids(ids)), Some(sharing)) => {
                return sharing.fetch(&pool, sql, ids, rest).await;
            }
            (keys, _) => parameters(keys, rest),
        };
        Lease::of(pool.get().await?).fetch(sql, parameters).await.map(Part::from)
    }

    /// How the connections of all are used.
    pub fn usage(&self) -> Usage {
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        let none = Usage { open: 0, idle: 0, waiting: 0, max: self.share * self.threads };
        pools.iter().map(|(_, its)| Usage::from(its.pool.status())).fold(none, |all, one| Usage {
            open: all.open + one.open,
            idle: all.idle + one.idle,
            waiting: all.waiting + one.waiting,
            ..all
        })
    }

    /// How often a statement gave rows to somebody else, too.
    pub fn joined(&self) -> u64 {
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        pools.iter().filter_map(|(_, its)| its.sharing.as_ref()).map(|its| its.joined()).sum()
    }

    pub fn close(&self) {
        let pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        self.is_closed.store(true, Ordering::Relaxed);
        pools.iter().for_each(|(_, its)| its.pool.close());
    }
}
