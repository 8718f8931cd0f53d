//! Real files, made in code: small, whole, and with everything in them that must not be shown.

use lectern_domain::tutoring::upload::{AnnouncedFile, FileType, Sha256};
use sha2::Digest as _;

/// What somebody announces who will send this.
pub fn announced(content_type: FileType, content: &[u8]) -> AnnouncedFile {
    let size = u32::try_from(content.len()).unwrap();
    AnnouncedFile { content_type, size, sha256: Sha256(sha2::Sha256::digest(content).into()) }
}

/// A page with a few words on it.
pub fn pdf() -> Vec<u8> {
    let stream = "BT /F1 24 Tf 72 720 Td (A degree in mathematics) Tj ET";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    let mut table = "0000000000 65535 f \n".to_owned();
    for (nth, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", file.len());
        file += &format!("{} 0 obj\n{object}\nendobj\n", nth + 1);
    }
    let start = file.len();
    file += &format!("xref\n0 6\n{table}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file.into_bytes()
}

/// A chunk of a PNG.
pub fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut chunk = u32::try_from(content.len()).unwrap().to_be_bytes().to_vec();
    chunk.extend_from_slice(kind);
    chunk.extend_from_slice(content);
    let sum = crc32fast::hash(&chunk[4..]);
    chunk.extend_from_slice(&sum.to_be_bytes());
    chunk
}

fn header(width: u32, height: u32) -> Vec<u8> {
    [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat()
}

/// Rows of grey pixels as zlib stores what it doesn't compress.
fn pixels(width: u32, height: u32) -> Vec<u8> {
    let row: Vec<u8> = std::iter::once(0).chain((0..width).map(|x| x.to_le_bytes()[0])).collect();
    let raw = row.repeat(usize::try_from(height).unwrap());
    let mut stream = vec![0x78, 0x01];
    let mut blocks = raw.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap();
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in raw {
        a = (a + u32::from(byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    stream.extend(((b << 16) | a).to_be_bytes());
    stream
}

/// A grey PNG, without any words in it.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    png_with(width, height, &[])
}

/// A grey PNG with more chunks after the header.
pub fn png_with(width: u32, height: u32, more: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(chunk(b"IHDR", &header(width, height)));
    more.iter().for_each(|chunk| file.extend(chunk));
    file.extend(chunk(b"IDAT", &pixels(width, height)));
    file.extend(chunk(b"IEND", &[]));
    file
}

/// A few bytes that claim to be an image of this size.
pub fn png_bomb(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(chunk(b"IHDR", &header(width, height)));
    file.extend(chunk(b"IDAT", &pixels(1, 1)));
    file.extend(chunk(b"IEND", &[]));
    file
}

/// A segment of a JPEG.
pub fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap();
    [&[0xff, marker][..], &length.to_be_bytes(), content].concat()
}

/// EXIF as a camera writes it: which side is up, the place, who made it.
pub fn exif(side: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x03\0".to_vec();
    // Orientation, the directory of the place (which here is only words), the artist.
    tiff.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, side, 0, 0, 0]);
    tiff.extend([0x25, 0x88, 4, 0, 1, 0, 0, 0, 50, 0, 0, 0]);
    tiff.extend([0x3b, 0x01, 2, 0, 8, 0, 0, 0, 90, 0, 0, 0]);
    tiff.extend([0, 0, 0, 0]);
    tiff.extend_from_slice(b"GPSLatitude 51.5339 N GPSLongitude 9.9355 E Quornvrab");
    segment(0xe1, &[b"Exif\0\0", &tiff[..]].concat())
}

/// A grey baseline JPEG with these segments after its start. Every block is the same: difference of the mean
/// 0, and nothing else, two bits a block.
pub fn jpeg_with(width: u16, height: u16, more: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    file.extend(segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"));
    more.iter().for_each(|segment| file.extend(segment));
    file.extend(segment(0xdb, &[&[0_u8][..], &[16; 64]].concat()));
    let [[h1, h0], [w1, w0]] = [height.to_be_bytes(), width.to_be_bytes()];
    file.extend(segment(0xc0, &[8, h1, h0, w1, w0, 1, 1, 0x11, 0]));
    // One code of one bit in each table: a difference of 0, and the end of a block.
    let table = |class: u8| [&[class, 1][..], &[0; 15], &[0]].concat();
    file.extend(segment(0xc4, &[table(0x00), table(0x10)].concat()));
    file.extend(segment(0xda, &[1, 1, 0x00, 0, 63, 0]));
    let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
    let bits = blocks * 2;
    file.extend(std::iter::repeat_n(0, bits / 8));
    if bits % 8 > 0 {
        file.push(0xff >> (bits % 8));
    }
    file.extend([0xff, 0xd9]);
    file
}

/// A grey JPEG without any words in it.
pub fn jpeg(width: u16, height: u16) -> Vec<u8> {
    jpeg_with(width, height, &[])
}

/// The header of a zip archive whose one file unpacks to four gigabytes.
pub fn zip_bomb() -> Vec<u8> {
    let mut file = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0".to_vec();
    file.extend([0; 4]);
    file.extend(1_000_u32.to_le_bytes());
    file.extend(0xffff_fffe_u32.to_le_bytes());
    file.extend(5_u16.to_le_bytes());
    file.extend(0_u16.to_le_bytes());
    file.extend_from_slice(b"0.bin");
    file.extend([0; 1_000]);
    file
}

/// The beginning of a program for Windows.
pub fn executable() -> Vec<u8> {
    let mut file = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0".to_vec();
    file.extend([0; 44]);
    file.extend(64_u32.to_le_bytes());
    file.extend_from_slice(b"PE\0\0\x64\x86");
    file.extend([0; 500]);
    file
}
