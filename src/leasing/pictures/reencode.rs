//! Decodes an uploaded picture and encodes it again as PNG, so that metadata and hidden payloads are
//! never served.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

/// In pixels. Rejects extreme strips; the memory limit is separate.
const LONGEST_SIDE: u32 = 10_000;
/// What decoding a JPEG takes at most: coefficients of three colours, and the result.
const BYTES_PER_PIXEL: u64 = 10;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";
/// SOS and EOI. Neither occurs in the data between them: an FF byte there is followed by a zero
/// (ITU-T T.81 §B.1.1.5).
const JPEG_SCAN: &[u8] = b"\xff\xda";
const JPEG_END: &[u8] = b"\xff\xd9";

/// Why a picture is refused.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error("the picture must be a PNG or a JPEG")]
    UnknownFormat,
    #[error("the picture is too large: at most {LONGEST_SIDE} pixels a side and {0} in total")]
    TooLarge(u64),
    #[error("the picture is damaged or incomplete")]
    Damaged,
}

/// The picture as a PNG with no side longer than `side`. Decoding takes at most `memory` bytes. An
/// animation becomes its first frame.
pub(super) fn reencode(sent: &[u8], side: u32, memory: u64) -> Result<Vec<u8>, ImageError> {
    let mut picture = decode(sent, memory)?;
    if picture.width() > side || picture.height() > side {
        picture = picture.thumbnail(side, side);
    }
    let plain: DynamicImage = if picture.color().has_alpha() {
        picture.into_rgba8().into()
    } else {
        picture.into_rgb8().into()
    };
    let mut png = Cursor::new(Vec::new());
    plain.write_to(&mut png, ImageFormat::Png).map_err(|_| ImageError::Damaged)?;
    Ok(png.into_inner())
}

fn decode(sent: &[u8], memory: u64) -> Result<DynamicImage, ImageError> {
    let format = match sent {
        _ if sent.starts_with(PNG) => ImageFormat::Png,
        _ if sent.starts_with(JPEG) => ImageFormat::Jpeg,
        _ => return Err(ImageError::UnknownFormat),
    };
    if format == ImageFormat::Jpeg && !is_complete_jpeg(sent) {
        return Err(ImageError::Damaged);
    }
    let mut reader = ImageReader::with_format(Cursor::new(sent), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(memory);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| ImageError::Damaged)?;
    let (width, height) = decoder.dimensions();
    let max_pixels = memory / BYTES_PER_PIXEL;
    let pixels = u64::from(width) * u64::from(height);
    if width > LONGEST_SIDE || height > LONGEST_SIDE || pixels > max_pixels {
        return Err(ImageError::TooLarge(max_pixels));
    }
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|_| ImageError::Damaged)?;
    // Phones store the orientation as metadata, which our PNG does not keep.
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    Ok(picture)
}

/// The decoder fills in what is missing at the end of a JPEG instead of failing.
fn is_complete_jpeg(sent: &[u8]) -> bool {
    let last = |bytes: &[u8], marker: &[u8]| bytes.windows(2).rposition(|pair| pair == marker);
    let scan = last(sent, JPEG_SCAN).and_then(|at| sent.get(at..));
    scan.is_some_and(|scan| last(scan, JPEG_END).is_some())
}
