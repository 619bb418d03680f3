//! Answers that are kept: the same question gets the same bytes until the catalogue changes.
//!
//! An answer is served from here exactly while the catalogue's change number is what it was before
//! the first statement and after the last one. Questions that are asked at once are answered once.

use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::watch;

use super::caching;
use crate::catalog::changes::Changes;
use crate::graphql::{Outcome, Response};

/// What an answer takes beside its bytes, about.
const ANSWER_BYTES: u64 = 512;
/// Answers that are larger than this share of all bytes would drive out too many others.
const SHARE_MAX: usize = 16;

/// An answer as it is sent, in every coding.
#[derive(Debug)]
pub struct Answer {
    body: Bytes,
    compressed: OnceLock<Bytes>,
    /// Strong validators: of the body, and of the compressed one.
    tags: [OnceLock<String>; 2],
    /// For how many seconds others may keep it.
    pub max_age: Option<u32>,
}

impl Answer {
    /// An answer that is not compressed yet.
    pub fn new(body: Vec<u8>, max_age: Option<u32>) -> Self {
        Self { body: body.into(), compressed: OnceLock::new(), tags: Default::default(), max_age }
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body, compressed.
    pub fn compressed(&self) -> &Bytes {
        self.compressed.get_or_init(|| {
            let mut encoder =
                GzEncoder::new(Vec::with_capacity(self.body.len() / 4), Compression::fast());
            // A vector takes everything.
            let written = encoder.write_all(&self.body).and_then(|()| encoder.finish());
            written.unwrap_or_default().into()
        })
    }

    /// The validator of what is sent.
    pub fn tag(&self, is_compressed: bool) -> &str {
        self.tags[usize::from(is_compressed)].get_or_init(|| {
            caching::tag(if is_compressed { self.compressed() } else { &self.body })
        })
    }
}

/// Questions that are being answered, each with where to hear the answer.
type Asked = HashMap<Vec<u8>, watch::Receiver<Option<Arc<Answer>>>>;

/// The answers of a server.
pub struct Kept {
    changes: Changes,
    answers: Cache<Vec<u8>, Arc<Answer>, ByBytes>,
    asked: Mutex<Asked>,
    max: usize,
    hits: AtomicU64,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Vec<u8>, Arc<Answer>> for ByBytes {
    fn weight(&self, question: &Vec<u8>, answer: &Arc<Answer>) -> u64 {
        // A compressed one comes on top, of a quarter or so.
        let bytes = question.len() + answer.body.len() + answer.body.len() / 4;
        ANSWER_BYTES + bytes as u64
    }
}

/// What is known of a question.
pub enum Found<'k> {
    /// Its answer.
    Answer(Arc<Answer>),
    /// It has to be answered, and others may wait for that.
    Open(Asking<'k>),
    /// It has to be answered, and its answer cannot be kept.
    Unknown,
}

/// A question that is being answered. Dropped, it leaves those who wait to ask for themselves.
pub struct Asking<'k> {
    kept: &'k Kept,
    /// The change number before, and the question.
    key: Vec<u8>,
    number: u64,
    told: watch::Sender<Option<Arc<Answer>>>,
}

impl Kept {
    /// Keep so many bytes of answers.
    pub fn new(changes: Changes, max: usize) -> Self {
        let answers = Cache::with_weighter(max / 4_096, max as u64, ByBytes);
        Self { changes, answers, asked: Mutex::default(), max, hits: AtomicU64::new(0) }
    }

    /// Answers that were served from here, and how many bytes are kept, about.
    pub fn counts(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.answers.weight())
    }

    /// What is known of a question; waits for somebody else who asks it.
    pub async fn find(&self, question: &[u8]) -> Found<'_> {
        let Some(number) = self.changes.number() else { return Found::Unknown };
        let key = [&number.to_le_bytes(), question].concat();
        if let Some(answer) = self.answers.get(&key) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Found::Answer(answer);
        }
        let mut waits = {
            let mut asked = self.asked();
            match asked.get(&key) {
                Some(told) => told.clone(),
                None => {
                    let (told, waits) = watch::channel(None);
                    asked.insert(key.clone(), waits);
                    return Found::Open(Asking { kept: self, key, number, told });
                }
            }
        };
        // Of one who asked before: the catalogue was the same then.
        match waits.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone()) {
            Some(answer) => {
                self.hits.fetch_add(1, Ordering::Relaxed);
                Found::Answer(answer)
            }
            None => Found::Unknown,
        }
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asking<'_> {
    /// Keep the answer, if it is the same for everyone and the catalogue is still the same.
    pub fn keep(self, response: Response) -> Result<Arc<Answer>, Response> {
        let fits = response.body.len() <= self.kept.max / SHARE_MAX;
        let may = response.outcome == Outcome::Executed && response.max_age.is_some() && fits;
        if !may || self.kept.changes.number() != Some(self.number) {
            return Err(response);
        }
        let answer = Arc::new(Answer::new(response.body, response.max_age));
        self.kept.answers.insert(self.key.clone(), Arc::clone(&answer));
        let _ = self.told.send(Some(Arc::clone(&answer)));
        Ok(answer)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.kept.asked().remove(&self.key);
    }
}
