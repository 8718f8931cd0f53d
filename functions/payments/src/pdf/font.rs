//! The typeface: which glyph a letter is, and how wide.

use std::sync::Arc;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};

/// The font can't be read.
#[derive(Debug, thiserror::Error)]
#[error("the font can't be read")]
pub struct FontError;

/// A font, and how it measures.
pub struct Typeface {
    font: Font,
    face: FontRef<'static>,
    units_per_em: u16,
}

impl Typeface {
    /// Ubuntu Light.
    pub fn new() -> Result<Self, FontError> {
        let bytes = epaint_default_fonts::UBUNTU_LIGHT;
        let data: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(bytes);
        let font = Font::new(data.into(), 0).ok_or(FontError)?;
        let face = FontRef::new(bytes).map_err(|_| FontError)?;
        let units_per_em = face.metrics(Size::unscaled(), LocationRef::default()).units_per_em;
        if units_per_em == 0 {
            return Err(FontError);
        }
        Ok(Self { font, face, units_per_em })
    }

    /// For drawing.
    pub fn font(&self) -> Font {
        self.font.clone()
    }

    /// A letter's glyph and its width in thousandths of the type's size.
    fn glyph(&self, letter: char) -> (u32, i32) {
        let id = self.face.charmap().map(letter).unwrap_or_default();
        let metrics = self.face.glyph_metrics(Size::unscaled(), LocationRef::default());
        // Unscaled, so a whole number of the font's units, far below what an i32 holds.
        let units = metrics.advance_width(id).unwrap_or_default() as i32;
        (id.to_u32(), units * 1_000 / i32::from(self.units_per_em))
    }

    /// How wide a text is, in thousandths of the type's size.
    pub fn width(&self, text: &str) -> i32 {
        text.chars().map(|letter| self.glyph(letter).1).sum()
    }

    /// A text for drawing: one glyph a letter, from left to right.
    pub fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let glyph = |(at, letter): (usize, char)| {
            let (id, thousandths) = self.glyph(letter);
            let range = at..at + letter.len_utf8();
            KrillaGlyph::new(GlyphId::new(id), share(thousandths), 0.0, 0.0, 0.0, range, None)
        };
        text.char_indices().map(glyph).collect()
    }
}

/// Thousandths as the fraction that a drawing wants.
#[expect(clippy::float_arithmetic, reason = "a place on paper, not money")]
fn share(thousandths: i32) -> f32 {
    thousandths as f32 / 1_000.0
}
