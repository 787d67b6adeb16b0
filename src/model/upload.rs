//! The states and protocols of an upload.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UploadState {
    /// Accepts bytes.
    Open,
    /// All bytes have arrived and the video is being stored. Not interruptible while its node lives.
    Finishing,
    /// The video is stored and submitted.
    Stored,
    /// Refused by the inspection.
    Refused,
    /// The report was submitted or closed by other means before the upload finished.
    Unwanted,
    /// Ended by its owner (`DELETE`).
    Terminated,
    /// Received nothing for too long.
    Expired,
    /// Acknowledged bytes were lost; the phone starts again.
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

    /// The value in the database and in responses.
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

    /// The inverse of [`UploadState::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether the upload accepts bytes or is being stored.
    pub const fn is_alive(self) -> bool {
        matches!(self, Self::Open | Self::Finishing)
    }
}

/// The protocol by which a video is uploaded. The database column is `door`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// tus 1.0 on `/uploads`.
    Tus,
    /// The multipart POST of the API document.
    Form,
}

impl Protocol {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tus => "tus",
            Self::Form => "form",
        }
    }
}
