//! The states and protocols of an upload.

use super::words::word_enum;

word_enum! {
    UploadState {
        /// Accepts bytes.
        Open = "open",
        /// All bytes have arrived and the video is being stored. Not interruptible while its node lives.
        Finishing = "finishing",
        /// The video is stored and submitted.
        Stored = "stored",
        /// Refused by the inspection.
        Refused = "refused",
        /// The report was submitted or closed by other means before the upload finished.
        Unwanted = "unwanted",
        /// Ended by its owner (`DELETE`).
        Terminated = "terminated",
        /// Received nothing for too long.
        Expired = "expired",
        /// Acknowledged bytes were lost; the phone starts again.
        Lost = "lost",
    }
}

impl UploadState {
    /// Whether the upload accepts bytes or is being stored.
    pub const fn is_alive(self) -> bool {
        matches!(self, Self::Open | Self::Finishing)
    }
}

word_enum! {
    /// The protocol by which a video is uploaded.
    Protocol {
        /// tus 1.0 on `/uploads`.
        Tus = "tus",
        /// The multipart POST of the API document.
        Form = "form",
    }
}
