//! PNG (ISO/IEC 15948): a signature, then chunks, each with its length, type and CRC.

use super::{Refusal, split};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Largest length of a chunk and of a side that the standard allows.
const LENGTH_MAX: u32 = 0x7fff_ffff;
/// The chunks of which an image consists, and those that say how its colours and pixels are meant. Everything
/// else is words about it: text, time, EXIF with its place, or frames of an animation.
const SHOWN: [&[u8; 4]; 12] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP",
    b"pHYs",
];

struct Chunk<'a> {
    kind: [u8; 4],
    content: &'a [u8],
    /// With length and CRC.
    whole: &'a [u8],
}

/// A PNG that is whole.
pub struct Png<'a> {
    sides: (u32, u32),
    chunks: Vec<Chunk<'a>>,
}

impl<'a> Png<'a> {
    /// Follows the chunks to the end of the file.
    pub fn read(file: &'a [u8]) -> Result<Self, Refusal> {
        let broken = |what: &str| Refusal(format!("The PNG image is broken: {what}."));
        let mut rest =
            file.strip_prefix(SIGNATURE).ok_or_else(|| Refusal::new("The file is not a PNG image."))?;
        let mut chunks: Vec<Chunk<'a>> = Vec::new();
        while chunks.last().is_none_or(|chunk| chunk.kind != *b"IEND") {
            let (chunk, after) = next(rest).ok_or_else(|| broken("it was cut off"))?;
            let sum = crc32fast::hash(&chunk.whole[4..chunk.whole.len() - 4]);
            if !chunk.whole.ends_with(&sum.to_be_bytes()) {
                return Err(broken("a checksum inside it is wrong"));
            }
            let critical = chunk.kind[0].is_ascii_uppercase();
            if !chunk.kind.iter().all(u8::is_ascii_alphabetic) || (critical && !SHOWN.contains(&&chunk.kind))
            {
                return Err(broken("it has parts that no PNG image has"));
            }
            chunks.push(chunk);
            rest = after;
        }
        if !rest.is_empty() {
            return Err(broken("something follows its end"));
        }
        let header = chunks.first().and_then(header).ok_or_else(|| broken("its header makes no sense"))?;
        if !chunks.iter().any(|chunk| chunk.kind == *b"IDAT" && !chunk.content.is_empty()) {
            return Err(broken("it has no pixels"));
        }
        Ok(Self { sides: header, chunks })
    }

    /// Width and height, as the header says.
    pub fn sides(&self) -> (u32, u32) {
        self.sides
    }

    /// The image alone.
    pub fn without_metadata(&self) -> Vec<u8> {
        let mut file = SIGNATURE.to_vec();
        for chunk in self.chunks.iter().filter(|chunk| SHOWN.contains(&&chunk.kind)) {
            file.extend_from_slice(chunk.whole);
        }
        file
    }
}

fn next(bytes: &[u8]) -> Option<(Chunk<'_>, &[u8])> {
    let (length, rest) = split::<4>(bytes)?;
    let length = u32::from_be_bytes(length);
    if length > LENGTH_MAX {
        return None;
    }
    let length = usize::try_from(length).ok()?;
    let (kind, rest) = split::<4>(rest)?;
    let content = rest.get(..length)?;
    let (whole, after) = bytes.split_at_checked(length + 12)?;
    Some((Chunk { kind, content, whole }, after))
}

/// The sides, from a header that makes sense.
fn header(first: &Chunk<'_>) -> Option<(u32, u32)> {
    if first.kind != *b"IHDR" || first.content.len() != 13 {
        return None;
    }
    let (width, rest) = split::<4>(first.content)?;
    let (height, rest) = split::<4>(rest)?;
    let ([depth, colour, compression, filter, interlace], _) = split::<5>(rest)?;
    let depths: &[u8] = match colour {
        0 => &[1, 2, 4, 8, 16],
        3 => &[1, 2, 4, 8],
        2 | 4 | 6 => &[8, 16],
        _ => &[],
    };
    let known = depths.contains(&depth) && (compression, filter) == (0, 0) && interlace <= 1;
    known.then(|| (u32::from_be_bytes(width), u32::from_be_bytes(height)))
}
