//! Reading a picture of somebody else, and writing it anew: nothing that was hidden in it is served.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

/// The longest side that is read, in pixels. Memory is limited apart: this is against strips.
const LONGEST_SIDE: u32 = 10_000;
/// Bytes a pixel takes at most while a JPEG is read: coefficients of three colours, and the result.
const BYTES_A_PIXEL: u64 = 10;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";
/// Where the picture of a JPEG begins, and where it ends. Bytes within never look so: an FF there is
/// followed by a zero (ITU-T T.81 §B.1.1.5).
const JPEG_SCAN: &[u8] = b"\xff\xda";
const JPEG_END: &[u8] = b"\xff\xd9";

/// Why a picture is not taken.
#[derive(Debug, thiserror::Error)]
pub enum DrawingError {
    /// Its first bytes are of something else.
    #[error("send a PNG or a JPEG")]
    Kind,
    /// It has too many pixels.
    #[error("the picture is too large: at most {LONGEST_SIDE} pixels a side, and {0} in all")]
    TooLarge(u64),
    /// It begins well, but cannot be read to its end.
    #[error("the picture is damaged or cut")]
    Damaged,
}

/// The picture as a PNG of ours, no side longer than `side`. What is read takes at most `memory`.
/// Of a moving one, the still.
pub(super) fn redrawn(sent: &[u8], side: u32, memory: u64) -> Result<Vec<u8>, DrawingError> {
    let mut picture = read(sent, memory)?;
    if picture.width() > side || picture.height() > side {
        picture = picture.thumbnail(side, side);
    }
    let plain: DynamicImage = if picture.color().has_alpha() {
        picture.into_rgba8().into()
    } else {
        picture.into_rgb8().into()
    };
    let mut png = Cursor::new(Vec::new());
    plain.write_to(&mut png, ImageFormat::Png).map_err(|_| DrawingError::Damaged)?;
    Ok(png.into_inner())
}

fn read(sent: &[u8], memory: u64) -> Result<DynamicImage, DrawingError> {
    let format = format(sent).ok_or(DrawingError::Kind)?;
    if format == ImageFormat::Jpeg && !is_whole_jpeg(sent) {
        return Err(DrawingError::Damaged);
    }
    let mut reader = ImageReader::with_format(Cursor::new(sent), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(memory);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| DrawingError::Damaged)?;
    let (width, height) = decoder.dimensions();
    let most = memory / BYTES_A_PIXEL;
    let pixels = u64::from(width) * u64::from(height);
    if width > LONGEST_SIDE || height > LONGEST_SIDE || pixels > most {
        return Err(DrawingError::TooLarge(most));
    }
    let turned = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|_| DrawingError::Damaged)?;
    // Phones store how they were held; what we write has no place for that.
    if let Some(turned) = turned {
        picture.apply_orientation(turned);
    }
    Ok(picture)
}

/// What it is by its first bytes, whatever it was said to be.
fn format(sent: &[u8]) -> Option<ImageFormat> {
    let kinds = [(PNG, ImageFormat::Png), (JPEG, ImageFormat::Jpeg)];
    kinds.into_iter().find(|(start, _)| sent.starts_with(start)).map(|(_, format)| format)
}

/// The decoder makes up what is missing at the end of a JPEG; half a picture is none.
fn is_whole_jpeg(sent: &[u8]) -> bool {
    let last = |bytes: &[u8], mark: &[u8]| bytes.windows(2).rposition(|pair| pair == mark);
    let scan = last(sent, JPEG_SCAN).and_then(|at| sent.get(at..));
    scan.is_some_and(|scan| last(scan, JPEG_END).is_some())
}
