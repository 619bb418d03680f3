//! Files in the format of IMDb's non-commercial data set, filled with invented data: of the same
//! shape and with the same defects, for those who may not pass on the real ones. A manifest says
//! what an importer has to find in them.

mod defect;
mod row;
mod text;
mod world;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::panic;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use row::{Rows, Tally};
use world::World;

const MANIFEST: &str = "manifest.json";
/// The default of zlib; it makes the files about as small as IMDb's.
const LEVEL: u32 = 6;
/// Calls of the compressor cost more than small writes do.
const BUFFER_BYTES: usize = 1 << 16;

/// What to generate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Titles of all kinds: 1,000 to 20 million. Everything else is in proportion.
    pub titles: u32,
    /// Other seeds give other data of the same shape.
    pub seed: u32,
    /// The day of the data, from 1: each one differs a little from the one before.
    pub day: u32,
    /// How many titles of a thousand change from one day to the next.
    pub churn_per_mille: u32,
}

/// What was generated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What was asked for.
    pub options: Options,
    /// The sizes of the files, by their names.
    pub files: BTreeMap<String, Size>,
    /// What title.basics holds.
    pub titles: Titles,
    /// What name.basics holds.
    pub people: People,
    /// What title.akas holds.
    pub akas: Akas,
    /// What title.crew holds.
    pub crew: Crew,
    /// What title.episode holds.
    pub episodes: Episodes,
    /// What title.principals holds.
    pub principals: Principals,
    /// What title.ratings holds.
    pub ratings: Ratings,
    /// Every defect and rarity, with where it is.
    pub defects: Vec<DefectCount>,
    /// How the files differ from those of the day before, by their names; none on day 1.
    pub churn: Option<BTreeMap<String, Churn>>,
}

/// The size of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Lines, without the header.
    pub rows: u64,
    /// Bytes before compression, with the header.
    pub text_bytes: u64,
}

/// The titles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Titles {
    /// Different titles: the rows without the duplicates.
    pub total: u64,
    /// Different titles of each titleType.
    pub by_type: BTreeMap<String, u64>,
    /// Genres of different titles.
    pub genre_links: u64,
    /// Lines that repeat the one before.
    pub duplicates: u64,
}

/// The people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    /// All of them; none is repeated.
    pub total: u64,
    /// Their professions.
    pub profession_links: u64,
    /// Titles that they are known for, with those that there are not.
    pub known_for: u64,
    /// Those that there are not.
    pub known_for_dangling: u64,
}

/// The other titles of titles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Akas {
    /// All lines.
    pub rows: u64,
    /// Lines whose title there is not.
    pub of_unknown_title: u64,
    /// Lines that repeat the one before.
    pub duplicates: u64,
    /// Lines with the title and the ordering of another, and other content.
    pub repeated: u64,
    /// Lines with several types, of titles that there are.
    pub multi_typed: u64,
}

/// The directors and writers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crew {
    /// References to directors.
    pub directors: u64,
    /// Those of them whose title or person there is not.
    pub directors_dangling: u64,
    /// References to writers.
    pub writers: u64,
    /// Those of them whose title or person there is not.
    pub writers_dangling: u64,
    /// References, none dangling, for which the principals have no row of the same title, person
    /// and category.
    pub crew_only: u64,
}

/// The episodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episodes {
    /// All lines.
    pub rows: u64,
    /// Lines whose episode there is not.
    pub of_unknown_title: u64,
    /// Other lines, whose parent there is not.
    pub parent_absent: u64,
    /// Other lines, whose parent is a title of another kind than a series.
    pub parent_no_series: u64,
}

/// The principals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principals {
    /// All lines.
    pub rows: u64,
    /// Lines whose title there is not.
    pub of_unknown_title: u64,
    /// Other lines, whose person there is not.
    pub of_unknown_person: u64,
    /// Lines that repeat the one before.
    pub duplicates: u64,
    /// Lines with the title and the ordering of another, and other content.
    pub repeated: u64,
    /// Characters of the lines that can be loaded: all but the unknown and the duplicates.
    pub characters: u64,
    /// Those of them that are on repeated lines.
    pub repeated_characters: u64,
}

/// The ratings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratings {
    /// All lines.
    pub rows: u64,
    /// Lines whose title there is not.
    pub of_unknown_title: u64,
    /// Lines that repeat the one before.
    pub duplicates: u64,
    /// The votes of the lines that can be loaded: all but the unknown and the duplicates.
    pub votes: u64,
}

/// A defect or rarity of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefectCount {
    /// What it is.
    pub name: String,
    /// The file.
    pub file: String,
    /// How many rows have it; repetitions by duplicates are not counted.
    pub count: u64,
    /// Ids of the first twenty rows; with the ordering, where that belongs to the key.
    pub samples: Vec<String>,
}

/// How a file differs from that of the day before. The key is the id, and in the akas and the
/// principals the ordering too; only the first line of a key counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Churn {
    /// Keys that were not there.
    pub new: u64,
    /// Keys that are no longer there.
    pub gone: u64,
    /// Keys with another line.
    pub changed: u64,
}

/// A file of the data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dataset {
    Names,
    Basics,
    Akas,
    Crew,
    Episodes,
    Principals,
    Ratings,
}

impl Dataset {
    /// The largest first, so that two threads end at about the same time.
    const ALL: [Self; 7] = [
        Self::Principals,
        Self::Akas,
        Self::Basics,
        Self::Names,
        Self::Crew,
        Self::Episodes,
        Self::Ratings,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Names => "name.basics",
            Self::Basics => "title.basics",
            Self::Akas => "title.akas",
            Self::Crew => "title.crew",
            Self::Episodes => "title.episode",
            Self::Principals => "title.principals",
            Self::Ratings => "title.ratings",
        }
    }

    fn file(self) -> String {
        format!("{}.tsv.gz", self.name())
    }

    fn columns(self) -> &'static str {
        match self {
            Self::Names => {
                "nconst primaryName birthYear deathYear primaryProfession knownForTitles"
            }
            Self::Basics => {
                "tconst titleType primaryTitle originalTitle isAdult startYear endYear \
                runtimeMinutes genres"
            }
            Self::Akas => "titleId ordering title region language types attributes isOriginalTitle",
            Self::Crew => "tconst directors writers",
            Self::Episodes => "tconst parentTconst seasonNumber episodeNumber",
            Self::Principals => "tconst ordering nconst category job characters",
            Self::Ratings => "tconst averageRating numVotes",
        }
    }
}

/// Write the seven files and the manifest into a directory, which is created where there is none.
/// Files of the same names are replaced.
///
/// # Errors
/// A sentence when the options are out of bounds or a file cannot be written.
pub fn generate(directory: &Path, options: &Options) -> Result<Manifest, Error> {
    if !(1_000..=20_000_000).contains(&options.titles) {
        return Err(Error::refused("a generated data set has 1000 to 20000000 titles"));
    }
    if options.day == 0 {
        return Err(Error::refused("the days of a generated data set start with 1"));
    }
    if options.churn_per_mille > 1000 {
        return Err(Error::refused("at most 1000 titles of a thousand change in a day"));
    }
    let manifest = directory.join(MANIFEST);
    fs::create_dir_all(directory).map_err(|error| cannot_write(directory, &error))?;
    // One that is there speaks of whole files.
    match fs::remove_file(&manifest) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(cannot_write(&manifest, &error));
        }
        _ => {}
    }

    let today = World::new(options, options.day);
    let before = (options.day > 1).then(|| World::new(options, options.day - 1));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut written = Vec::new();
        while let Some(dataset) = Dataset::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            let path = directory.join(dataset.file());
            let tally = write(&path, *dataset, &today, before.as_ref())
                .map_err(|error| cannot_write(&path, &error))?;
            written.push((*dataset, tally));
        }
        Ok::<_, Error>(written)
    };
    let written = thread::scope(|scope| {
        let other = scope.spawn(work);
        let mut written = work()?;
        written.extend(other.join().unwrap_or_else(|cause| panic::resume_unwind(cause))?);
        Ok::<_, Error>(written)
    })?;

    let found = Manifest::of(options, written);
    let json = serde_json::to_vec_pretty(&found).map_err(io::Error::from);
    json.and_then(|json| fs::write(&manifest, json))
        .map_err(|error| cannot_write(&manifest, &error))?;
    Ok(found)
}

fn cannot_write(path: &Path, error: &io::Error) -> Error {
    Error::refused(format!("cannot write {}: {error}", path.display()))
}

/// Write a file row by row, and compare it with that of the day before.
fn write(
    path: &Path,
    dataset: Dataset,
    today: &World,
    before: Option<&World>,
) -> io::Result<Tally> {
    let encoder = GzEncoder::new(File::create(path)?, Compression::new(LEVEL));
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, encoder);
    let header = dataset.columns().replace(' ', "\t") + "\n";
    out.write_all(header.as_bytes())?;
    let (mut rows, mut tally) = (Rows::default(), Tally::default());
    let (mut past, mut past_tally) = (Rows::default(), Tally::default());
    tally.bytes = header.len() as u64;
    let entries: Box<dyn Iterator<Item = world::Entry>> = match dataset {
        Dataset::Names => Box::new(today.people()),
        _ => Box::new(today.titles()),
    };
    for entry in entries {
        rows.clear();
        row::append(dataset, today, &entry, &mut rows, &mut tally);
        if let Some(before) = before {
            past.clear();
            row::append(dataset, before, &entry, &mut past, &mut past_tally);
            tally.compare(&past, &rows);
        }
        out.write_all(rows.text.as_bytes())?;
        tally.rows += rows.len() as u64;
        tally.bytes += rows.text.len() as u64;
    }
    let encoder = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    encoder.finish()?;
    Ok(tally)
}

impl Manifest {
    fn of(options: &Options, written: Vec<(Dataset, Tally)>) -> Self {
        let mut manifest = Self {
            options: options.clone(),
            files: BTreeMap::new(),
            titles: Titles::default(),
            people: People::default(),
            akas: Akas::default(),
            crew: Crew::default(),
            episodes: Episodes::default(),
            principals: Principals::default(),
            ratings: Ratings::default(),
            defects: Vec::new(),
            churn: (options.day > 1).then(BTreeMap::new),
        };
        for (dataset, tally) in written {
            let size = Size { rows: tally.rows, text_bytes: tally.bytes };
            manifest.files.insert(dataset.file(), size);
            manifest.defects.extend(tally.defects(dataset));
            if let Some(churn) = &mut manifest.churn {
                churn.insert(dataset.file(), tally.churn);
            }
            match dataset {
                Dataset::Names => manifest.people = tally.people,
                Dataset::Basics => manifest.titles = tally.titles,
                Dataset::Akas => manifest.akas = tally.akas,
                Dataset::Crew => manifest.crew = tally.crew,
                Dataset::Episodes => manifest.episodes = tally.episodes,
                Dataset::Principals => manifest.principals = tally.principals,
                Dataset::Ratings => manifest.ratings = tally.ratings,
            }
        }
        // The threads end in any order.
        manifest
            .defects
            .sort_by(|one, other| (&one.file, &one.name).cmp(&(&other.file, &other.name)));
        manifest
    }
}

#[cfg(test)]
mod tests;
