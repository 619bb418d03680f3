//! What a client may use up, in points of cost.
//!
//! Each address and each token has so many points; they come back evenly, all of them within a
//! minute. A budget is one number, the moment at which it is whole again (the generic cell rate
//! algorithm of ITU-T I.371), and a budget that is whole is not kept at all. So the table can
//! forget whole ones whenever it wants to, and forgets no others: whoever fills it up with
//! thousands of names gives nobody new points, and those who come then share one budget.
//!
//! A token is counted beside the address and not in its place, since anyone can invent tokens.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

/// Time in which a budget becomes whole.
const WINDOW: Duration = Duration::from_secs(60);
/// Budgets that are kept, of some 40 bytes each.
const KEPT_MAX: usize = 100_000;
/// Time between two searches for whole budgets in a full table.
const SWEEP_INTERVAL: Duration = Duration::from_millis(100);

/// Who asks, as far as budgets go.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Client {
    address: Option<Key>,
    token: Option<Key>,
}

/// Whose budget it is. A token is a hash with a key that lives as long as the process.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    V4([u8; 4]),
    /// A network of 64 bits, the least that one customer has.
    V6([u8; 8]),
    Token([u8; 16]),
    /// All who came when the table was full.
    Others,
}

impl Client {
    /// A client by its address, if addresses of its kind are counted, and its token, if it has one.
    pub fn new(address: Option<IpAddr>, token: Option<&[u8]>) -> Self {
        Self {
            address: address.map(|address| match address.to_canonical() {
                IpAddr::V4(address) => Key::V4(address.octets()),
                IpAddr::V6(address) => {
                    let [a, b, c, d, e, f, g, h, ..] = address.octets();
                    Key::V6([a, b, c, d, e, f, g, h])
                }
            }),
            token: token.map(|token| {
                static SECRET: OnceLock<[u64; 2]> = OnceLock::new();
                let secret = SECRET
                    .get_or_init(|| [(); 2].map(|()| RandomState::new().hash_one(Instant::now())));
                let mut digest = Sha256::new();
                secret.iter().for_each(|word| digest.update(word.to_le_bytes()));
                digest.update(token);
                let mut key = [0; 16];
                key.copy_from_slice(&digest.finalize()[..16]);
                Key::Token(key)
            }),
        }
    }

    fn keys(&self) -> impl Iterator<Item = Key> {
        [self.address, self.token].into_iter().flatten()
    }
}

/// Neither an address nor a token is for the log.
impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Client")
    }
}

/// What a client has left: of its budgets the one that is used up most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Points of a whole budget.
    pub limit: u64,
    /// Points that are left.
    pub remaining: u64,
    /// Seconds until it is whole again.
    pub reset: u64,
}

/// The budgets of all clients.
pub struct Budgets {
    per_address: u64,
    per_token: u64,
    start: Instant,
    table: Mutex<Table>,
}

/// When budgets are whole again, in nanoseconds from the start.
struct Table {
    whole_at: HashMap<Key, u64>,
    kept_max: usize,
    swept_at: u64,
}

impl Table {
    /// Under which key a budget is, or will be.
    fn place(&mut self, key: Key, now: u64) -> Key {
        if self.whole_at.len() < self.kept_max || self.whole_at.contains_key(&key) {
            return key;
        }
        if now >= self.swept_at + nanoseconds(SWEEP_INTERVAL) {
            self.swept_at = now;
            self.whole_at.retain(|_, whole_at| *whole_at > now);
        }
        if self.whole_at.len() < self.kept_max { key } else { Key::Others }
    }

    fn whole_at(&self, key: Key, now: u64) -> u64 {
        self.whole_at.get(&key).copied().unwrap_or(now).max(now)
    }
}

impl Budgets {
    pub(super) fn new(per_address: u64, per_token: u64) -> Self {
        let table = Table { whole_at: HashMap::new(), kept_max: KEPT_MAX, swept_at: 0 };
        Self { per_address, per_token, start: Instant::now(), table: Mutex::new(table) }
    }

    fn limit(&self, key: Key) -> u64 {
        match key {
            Key::Token(_) => self.per_token,
            Key::V4(_) | Key::V6(_) | Key::Others => self.per_address,
        }
    }

    fn now(&self) -> u64 {
        nanoseconds(self.start.elapsed())
    }

    /// Budgets that are kept.
    pub fn kept(&self) -> usize {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).whole_at.len()
    }

    /// Charge all budgets of a client, or none. What costs more than a whole budget takes a whole
    /// one.
    ///
    /// # Errors
    /// After which time it could be charged.
    pub fn charge(&self, client: &Client, points: u64) -> Result<(), Duration> {
        self.charge_at(client, points, self.now(), true)
    }

    /// Whether a client could be charged.
    ///
    /// # Errors
    /// After which time it could.
    pub fn affords(&self, client: &Client, points: u64) -> Result<(), Duration> {
        self.charge_at(client, points, self.now(), false)
    }

    fn charge_at(
        &self,
        client: &Client,
        points: u64,
        now: u64,
        keep: bool,
    ) -> Result<(), Duration> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let mut charged = [None; 2];
        let mut wait = 0;
        for (key, charged) in client.keys().zip(&mut charged) {
            let limit = self.limit(key);
            if limit == 0 {
                continue;
            }
            let key = table.place(key, now);
            let whole_at = table.whole_at(key, now) + share(points.min(limit), limit);
            wait = wait.max((whole_at - now).saturating_sub(nanoseconds(WINDOW)));
            *charged = Some((key, whole_at));
        }
        if wait > 0 {
            return Err(Duration::from_nanos(wait));
        }
        if keep {
            table.whole_at.extend(charged.into_iter().flatten());
        }
        Ok(())
    }

    /// What a client has left; nothing for one whose points are not counted.
    pub fn standing(&self, client: &Client) -> Option<Standing> {
        self.standing_at(client, self.now())
    }

    fn standing_at(&self, client: &Client, now: u64) -> Option<Standing> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let limited = client.keys().filter(|key| self.limit(*key) > 0);
        let used = limited.map(|key| {
            let place = table.place(key, now);
            (table.whole_at(place, now) - now, self.limit(key))
        });
        let (used, limit) = used.max_by_key(|(used, limit)| (*used, std::cmp::Reverse(*limit)))?;
        let left = u128::from(nanoseconds(WINDOW).saturating_sub(used)) * u128::from(limit);
        let remaining = left / u128::from(nanoseconds(WINDOW));
        Some(Standing {
            limit,
            remaining: u64::try_from(remaining).unwrap_or(limit),
            reset: used.div_ceil(1_000_000_000),
        })
    }
}

/// How long so many points of a limit take to come back, in nanoseconds.
fn share(points: u64, limit: u64) -> u64 {
    let share = u128::from(nanoseconds(WINDOW)) * u128::from(points) / u128::from(limit);
    u64::try_from(share).unwrap_or(u64::MAX)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn address(text: &str) -> Client {
        Client::new(Some(text.parse().expect("an address")), None)
    }

    #[test]
    fn points_come_back_evenly_within_a_minute() {
        let budgets = Budgets::new(600, 0);
        let client = address("192.0.2.1");
        assert_eq!(budgets.charge_at(&client, 600, 0, true), Ok(()));
        let standing = budgets.standing_at(&client, 0);
        assert_eq!(standing, Some(Standing { limit: 600, remaining: 0, reset: 60 }));
        assert_eq!(budgets.charge_at(&client, 10, 0, true), Err(Duration::from_secs(1)));
        assert_eq!(budgets.charge_at(&client, 10, SECOND, true), Ok(()));
        assert_eq!(budgets.charge_at(&client, 1, SECOND, true), Err(Duration::from_millis(100)));
        let standing = budgets.standing_at(&client, 31 * SECOND);
        assert_eq!(standing, Some(Standing { limit: 600, remaining: 300, reset: 30 }));
        assert_eq!(budgets.charge_at(&address("192.0.2.2"), 600, 0, true), Ok(()));
    }

    #[test]
    fn what_costs_more_than_a_budget_needs_a_whole_one() {
        let budgets = Budgets::new(100, 0);
        let client = address("192.0.2.1");
        assert_eq!(budgets.charge_at(&client, 1, 0, true), Ok(()));
        assert!(budgets.charge_at(&client, 5_000, 0, true).is_err());
        assert_eq!(budgets.charge_at(&client, 5_000, SECOND, true), Ok(()));
        assert!(budgets.charge_at(&client, 1, SECOND, true).is_err());
    }

    #[test]
    fn a_network_of_64_bits_is_one_client_and_a_mapped_address_is_the_old_one() {
        assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:2"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    }

    #[test]
    fn an_invented_token_does_not_escape_the_address() {
        let budgets = Budgets::new(10, 1_000);
        let with = |token: &[u8]| Client::new("192.0.2.1".parse().ok(), Some(token));
        for token in 0..10_u8 {
            assert_eq!(budgets.charge_at(&with(&[token]), 1, 0, true), Ok(()));
        }
        assert!(budgets.charge_at(&with(b"another"), 1, 0, true).is_err());
        // Nothing was charged to the token that was refused.
        let token = Client::new(None, Some(b"another"));
        assert_eq!(budgets.standing_at(&token, 0).map(|standing| standing.remaining), Some(1_000));
    }

    #[test]
    fn a_token_is_one_client_wherever_it_comes_from() {
        let budgets = Budgets::new(0, 10);
        let from = |address: &str| Client::new(address.parse().ok(), Some(b"token"));
        assert_eq!(budgets.charge_at(&from("192.0.2.1"), 10, 0, true), Ok(()));
        assert!(budgets.charge_at(&from("192.0.2.2"), 1, 0, true).is_err());
        assert!(!format!("{:?}", from("192.0.2.1")).contains("192"));
    }

    #[test]
    fn a_full_table_forgets_nobody_who_owes() {
        let budgets = Budgets::new(60, 0);
        budgets.table.lock().expect("a table").kept_max = 3;
        let debtors = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(address);
        for debtor in &debtors {
            assert_eq!(budgets.charge_at(debtor, 60, SECOND, true), Ok(()));
        }
        let others = ["192.0.2.4", "192.0.2.5"].map(address);
        assert_eq!(budgets.charge_at(&others[0], 60, SECOND, true), Ok(()));
        assert!(budgets.charge_at(&others[1], 1, SECOND, true).is_err(), "they share one");
        assert!(debtors.iter().all(|debtor| budgets.charge_at(debtor, 1, SECOND, true).is_err()));
        // Once they owe nothing they make room.
        assert_eq!(budgets.charge_at(&others[1], 60, 62 * SECOND, true), Ok(()));
        assert_eq!(budgets.kept(), 1);
    }
}
