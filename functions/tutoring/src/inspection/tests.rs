use proptest::prelude::*;

use super::samples::{
    announced, chunk, executable, exif, jpeg, jpeg_with, pdf, png, png_bomb, png_with, segment, zip_bomb,
};
use super::*;

const TYPES: [FileType; 3] = [FileType::Pdf, FileType::Png, FileType::Jpeg];

fn real(content_type: FileType) -> Vec<u8> {
    match content_type {
        FileType::Pdf => pdf(),
        FileType::Png => png(120, 130),
        FileType::Jpeg => jpeg(120, 130),
    }
}

fn refused(content_type: FileType, content: &[u8]) -> String {
    document(content, &announced(content_type, content)).unwrap_err().0
}

#[test]
fn real_files_are_taken() {
    for content_type in TYPES {
        let content = real(content_type);
        assert_eq!(document(&content, &announced(content_type, &content)), Ok(()), "{content_type}");
    }
}

#[test]
fn a_file_that_is_announced_as_another_type_is_refused_by_its_content() {
    for (announced_as, is) in TYPES.into_iter().flat_map(|a| TYPES.map(|b| (a, b))) {
        if announced_as != is {
            let reason = refused(announced_as, &real(is));
            assert!(reason.contains(announced_as.name()) && reason.contains(is.as_str()), "{reason}");
        }
    }
}

#[test]
fn programs_archives_and_texts_are_refused_whatever_they_are_called() {
    let page = b"<!doctype html><script>alert(1)</script>".to_vec();
    for content in [executable(), zip_bomb(), page, b"hello".to_vec()] {
        for content_type in TYPES {
            assert!(refused(content_type, &content).starts_with("The file is not"));
        }
    }
    assert!(refused(FileType::Pdf, &zip_bomb()).contains("application/zip"));
    assert!(refused(FileType::Png, &executable()).contains("executable"));
}

#[test]
fn what_was_announced_otherwise_is_refused_with_the_reason() {
    let content = pdf();
    let file = announced(FileType::Pdf, &content);
    let mut other = content.clone();
    other[100] ^= 1;
    let empty = document(&[], &file).unwrap_err().0;
    let shorter = document(&content[..content.len() - 1], &file).unwrap_err().0;
    let longer = document(&[&content[..], b"\n"].concat(), &file).unwrap_err().0;
    let changed = document(&other, &file).unwrap_err().0;
    assert_eq!(empty, "The file is empty.");
    assert!(shorter.contains(&format!("{} were announced", content.len())), "{shorter}");
    assert!(longer.contains("larger"), "{longer}");
    assert!(changed.contains("checksum"), "{changed}");
}

#[test]
fn an_image_that_claims_to_be_enormous_is_refused_without_unpacking_it() {
    for (width, height) in [(60_000, 60_000), (20_001, 1), (0, 5), (20_000, 20_000), (u32::MAX / 2, 1)] {
        let content = png_bomb(width, height);
        assert!(content.len() < 100, "a few bytes");
        let reason = refused(FileType::Png, &content);
        assert!(reason.contains("pixels"), "{reason}");
    }
    let reason = refused(FileType::Jpeg, &jpeg_with_sides(u16::MAX, u16::MAX));
    assert!(reason.contains("pixels"), "{reason}");
}

/// A small JPEG whose frame claims other sides.
fn jpeg_with_sides(width: u16, height: u16) -> Vec<u8> {
    let mut content = jpeg(8, 8);
    let frame = content.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap() + 5;
    content[frame..frame + 2].copy_from_slice(&height.to_be_bytes());
    content[frame + 2..frame + 4].copy_from_slice(&width.to_be_bytes());
    content
}

#[test]
fn a_photo_has_sides_that_can_be_shown() {
    for (width, height, taken) in
        [(99, 200, false), (100, 100, true), (200, 99, false), (6_000, 100, true), (6_001, 100, false)]
    {
        let content = png(width, height);
        let outcome = photo(&content, &announced(FileType::Png, &content));
        assert_eq!(outcome.is_ok(), taken, "{width} by {height}");
    }
    let content = pdf();
    assert!(photo(&content, &announced(FileType::Pdf, &content)).is_err());
}

#[test]
fn of_a_photo_nothing_is_kept_that_tells_of_place_person_or_camera() {
    const WORDS: [&str; 3] = ["GPSLatitude", "Quornvrab", "secret"];
    let plain = png(100, 100);
    let words = [
        chunk(b"eXIf", b"II*\0 GPSLatitude Quornvrab"),
        chunk(b"tEXt", b"Comment\0secret"),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0secret GPSLatitude"),
        chunk(b"zTXt", b"secret\0\0x"),
        chunk(b"tIME", &[7, 0xea, 5, 17, 12, 0, 0]),
        chunk(b"prVt", b"secret"),
    ];
    let content = png_with(100, 100, &words);
    let shown = photo(&content, &announced(FileType::Png, &content)).unwrap();
    assert_eq!(shown, plain, "the image itself is the same");

    let icc = segment(0xe2, b"ICC_PROFILE\0\x01\x01profile");
    let words = [
        exif(1),
        segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0secret GPSLatitude"),
        icc.clone(),
        segment(0xe2, b"MPF\0secret"),
        segment(0xed, b"Photoshop 3.0\0secret"),
        segment(0xfe, b"secret"),
    ];
    let mut content = jpeg_with(100, 100, &words);
    content.extend_from_slice(b"secret after the end");
    let shown = photo(&content, &announced(FileType::Jpeg, &content)).unwrap();
    assert_eq!(shown, jpeg_with(100, 100, &[icc]));
    for word in WORDS {
        assert!(!shown.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
}

#[test]
fn a_photo_that_lies_on_its_side_is_still_shown_upright() {
    let content = jpeg_with(100, 120, &[exif(6)]);
    let shown = photo(&content, &announced(FileType::Jpeg, &content)).unwrap();
    let exif: Vec<_> = shown.windows(6).filter(|window| window == b"Exif\0\0").collect();
    assert_eq!(exif.len(), 1);
    assert!(!shown.windows(3).any(|window| window == b"GPS"));
    // What was made of it is a photo again, and is made the same of itself.
    assert_eq!(photo(&shown, &announced(FileType::Jpeg, &shown)), Ok(shown));
}

#[test]
fn a_smaller_copy_inside_a_jpeg_is_left_out() {
    let mut content = jpeg(100, 100);
    let small = segment(0xe0, &[b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01", &[1, 2, 3][..]].concat());
    content.splice(2..20, small);
    let shown = photo(&content, &announced(FileType::Jpeg, &content)).unwrap();
    assert_eq!(&shown[..4], &[0xff, 0xd8, 0xff, 0xdb], "tables follow the start at once");
}

#[test]
fn a_pdf_whose_end_points_nowhere_is_refused() {
    let text = String::from_utf8(pdf()).unwrap();
    let (before, _) = text.split_once("startxref").unwrap();
    for end in ["startxref\n5\n%%EOF\n", "startxref\n999999\n%%EOF", "startxref\nx\n%%EOF", "%%EOF", ""] {
        let reason = refused(FileType::Pdf, format!("{before}{end}").as_bytes());
        assert!(reason.starts_with("The PDF is broken"), "{reason}");
    }
    let stream = format!("{before}9 0 obj\nstartxref\n{}\n%%EOF", before.len());
    assert_eq!(document(stream.as_bytes(), &announced(FileType::Pdf, stream.as_bytes())), Ok(()));
}

proptest! {
    #[test]
    fn a_file_that_was_cut_off_anywhere_is_refused(part in 0_usize..1_000, which in 0_usize..3) {
        let content = real(TYPES[which]);
        // The last byte of the PDF is a line break, without which it is still whole.
        let kept = part * (content.len() - 1) / 1_000;
        let cut = &content[..kept];
        prop_assert!(document(cut, &announced(TYPES[which], cut)).is_err());
    }

    #[test]
    fn a_png_with_one_byte_changed_is_refused(at in 0_usize..10_000, flip in 1_u8..) {
        let mut content = png(110, 100);
        let at = at % content.len();
        content[at] ^= flip;
        prop_assert!(document(&content, &announced(FileType::Png, &content)).is_err());
    }

    #[test]
    fn whatever_comes_is_taken_or_refused_and_nothing_breaks(
        noise in proptest::collection::vec(any::<u8>(), 0..200), which in 0_usize..3, keep in 0_usize..400,
    ) {
        let mut content = real(TYPES[which]);
        content.truncate(keep);
        content.extend(noise);
        let file = announced(TYPES[which], &content);
        let _either = (document(&content, &file), photo(&content, &file));
    }

    #[test]
    fn what_is_shown_of_a_photo_is_a_photo_and_no_larger(side in 0_u8..12, words in "[a-z]{0,60}") {
        let content = jpeg_with(104, 100, &[exif(side), segment(0xfe, words.as_bytes())]);
        let shown = photo(&content, &announced(FileType::Jpeg, &content)).unwrap();
        prop_assert!(shown.len() <= content.len());
        prop_assert!(document(&shown, &announced(FileType::Jpeg, &shown)).is_ok());
    }
}
