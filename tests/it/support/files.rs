//! Files that tutors send, and how a browser sends them.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::http::Call;
use super::people::Person;
use super::wait::{SOON, until};
use super::world::World;

/// A PDF of one page with these words on it (without parentheses).
pub fn pdf(words: &str) -> Vec<u8> {
    let stream = format!("BT /F1 24 Tf 72 720 Td ({words}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let (mut file, mut table) = ("%PDF-1.4\n".to_owned(), "0000000000 65535 f \n".to_owned());
    for (nth, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", file.len());
        file += &format!("{} 0 obj\n{object}\nendobj\n", nth + 1);
    }
    let start = file.len();
    file += &format!("xref\n0 6\n{table}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file.into_bytes()
}

/// A grey JPEG of 160 by 160 pixels with a comment in it.
pub fn jpeg(comment: &str) -> Vec<u8> {
    let segment = |marker: u8, content: &[u8]| {
        let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker][..], &length, content].concat()
    };
    // One code of one bit in each table: a block like the one before, and nothing more of it.
    let table = |class: u8| [&[class, 1][..], &[0; 16]].concat();
    [
        vec![0xff, 0xd8],
        segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        segment(0xfe, comment.as_bytes()),
        segment(0xdb, &[&[0_u8][..], &[16; 64]].concat()),
        segment(0xc0, &[8, 0, 160, 0, 160, 1, 1, 0x11, 0]),
        segment(0xc4, &[table(0x00), table(0x10)].concat()),
        segment(0xda, &[1, 1, 0x00, 0, 63, 0]),
        // 400 blocks of two bits.
        vec![0; 100],
        vec![0xff, 0xd9],
    ]
    .concat()
}

/// What is announced of a file.
pub fn announcement(content_type: &str, content: &[u8]) -> Value {
    let sha256 = STANDARD.encode(digest(&SHA256, content));
    json!({ "contentType": content_type, "size": content.len(), "sha256": sha256 })
}

/// Sends a file by a form, some of whose fields are changed; gives S3's status.
pub async fn send(form: &Value, content: &[u8], changed: &[(&str, &str)]) -> u16 {
    let boundary = Uuid::new_v4().simple().to_string();
    let mut body = Vec::new();
    for (name, value) in form["fields"].as_object().unwrap() {
        let other = changed.iter().find(|(field, _)| field == name).map(|(_, value)| *value);
        let value = other.unwrap_or_else(|| value.as_str().unwrap());
        let part =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    body.extend_from_slice(format!("--{boundary}\r\n{head}").as_bytes());
    body.extend_from_slice(content);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let request = reqwest::Client::new()
        .post(form["url"].as_str().unwrap())
        .header("content-type", format!("multipart/form-data; boundary={boundary}"))
        .body(body);
    request.send().await.unwrap().status().as_u16()
}

/// What a link gives to whoever has it, and as what.
pub async fn fetch(link: &str) -> (u16, String, Vec<u8>) {
    let answer = reqwest::get(link).await.unwrap();
    let content_type = answer.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
    let status = answer.status().as_u16();
    (status, content_type.unwrap_or_default(), answer.bytes().await.unwrap().to_vec())
}

impl World {
    /// Announces a document; gives the answer with the form.
    pub async fn announces(&self, tutor: &Person, kind: &str, content_type: &str, content: &[u8]) -> Value {
        let mut body = announcement(content_type, content);
        body["kind"] = json!(kind);
        let call = Call::new("POST", "/v1/tutors/me/documents").token(&tutor.access_token).body(body);
        self.api.call(call).await.data(201).clone()
    }

    /// A document as its owner sees it.
    pub async fn document(&self, tutor: &Person, id: &str) -> Option<Value> {
        let answer = self.api.get("/v1/tutors/me/documents", &tutor.access_token).await;
        let documents = answer.data(200)["documents"].as_array().unwrap().clone();
        documents.into_iter().find(|document| document["documentId"] == id)
    }

    /// Waits until a document that was sent has been looked at.
    pub async fn looked_at(&self, tutor: &Person, id: &str) -> Value {
        until("the document is looked at", SOON, async || {
            let document = self.document(tutor, id).await?;
            (document["status"] != "awaiting_upload").then_some(document)
        })
        .await
    }

    /// Hands in a PDF of this kind, and waits until it is found good; gives its id.
    pub async fn hand_in(&self, tutor: &Person, kind: &str) -> String {
        let file = pdf(&format!("{kind} {}", Uuid::new_v4()));
        let announced = self.announces(tutor, kind, "application/pdf", &file).await;
        assert_eq!(send(&announced["upload"], &file, &[]).await, 204);
        let id = announced["documentId"].as_str().unwrap();
        let document = self.looked_at(tutor, id).await;
        assert_eq!(document["status"], "uploaded", "{document:#}");
        id.to_owned()
    }
}
