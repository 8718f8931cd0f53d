//! What a tutor hands in before a verification: real files, sent as a browser sends them.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::people::Person;
use super::wait::{SOON, until};
use super::world::World;

/// A whole PDF of one empty page, with a comment that makes it unlike others.
pub fn pdf(comment: &str) -> Vec<u8> {
    let mut file = format!("%PDF-1.4\n% {comment}\n");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    ];
    let mut places = Vec::new();
    for (object, number) in objects.iter().zip(1..) {
        places.push(file.len());
        file += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let table = file.len();
    file += "xref\n0 4\n0000000000 65535 f \n";
    for place in places {
        file += &format!("{place:010} 00000 n \n");
    }
    file += &format!("trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
    file.into_bytes()
}

impl World {
    /// Hands in a file of this kind, and waits until it is found good; gives its id.
    pub async fn hand_in(&self, tutor: &Person, kind: &str) -> String {
        let file = pdf(&format!("{kind} {}", Uuid::new_v4()));
        let checksum = STANDARD.encode(digest(&SHA256, &file));
        let wanted = json!({
            "kind": kind, "contentType": "application/pdf", "size": file.len(), "sha256": checksum,
        });
        let path = "/v1/tutors/me/documents";
        let announced = self.api.post(path, &tutor.access_token, wanted).await;
        let document = announced.data(201);
        self.send(&document["upload"], &file).await;
        let id = document["documentId"].as_str().unwrap();
        until(&format!("the {kind} document is looked through"), SOON, async || {
            let listed = self.api.get(path, &tutor.access_token).await;
            let documents = listed.data(200)["documents"].as_array().unwrap().clone();
            let found = documents.into_iter().find(|document| document["documentId"] == id).unwrap();
            assert_ne!(found["status"], "rejected", "{found:#}");
            (found["status"] == "uploaded").then_some(())
        })
        .await;
        id.to_owned()
    }

    /// Sends a file by the form that the answer to its announcement has.
    async fn send(&self, upload: &Value, file: &[u8]) {
        let (body, boundary) = multipart(upload["fields"].as_object().unwrap(), file);
        let answer = reqwest::Client::new()
            .post(upload["url"].as_str().unwrap())
            .header("content-type", format!("multipart/form-data; boundary={boundary}"))
            .body(body)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{status}: {}", answer.text().await.unwrap());
    }
}

/// A form with a file at its end, where S3 wants it (RFC 7578).
fn multipart(fields: &serde_json::Map<String, Value>, file: &[u8]) -> (Vec<u8>, String) {
    let boundary = Uuid::new_v4().simple().to_string();
    let mut body = Vec::new();
    for (name, value) in fields {
        let value = value.as_str().unwrap();
        let part =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"document.pdf\"\r\n\
                Content-Type: application/pdf";
    body.extend(format!("--{boundary}\r\n{head}\r\n\r\n").into_bytes());
    body.extend_from_slice(file);
    body.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
    (body, boundary)
}

#[test]
fn the_file_that_is_handed_in_is_a_whole_pdf() {
    let file = String::from_utf8(pdf("a test")).unwrap();
    let table: usize = file.lines().rev().nth(1).unwrap().parse().unwrap();
    assert!(file[table..].starts_with("xref\n0 4\n"));
    for (line, number) in file[table..].lines().skip(3).take(3).zip(1..) {
        let place: usize = line[..10].parse().unwrap();
        assert!(file[place..].starts_with(&format!("{number} 0 obj")), "{line}");
    }
}
