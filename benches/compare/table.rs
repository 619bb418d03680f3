//! The results in text.

use shotlist::config::DEFINITIONS;

use crate::load::Measurement;
use crate::questions::QUERIES;
use crate::servers::{Kind, SERVERS};
use crate::support::text;

/// What was measured, while it is.
pub fn line(measured: &Measurement) -> String {
    format!(
        "{}: {}: {:.0}/s, {:.3} ms of the server, {:.3} ms of the database",
        measured.server,
        measured.query,
        measured.requests_per_second,
        measured.server_cpu_ms,
        measured.database_cpu_ms,
    )
}

/// A table for each query, as Markdown.
pub fn text(heading: &str, measured: &[Measurement], connections: u32) -> String {
    let mut text = format!("\n{heading}\n");
    for query in QUERIES {
        let of_query: Vec<_> = measured.iter().filter(|one| one.query == *query).collect();
        if of_query.is_empty() {
            continue;
        }
        let header = [
            query,
            "req/s",
            "p50 ms",
            "p99 ms",
            "server CPU ms/req",
            "database",
            "sum",
            "× limit",
            "server × shotlist",
            "peak MiB",
            "errors",
        ];
        let mut lines = vec![header.map(str::to_owned).to_vec()];
        for one in &of_query {
            // Each beside the one on its own database.
            let beside = |name: &str, cpu: fn(&Measurement) -> f64| {
                let name = if one.is_sqlite { format!("{name}-sqlite") } else { name.to_owned() };
                let other = of_query.iter().find(|other| other.server == name);
                other
                    .map_or_else(|| "-".to_owned(), |other| format!("{:.2}", cpu(one) / cpu(other)))
            };
            lines.push(vec![
                one.server.to_owned(),
                format!("{:.0}", one.requests_per_second),
                format!("{:.2}", one.p50_ms),
                format!("{:.2}", one.p99_ms),
                format!("{:.3}", one.server_cpu_ms),
                format!("{:.3}", one.database_cpu_ms),
                format!("{:.3}", one.cpu_ms()),
                beside("limit", Measurement::cpu_ms),
                beside("shotlist", |one| one.server_cpu_ms),
                format!("{:.1}", one.peak_mib),
                one.errors.to_string(),
            ]);
        }
        text.push('\n');
        text += &text::table(&lines);
    }
    text += "\nCPU is user and system, of all processes of the server and of its connections to \
        PostgreSQL. × limit is their\nsum beside that of the limit on the same database, server × \
        shotlist the server's alone beside this program's.\nThe peak is that of the server's own \
        memory, while it answered the query.\n";
    for server in SERVERS {
        let Kind::Shotlist(settings) = server.kind else { continue };
        let is_measured = measured.iter().any(|one| one.server == server.name);
        if let Some(max) = running_max(settings).filter(|max| is_measured && *max < connections) {
            text += &format!(
                "{} works on {max} requests at once: others of the {connections} connections \
                wait, or are refused (errors).\n",
                server.name
            );
        }
    }
    text
}

/// How many requests this program admits at once.
fn running_max(settings: &[&str]) -> Option<u32> {
    let given = settings.iter().skip_while(|flag| **flag != "--running-max").nth(1);
    let default = DEFINITIONS.iter().find(|setting| setting.name == "running_max");
    given.copied().or(default.map(|setting| setting.default))?.parse().ok()
}
