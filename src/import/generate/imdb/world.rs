//! Which titles and people there are on a day, under which ids. Everything follows from the seed, a
//! number and the day by arithmetic, so that nothing is kept in memory.

use std::iter;
use std::ops::Range;

use super::Options;
use super::defect::{Defect, PERSON_CARRIERS, TITLE_CARRIERS};

/// What a hash is for: other purposes draw other numbers.
#[derive(Clone, Copy)]
pub enum Purpose {
    Kind,
    Facts,
    Text,
    Original,
    Style,
    Akas,
    Aka,
    Cast,
    Credit,
    Company,
    Crew,
    Rating,
    Series,
    Person,
    Life,
    Profession,
    KnownFor,
    Choice,
}

/// A stream of random numbers (`SplitMix64`).
pub struct Stream(u64);

impl Stream {
    /// The one of a key.
    pub fn of(key: u64) -> Self {
        Self(mix(key))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Below the bound, which is above zero.
    pub fn below(&mut self, bound: u32) -> u32 {
        let product = (self.next() >> 32) * u64::from(bound);
        (product >> 32) as u32
    }

    /// Below the bound, the smaller the likelier: the first of a million is drawn a thousand times
    /// as often as the mean.
    pub fn low(&mut self, bound: u32) -> u32 {
        let uniform = self.next() >> 32;
        let product = ((uniform * uniform) >> 32) * u64::from(bound);
        (product >> 32) as u32
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }

    /// Zero half of the time, one a quarter of the time, and so on.
    pub fn halvings(&mut self) -> u32 {
        self.next().trailing_zeros()
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }
}

fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A permutation of the numbers below a length, and its inverse.
struct Shuffle {
    len: u64,
    step: u64,
    back: u64,
    shift: u64,
}

impl Shuffle {
    fn new(len: u32, seed: u64) -> Self {
        let len = u64::from(len);
        // About the golden section: neighbours come to lie far apart.
        let mut step = len * 618 / 1000 + mix(seed) % (len / 100 + 1);
        let back = loop {
            match inverse(step, len) {
                Some(back) => break back,
                None => step += 1,
            }
        };
        Self { len, step: step % len, back, shift: mix(seed ^ 1) % len }
    }

    fn place(&self, number: u32) -> u64 {
        (u64::from(number) * self.step + self.shift) % self.len
    }

    fn number(&self, place: u64) -> u32 {
        ((place + self.len - self.shift) * self.back % self.len) as u32
    }
}

/// The inverse of a number by a modulus, where there is one (the extended Euclidean algorithm).
fn inverse(number: u64, modulus: u64) -> Option<u64> {
    let (mut before, mut now) = (modulus as i64, (number % modulus) as i64);
    let (mut factor_before, mut factor) = (0, 1);
    while now != 0 {
        let quotient = before / now;
        (before, now) = (now, before - quotient * now);
        (factor_before, factor) = (factor, factor_before - quotient * factor);
    }
    (before == 1).then(|| factor_before.rem_euclid(modulus as i64) as u64)
}

/// One entry of the sequence of ids in string order.
pub struct Entry {
    /// The number in the id.
    pub id: u32,
    /// Whose it is.
    pub slot: u32,
    /// False for an id beside the one of the slot, which nothing has.
    pub real: bool,
}

/// Sparse ids for slots, in an order that has nothing to do with theirs.
pub struct Ids {
    shuffle: Shuffle,
    stride: u32,
    seed: u64,
}

impl Ids {
    /// The first id of eight digits.
    const LONG: u32 = 10_000_000;

    fn new(slots: u32, least_range: u32, seed: u64) -> Self {
        // Two ids a slot at least: the second is nobody's.
        Self { shuffle: Shuffle::new(slots, seed), stride: (least_range / slots).max(2), seed }
    }

    fn at(&self, place: u32, next: u32) -> u32 {
        let jitter = (mix(self.seed ^ u64::from(place)) >> 32) as u32 % self.stride;
        1 + place * self.stride + (jitter + next) % self.stride
    }

    pub fn of(&self, slot: u32) -> u32 {
        self.at(self.shuffle.place(slot) as u32, 0)
    }

    /// An id near the one of the slot that nothing has.
    pub fn unknown(&self, slot: u32) -> u32 {
        self.at(self.shuffle.place(slot) as u32, 1)
    }

    /// Every id in string order, `10000000` before `1000001`; with the unknown ids of the first
    /// slots among them.
    pub fn in_order(&self, with_unknown: u32) -> impl Iterator<Item = Entry> {
        let walk = move |places: Range<u32>| {
            places.flat_map(move |place| {
                let slot = self.shuffle.number(u64::from(place));
                let own = Entry { id: self.at(place, 0), slot, real: true };
                if slot >= with_unknown {
                    return [Some(own), None].into_iter().flatten();
                }
                let other = Entry { id: self.at(place, 1), slot, real: false };
                let (first, second) = if own.id < other.id { (own, other) } else { (other, own) };
                [Some(first), Some(second)].into_iter().flatten()
            })
        };
        let len = self.shuffle.len as u32;
        let edge = (Self::LONG / self.stride).min(len);
        let mut short = walk(0..len.min(edge + 1)).filter(|entry| entry.id < Self::LONG).peekable();
        let mut long =
            walk(edge.saturating_sub(1)..len).filter(|entry| entry.id >= Self::LONG).peekable();
        iter::from_fn(move || match (short.peek(), long.peek()) {
            (Some(one), Some(other)) if one.id > other.id / 10 => long.next(),
            (Some(_), _) => short.next(),
            _ => long.next(),
        })
    }
}

/// Something that happens to a few of many slots each day, to every one in its turn.
struct Turns {
    first: u32,
    shuffle: Shuffle,
    per_day: u64,
}

impl Turns {
    fn new(slots: Range<u32>, per_day: u64, seed: u64) -> Self {
        Self { first: slots.start, shuffle: Shuffle::new(slots.end - slots.start, seed), per_day }
    }

    /// The place of a slot in the order of turns, where it takes part.
    fn rank(&self, slot: u32) -> Option<u64> {
        let number = slot.checked_sub(self.first)?;
        (u64::from(number) < self.shuffle.len).then(|| self.shuffle.place(number))
    }

    /// How many times a slot has had its turn by the day.
    fn count(&self, slot: u32, day: u32) -> u32 {
        let turns = self.per_day * u64::from(day - 1);
        self.rank(slot).map_or(0, |rank| (turns + self.shuffle.len - 1 - rank) / self.shuffle.len)
            as u32
    }
}

/// Slots of which a constant number is absent: each day some vanish and as many appear.
struct Rotation {
    turns: Turns,
    absent: u64,
}

impl Rotation {
    /// How long ago a slot vanished, in places of the order of turns; none when it is present.
    fn absence(&self, slot: u32, day: u32) -> Option<u64> {
        let len = self.turns.shuffle.len;
        let start = self.turns.per_day * u64::from(day - 1) % len;
        let ahead = (self.turns.rank(slot)? + len - start) % len;
        (ahead < self.absent).then(|| self.absent - 1 - ahead)
    }

    fn vanished_since_day_1(&self, slot: u32, day: u32) -> bool {
        let vanished = self.turns.per_day * u64::from(day - 1);
        self.absence(slot, day).is_some_and(|ago| ago < vanished)
    }
}

/// Where an episode belongs.
pub struct Numbering {
    /// The slot of the series.
    pub series: u32,
    /// The season; none where nobody noted it.
    pub season: Option<u32>,
    /// The number in the season, which is noted when the season is.
    pub number: u32,
}

/// A person who is credited.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credited {
    /// A slot of a person who is there.
    Known(u32),
    /// An id that nobody has.
    Unknown(u32),
}

/// The kinds of titles other than series and episodes, with their shares.
const KINDS: [(&str, u32); 8] = [
    ("movie", 300),
    ("short", 446),
    ("video", 125),
    ("tvMovie", 60),
    ("tvSpecial", 30),
    ("videoGame", 25),
    ("tvShort", 8),
    ("tvPilot", 6),
];

/// The world of one day.
pub struct World {
    seed: u64,
    day: u32,
    /// So many slots carry each planted defect.
    carriers: u32,
    series: Range<u32>,
    /// So many series, those with the most episodes, stay.
    series_lasting: u32,
    episodes: Range<u32>,
    /// The most popular people, who stay.
    popular: Range<u32>,
    people: u32,
    title_ids: Ids,
    person_ids: Ids,
    title_rotation: Rotation,
    series_rotation: Rotation,
    person_rotation: Rotation,
    retitled: Turns,
    rated: Turns,
    recast: Turns,
    aka_changed: Turns,
    revised: Turns,
}

impl World {
    pub fn new(options: &Options, day: u32) -> Self {
        let (titles, churn) = (options.titles, u64::from(options.churn_per_mille));
        let seed = mix(u64::from(options.seed));
        // An eighth of the titles that change appears.
        let eighth = |count: u32, factor: u64| match churn {
            0 => 0,
            _ => (u64::from(count) * churn * factor / 8000).max(1),
        };

        let carriers = 1 + titles / 20_000;
        let carrying = carriers * TITLE_CARRIERS.len() as u32;
        let series_end = carrying + titles * 3 / 100;
        let series_lasting = (titles * 3 / 5000).max(4);
        let lasting_end = carrying + series_lasting;
        let series_turns = eighth(series_end - carrying, 1);
        // A series comes back after a day: its episodes have no parent meanwhile.
        let series_rotation = Rotation {
            turns: Turns::new(lasting_end..series_end, series_turns, seed ^ 1),
            absent: series_turns,
        };
        let absent = titles / 8;
        let slots = titles + series_turns as u32 + absent;
        let title_turns = eighth(titles - (series_end - carrying), 1);
        let turns = |per_day, salt| Turns::new(series_end..slots, per_day, seed ^ salt);
        let title_rotation = Rotation { turns: turns(title_turns, 2), absent: u64::from(absent) };
        let episodes =
            series_end..series_end + ((u64::from(slots - series_end) * 794) / 1000) as u32;

        let people = (u64::from(titles) * 123 / 100) as u32;
        let carrying = carriers * PERSON_CARRIERS.len() as u32;
        let popular = carrying..carrying + (people / 100).max(10);
        let absent = people / 8;
        let person_slots = people + absent;
        let person_turns = Turns::new(popular.end..person_slots, eighth(people, 1), seed ^ 7);

        Self {
            seed,
            day,
            carriers,
            series: carriers * TITLE_CARRIERS.len() as u32..series_end,
            series_lasting,
            episodes,
            people: person_slots,
            title_ids: Ids::new(slots, 40_000_000, seed ^ 8),
            person_ids: Ids::new(person_slots, 20_000_000, seed ^ 9),
            title_rotation,
            series_rotation,
            person_rotation: Rotation { turns: person_turns, absent: u64::from(absent) },
            retitled: turns(eighth(titles, 2), 3),
            // Thirteen titles of a hundred have a rating.
            rated: turns(eighth(titles, 2) * 100 / 13, 4),
            recast: turns(eighth(titles, 1), 5),
            aka_changed: turns(eighth(titles, 1), 6),
            revised: Turns::new(popular.end..person_slots, eighth(people, 4), seed ^ 10),
            popular,
        }
    }

    pub fn stream(&self, purpose: Purpose, number: u32, part: u32) -> Stream {
        let key = ((purpose as u64) << 56) ^ (u64::from(number) << 28) ^ u64::from(part);
        Stream::of(self.seed ^ key)
    }

    /// The ids of titles in the order of the files, with those of unknown titles.
    pub fn titles(&self) -> impl Iterator<Item = Entry> {
        self.title_ids.in_order(self.series.start)
    }

    /// The ids of people in the order of the files.
    pub fn people(&self) -> impl Iterator<Item = Entry> {
        self.person_ids.in_order(0)
    }

    pub fn title_id(&self, slot: u32) -> u32 {
        self.title_ids.of(slot)
    }

    /// An id of no title.
    pub fn unknown_title(&self, slot: u32) -> u32 {
        self.title_ids.unknown(slot)
    }

    pub fn person_id(&self, credited: Credited) -> u32 {
        match credited {
            Credited::Known(slot) => self.person_ids.of(slot),
            Credited::Unknown(id) => id,
        }
    }

    /// An id of no person.
    pub fn unknown_person(&self, slot: u32) -> Credited {
        Credited::Unknown(self.person_ids.unknown(self.popular.start + slot))
    }

    /// A person who appears on day 2, and is unknown on day 1.
    pub fn person_of_day_2(&self) -> Credited {
        let slot = self.popular.end + self.person_rotation.turns.shuffle.number(0);
        match self.person_present(slot) {
            true => Credited::Known(slot),
            false => Credited::Unknown(self.person_ids.of(slot)),
        }
    }

    pub fn title_present(&self, slot: u32) -> bool {
        let rotation =
            if self.series.contains(&slot) { &self.series_rotation } else { &self.title_rotation };
        rotation.absence(slot, self.day).is_none()
    }

    pub fn person_present(&self, slot: u32) -> bool {
        self.person_rotation.absence(slot, self.day).is_none()
    }

    /// What a slot of a title was made for, and its number among those.
    pub fn title_defect(&self, slot: u32) -> Option<(Defect, u32)> {
        TITLE_CARRIERS
            .get((slot / self.carriers) as usize)
            .map(|defect| (*defect, slot % self.carriers))
    }

    /// A title that is no series.
    pub fn film(&self) -> u32 {
        let place = TITLE_CARRIERS.iter().position(|defect| *defect == Defect::TitleNumber);
        self.carriers * place.unwrap_or_default() as u32
    }

    /// Where an episode of a series that stays would belong.
    pub fn spare_numbering(&self) -> Numbering {
        Numbering { series: self.series.start, season: Some(1), number: 40_000 }
    }

    /// What a slot of a person was made for.
    pub fn person_defect(&self, slot: u32) -> Option<Defect> {
        PERSON_CARRIERS.get((slot / self.carriers) as usize).copied()
    }

    /// A title for a list of those somebody is known for: none that carries a defect, so that the
    /// titles an importer may refuse are named nowhere else.
    ///
    /// Of those that vanished some go on being named, as in IMDb's files.
    pub fn known_for(&self, stream: &mut Stream) -> Option<u32> {
        let (first, last) = (self.series.start, self.title_ids.shuffle.len as u32);
        let slot = first + stream.below(last - first);
        let stays = stream.one_in(2);
        let rotation =
            if self.series.contains(&slot) { &self.series_rotation } else { &self.title_rotation };
        let named =
            self.title_present(slot) || stays && rotation.vanished_since_day_1(slot, self.day);
        named.then_some(slot)
    }

    /// Somebody for a credit: a few have thousands, most have one.
    pub fn person(&self, stream: &mut Stream) -> Credited {
        let people = self.people - self.popular.start;
        match stream.one_in(7) {
            true => {
                let number = stream.below(people);
                self.credited(number, stream)
            }
            false => self.professional(stream),
        }
    }

    /// Somebody with many credits.
    pub fn professional(&self, stream: &mut Stream) -> Credited {
        let number = stream.low((self.people - self.popular.start) / 8);
        self.credited(number, stream)
    }

    /// A person, for whom somebody who stays stands in when absent.
    fn credited(&self, number: u32, stream: &mut Stream) -> Credited {
        let slot = self.popular.start + number;
        let stand_in = self.popular.start + stream.below(self.popular.end - self.popular.start);
        Credited::Known(if self.person_present(slot) { slot } else { stand_in })
    }

    pub fn kind(&self, slot: u32) -> &'static str {
        if self.series.contains(&slot) {
            return match self.stream(Purpose::Kind, slot, 0).below(6) {
                0 => "tvMiniSeries",
                _ => "tvSeries",
            };
        }
        if self.episodes.contains(&slot) {
            return "tvEpisode";
        }
        match self.title_defect(slot) {
            Some((Defect::UnknownTitleType, _)) => return "podcastSeries",
            Some((defect, _)) if defect.of_episode() => return "tvEpisode",
            Some(_) => return "movie",
            None => {}
        }
        let mut share = self.stream(Purpose::Kind, slot, 0).below(1000);
        for (kind, of) in KINDS {
            if share < of {
                return kind;
            }
            share -= of;
        }
        "movie"
    }

    /// The series of an episode, with its season and number: no two episodes of a series share
    /// them, unless that is what they were made for.
    pub fn numbering(&self, slot: u32) -> Option<Numbering> {
        let series = |index| self.series.start + index;
        if !self.episodes.contains(&slot) {
            let (defect, nth) = self.title_defect(slot)?;
            if !defect.of_episode() {
                return None;
            }
            let lasting = series(nth % self.series_lasting);
            let (season, number) = match defect {
                Defect::SeasonZero => (0, nth + 1),
                // Both are the same.
                Defect::EpisodeNumberFirst | Defect::EpisodeNumberRepeated => (1, 20_000 + nth),
                // No season is so long.
                _ => (1, 30_000 + slot),
            };
            return Some(Numbering { series: lasting, season: Some(season), number });
        }
        let episode = slot - self.episodes.start;
        let index = self.series_of(episode);
        let place = episode - self.first_episode(index);
        let length = match index < self.series_lasting {
            true => 250,
            false => 6 + self.stream(Purpose::Series, index, 0).below(19),
        };
        let noted = !self.stream(Purpose::Series, slot, 1).one_in(5);
        Some(Numbering {
            series: series(index),
            season: noted.then_some(place / length + 1),
            number: place % length + 1,
        })
    }

    /// The index of the series of an episode: the first series have thousands, the last a few. The
    /// operations are those that are exact on every processor.
    fn series_of(&self, episode: u32) -> u32 {
        let share = f64::from(episode) / f64::from(self.episodes.end - self.episodes.start);
        let series = f64::from(self.series.end - self.series.start);
        (series * (share * share * share.sqrt())) as u32
    }

    fn first_episode(&self, series: u32) -> u32 {
        let (mut low, mut high) = (0, self.episodes.end - self.episodes.start);
        while low < high {
            let middle = low.midpoint(high);
            if self.series_of(middle) < series { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// How many times the title was changed.
    pub fn retitled(&self, slot: u32) -> u32 {
        self.retitled.count(slot, self.day)
    }

    /// How many times more votes came in.
    pub fn rated(&self, slot: u32) -> u32 {
        self.rated.count(slot, self.day)
    }

    /// How many times a principal was added or taken away.
    pub fn recast(&self, slot: u32) -> u32 {
        self.recast.count(slot, self.day)
    }

    /// How many times an aka was added or taken away.
    pub fn aka_changed(&self, slot: u32) -> u32 {
        self.aka_changed.count(slot, self.day)
    }

    /// How many times the facts of a person were changed.
    pub fn revised(&self, slot: u32) -> u32 {
        self.revised.count(slot, self.day)
    }
}
