//! The text of each reading.

use std::fmt::Write;

use super::frame::Frame;
use super::piece::{Cursor, Piece, Toward};
use super::{ROW, Reading, Statement, Target};
use crate::catalog::Backend;
use crate::graphql::declare::{FacetBy, Grouping};

impl Statement {
    /// One value for each key: a count, or whether there is a row beyond a bound.
    pub(super) fn answer(&self, frame: &Frame) -> String {
        let Frame { ordinal, keys, .. } = frame;
        let link = self.spec.link;
        // To look beyond a bound is to ask for its other side, and for the bound itself.
        let (bound, toward) = match self.spec.reading {
            Reading::UpTo => (&frame.after, Toward::Start),
            _ => (&frame.before, Toward::End),
        };
        let pieces = bound.iter().flat_map(|bound| self.pieces(Some(bound), toward, true));
        // In order, which keeps to the index; EXISTS would be free to read the table.
        let found = pieces.map(|piece| {
            let order = self.order_by_in(ROW, &piece, toward);
            let matching = frame.matching(&piece.conditions);
            let limit = frame.limit_of(None, &frame.limit);
            format!(
                "(SELECT 1 FROM {link} {ROW}{matching} ORDER BY {order} LIMIT {limit}) IS NOT NULL"
            )
        });
        let few = (0..frame.drivers.len()).flat_map(|driver| {
            bound.iter().map(move |bound| {
                let beyond = self.beyond(&self.spec.order, bound, toward, true);
                let few = self.few(frame, driver, &[beyond]);
                format!(
                    "(SELECT 1 FROM {few} LIMIT {}) IS NOT NULL",
                    frame.limit_of(Some(driver), &frame.limit)
                )
            })
        });
        let answer = match self.spec.reading {
            Reading::Count => {
                format!("(SELECT count(*) FROM {link} {ROW}{})", frame.matching(&[]))
            }
            _ => few.chain(found).collect::<Vec<_>>().join(" OR "),
        };
        match keys {
            Some(keys) => format!("{} FROM {keys}", select(ordinal, &[answer])),
            None => select(ordinal, &[answer]),
        }
    }

    /// The rows of each key, in order, with what is joined to them.
    pub(super) fn rows(&self, frame: &Frame) -> String {
        let Frame { ordinal, keys, .. } = frame;
        let link = self.spec.link;
        let (toward, bound, other) = match self.spec.reading {
            Reading::LastPage => (Toward::Start, &frame.before, &frame.after),
            _ => (Toward::End, &frame.after, &frame.before),
        };
        // A page is read from one bound; the other only keeps rows out.
        let within: Vec<String> = other
            .iter()
            .map(|other| self.beyond(&self.spec.order, other, toward.back(), false))
            .collect();
        let by_key = if frame.is_for_one() { String::new() } else { format!("{ordinal}, ") };
        let order = self.order_by(ROW, &self.spec.order, Toward::End);
        let select = select(ordinal, &self.columns);
        let joins = self.joins();
        if self.spec.reading == Reading::All {
            let matching = frame.conditions.join(" AND ");
            return match keys {
                Some(keys) => {
                    format!(
                        "{select} FROM {keys} JOIN {link} l ON {matching}{joins} ORDER BY {by_key}{order}"
                    )
                }
                None => format!("{select} FROM {link} l{joins} WHERE {matching} ORDER BY {order}"),
            };
        }
        let pieces = self.pieces(bound.as_ref(), toward, false);
        if let (true, Toward::End, Some(piece)) = (frame.is_for_one(), toward, frame.only(&pieces))
            && self.joins_keep_rows()
        {
            // The joins follow the order of the list, and no row is copied before it is shown.
            let (order, limit) = (self.order_by_in(ROW, piece, toward), &frame.limit);
            let more = [within.as_slice(), piece.conditions.as_slice()].concat();
            let from = match keys {
                Some(keys) => {
                    let conditions = [frame.conditions.as_slice(), &more].concat();
                    format!("{keys} JOIN {link} l ON {}{joins}", conditions.join(" AND "))
                }
                None => format!("{link} l{joins}{}", frame.matching(&more)),
            };
            return format!("{select} FROM {from} ORDER BY {order} LIMIT {limit}");
        }
        let pick = self.pick(frame, &pieces, bound.as_ref(), &within, toward);
        let from = match keys {
            Some(keys) => format!("{keys} CROSS JOIN LATERAL ({pick}) l"),
            None => format!("({pick}) l"),
        };
        format!("{select} FROM {from}{joins} ORDER BY {by_key}{order}")
    }

    /// How many rows of each key have each value of a facet.
    pub(super) fn facets(&self, frame: &Frame) -> String {
        let Some((facet, target)) = &self.facet else { return String::new() };
        let (link, backend) = (self.spec.link, self.spec.backend);
        let join = if backend == Backend::Sqlite { "CROSS JOIN" } else { "JOIN" };
        let mut from = match &frame.keys {
            Some(keys) => format!("{keys} {join} {link} l ON {}", frame.conditions.join(" AND ")),
            None => format!("{link} l"),
        };
        let shown = match target {
            None => "l",
            Some(Target { column, table }) => {
                let _ = write!(from, " {join} {table} t ON t.id = l.{}", column.name);
                "t"
            }
        };
        let value = match facet.by {
            FacetBy::Enum(_, sql) => sql().replace("{}", shown),
            FacetBy::Int(sql) => sql.replace("{}", shown),
            FacetBy::Rows(columns, _) => {
                let (parent, pointer) = columns();
                let _ =
                    write!(from, " {join} {} g ON g.{} = {shown}.id", parent.table, parent.name);
                format!("g.{}", pointer.name)
            }
        };
        let matching = if frame.keys.is_some() { String::new() } else { frame.matching(&[]) };
        let order = match (facet.by, backend) {
            (FacetBy::Int(_), _) => "q.v DESC NULLS LAST",
            // Words made by an expression have no collation of their own.
            (FacetBy::Enum(..), Backend::Postgres) => "q.n DESC, q.v COLLATE \"C\"",
            _ => "q.n DESC, q.v",
        };
        format!(
            "{} FROM (SELECT {} AS o, {value} AS v, count(*) AS n FROM {from}{matching} GROUP BY 1, 2) q{} ORDER BY q.o, {order}",
            select("q.o", &self.columns),
            frame.ordinal,
            self.joins()
        )
    }

    /// Which groups of each key have rows: each is probed for its words.
    pub(super) fn groups(&self, frame: &Frame) -> String {
        let Some(grouping) = self.spec.grouping else { return String::new() };
        let (column, words) = match grouping {
            Grouping::Words(column, declared) => {
                let names = declared.values.iter().map(|(name, _)| name.to_lowercase());
                (column(), names.map(|name| (name.clone(), vec![name])).collect::<Vec<_>>())
            }
            Grouping::Groups(column, groups) => {
                let names = groups.declared.values.iter().map(|(name, _)| name.to_lowercase());
                let words = groups.words.iter();
                let words =
                    words.map(|words| words.iter().map(|word| (*word).to_owned()).collect());
                (column(), names.zip(words).collect())
            }
        };
        let rows = (0..).zip(&words).flat_map(|(index, (name, words)): (usize, _)| {
            words
                .iter()
                .map(move |word| format!("SELECT {index} AS i, '{name}' AS g, '{word}' AS w"))
        });
        let matching = frame.matching(&[format!("{ROW}.{} = r.w", column.name)]);
        format!(
            "SELECT DISTINCT {} AS o, {} AS v, r.g, r.i FROM {}({}) r WHERE EXISTS (SELECT 1 FROM {} {ROW}{matching}) ORDER BY 1, 4",
            frame.ordinal,
            frame.key,
            frame.keys.as_ref().map_or_else(String::new, |keys| format!("{keys} CROSS JOIN ")),
            rows.collect::<Vec<_>>().join(" UNION ALL "),
            self.spec.link,
        )
    }

    /// The best rows of a ranking for each key, with what is joined to them.
    pub(super) fn best(&self, frame: &Frame) -> String {
        let Some(ranking) = self.ranking else { return String::new() };
        let sql = ranking.sql.replace("{key}", frame.key).replace("{limit}", &frame.limit);
        let [first, second] = ranking.columns;
        let from = match &frame.keys {
            Some(keys) => format!("{keys} CROSS JOIN LATERAL ({sql}) c"),
            None => format!("({sql}) c"),
        };
        format!(
            "{} FROM (SELECT {} AS o, c.* FROM {from}) q{} ORDER BY q.o, q.{first} DESC, q.{second}",
            select("q.o", &self.columns),
            frame.ordinal,
            self.joins()
        )
    }

    fn joins(&self) -> String {
        let joins = self.scopes.iter().filter_map(|scope| scope.join.as_ref());
        joins.map(|(_, join)| format!(" {join}")).collect()
    }

    /// Whether each row of the link is shown, whatever is joined to it. A pointer that must have a
    /// value has one; only a row of another kind is not joined.
    fn joins_keep_rows(&self) -> bool {
        let joins = self.scopes.iter().filter_map(|scope| scope.join.as_ref());
        joins.into_iter().all(|(_, join)| join.starts_with("LEFT") || !join.contains(" AND "))
    }

    /// The rows that a driver found, as far as they fit, as a table to select from.
    fn few(&self, frame: &Frame, driver: usize, more: &[String]) -> String {
        let (link, matching) = (self.spec.link, frame.matching(more));
        let found = format!("(SELECT DISTINCT v FROM f{driver}) f");
        match self.spec.backend {
            // An offset of none keeps it from walking the table in the order of the list.
            Backend::Postgres => format!(
                "(SELECT {ROW}.* FROM {found} JOIN {link} {ROW} ON {ROW}.id = f.v{matching} OFFSET 0) {ROW}"
            ),
            Backend::Sqlite => {
                format!("{found} CROSS JOIN {link} {ROW} ON {ROW}.id = f.v{matching}")
            }
        }
    }

    /// The first rows of the pieces of a list.
    ///
    /// Each piece is one range of an index, cut off at the limit. To let the database find an order
    /// across NULLs is not cheap; but both append one part to the other as it stands there, and begin
    /// with none that the limit leaves no room for.
    fn pick(
        &self,
        frame: &Frame,
        pieces: &[Piece<'_>],
        bound: Option<&Cursor>,
        within: &[String],
        toward: Toward,
    ) -> String {
        let link = self.spec.link;
        let matching = |piece: &Piece<'_>| frame.matching(&[within, &piece.conditions].concat());
        let limit = &frame.limit;
        if let Some(piece) = frame.only(pieces) {
            let order = self.order_by_in(ROW, piece, toward);
            return format!(
                "SELECT {ROW}.* FROM {link} {ROW}{} ORDER BY {order} LIMIT {limit}",
                matching(piece)
            );
        }
        let few = (0..frame.drivers.len()).map(|driver| (Some(driver), None));
        let walks = pieces.iter().map(|piece| (None, Some(piece)));
        let parts = few.chain(walks).enumerate().map(|(index, (driver, piece))| {
            let limit = frame.limit_of(driver, limit);
            let (from, order) = match (piece, &frame.ranked) {
                (Some(piece), Some(ranked)) => {
                    let more = [within, &piece.conditions].concat();
                    let order = |alias: &str| self.order_by_in(alias, piece, toward);
                    let found = ranked.table(&more, &order, &limit);
                    let join = format!("{found} CROSS JOIN {link} {ROW}");
                    (format!("{join} WHERE {ROW}.{} = f.id", self.spec.key), order("f"))
                }
                (Some(piece), None) => {
                    let order = self.order_by_in(ROW, piece, toward);
                    (format!("{link} {ROW}{}", matching(piece)), order)
                }
                (None, _) => {
                    let beyond =
                        bound.map(|bound| self.beyond(&self.spec.order, bound, toward, false));
                    let more: Vec<String> = within.iter().cloned().chain(beyond).collect();
                    let order = self.order_by(ROW, &self.spec.order, toward);
                    (self.few(frame, driver.unwrap_or_default(), &more), order)
                }
            };
            format!(
                "SELECT * FROM (SELECT {ROW}.* FROM {from} ORDER BY {order} LIMIT {limit}) p{index}"
            )
        });
        // The offset keeps SQLite from taking this apart, and the first rows in another order.
        format!("{} LIMIT {limit} OFFSET 0", parts.collect::<Vec<_>>().join(" UNION ALL "))
    }
}

/// The columns of a statement, which key a row belongs to first.
fn select(ordinal: &str, columns: &[String]) -> String {
    match (ordinal, columns) {
        ("", []) => "SELECT NULL".to_owned(),
        ("", columns) => format!("SELECT {}", columns.join(", ")),
        (ordinal, []) => format!("SELECT {ordinal}"),
        (ordinal, columns) => format!("SELECT {ordinal}, {}", columns.join(", ")),
    }
}
