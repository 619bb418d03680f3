use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use tempfile::TempDir;

use super::{Churn, Dataset, Manifest, Options, generate};

fn options(titles: u32, day: u32) -> Options {
    Options { titles, seed: 7, day, churn_per_mille: 4 }
}

fn generated(options: &Options) -> (TempDir, Manifest) {
    let directory = tempfile::tempdir().expect("a temporary folder");
    let manifest = generate(directory.path(), options).expect("it is generated");
    (directory, manifest)
}

/// The lines of a file without the header.
fn lines(directory: &Path, dataset: Dataset) -> Vec<String> {
    let file = File::open(directory.join(dataset.file())).expect("the file");
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect("compressed UTF-8");
    assert!(text.ends_with('\n') && !text.contains('\r'), "{dataset:?}");
    // Nothing else ends a line: titles have separators of Unicode in them.
    text.split_terminator('\n').skip(1).map(str::to_owned).collect()
}

fn fields(line: &str) -> Vec<&str> {
    line.split('\t').collect()
}

#[test]
fn the_same_options_give_the_same_bytes() {
    for day in [1, 2] {
        let (one, manifest) = generated(&options(1_000, day));
        let (other, _) = generated(&options(1_000, day));
        let names = Dataset::ALL.map(Dataset::file).into_iter().chain(["manifest.json".to_owned()]);
        for name in names {
            let read =
                |directory: &TempDir| fs::read(directory.path().join(&name)).expect("a file");
            assert!(read(&one) == read(&other), "{name} of day {day}");
        }
        let written = fs::read(one.path().join("manifest.json")).expect("the manifest");
        let written: Manifest = serde_json::from_slice(&written).expect("a manifest");
        assert_eq!(written, manifest);
    }
}

#[test]
fn files_are_sorted_as_text_and_counted() {
    let (directory, manifest) = generated(&options(2_000, 1));
    for dataset in Dataset::ALL {
        let lines = lines(directory.path(), dataset);
        let size = &manifest.files[&dataset.file()];
        let header = dataset.columns().len() + 1;
        let bytes: usize = header + lines.iter().map(|line| line.len() + 1).sum::<usize>();
        assert_eq!((size.rows, size.text_bytes), (lines.len() as u64, bytes as u64), "{dataset:?}");
        let columns = dataset.columns().split(' ').count();
        assert!(lines.iter().all(|line| fields(line).len() == columns), "{dataset:?}");
        assert!(lines.iter().map(|line| fields(line)[0]).is_sorted(), "{dataset:?}");
        for digits in [7, 8] {
            assert!(lines.iter().any(|line| fields(line)[0].len() == digits + 2), "{dataset:?}");
        }
    }
}

#[test]
fn every_defect_is_there() {
    let (_, manifest) = generated(&options(1_000, 1));
    for defect in &manifest.defects {
        assert!(defect.count > 0 && !defect.samples.is_empty(), "{}", defect.name);
        assert!(defect.samples.len() as u64 == defect.count.min(20), "{}", defect.name);
    }
    let names: HashSet<_> = manifest.defects.iter().map(|defect| &defect.name).collect();
    assert_eq!(names.len(), manifest.defects.len());
}

/// The lines that are the first of their keys.
fn firsts(directory: &Path, dataset: Dataset) -> HashMap<String, String> {
    let keyed = matches!(dataset, Dataset::Akas | Dataset::Principals);
    let mut firsts = HashMap::new();
    for line in lines(directory, dataset) {
        let key = fields(&line)[..if keyed { 2 } else { 1 }].join(":");
        firsts.entry(key).or_insert(line);
    }
    firsts
}

#[test]
fn churn_is_what_a_comparison_of_two_days_finds() {
    let days = [1, 2, 3].map(|day| generated(&options(2_000, day)));
    assert_eq!(days[0].1.churn, None);
    for pair in days.windows(2) {
        let churn = pair[1].1.churn.as_ref().expect("the churn");
        for dataset in Dataset::ALL {
            let [before, now] = [&pair[0], &pair[1]].map(|(day, _)| firsts(day.path(), dataset));
            let absent = |key: &&String, from: &HashMap<_, _>| !from.contains_key(*key);
            let changed = |(key, line): &(&String, &String)| {
                before.get(*key).is_some_and(|other| other != *line)
            };
            let expected = Churn {
                new: now.keys().filter(|key| absent(key, &before)).count() as u64,
                gone: before.keys().filter(|key| absent(key, &now)).count() as u64,
                changed: now.iter().filter(changed).count() as u64,
            };
            assert_eq!(churn[&dataset.file()], expected, "{dataset:?}");
            if dataset == Dataset::Basics {
                assert!(expected.new > 0 && expected.gone > 0 && expected.changed > 0);
            }
        }
    }
    // A person who was named before appears.
    let unknown = |day: usize| {
        let of = |name| days[day].1.defects.iter().find(|defect| defect.name == name);
        of("unknown_person_of_day_1").map(|defect| defect.count)
    };
    assert_eq!((unknown(0), unknown(1)), (Some(1), Some(0)));
}

#[test]
fn a_world_without_churn_stands_still() {
    let still = |day| generated(&Options { churn_per_mille: 0, ..options(1_000, day) });
    let (_, manifest) = still(2);
    let churn = manifest.churn.expect("the churn");
    assert!(churn.values().all(|churn| *churn == Churn::default()), "{churn:?}");
    assert_eq!(still(1).1.files, manifest.files);
}

/// What the manifest says of the content, found by reading the files with maps.
#[test]
fn the_sums_are_those_of_the_files() {
    for day in [1, 3] {
        let (directory, manifest) = generated(&options(2_000, day));
        let read = |dataset| lines(directory.path(), dataset);
        let list = |field: &str| match field {
            "" | "\\N" => Vec::new(),
            _ => field.split(',').map(str::to_owned).collect(),
        };

        let mut titles = HashMap::new();
        let mut genre_links = 0;
        for line in read(Dataset::Basics) {
            let row = fields(&line);
            if titles.insert(row[0].to_owned(), row[1].to_owned()).is_none() {
                genre_links += list(row[8]).len() as u64;
            }
        }
        let mut by_type: HashMap<_, u64> = HashMap::new();
        for kind in titles.values() {
            *by_type.entry(kind.clone()).or_default() += 1;
        }
        assert_eq!(titles.len() as u64, 2_000);
        assert_eq!(manifest.titles.total, 2_000);
        assert_eq!(by_type, manifest.titles.by_type.into_iter().collect());
        assert_eq!(genre_links, manifest.titles.genre_links);

        let (mut people, mut known_for, mut dangling, mut professions) = (HashSet::new(), 0, 0, 0);
        for line in read(Dataset::Names) {
            let row = fields(&line);
            assert!(people.insert(row[0].to_owned()), "{line}");
            professions += list(row[4]).len() as u64;
            known_for += list(row[5]).len() as u64;
            dangling += list(row[5]).iter().filter(|id| !titles.contains_key(*id)).count() as u64;
        }
        let sums = &manifest.people;
        assert_eq!(
            (people.len() as u64, professions, known_for, dangling),
            (sums.total, sums.profession_links, sums.known_for, sums.known_for_dangling)
        );

        let mut sums = super::Principals::default();
        let (mut lines_seen, mut keys, mut credits) =
            (HashSet::new(), HashSet::new(), HashSet::new());
        for line in read(Dataset::Principals) {
            let row = fields(&line);
            sums.rows += 1;
            let repeated = !keys.insert((row[0].to_owned(), row[1].to_owned()));
            if !lines_seen.insert(line.clone()) {
                sums.duplicates += 1;
                continue;
            }
            sums.repeated += u64::from(repeated);
            if !titles.contains_key(row[0]) {
                sums.of_unknown_title += 1;
            } else if !people.contains(row[2]) {
                sums.of_unknown_person += 1;
            } else {
                let characters: Option<Vec<String>> = match row[5] {
                    "\\N" => None,
                    json => Some(serde_json::from_str(json).expect("characters")),
                };
                let count = characters.map_or(0, |characters| characters.len() as u64);
                sums.characters += count;
                sums.repeated_characters += if repeated { count } else { 0 };
                credits.insert([row[0], row[2], row[3]].map(str::to_owned));
            }
        }
        assert_eq!(sums, manifest.principals);

        let mut sums = super::Crew::default();
        for line in read(Dataset::Crew) {
            let row = fields(&line);
            for (field, category) in [(1, "director"), (2, "writer")] {
                for person in list(row[field]) {
                    let dangling = !titles.contains_key(row[0]) || !people.contains(&person);
                    let (all, without) = match category {
                        "director" => (&mut sums.directors, &mut sums.directors_dangling),
                        _ => (&mut sums.writers, &mut sums.writers_dangling),
                    };
                    *all += 1;
                    *without += u64::from(dangling);
                    let credit = [row[0].to_owned(), person, category.to_owned()];
                    let only = !dangling && !credits.contains(&credit);
                    sums.crew_only += u64::from(only);
                    credits.remove(&credit);
                }
            }
        }
        assert_eq!(sums, manifest.crew);
        let left = credits.iter().filter(|credit| ["director", "writer"].contains(&&*credit[2]));
        assert_eq!(left.count(), 0, "a principal director or writer is in the crew");

        let mut sums = super::Akas::default();
        let (mut lines_seen, mut keys) = (HashSet::new(), HashSet::new());
        for line in read(Dataset::Akas) {
            let row = fields(&line);
            sums.rows += 1;
            let repeated = !keys.insert((row[0].to_owned(), row[1].to_owned()));
            if !lines_seen.insert(line.clone()) {
                sums.duplicates += 1;
                continue;
            }
            sums.repeated += u64::from(repeated);
            let known = titles.contains_key(row[0]);
            sums.of_unknown_title += u64::from(!known);
            sums.multi_typed += u64::from(known && row[5].contains('\u{2}'));
        }
        assert_eq!(sums, manifest.akas);

        let mut sums = super::Episodes::default();
        let (mut numbers, mut same) = (HashSet::new(), 0);
        for line in read(Dataset::Episodes) {
            let row = fields(&line);
            sums.rows += 1;
            let parent = titles.get(row[1]);
            if !titles.contains_key(row[0]) {
                sums.of_unknown_title += 1;
            } else if parent.is_none() {
                sums.parent_absent += 1;
            } else if parent.is_some_and(|kind| !["tvSeries", "tvMiniSeries"].contains(&&**kind)) {
                sums.parent_no_series += 1;
            }
            let number = [row[1], row[2], row[3]].map(str::to_owned);
            same += u64::from(row[2] != "\\N" && !numbers.insert(number));
        }
        assert_eq!(sums, manifest.episodes);
        let repeated =
            manifest.defects.iter().find(|defect| defect.name == "episode_number_repeated");
        assert_eq!(Some(same), repeated.map(|defect| defect.count));

        let mut sums = super::Ratings::default();
        let mut keys = HashSet::new();
        for line in read(Dataset::Ratings) {
            let row = fields(&line);
            sums.rows += 1;
            if !keys.insert(row[0].to_owned()) {
                sums.duplicates += 1;
            } else if titles.contains_key(row[0]) {
                sums.votes += row[2].parse::<u64>().expect("votes");
            } else {
                sums.of_unknown_title += 1;
            }
        }
        assert_eq!(sums, manifest.ratings);
    }
}

#[test]
fn options_out_of_bounds_are_refused() {
    let directory = tempfile::tempdir().expect("a temporary folder");
    for (options, sentence) in [
        (options(999, 1), "a generated data set has 1000 to 20000000 titles"),
        (options(1_000, 0), "the days of a generated data set start with 1"),
        (
            Options { churn_per_mille: 1_001, ..options(1_000, 1) },
            "at most 1000 titles of a thousand change in a day",
        ),
    ] {
        let refused = generate(directory.path(), &options).expect_err("it is refused");
        assert_eq!(refused.to_string(), sentence);
    }
}
