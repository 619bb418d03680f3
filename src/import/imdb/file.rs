//! The seven files of the IMDb data set: which they are, and their lines.
//!
//! Source: IMDb Non-Commercial Datasets, <https://developer.imdb.com/non-commercial-datasets/>.
//! There is no quoting and there are no escapes: a tab ends a column and a newline a line, whatever
//! stands around them. `\N` is a missing value.

use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime};
use std::{fs, mem};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};
use tempfile::TempPath;

use crate::error::Error;

/// Bytes that a reading thread hands over at once.
const BLOCK_BYTES: usize = 256 * 1024;
/// Blocks that may wait for whoever reads them.
const BLOCKS_WAITING: usize = 4;
/// A longer line is no line of these files.
const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Files of one day are downloaded within a day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// One of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// Titles.
    TitleBasics,
    /// Their titles elsewhere.
    TitleAkas,
    /// All their directors and writers.
    TitleCrew,
    /// Which of them are episodes, and of what.
    TitleEpisode,
    /// Who did what on them, as billed.
    TitlePrincipals,
    /// What voters think of them.
    TitleRatings,
    /// People.
    NameBasics,
}

impl File {
    /// Those about titles.
    pub const OF_TITLES: [Self; 6] = [
        Self::TitleBasics,
        Self::TitleAkas,
        Self::TitleCrew,
        Self::TitleEpisode,
        Self::TitlePrincipals,
        Self::TitleRatings,
    ];
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NameBasics,
        Self::TitleBasics,
        Self::TitleAkas,
        Self::TitleCrew,
        Self::TitleEpisode,
        Self::TitlePrincipals,
        Self::TitleRatings,
    ];

    /// The name that IMDb gives it, without the ending.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TitleBasics => "title.basics",
            Self::TitleAkas => "title.akas",
            Self::TitleCrew => "title.crew",
            Self::TitleEpisode => "title.episode",
            Self::TitlePrincipals => "title.principals",
            Self::TitleRatings => "title.ratings",
            Self::NameBasics => "name.basics",
        }
    }

    /// Its first line.
    pub const fn header(self) -> &'static str {
        match self {
            Self::TitleBasics => {
                "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres"
            }
            Self::TitleAkas => {
                "titleId\tordering\ttitle\tregion\tlanguage\ttypes\tattributes\tisOriginalTitle"
            }
            Self::TitleCrew => "tconst\tdirectors\twriters",
            Self::TitleEpisode => "tconst\tparentTconst\tseasonNumber\tepisodeNumber",
            Self::TitlePrincipals => "tconst\tordering\tnconst\tcategory\tjob\tcharacters",
            Self::TitleRatings => "tconst\taverageRating\tnumVotes",
            Self::NameBasics => {
                "nconst\tprimaryName\tbirthYear\tdeathYear\tprimaryProfession\tknownForTitles"
            }
        }
    }
}

/// An id space of IMDb's: what its ids name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// People.
    Name,
    /// Titles.
    Title,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Name, Self::Title];

    /// Its name among the external ids.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Title => "title",
        }
    }

    /// The table that holds them, which is also how columns name it.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Name => "person",
            Self::Title => "production",
        }
    }

    /// The files about them, each line by the id in its first column.
    pub const fn files(self) -> &'static [File] {
        match self {
            Self::Name => &[File::NameBasics],
            Self::Title => &File::OF_TITLES,
        }
    }

    /// How their ids begin.
    pub const fn prefix(self) -> &'static [u8; 2] {
        match self {
            Self::Name => b"nm",
            Self::Title => b"tt",
        }
    }
}

/// A file that is there, and which one it is.
#[derive(Clone, Debug)]
pub struct Input {
    /// Which it is, by its header.
    pub file: File,
    /// Where it is.
    pub path: PathBuf,
    /// Its name, for messages.
    pub name: String,
    /// Size on disk.
    pub bytes: u64,
    /// SHA-256 of what is on the disk, in hexadecimal.
    pub sha256: String,
    /// When it was written.
    written: SystemTime,
}

/// The seven files, in the order of [`File`].
#[derive(Clone, Debug)]
pub struct Inputs {
    files: Vec<Input>,
    /// What came through standard input, for as long as it is read.
    _kept: Vec<Arc<TempPath>>,
}

impl Inputs {
    /// Find the seven files: `paths` are folders that hold them, or the files themselves. Each is
    /// recognised by its header.
    ///
    /// # Errors
    /// A sentence about what is missing, there twice, none of the seven, or of another day.
    pub fn find(paths: &[PathBuf], any_day: bool) -> Result<Self, Error> {
        let mut inputs: Vec<Input> = Vec::new();
        let mut kept = Vec::new();
        for path in paths {
            let path = match path == Path::new("-") {
                false => path.clone(),
                true => {
                    let spooled = Arc::new(spool_stdin()?);
                    let path = spooled.to_path_buf();
                    kept.push(spooled);
                    path
                }
            };
            for path in candidates(&path)? {
                let input = Input::open(&path)?;
                if let Some(other) = inputs.iter().find(|other| other.file == input.file) {
                    return Err(Error::refused(format!(
                        "{} and {} are both {}: give one of them",
                        other.path.display(),
                        path.display(),
                        input.file.name()
                    )));
                }
                inputs.push(input);
            }
        }
        let missing = File::ALL.into_iter().filter(|file| inputs.iter().all(|is| is.file != *file));
        let missing: Vec<_> = missing.map(File::name).collect();
        if !missing.is_empty() {
            return Err(Error::refused(format!(
                "the files {} are missing: all seven are needed, as .tsv or .tsv.gz, of one day",
                missing.join(", ")
            )));
        }
        inputs.sort_by_key(|input| input.file);
        let oldest = inputs.iter().min_by_key(|input| input.written);
        let newest = inputs.iter().max_by_key(|input| input.written);
        if let Some((oldest, newest)) = oldest.zip(newest)
            && newest.written.duration_since(oldest.written).unwrap_or_default() > DAY
            && !any_day
        {
            return Err(Error::refused(format!(
                "{} is more than a day older than {}: files of different days do not fit together. Download all seven, or give --any-day",
                oldest.name, newest.name
            )));
        }
        Ok(Self { files: inputs, _kept: kept })
    }

    /// One of them.
    pub fn get(&self, file: File) -> &Input {
        &self.files[file as usize]
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Input> {
        self.files.iter()
    }
}

/// The files that a path stands for: in a folder, those that are named like one of the seven.
fn candidates(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let refuse =
        |error: io::Error| Error::refused(format!("cannot read {}: {error}", path.display()));
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(refuse)? {
        let entry = entry.map_err(refuse)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ends = |file: &File| {
            let rest = name.strip_prefix(file.name());
            rest == Some(".tsv") || rest == Some(".tsv.gz")
        };
        if File::ALL.iter().any(ends) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

impl Input {
    fn open(path: &Path) -> Result<Self, Error> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let refuse =
            |error: io::Error| Error::refused(format!("cannot read {}: {error}", path.display()));
        let file = fs::File::open(path).map_err(refuse)?;
        let metadata = file.metadata().map_err(refuse)?;
        let mut header = Vec::new();
        let head = decoded(file).map_err(refuse)?;
        head.take(4096).read_until(b'\n', &mut header).map_err(|error| {
            Error::refused(format!("{name}: its beginning is damaged: {error}"))
        })?;
        let header = String::from_utf8_lossy(&header);
        let header = header.trim_end_matches(['\n', '\r']);
        let file = File::ALL.into_iter().find(|file| file.header() == header).ok_or_else(|| {
            let shown: String = header.chars().take(80).collect();
            Error::refused(format!(
                "{name}, line 1: \"{}\" is the header of none of IMDb's seven files",
                shown.escape_debug()
            ))
        })?;
        let mut digest = Sha256::new();
        let mut whole = fs::File::open(path).map_err(refuse)?;
        let bytes = io::copy(&mut whole, &mut digest).map_err(refuse)?;
        let sha256 = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let written = metadata.modified().map_err(refuse)?;
        Ok(Self { file, path: path.to_owned(), name, bytes, sha256, written })
    }

    /// Its lines after the header, read in a thread of its own.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn lines(&self) -> Result<Lines, Error> {
        let refuse =
            |error: io::Error| Error::refused(format!("cannot read {}: {error}", self.name));
        let file = fs::File::open(&self.path).map_err(refuse)?;
        let counted = Counted { inner: file, read: Arc::default() };
        let read = Arc::clone(&counted.read);
        let source = decoded(counted).map_err(refuse)?;
        let (send, blocks) = sync_channel(BLOCKS_WAITING);
        let (give_back, used) = channel();
        let name = self.name.clone();
        thread::spawn(move || read_blocks(source, &name, &send, &used));
        let block = Vec::new();
        let mut lines = Lines {
            file: self.file,
            blocks,
            give_back,
            block,
            at: 0,
            key: 0,
            end: 0,
            line: 0,
            read,
        };
        // The header has been recognised.
        lines.advance()?;
        lines.advance()?;
        Ok(lines)
    }
}

/// What is in a file: it may be compressed.
fn decoded<R: Read + Seek + Send + 'static>(mut file: R) -> io::Result<Box<dyn BufRead + Send>> {
    let mut magic = [0; 2];
    let mut length = 0;
    while length < 2 {
        match file.read(&mut magic[length..])? {
            0 => break,
            count => length += count,
        }
    }
    file.rewind()?;
    let raw = BufReader::with_capacity(64 * 1024, file);
    if magic == [0x1f, 0x8b] {
        Ok(Box::new(BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(raw))))
    } else {
        Ok(Box::new(raw))
    }
}

/// Counts what has been read of a file.
struct Counted {
    inner: fs::File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.read.store(0, Ordering::Relaxed);
        self.inner.seek(to)
    }
}

type Block = Result<Vec<u8>, Error>;

/// Send whole lines, block by block, until the end or the first thing that is wrong. The memory of
/// a block that is used up serves for another: fresh memory costs as much as reading into it.
fn read_blocks(
    mut source: Box<dyn BufRead + Send>,
    name: &str,
    send: &SyncSender<Block>,
    used: &Receiver<Vec<u8>>,
) {
    let mut lines: u64 = 0;
    let mut rest = Vec::new();
    loop {
        let mut block = used.try_recv().unwrap_or_default();
        block.clear();
        block.reserve(BLOCK_BYTES + rest.len());
        block.append(&mut rest);
        let limit = (BLOCK_BYTES as u64).max(block.len() as u64);
        let read = source.by_ref().take(limit).read_to_end(&mut block);
        let result = read.map_err(|error| {
            let at = lines + block.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            let reason = match error.kind() {
                io::ErrorKind::UnexpectedEof => "the file is cut short".to_owned(),
                _ => format!("the file is damaged: {error}"),
            };
            Error::refused(format!("{name}, line {at}: {reason}. Download it again"))
        });
        let result = result.and_then(|count| {
            let end = memchr::memrchr(b'\n', &block).map_or(0, |last| last + 1);
            if count == 0 && end < block.len() {
                return Err(Error::refused(format!(
                    "{name}, line {}: the file is cut short: its last line does not end",
                    lines + 1
                )));
            }
            if block.len() - end > LINE_BYTES_MAX {
                return Err(Error::refused(format!(
                    "{name}, line {}: longer than {LINE_BYTES_MAX} bytes",
                    lines + 1
                )));
            }
            rest = block.split_off(end);
            lines += check(&block, name, lines)?;
            Ok(count)
        });
        let done = matches!(result, Ok(0));
        let failed = result.is_err();
        if send.send(result.map(|_| block)).is_err() || failed || done {
            return;
        }
    }
}

/// Refuse what is no text; the number of lines otherwise.
fn check(block: &[u8], name: &str, before: u64) -> Result<u64, Error> {
    let bad = match simdutf8::compat::from_utf8(block) {
        Err(error) => Some((error.valid_up_to(), "is not UTF-8")),
        Ok(_) => memchr::memchr(0, block).map(|at| (at, "has a NUL character")),
    };
    let count = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count() as u64;
    match bad {
        None => Ok(count(block)),
        Some((at, what)) => {
            let line = before + count(&block[..at]) + 1;
            Err(Error::refused(format!("{name}, line {line}: it {what}. Download the file again")))
        }
    }
}

/// The lines of a file, in order.
pub struct Lines {
    /// The file.
    pub file: File,
    blocks: Receiver<Block>,
    give_back: Sender<Vec<u8>>,
    block: Vec<u8>,
    /// Where the line starts, where its key ends, and where the next one starts.
    at: usize,
    key: usize,
    end: usize,
    line: u64,
    read: Arc<AtomicU64>,
}

impl Lines {
    /// Go to the next line. Returns whether there is one.
    ///
    /// # Errors
    /// A sentence with the file and the line: damaged, cut short, or no text.
    pub fn advance(&mut self) -> Result<bool, Error> {
        self.at = self.end;
        while self.at >= self.block.len() {
            match self.blocks.recv() {
                Ok(block) => {
                    let used = mem::replace(&mut self.block, block?);
                    // Who has read everything needs no memory any more.
                    let _ = self.give_back.send(used);
                    self.at = 0;
                }
                Err(_) => {
                    self.block = Vec::new();
                    (self.at, self.key, self.end) = (0, 0, 0);
                    return Ok(false);
                }
            }
        }
        let end = memchr::memchr(b'\n', &self.block[self.at..]);
        self.end = end.map_or(self.block.len(), |end| self.at + end + 1);
        let line = self.line();
        self.key = self.at + memchr::memchr(b'\t', line).unwrap_or(line.len());
        self.line += 1;
        Ok(true)
    }

    /// The line, without its end; empty at the end of the file.
    pub fn line(&self) -> &[u8] {
        self.block[self.at..self.end].strip_suffix(b"\n").unwrap_or_default()
    }

    /// What stands before its first tab.
    pub fn key(&self) -> &[u8] {
        &self.block[self.at..self.key]
    }

    /// Whether there is a line.
    pub fn is_some(&self) -> bool {
        self.at < self.block.len()
    }

    /// Its number, from 1; the header is the first.
    pub fn number(&self) -> u64 {
        self.line
    }

    /// Bytes of the file that have been read.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// Standard input in a file, so that it can be read more than once.
fn spool_stdin() -> Result<TempPath, Error> {
    let refuse = |error: io::Error| Error::refused(format!("cannot keep standard input: {error}"));
    let mut file = tempfile::NamedTempFile::new().map_err(refuse)?;
    io::copy(&mut io::stdin().lock(), &mut file).map_err(refuse)?;
    file.flush().map_err(refuse)?;
    Ok(file.into_temp_path())
}
