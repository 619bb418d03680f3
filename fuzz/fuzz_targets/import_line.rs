//! Lines that are imported. What begins with a brace is the catalogue's own format; else each line
//! is one of IMDb's files, told by a digit before it, and all of them are about one thing.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use shotlist::import::imdb::compose::{
    self, Unfit, World, person_number, person_of, title_number, title_of,
};
use shotlist::import::imdb::file::{File, Scope};
use shotlist::import::imdb::group::Group;
use shotlist::import::jsonl;

/// The ids that lines may name.
static WORLD: LazyLock<World> = LazyLock::new(|| {
    let mut world = World::default();
    for title in ["tt0000001", "tt0000002", "tt0000003", "tt10000000"] {
        world.titles.insert(title_number(title).expect("an id"));
    }
    world.shows.insert(title_number("tt0000003").expect("an id"));
    for person in ["nm0000001", "nm0000002", "nm10000000"] {
        world.people.insert(person_number(person).expect("an id"));
    }
    world
});

fn own_format(text: &str) {
    let Ok(lines) = jsonl::parse(text) else { return };
    for (number, record) in lines {
        assert!(number <= text.lines().count());
        let written = serde_json::to_string(&record).expect("a record can be written");
        let again = jsonl::parse(&written).expect("what is written can be read");
        let again = serde_json::to_string(&again[0].1).expect("a record can be written");
        assert_eq!(again, written);
    }
}

fn is_list(json: &str) -> bool {
    serde_json::from_str::<Vec<String>>(json).is_ok()
}

fn check_unfit(unfit: &[Unfit], group: &Group) {
    for one in unfit {
        let mut lines = group.part(one.file).lines();
        assert!(lines.any(|(number, line)| number == one.line && line == one.raw));
        assert!(!one.reason.is_empty());
    }
}

fn title(group: &Group) {
    let title = compose::title(group, &WORLD);
    check_unfit(&title.unfit, group);
    let mut basics = group.part(File::TitleBasics).lines();
    assert_eq!(title.basics.is_some(), basics.any(|(_, line)| title_of(line).is_some()));
    if title.basics.is_none() {
        assert!(title.episode.is_none() && title.rating.is_none());
        assert!(title.genres.is_empty() && title.akas.is_empty() && title.credits.is_empty());
    }
    if let Some(basics) = title.basics {
        assert!(basics.title.is_some() || basics.kind == compose::EPISODE);
        assert_eq!(title.episode.is_some(), basics.kind == compose::EPISODE);
        assert!(basics.runtime_minutes.is_none_or(|minutes| minutes > 0));
    }
    if let Some(rating) = title.rating {
        assert!((10..=100).contains(&rating.tenths) && rating.votes > 0);
    }
    for aka in &title.akas {
        assert!(aka.position > 0 && is_list(&aka.kinds) && is_list(&aka.attributes));
    }
    for credit in &title.credits {
        assert!(person_number(credit.person).is_some_and(|person| WORLD.people.contains(person)));
        assert!(is_list(credit.characters), "no list of names: {}", credit.characters);
        assert!(credit.is_billed || credit.crew_position.is_some());
    }
}

fn person(group: &Group) {
    let person = compose::person(group, &WORLD);
    check_unfit(&person.unfit, group);
    let mut lines = group.part(File::NameBasics).lines();
    assert_eq!(person.is_known, lines.any(|(_, line)| person_of(line).is_some()));
    for title in &person.known_for {
        assert!(title_number(title).is_some_and(|title| WORLD.titles.contains(title)));
    }
}

fuzz_target!(|text: &str| {
    if text.starts_with('{') {
        return own_format(text);
    }
    let mut groups = Scope::ALL.map(Group::new);
    for (number, line) in (2..).zip(text.split('\n')) {
        let Some(digit) = line.chars().next().and_then(|first| first.to_digit(10)) else {
            continue;
        };
        let Some(file) = File::ALL.get(digit as usize) else { continue };
        let line = &line[1..];
        for group in &mut groups {
            let place = group.scope.files().iter().position(|is| is == file);
            if let Some(place) = place {
                if group.key.is_empty() {
                    group.key = line.split('\t').next().unwrap_or_default().to_owned();
                }
                group.parts[place].push(number, line.as_bytes());
            }
        }
    }
    for group in &groups {
        match group.scope {
            Scope::Title => title(group),
            Scope::Name => person(group),
        }
        let hashes = compose::hashes(group, &WORLD);
        for (hash, (_, part)) in hashes.iter().zip(group.files()) {
            assert_eq!(*hash == 0, part.is_empty());
        }
    }
});
