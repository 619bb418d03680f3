//! The rows that a statement gave.

use std::ops::Range;
use std::sync::Arc;

use crate::error::Fault;

/// As many as most statements give, so that their values are not moved about.
const ROWS: usize = 8;
const TEXT_BYTES: usize = 128;

/// The rows of one statement: all values side by side, all text in one buffer.
#[derive(Debug, Default)]
pub struct Rows {
    columns: usize,
    cells: Vec<Cell>,
    text: String,
    /// For each column whose values are rows themselves, all of those.
    gathered: Vec<(usize, Arc<Rows>)>,
}

#[derive(Clone, Copy, Debug)]
enum Cell {
    Null,
    Int(i64),
    /// Where its text starts and ends.
    Text(usize, usize),
    /// Which of the column's rows.
    Rows(usize, usize),
}

impl Rows {
    /// No rows.
    pub fn none() -> Self {
        Self::default()
    }

    /// No rows yet, of so many columns.
    pub(super) fn of(columns: usize) -> Self {
        let cells = Vec::with_capacity(columns * ROWS);
        Self { columns, cells, text: String::with_capacity(TEXT_BYTES), ..Self::default() }
    }

    pub(super) fn push_null(&mut self) {
        self.cells.push(Cell::Null);
    }

    pub(super) fn push_int(&mut self, value: i64) {
        self.cells.push(Cell::Int(value));
    }

    /// Add text, which both databases give as bytes.
    pub(super) fn push_text(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let text = simdutf8::basic::from_utf8(bytes)
            .map_err(|_| Fault::bug("a text in the database is not UTF-8"))?;
        let start = self.text.len();
        self.text.push_str(text);
        self.cells.push(Cell::Text(start, self.text.len()));
        Ok(())
    }

    /// Add rows of a column, of so many columns themselves, which are added by the function.
    pub(super) fn push_rows(
        &mut self,
        column: usize,
        columns: usize,
        add: impl FnOnce(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let place = self.gathered.iter().position(|(known, _)| *known == column);
        let place = place.unwrap_or_else(|| {
            self.gathered.push((column, Arc::new(Self::of(columns))));
            self.gathered.len() - 1
        });
        let rows = Arc::get_mut(&mut self.gathered[place].1)
            .ok_or_else(|| Fault::bug("rows in the making are shared"))?;
        let start = rows.len();
        add(rows)?;
        let end = rows.len();
        self.cells.push(Cell::Rows(start, end));
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.cells.len().checked_div(self.columns).unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// An integer or a truth value (0 or 1); none where it is NULL.
    ///
    /// # Errors
    /// When the column holds something else.
    pub fn int(&self, row: usize, column: usize) -> Result<Option<i64>, Fault> {
        match self.cell(row, column)? {
            Cell::Null => Ok(None),
            Cell::Int(value) => Ok(Some(value)),
            _ => Err(Fault::bug(format!("column {column} is not an integer"))),
        }
    }

    /// Text; none where it is NULL.
    ///
    /// # Errors
    /// When the column holds something else.
    pub fn text(&self, row: usize, column: usize) -> Result<Option<&str>, Fault> {
        match self.cell(row, column)? {
            Cell::Null => Ok(None),
            Cell::Text(start, end) => Ok(Some(&self.text[start..end])),
            _ => Err(Fault::bug(format!("column {column} is not text"))),
        }
    }

    /// Which of the rows gathered in a column are a row's; none where it is NULL.
    ///
    /// # Errors
    /// When the column holds something else.
    pub fn range(&self, row: usize, column: usize) -> Result<Range<usize>, Fault> {
        match self.cell(row, column)? {
            Cell::Null => Ok(0..0),
            Cell::Rows(start, end) => Ok(start..end),
            _ => Err(Fault::bug(format!("column {column} has no rows"))),
        }
    }

    /// All rows gathered in a column.
    pub fn gathered(&self, column: usize) -> Arc<Self> {
        let gathered = self.gathered.iter().find(|(known, _)| *known == column);
        gathered.map_or_else(|| Arc::new(Self::none()), |(_, rows)| Arc::clone(rows))
    }

    fn cell(&self, row: usize, column: usize) -> Result<Cell, Fault> {
        let cell = (column < self.columns).then(|| self.cells.get(row * self.columns + column));
        let none = || Fault::bug(format!("there is no column {column} in row {row}"));
        cell.flatten().copied().ok_or_else(none)
    }
}
