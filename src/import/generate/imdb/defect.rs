//! The defects and rarities that are planted, as they are known from IMDb's files.

use super::Dataset;

/// A defect, or a rarity that a reader may stumble over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    UnbalancedQuote,
    BackslashInside,
    BackslashLast,
    LineSeparator,
    NextLine,
    NoBreakSpace,
    JoinedEmoji,
    CombiningAccent,
    DirectionMark,
    TitleNull,
    TitleNone,
    TitleNumber,
    TitleLong,
    YearInFuture,
    RuntimeZero,
    ShiftedRow,
    UnknownTitleType,
    UnknownGenre,
    DuplicateTitle,
    UnknownAkaType,
    UnknownRegion,
    TwoOriginals,
    DuplicateAka,
    RepeatedAka,
    AkasOutOfOrder,
    AkaOfUnknownTitle,
    CrewOfUnknownTitle,
    CrewUnknownPerson,
    SeasonZero,
    EpisodeUnnumbered,
    /// The other of the two that have one number; it is not counted.
    EpisodeNumberFirst,
    EpisodeNumberRepeated,
    EpisodeOfUnknownTitle,
    ParentAbsent,
    ParentNoSeries,
    UnknownCategory,
    UnknownPerson,
    UnknownPersonOfDay1,
    DuplicatePrincipal,
    RepeatedPrincipal,
    PrincipalsOutOfOrder,
    PrincipalOfUnknownTitle,
    QuotedJob,
    QuotedCharacter,
    DuplicateRating,
    RatingOfUnknownTitle,
    NameNull,
    NameEmpty,
    ProfessionEmpty,
    BornEarly,
    UnknownProfession,
    KnownForAbsent,
}

use Dataset::{Akas, Basics, Crew, Episodes, Names, Principals, Ratings};
use Defect as D;

/// Every one that is counted, with its name and the file where it is.
pub const DEFECTS: [(Defect, &str, Dataset); 51] = [
    (D::UnbalancedQuote, "unbalanced_quote", Basics),
    (D::BackslashInside, "backslash_inside", Basics),
    (D::BackslashLast, "backslash_last", Basics),
    (D::LineSeparator, "line_separator", Basics),
    (D::NextLine, "next_line", Basics),
    (D::NoBreakSpace, "no_break_space", Basics),
    (D::JoinedEmoji, "joined_emoji", Basics),
    (D::CombiningAccent, "combining_accent", Basics),
    (D::DirectionMark, "direction_mark", Basics),
    (D::TitleNull, "title_null", Basics),
    (D::TitleNone, "title_none", Basics),
    (D::TitleNumber, "title_number", Basics),
    (D::TitleLong, "title_long", Basics),
    (D::YearInFuture, "year_in_future", Basics),
    (D::RuntimeZero, "runtime_zero", Basics),
    (D::ShiftedRow, "shifted_row", Basics),
    (D::UnknownTitleType, "unknown_title_type", Basics),
    (D::UnknownGenre, "unknown_genre", Basics),
    (D::DuplicateTitle, "duplicate_title", Basics),
    (D::UnknownAkaType, "unknown_aka_type", Akas),
    (D::UnknownRegion, "unknown_region", Akas),
    (D::TwoOriginals, "two_originals", Akas),
    (D::DuplicateAka, "duplicate_aka", Akas),
    (D::RepeatedAka, "repeated_aka", Akas),
    (D::AkasOutOfOrder, "akas_out_of_order", Akas),
    (D::AkaOfUnknownTitle, "aka_of_unknown_title", Akas),
    (D::CrewOfUnknownTitle, "crew_of_unknown_title", Crew),
    (D::CrewUnknownPerson, "crew_unknown_person", Crew),
    (D::SeasonZero, "season_zero", Episodes),
    (D::EpisodeUnnumbered, "episode_unnumbered", Episodes),
    (D::EpisodeNumberRepeated, "episode_number_repeated", Episodes),
    (D::EpisodeOfUnknownTitle, "episode_of_unknown_title", Episodes),
    (D::ParentAbsent, "parent_absent", Episodes),
    (D::ParentNoSeries, "parent_no_series", Episodes),
    (D::UnknownCategory, "unknown_category", Principals),
    (D::UnknownPerson, "unknown_person", Principals),
    (D::UnknownPersonOfDay1, "unknown_person_of_day_1", Principals),
    (D::DuplicatePrincipal, "duplicate_principal", Principals),
    (D::RepeatedPrincipal, "repeated_principal", Principals),
    (D::PrincipalsOutOfOrder, "principals_out_of_order", Principals),
    (D::PrincipalOfUnknownTitle, "principal_of_unknown_title", Principals),
    (D::QuotedJob, "quoted_job", Principals),
    (D::QuotedCharacter, "quoted_character", Principals),
    (D::DuplicateRating, "duplicate_rating", Ratings),
    (D::RatingOfUnknownTitle, "rating_of_unknown_title", Ratings),
    (D::NameNull, "name_null", Names),
    (D::NameEmpty, "name_empty", Names),
    (D::ProfessionEmpty, "profession_empty", Names),
    (D::BornEarly, "born_early", Names),
    (D::UnknownProfession, "unknown_profession", Names),
    (D::KnownForAbsent, "known_for_absent", Names),
];

/// Those for which titles are made; an unknown title is the id beside one of those.
pub const TITLE_CARRIERS: [Defect; 43] = [
    D::UnbalancedQuote,
    D::BackslashInside,
    D::BackslashLast,
    D::LineSeparator,
    D::NextLine,
    D::NoBreakSpace,
    D::JoinedEmoji,
    D::CombiningAccent,
    D::DirectionMark,
    D::TitleNull,
    D::TitleNone,
    D::TitleNumber,
    D::TitleLong,
    D::YearInFuture,
    D::RuntimeZero,
    D::ShiftedRow,
    D::UnknownTitleType,
    D::UnknownGenre,
    D::DuplicateTitle,
    D::UnknownAkaType,
    D::UnknownRegion,
    D::TwoOriginals,
    D::DuplicateAka,
    D::RepeatedAka,
    D::AkasOutOfOrder,
    D::AkaOfUnknownTitle,
    D::CrewOfUnknownTitle,
    D::CrewUnknownPerson,
    D::SeasonZero,
    D::EpisodeNumberFirst,
    D::EpisodeNumberRepeated,
    D::EpisodeOfUnknownTitle,
    D::ParentAbsent,
    D::ParentNoSeries,
    D::UnknownCategory,
    D::UnknownPerson,
    D::UnknownPersonOfDay1,
    D::DuplicatePrincipal,
    D::RepeatedPrincipal,
    D::PrincipalsOutOfOrder,
    D::PrincipalOfUnknownTitle,
    D::DuplicateRating,
    D::RatingOfUnknownTitle,
];

/// Those for which people are made.
pub const PERSON_CARRIERS: [Defect; 6] = [
    D::NameNull,
    D::NameEmpty,
    D::ProfessionEmpty,
    D::BornEarly,
    D::UnknownProfession,
    D::KnownForAbsent,
];

impl Defect {
    /// Whether it is one of a row of title.basics.
    pub fn of_titles(self) -> bool {
        DEFECTS.iter().any(|(defect, _, dataset)| *defect == self && *dataset == Basics)
    }

    /// Whether the title that carries it is an episode.
    pub fn of_episode(self) -> bool {
        matches!(
            self,
            D::UnbalancedQuote
                | D::ShiftedRow
                | D::SeasonZero
                | D::EpisodeNumberFirst
                | D::EpisodeNumberRepeated
                | D::ParentAbsent
                | D::ParentNoSeries
        )
    }

    /// Whether an importer may refuse the title that carries it: it is named in no other file but
    /// the ones where every title has a row.
    pub fn isolated(self) -> bool {
        matches!(self, D::ShiftedRow | D::UnknownTitleType)
    }
}
