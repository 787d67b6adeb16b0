//! QR codes as PNG and SVG.

use std::error::Error;
use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};
use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode};

/// Pixels per module.
const MODULE: u32 = 8;
/// The quiet zone, in modules (ISO/IEC 18004 §6.3.8).
const MARGIN: u32 = 4;
const DARK: Luma<u8> = Luma([0]);
const LIGHT: Luma<u8> = Luma([255]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QrFormat {
    Png,
    Svg,
}

type BoxError = Box<dyn Error + Send + Sync>;

/// Level Q restores a quarter of the code: the print gets dirty on a vehicle.
fn encode(payload: &str) -> Result<QrCode, BoxError> {
    Ok(QrCode::with_error_correction_level(payload, EcLevel::Q)?)
}

pub(super) fn render(payload: &str, format: QrFormat) -> Result<Vec<u8>, BoxError> {
    match format {
        QrFormat::Png => png(payload),
        QrFormat::Svg => svg(payload),
    }
}

fn png(payload: &str) -> Result<Vec<u8>, BoxError> {
    let code = encode(payload)?;
    let (modules, colors) = (u32::try_from(code.width())?, code.to_colors());
    let side = (modules + 2 * MARGIN) * MODULE;
    let color_at = |x: u32, y: u32| {
        let (x, y) = ((x / MODULE).checked_sub(MARGIN)?, (y / MODULE).checked_sub(MARGIN)?);
        let at = usize::try_from(y * modules + x).ok().filter(|_| x < modules)?;
        colors.get(at).copied()
    };
    let pixel = |x, y| if color_at(x, y) == Some(Color::Dark) { DARK } else { LIGHT };
    let mut png = Cursor::new(Vec::new());
    GrayImage::from_fn(side, side, pixel).write_to(&mut png, ImageFormat::Png)?;
    Ok(png.into_inner())
}

fn svg(payload: &str) -> Result<Vec<u8>, BoxError> {
    let code = encode(payload)?;
    let mut renderer = code.render::<svg::Color<'_>>();
    let image = renderer.module_dimensions(MODULE, MODULE).quiet_zone(true).build();
    Ok(image.into_bytes())
}
