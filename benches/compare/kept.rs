//! What an answer costs that is kept, beside a handler that returns the same bytes and does nothing
//! else.

use std::fs;

use crate::catalogue::Catalogue;
use crate::load::{Load, Measurement, Rival};
use crate::questions::Question;
use crate::servers::{BARE, KEPT, Peers, Running, bodies};
use crate::support::Result;
use crate::support::text::table;

const QUERY: &str = "film";

pub fn run(catalogue: &Catalogue, load: &Load, peers: &mut Peers) -> Result<String> {
    let question = Question::read(catalogue, QUERY)?;
    let mut server = Running::start(&KEPT, peers.command(&KEPT, catalogue)?, &load.folder)?;
    // The same one, over and over.
    let mut asked = bodies(&KEPT, &server, &question)?.ok_or("there is no such query")?;
    asked.truncate(1);
    question.compare(&server, &asked)?;
    let (_, answer) = server.post(&asked[0])?;
    let file = load.folder.join("answer");
    fs::write(&file, answer)?;
    let mut command = peers.command(&BARE, catalogue)?;
    command.env("ANSWER", &file);
    let mut plain = Running::start(&BARE, command, &load.folder)?;
    let rivals = [(&BARE, &plain), (&KEPT, &server)].map(|(entry, server)| Rival {
        entry,
        server,
        bodies: asked.clone(),
    });
    let measured = load.measure(&rivals, &catalogue.postgres, QUERY);
    let measured = measured.into_iter().collect::<Result<Vec<_>>>()?;
    server.stop()?;
    plain.stop()?;
    let bare = &measured[0];

    let row = |one: &Measurement| {
        vec![
            one.server.to_owned(),
            format!("{:.0}", one.requests_per_second),
            format!("{:.0} %", 100.0 * one.requests_per_second / bare.requests_per_second),
            format!("{:.2}", one.p50_ms),
            format!("{:.2}", one.p99_ms),
            format!("{:.4}", one.server_cpu_ms),
        ]
    };
    let header = ["", "req/s", "of bare", "p50 ms", "p99 ms", "server CPU ms/req"];
    let header = header.map(str::to_owned).to_vec();
    let mut lines = vec![header];
    lines.extend(measured.iter().map(row));
    Ok(table(&lines))
}
