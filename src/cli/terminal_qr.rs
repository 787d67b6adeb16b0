//! QR codes on a terminal.

use anyhow::Context as _;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// The QR code of a text, drawn with half blocks. Most terminals are dark, and phones read only dark modules on a
/// light background, so the colours are swapped.
pub(super) fn terminal_qr(text: &str) -> anyhow::Result<String> {
    let code = QrCode::new(text).context("the text is too long for a QR code")?;
    let mut renderer = code.render::<Dense1x2>();
    Ok(renderer.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}
