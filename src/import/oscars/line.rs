//! The lines of the data.

use crate::error::Error;
use crate::import::Input;

const COLUMNS: [&str; 14] = [
    "Ceremony",
    "Year",
    "Class",
    "CanonicalCategory",
    "Category",
    "Film",
    "FilmId",
    "Name",
    "Nominees",
    "NomineeIds",
    "Winner",
    "Detail",
    "Note",
    "Citation",
];
/// The columns that every line has; what is empty at its end may be left out.
const COLUMNS_MIN: usize = 5;
/// A line of the data.
#[derive(Debug)]
pub(super) struct Line {
    /// File and line, for notes.
    pub(super) place: String,
    pub(super) ceremony: i32,
    /// The years honoured, the first and the last.
    pub(super) years: (i32, i32),
    pub(super) class: String,
    pub(super) canonical_category: String,
    pub(super) category: String,
    pub(super) films: Vec<FilmKey>,
    pub(super) name: Option<String>,
    pub(super) nominees: Vec<Nominee>,
    pub(super) is_winner: bool,
    pub(super) detail: Option<String>,
    pub(super) note: Option<String>,
    pub(super) citation: Option<String>,
}

/// Title and id of a film; without an id the title tells it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FilmKey {
    pub(super) title: String,
    pub(super) id: Option<String>,
}

impl FilmKey {
    /// By the id alone where there is one: titles are spelled in several ways.
    pub(super) fn identity(&self) -> &str {
        self.id.as_deref().unwrap_or(&self.title)
    }
}

#[derive(Debug)]
pub(super) struct Nominee {
    pub(super) name: String,
    /// None where they are not known.
    pub(super) ids: Vec<String>,
}

fn split(text: &str, by: char) -> Vec<&str> {
    if text.is_empty() { Vec::new() } else { text.split(by).collect() }
}

pub(super) fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit()))
}

/// One year, or two that follow each other: `1927/28`.
fn years(text: &str) -> Option<(i32, i32)> {
    let year = |text: &str| -> Option<i32> {
        let is_year = text.len() == 4 && text.bytes().all(|it| it.is_ascii_digit());
        if is_year { text.parse().ok().filter(|year| *year > 0) } else { None }
    };
    match text.split_once('/') {
        None => year(text).map(|year| (year, year)),
        Some((first, last)) => {
            let first = year(first)?;
            let next = format!("{:02}", (first + 1) % 100);
            (last == next).then_some((first, first + 1))
        }
    }
}

/// Ids beside names: as many, or none at all.
fn ids<'a>(names: &[&str], ids: &'a str, of: &str) -> Result<Vec<&'a str>, String> {
    if ids.is_empty() {
        return Ok(vec!["?"; names.len()]);
    }
    let ids = split(ids, '|');
    if ids.len() == names.len() {
        return Ok(ids);
    }
    Err(format!("it has {} {of} and {} ids of them", names.len(), ids.len()))
}

fn line(place: String, text: &str) -> Result<Line, String> {
    let columns: Vec<&str> = text.split('\t').collect();
    if !(COLUMNS_MIN..=COLUMNS.len()).contains(&columns.len()) {
        return Err(format!(
            "it has {} columns, not {COLUMNS_MIN} to {}",
            columns.len(),
            COLUMNS.len()
        ));
    }
    let column = |index: usize| columns.get(index).copied().unwrap_or_default();
    let text = |index: usize| Some(column(index).to_owned()).filter(|text| !text.is_empty());
    if let Some(index) = (0..COLUMNS_MIN).find(|index| column(*index).is_empty()) {
        return Err(format!("its {} is empty", COLUMNS[index]));
    }
    let ceremony = column(0);
    let wrong = |index: usize| format!("its {} is \"{}\"", COLUMNS[index], column(index));
    let titles = split(column(5), '|');
    let title_ids = ids(&titles, column(6), "films")?;
    let names = split(column(8), '|');
    let name_ids = ids(&names, column(9), "nominees")?;
    if titles.iter().chain(&names).any(|name| name.is_empty()) {
        return Err("a film or a nominee has no name".to_owned());
    }
    let mut films = Vec::new();
    for (title, id) in titles.into_iter().zip(title_ids) {
        if id != "?" && !is_id(id, "tt") {
            return Err(format!("\"{id}\" is no id of a title"));
        }
        let id = Some(id).filter(|id| *id != "?").map(str::to_owned);
        films.push(FilmKey { title: title.to_owned(), id });
    }
    let mut nominees = Vec::new();
    for (name, all) in names.into_iter().zip(name_ids) {
        let mut ids = Vec::new();
        for id in all.split(',').filter(|id| *id != "?") {
            if !is_id(id, "nm") && !is_id(id, "co") {
                return Err(format!("\"{id}\" is no id of a person or a company"));
            }
            ids.push(id.to_owned());
        }
        nominees.push(Nominee { name: name.to_owned(), ids });
    }
    Ok(Line {
        place,
        ceremony: ceremony.parse().map_err(|_| wrong(0))?,
        years: years(column(1)).ok_or_else(|| wrong(1))?,
        class: column(2).to_owned(),
        canonical_category: column(3).to_owned(),
        category: column(4).to_owned(),
        films,
        name: text(7),
        nominees,
        is_winner: match column(10) {
            "True" => true,
            "" | "False" => false,
            _ => return Err(wrong(10)),
        },
        detail: text(11),
        note: text(12),
        citation: text(13),
    })
}

/// Read the file; nothing is written before all of it is read.
pub(super) fn parse(input: &Input) -> Result<Vec<Line>, Error> {
    let Input { name, text } = input;
    let mut lines = (1..).zip(text.lines());
    let header = lines.next().map(|(_, line)| line).unwrap_or_default();
    if header.split('\t').ne(COLUMNS) {
        return Err(Error::refused(format!(
            "{name}, line 1: the columns are not {}, parted by tabs",
            COLUMNS.join(", ")
        )));
    }
    let lines = lines.filter(|(_, line)| !line.is_empty());
    lines
        .map(|(number, text)| {
            let place = format!("{name}, line {number}");
            line(place.clone(), text).map_err(|reason| Error::refused(format!("{place}: {reason}")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{line, years};

    #[test]
    fn the_year_is_one_or_two_that_follow_each_other() {
        assert_eq!(years("1934"), Some((1934, 1934)));
        assert_eq!(years("1927/28"), Some((1927, 1928)));
        assert_eq!(years("1999/00"), Some((1999, 2000)));
        for text in ["", "34", "1927/29", "1927/1928", "0000", "19x4"] {
            assert_eq!(years(text), None, "{text}");
        }
    }

    #[test]
    fn a_line_that_is_wrong_is_told() {
        let of = |text: &str| line("x, line 2".to_owned(), text);
        let good = "1\t1927/28\tActing\tACTOR\tACTOR\tA|B\ttt1|?\tX and Y\tX|Y\tnm1,nm2|co3\tTrue";
        let read = of(good).expect("a line");
        assert_eq!(read.films[1].id, None);
        assert_eq!(read.nominees[0].ids, ["nm1", "nm2"]);
        assert!(read.is_winner && read.detail.is_none());
        for (text, reason) in [
            ("1\t1927\tActing\tACTOR", "4 columns"),
            ("one\t1927\tActing\tACTOR\tACTOR", "Ceremony"),
            ("1\t1927\t\tACTOR\tACTOR", "Class is empty"),
            ("1\t1927\tActing\tACTOR\tACTOR\tA|B\ttt1", "2 films and 1 ids"),
            ("1\t1927\tActing\tACTOR\tACTOR\tA\tnm1", "no id of a title"),
            ("1\t1927\tActing\tACTOR\tACTOR\t\t\t\tX\ttt1", "no id of a person"),
            ("1\t1927\tActing\tACTOR\tACTOR\t\t\t\t\t\tYes", "Winner"),
        ] {
            let told = of(text).expect_err(text);
            assert!(told.contains(reason), "{told}");
        }
    }
}
