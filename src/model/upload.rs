//! The life of an upload, in words.

/// Where an upload is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UploadState {
    /// Bytes may be appended.
    Open,
    /// Everything is in; the video is being stored. Cannot be interrupted while its node lives.
    Finishing,
    /// Stored, submitted, told. For good.
    Stored,
    /// The bytes were refused by the inspection.
    Refused,
    /// The report did not want the finished bytes (submitted or closed meanwhile).
    Unwanted,
    /// Ended by its owner (tus termination).
    Terminated,
    /// Nothing came for too long.
    Expired,
    /// Acknowledged bytes cannot be found any more (F11): the phone starts again.
    Lost,
}

impl UploadState {
    const ALL: [Self; 8] = [
        Self::Open,
        Self::Finishing,
        Self::Stored,
        Self::Refused,
        Self::Unwanted,
        Self::Terminated,
        Self::Expired,
        Self::Lost,
    ];

    /// The word in the database and in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Finishing => "finishing",
            Self::Stored => "stored",
            Self::Refused => "refused",
            Self::Unwanted => "unwanted",
            Self::Terminated => "terminated",
            Self::Expired => "expired",
            Self::Lost => "lost",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether bytes can still come or are being stored.
    #[must_use]
    pub const fn is_alive(self) -> bool {
        matches!(self, Self::Open | Self::Finishing)
    }
}

/// The HTTP dialect by which an upload came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// tus 1.0 on `/uploads`.
    Tus,
    /// The documented multipart POST (E9).
    Form,
}

impl Door {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tus => "tus",
            Self::Form => "form",
        }
    }
}
