//! Pictures of the results: SVG, with colours of their own for light and dark screens.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::load::Measurement;
use crate::questions::{INTROSPECTION, QUERIES};
use crate::servers::SERVERS;
use crate::support::Result;

const COLUMNS: usize = 2;
const PANEL_WIDTH: f64 = 470.0;
const MARGIN: f64 = 24.0;
/// For the names of servers.
const LABELS: f64 = 112.0;
/// For the value behind the longest bar.
const VALUES: f64 = 62.0;
const BAR: f64 = 16.0;
const STEP: f64 = 24.0;
/// Title, what is shown, and the key to the colours.
const HEAD: f64 = 106.0;
const PANEL_HEAD: f64 = 34.0;
const PANEL_FOOT: f64 = 50.0;
const TICKS: u32 = 4;

const STYLE: &str = "
    .ground { fill: #ffffff } text { fill: #24292f } .muted { fill: #57606a }
    .grid { stroke: #d0d7de } .axis { stroke: #57606a }
    .own { fill: #0969da } .other { fill: #8250df } .database { fill: #d4a72c }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0d1117 } text { fill: #e6edf3 } .muted { fill: #9198a1 }
      .grid { stroke: #30363d } .axis { stroke: #9198a1 }
      .own { fill: #4493f8 } .other { fill: #ab7df8 } .database { fill: #d29922 }
    }
    text { font-family: system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; font-size: 13px }
    .title { font-size: 18px; font-weight: 600 } .query { font-size: 14px; font-weight: 600 }
    .small { font-size: 11px } .end { text-anchor: end } .middle { text-anchor: middle }
";

/// What a picture shows of each result.
struct Picture {
    file: &'static str,
    title: &'static str,
    unit: &'static str,
    /// The parts of a bar: what it is of the server, and of the database.
    parts: fn(&Measurement) -> [f64; 2],
    key: &'static [(&'static str, &'static str)],
}

const PICTURES: [Picture; 2] = [
    Picture {
        file: "cpu.svg",
        title: "Processor time per request: less is better",
        unit: "milliseconds of one processor per request",
        parts: |one| [one.server_cpu_ms, one.database_cpu_ms],
        key: &[("own", "Shotlist"), ("other", "another server"), ("database", "PostgreSQL")],
    },
    Picture {
        file: "requests.svg",
        title: "Requests per second: more is better",
        unit: "requests per second, load and database on the same processors",
        parts: |one| [one.requests_per_second, 0.0],
        key: &[("own", "Shotlist"), ("other", "another server")],
    },
];

/// Write all pictures to a folder.
pub fn write(folder: &Path, heading: &str, measured: &[Measurement]) -> Result {
    fs::create_dir_all(folder)?;
    for picture in &PICTURES {
        let path = folder.join(picture.file);
        fs::write(&path, picture.draw(heading, measured)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

impl Picture {
    fn draw(&self, heading: &str, measured: &[Measurement]) -> Result<String> {
        let panels: Vec<(&str, Vec<&Measurement>)> = QUERIES
            .iter()
            .filter(|query| **query != INTROSPECTION)
            .map(|query| (*query, of_query(query, measured)))
            .filter(|(_, bars)| !bars.is_empty())
            .collect();
        let most = panels.iter().map(|(_, bars)| bars.len()).max().unwrap_or_default();
        let panel_height = PANEL_HEAD + most as f64 * STEP + PANEL_FOOT;
        let width = MARGIN + COLUMNS as f64 * (PANEL_WIDTH + MARGIN);
        let height = HEAD + panels.len().div_ceil(COLUMNS) as f64 * panel_height;

        let mut svg = String::new();
        writeln!(
            svg,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{}"><style>{STYLE}</style>"#,
            self.title
        )?;
        writeln!(svg, r#"<rect class="ground" width="{width}" height="{height}" rx="8"/>"#)?;
        writeln!(svg, r#"<text class="title" x="{MARGIN}" y="34">{}</text>"#, self.title)?;
        writeln!(svg, r#"<text class="muted" x="{MARGIN}" y="56">{heading}</text>"#)?;
        let mut x = MARGIN;
        for (colour, name) in self.key {
            writeln!(svg, r#"<rect class="{colour}" x="{x}" y="70" width="13" height="13"/>"#)?;
            writeln!(svg, r#"<text x="{}" y="81">{name}</text>"#, x + 19.0)?;
            x += 45.0 + 7.5 * name.len() as f64;
        }
        for (number, (query, bars)) in panels.iter().enumerate() {
            let x = MARGIN + (number % COLUMNS) as f64 * (PANEL_WIDTH + MARGIN);
            let y = HEAD + (number / COLUMNS) as f64 * panel_height;
            writeln!(svg, r#"<g transform="translate({x} {y})">"#)?;
            self.panel(&mut svg, query, bars)?;
            svg += "</g>\n";
        }
        svg += "</svg>\n";
        Ok(svg)
    }

    fn panel(&self, svg: &mut String, query: &str, bars: &[&Measurement]) -> Result {
        let sum = |one: &Measurement| (self.parts)(one).iter().sum::<f64>();
        let tick = tick(bars.iter().map(|one| sum(one)).fold(0.0, f64::max));
        let scale = (PANEL_WIDTH - LABELS - VALUES) / (tick * f64::from(TICKS));
        let bottom = PANEL_HEAD + bars.len() as f64 * STEP;
        writeln!(svg, r#"<text class="query" x="0" y="18">{query}</text>"#)?;
        for number in 0..=TICKS {
            let value = tick * f64::from(number);
            let x = LABELS + value * scale;
            let class = if number == 0 { "axis" } else { "grid" };
            let top = PANEL_HEAD - 6.0;
            writeln!(svg, r#"<path class="{class}" d="M{x:.1} {top}V{bottom}"/>"#)?;
            writeln!(
                svg,
                r#"<text class="muted small middle" x="{x:.1}" y="{}">{}</text>"#,
                bottom + 15.0,
                short(value)
            )?;
        }
        writeln!(
            svg,
            r#"<text class="muted small" x="{LABELS}" y="{}">{}</text>"#,
            bottom + 31.0,
            self.unit
        )?;
        for (number, one) in bars.iter().enumerate() {
            let y = PANEL_HEAD + number as f64 * STEP;
            let baseline = y + 12.5;
            writeln!(
                svg,
                r#"<text class="end" x="{}" y="{baseline}">{}</text>"#,
                LABELS - 8.0,
                one.server
            )?;
            let own = if one.server.starts_with("shotlist") { "own" } else { "other" };
            let mut x = LABELS;
            for (class, part) in [own, "database"].into_iter().zip((self.parts)(one)) {
                let width = part * scale;
                if part > 0.0 {
                    writeln!(
                        svg,
                        r#"<rect class="{class}" x="{x:.1}" y="{y}" width="{width:.1}" height="{BAR}"/>"#
                    )?;
                }
                x += width;
            }
            writeln!(
                svg,
                r#"<text class="small" x="{:.1}" y="{baseline}">{}</text>"#,
                x + 6.0,
                short(sum(one))
            )?;
        }
        Ok(())
    }
}

/// The results of a query, in the order of the servers.
fn of_query<'a>(query: &str, measured: &'a [Measurement]) -> Vec<&'a Measurement> {
    let of = |name| measured.iter().find(|one| one.query == query && one.server == name);
    SERVERS.iter().filter_map(|server| of(server.name)).collect()
}

/// The step of an axis that so many steps make as long as the longest bar: 1, 2, 2.5 or 5, times
/// ten as often as it takes.
fn tick(longest: f64) -> f64 {
    let wanted = longest.max(1e-9) / f64::from(TICKS);
    let power = 10_f64.powf(wanted.log10().floor());
    let factors = [1.0, 2.0, 2.5, 5.0, 10.0];
    power * factors.into_iter().find(|factor| power * factor >= wanted).unwrap_or(10.0)
}

/// With three digits that count.
fn short(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        _ if value < 0.1 => format!("{value:.3}"),
        _ if value < 10.0 => format!("{value:.2}"),
        _ if value < 100.0 => format!("{value:.1}"),
        _ => crate::support::text::grouped(value.round() as u64),
    }
}
