//! JPEG (ITU-T T.81): markers with segments, and after each start of scan the coded pixels.

use super::{Refusal, split};

const START: u8 = 0xd8;
const END: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const COMMENT: u8 = 0xfe;
/// Scans of a progressive image at most: each costs whoever opens it a pass over all pixels.
const SCANS_MAX: usize = 100;

struct Segment<'a> {
    marker: u8,
    /// What follows the length.
    content: &'a [u8],
    /// What follows the marker: the length, the content, and after a start of scan the coded pixels.
    rest: &'a [u8],
}

/// A JPEG that is whole. What follows its end is none of it: cameras put a second picture there.
pub struct Jpeg<'a> {
    sides: (u32, u32),
    segments: Vec<Segment<'a>>,
}

impl<'a> Jpeg<'a> {
    /// Follows the markers to the end of the image.
    pub fn read(file: &'a [u8]) -> Result<Self, Refusal> {
        let broken = |what: &str| Refusal(format!("The JPEG image is broken: {what}."));
        let mut rest = match split(file) {
            Some(([0xff, START], rest)) => rest,
            _ => return Err(Refusal::new("The file is not a JPEG image.")),
        };
        let (mut segments, mut scans): (Vec<Segment<'a>>, usize) = (Vec::new(), 0);
        loop {
            let (marker, at) = marker(rest).ok_or_else(|| broken("it was cut off"))?;
            if marker == END {
                break;
            }
            let (segment, after) = segment(marker, at).ok_or_else(|| broken("it was cut off"))?;
            scans += usize::from(marker == START_OF_SCAN);
            segments.push(segment);
            rest = after;
        }
        if scans == 0 || scans > SCANS_MAX {
            return Err(broken("its pixels are not as they should be"));
        }
        let mut frames = segments.iter().filter(|segment| is_frame(segment.marker));
        let sides = match (frames.next(), frames.next()) {
            (Some(frame), None) => sides(frame),
            _ => None,
        };
        let sides = sides.ok_or_else(|| broken("it is of a kind that is not usual"))?;
        Ok(Self { sides, segments })
    }

    /// Width and height, as the frame says.
    pub fn sides(&self) -> (u32, u32) {
        self.sides
    }

    /// The image alone; of EXIF there stays which side is up, since else a photo lies on its side.
    pub fn without_metadata(&self) -> Vec<u8> {
        let mut file = vec![0xff, START];
        let orientation = self.segments.iter().find_map(orientation).filter(|side| (2..=8).contains(side));
        file.extend(orientation.into_iter().flat_map(exif_of_orientation));
        for segment in self.segments.iter().filter(|segment| is_shown(segment)) {
            file.extend([0xff, segment.marker]);
            file.extend_from_slice(segment.rest);
        }
        file.extend([0xff, END]);
        file
    }
}

/// The marker that comes next (it may be filled up with `0xff` before), and where its segment's length is.
fn marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let ([0xff], mut rest) = split::<1>(bytes)? else { return None };
    loop {
        let ([next], after) = split::<1>(rest)?;
        if next != 0xff {
            return (next != 0).then_some((next, after));
        }
        rest = after;
    }
}

/// The segment of a marker, and what follows it.
fn segment(marker: u8, bytes: &[u8]) -> Option<(Segment<'_>, &[u8])> {
    // A second start, and markers that stand alone: not outside of coded pixels.
    if matches!(marker, 0x01 | 0xd0..=START) {
        return None;
    }
    let (length, _) = split::<2>(bytes)?;
    let length = usize::from(u16::from_be_bytes(length));
    let content = bytes.get(2..length)?;
    let mut end = length;
    if marker == START_OF_SCAN {
        end += scan_length(bytes.get(length..)?)?;
    }
    let (rest, after) = bytes.split_at_checked(end)?;
    Some((Segment { marker, content, rest }, after))
}

/// How far coded pixels go: to the next marker that is neither a stuffed zero nor a restart.
fn scan_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7))
}

/// Start of frame of whatever kind: `0xc0` to `0xcf` without the tables and what is reserved among them.
const fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

/// The sides of a frame that browsers show: baseline, extended or progressive, with Huffman's codes.
fn sides(frame: &Segment<'_>) -> Option<(u32, u32)> {
    let ([_precision, h1, h0, w1, w0], _) = split::<5>(frame.content)?;
    let known = matches!(frame.marker, 0xc0..=0xc2);
    known.then(|| (u32::from(u16::from_be_bytes([w1, w0])), u32::from(u16::from_be_bytes([h1, h0]))))
}

/// Whether a segment is part of the image or says how its colours are meant. JFIF's own may hold a smaller
/// copy, which can show what was cut away.
fn is_shown(segment: &Segment<'_>) -> bool {
    match segment.marker {
        APP0 => segment.content.starts_with(b"JFIF\0") && segment.content.len() == 14,
        APP2 => segment.content.starts_with(b"ICC_PROFILE\0"),
        APP14 => segment.content.starts_with(b"Adobe"),
        marker => !matches!(marker, 0xe0..=0xef | 0xf0..=0xfd | COMMENT),
    }
}

/// Which side is up (1 to 8), as EXIF says: tag 0x0112 of the first directory.
fn orientation(segment: &Segment<'_>) -> Option<u8> {
    if segment.marker != APP1 {
        return None;
    }
    let tiff = segment.content.strip_prefix(b"Exif\0\0")?;
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let bytes = tiff.get(at..)?.first_chunk()?;
        Some(if little { u16::from_le_bytes(*bytes) } else { u16::from_be_bytes(*bytes) })
    };
    let first = tiff.get(4..)?.first_chunk()?;
    let first = if little { u32::from_le_bytes(*first) } else { u32::from_be_bytes(*first) };
    let first = usize::try_from(first).ok()?;
    let entries = usize::from(u16_at(first)?);
    let entry = (0..entries).map(|nth| first + 2 + 12 * nth).find(|at| u16_at(*at) == Some(0x0112))?;
    u8::try_from(u16_at(entry + 8)?).ok()
}

/// A segment of EXIF that says nothing but which side is up.
fn exif_of_orientation(side: u8) -> Vec<u8> {
    let mut segment = vec![0xff, APP1, 0, 34];
    segment.extend_from_slice(b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    segment.extend([side, 0, 0, 0, 0, 0, 0]);
    segment
}
