//! Guesses what a file that is not an MP4 is, for the message of `NOT_MP4`.

/// Beginnings of files that people upload by mistake.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xFF\xD8\xFF", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"RIFF", "an AVI or WebP file"),
    (b"\x1A\x45\xDF\xA3", "a Matroska or WebM video"),
    (b"ID3", "an MP3 audio file"),
    (b"OggS", "an Ogg file"),
    (b"FLV", "a Flash video"),
    (b"\x47\x40", "an MPEG transport stream"),
    (b"\x00\x00\x01\xBA", "an MPEG program stream"),
    (b"<", "a web page or an XML document"),
    (b"{", "a JSON text"),
];

/// Guesses the type of a file from its first eight bytes.
pub(super) fn guess(first: &[u8]) -> Option<&'static str> {
    let known = SIGNATURES.iter().find(|(signature, _)| first.starts_with(signature));
    known.map(|(_, name)| *name)
}
