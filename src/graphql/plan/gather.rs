//! Levels that come with the rows of their parents.
//!
//! A statement costs PostgreSQL about as much as some ten rows, whatever it reads: messages, a
//! transaction, a plan to be set up. So a list that hangs on the rows of another one is gathered
//! there as a column of theirs, and one statement reads both. SQLite, where a
//! statement is no more than a call, reads each level by itself.
//!
//! A level is not gathered where its parents may name the same key again and again, as the credits
//! of many productions name the same people: by itself it reads for each key once.

use super::argument::Arg;
use super::statement::Reading;
use super::{Gathered, Keys, Level, LevelIndex, PageArgs};

/// Gather what can be.
pub fn gather(levels: &mut [Level], first: &[LevelIndex], children: &[Vec<LevelIndex>]) {
    for index in 0..levels.len() {
        // A level comes after its parent's, so whether it is gathered is known here.
        if first.contains(&index) || !levels[index].is_gathered {
            let place = levels[index].statement.first();
            gather_below(levels, children, index, place);
        }
    }
}

/// Gather what can be below a level, whose parameters start at a place together with those of all
/// that is gathered. Returns the next place.
fn gather_below(
    levels: &mut [Level],
    children: &[Vec<LevelIndex>],
    index: LevelIndex,
    place: usize,
) -> usize {
    let mut next = place;
    for &child in &children[index] {
        let Some(key) = key(levels, index, child) else { continue };
        next = gather_below(levels, children, child, next);
        let gathers = !levels[child].gathered.is_empty();
        let column = levels[child].statement.gathered(&key.expression, gathers);
        let column = match key.condition {
            Some(condition) => format!("CASE WHEN {condition} THEN {column} END"),
            None => column,
        };
        levels[child].is_gathered = true;
        let slot = levels[index].statement.slot(column);
        levels[index].gathered.push(Gathered { level: child, key: key.slot, slot });
    }
    levels[index].statement.start_at(next);
    next + levels[index].width()
}

/// What a level is gathered by.
struct Key {
    slot: usize,
    expression: String,
    /// What must hold of the parent's row.
    condition: Option<String>,
}

/// The key by which a level can be gathered.
fn key(levels: &[Level], parent: LevelIndex, child: LevelIndex) -> Option<Key> {
    let (above, level) = (&levels[parent], &levels[child]);
    let Keys::Rows { slot, group: None, ref kinds, .. } = level.keys else { return None };
    let reads = |reading| {
        matches!(
            reading,
            Reading::All | Reading::AtMost(_) | Reading::Page | Reading::LastPage | Reading::Count
        )
    };
    let is_row = reads(above.statement.reading()) && above.statement.reading() != Reading::Count;
    let PageArgs { after, before, .. } = &level.page;
    let is_bounded = *after != Arg::Null || *before != Arg::Null;
    if !is_row || !reads(level.statement.reading()) || is_bounded {
        return None;
    }
    let expression = above.statement.expression(slot)?.to_owned();
    let is_own = above.statement.is_own_key(&expression);
    let is_once = || above.statement.pairs(&expression) && hangs_on_one(levels, parent);
    if !(is_own || is_once()) {
        return None;
    }
    let condition = match kinds {
        None => None,
        Some((kind, values)) => {
            let values: Vec<_> = values.iter().map(ToString::to_string).collect();
            Some(format!("{} IN ({})", above.statement.expression(*kind)?, values.join(", ")))
        }
    };
    Some(Key { slot, expression, condition })
}

/// Whether a level reads for one thing that the request names, or for a few.
fn hangs_on_one(levels: &[Level], index: LevelIndex) -> bool {
    match levels[index].keys {
        Keys::Rows { level, .. } => matches!(levels[level].keys, Keys::Given { .. }),
        _ => false,
    }
}
