//! What a person at a terminal sees of a run.

use std::cell::Cell;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::file::{File, Inputs};
use super::group::Groups;

/// How often a bar is brought up to date.
const REFRESH: Duration = Duration::from_millis(200);
/// Calls between two looks at the clock.
const CALLS: u32 = 256;

/// Bars on a terminal, or nothing.
pub struct Progress {
    bars: MultiProgress,
}

impl Progress {
    /// Bars on standard error where that is a terminal and they are wanted.
    pub fn new(is_wanted: bool) -> Self {
        let target = match is_wanted {
            // It is hidden by itself where there is no terminal.
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        Self { bars: MultiProgress::with_draw_target(target) }
    }

    /// A bar for so many bytes.
    pub fn bar(&self, name: &str, bytes: u64) -> Bar {
        let template = "{prefix:24} {bar:24} {percent:>3}%  {msg:>16}  {eta:>4} left";
        let style = ProgressStyle::with_template(template);
        let bar = self.bars.add(ProgressBar::new(bytes));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(name.to_owned());
        Bar { bar, began: Instant::now(), calls: Cell::new(0), shown: Cell::new(Instant::now()) }
    }

    /// A bar for each of some files.
    pub fn bars(&self, inputs: &Inputs, files: &[File]) -> Bars {
        Bars(files.iter().map(|file| self.bar(file.name(), inputs.get(*file).bytes)).collect())
    }

    /// A bar for so many steps.
    pub fn steps(&self, name: &str, steps: u64) -> ProgressBar {
        let style = ProgressStyle::with_template("{prefix:24} {bar:24} {pos}/{len}");
        let bar = self.bars.add(ProgressBar::new(steps));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(name.to_owned());
        bar
    }
}

/// How far a file has been read.
pub struct Bar {
    bar: ProgressBar,
    began: Instant,
    calls: Cell<u32>,
    shown: Cell<Instant>,
}

impl Bar {
    /// So many bytes of it are read, and so many rows.
    pub fn at(&self, bytes: u64, rows: u64) {
        if self.is_due() {
            self.show(bytes, rows);
        }
    }

    fn is_due(&self) -> bool {
        self.calls.set(self.calls.get().wrapping_add(1));
        if !self.calls.get().is_multiple_of(CALLS) || self.shown.get().elapsed() < REFRESH {
            return false;
        }
        self.shown.set(Instant::now());
        true
    }

    fn show(&self, bytes: u64, rows: u64) {
        self.bar.set_position(bytes);
        let milliseconds = self.began.elapsed().as_millis().max(1);
        self.bar.set_message(format!("{} rows/s", u128::from(rows) * 1000 / milliseconds));
    }

    /// It is read to its end.
    pub fn done(&self) {
        self.bar.finish();
    }
}

/// How far files that are read side by side have been read.
pub struct Bars(Vec<Bar>);

impl Bars {
    /// Bring them up to date.
    pub fn at(&self, groups: &Groups) {
        if self.0.first().is_some_and(Bar::is_due) {
            for (bar, (bytes, rows)) in self.0.iter().zip(groups.done()) {
                bar.show(bytes, rows);
            }
        }
    }

    /// All are read to their end.
    pub fn done(&self) {
        self.0.iter().for_each(Bar::done);
    }
}
