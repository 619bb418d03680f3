//! Partial dates: a year, perhaps a month, perhaps a day.

/// A partial date as one integer, `year * 10000 + month * 100 + day`, with 0 for what is unknown:
/// it sorts by time, the less exact first, and takes one column.
///
/// Reads `YYYY`, `YYYY-MM` and `YYYY-MM-DD`.
///
/// # Errors
/// A sentence that says what is wrong and what is allowed.
pub fn parse(text: &str) -> Result<i32, String> {
    let wrong = || format!("\"{text}\" is not a date of the form YYYY, YYYY-MM or YYYY-MM-DD");
    let mut numbers = [0; 3];
    let mut parts = text.split('-');
    for (number, length) in numbers.iter_mut().zip([4, 2, 2]) {
        let Some(part) = parts.next() else { break };
        if part.len() != length || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        *number = part.parse::<i32>().map_err(|_| wrong())?;
        if *number == 0 {
            return Err(wrong());
        }
    }
    let [year, month, day] = numbers;
    if parts.next().is_some() || month > 12 || day > days_in_month(year, month) {
        return Err(wrong());
    }
    Ok(year * 10_000 + month * 100 + day)
}

/// The text that [`parse`] reads as this date.
pub fn text(date: i32) -> String {
    match (date / 10_000, date / 100 % 100, date % 100) {
        (year, 0, _) => format!("{year:04}"),
        (year, month, 0) => format!("{year:04}-{month:02}"),
        (year, month, day) => format!("{year:04}-{month:02}-{day:02}"),
    }
}

fn days_in_month(year: i32, month: i32) -> i32 {
    match month {
        0 => 0,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, text};

    #[test]
    fn partial_dates_become_integers_that_sort() {
        assert_eq!(parse("2022"), Ok(20_220_000));
        assert_eq!(parse("2022-03"), Ok(20_220_300));
        assert_eq!(parse("2022-03-24"), Ok(20_220_324));
        assert_eq!(parse("2020-02-29"), Ok(20_200_229));
    }

    #[test]
    fn a_date_is_written_as_it_is_read() {
        for date in ["2022", "2022-03", "2022-03-24", "0001", "0999-12-31"] {
            assert_eq!(parse(date).map(text), Ok(date.to_owned()));
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "22",
            "2022-",
            "2022-3",
            "2022-13",
            "2022-00",
            "2022-02-30",
            "2021-02-29",
            "2022-03-24-01",
            "0000",
            "-2022",
            "2022-03-00",
            "+022",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
