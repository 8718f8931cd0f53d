use std::sync::Mutex;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials as Own;
use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// A server that gives the answers that it is told, and remembers what it was asked.
struct Told {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Told {
    async fn to_answer(answers: &'static [(u16, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&asked);
        tokio::spawn(async move {
            for (status, body) in answers {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !is_whole(&request) {
                    assert!(socket.read_buf(&mut request).await.unwrap() > 0, "the request was cut off");
                }
                remembered.lock().unwrap().push(String::from_utf8(request).unwrap());
                let head =
                    format!("HTTP/1.1 {status} S\r\nconnection: close\r\ncontent-length: {}", body.len());
                socket.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

fn store(variables: &[(&str, &str)]) -> S3 {
    let own = Own::new("AKID", "secret", Some("a-token".to_owned()), None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(own))
        .build();
    S3::new(Arc::new(Env::of(variables).with_aws(config)), "EXPORT_BUCKET")
}

fn at_server(told: &Told) -> S3 {
    store(&[("EXPORT_BUCKET", "exports"), ("AWS_ENDPOINT_URL", &told.url)])
}

#[tokio::test]
async fn a_file_is_put_and_deleted_with_a_signature() {
    let told = Told::to_answer(&[(200, ""), (204, "")]).await;
    let store = at_server(&told);
    store.put("exports/a/b.zip", "application/zip", b"PK".to_vec()).await.unwrap();
    store.delete("exports/a/b.zip").await.unwrap();
    let asked = told.asked();
    assert!(
        asked[0].starts_with("PUT /exports/exports/a/b.zip?X-Amz-Algorithm=AWS4-HMAC-SHA256&"),
        "{}",
        asked[0]
    );
    assert!(asked[0].contains("X-Amz-Security-Token=a-token") && asked[0].contains("X-Amz-Signature="));
    assert!(asked[0].contains("content-type: application/zip") && asked[0].ends_with("\r\n\r\nPK"));
    assert!(asked[1].starts_with("DELETE /exports/exports/a/b.zip?"), "{}", asked[1]);
}

#[tokio::test]
async fn a_list_goes_on_to_its_end() {
    let told = Told::to_answer(&[
        (
            200,
            r#"<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
               <IsTruncated>true</IsTruncated><NextContinuationToken>more</NextContinuationToken>
               <Contents><Key>exports/a/1.zip</Key><Size>3</Size></Contents></ListBucketResult>"#,
        ),
        (
            200,
            r#"<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
               <IsTruncated>false</IsTruncated>
               <Contents><Key>exports/a/2.zip</Key><Size>3</Size></Contents></ListBucketResult>"#,
        ),
    ])
    .await;
    let keys = at_server(&told).list("exports/a/").await.unwrap();
    assert_eq!(keys, ["exports/a/1.zip", "exports/a/2.zip"]);
    let asked = told.asked();
    assert!(asked[0].contains("prefix=exports%2Fa%2F") && !asked[0].contains("continuation-token"));
    assert!(asked[1].contains("continuation-token=more"));
}

#[tokio::test]
async fn a_link_of_aws_names_bucket_file_and_end_and_asks_nobody() {
    let at = "2026-11-21T12:00:00Z".parse().unwrap();
    let life = SignedDuration::from_mins(15);
    let store = store(&[("EXPORT_BUCKET", "lectern-exports")]);
    let link = store.presigned_get("exports/a/b.zip", "lectern-data.zip", at, life).await.unwrap();
    assert!(
        link.starts_with("https://lectern-exports.s3.eu-central-1.amazonaws.com/exports/a/b.zip?"),
        "{link}"
    );
    for part in ["X-Amz-Expires=900", "X-Amz-Date=20261121T120000Z", "lectern-data.zip", "X-Amz-Signature="] {
        assert!(link.contains(part), "{link} lacks {part}");
    }
    let ended = store.presigned_get("a", "a", at, SignedDuration::from_secs(-1)).await;
    assert!(ended.is_err());
}

#[tokio::test]
async fn an_error_tells_neither_the_key_nor_the_signature() {
    let told = Told::to_answer(&[(403, "<Error><Key>exports/a</Key></Error>")]).await;
    let refused = at_server(&told).delete("exports/a").await.unwrap_err().to_string();
    assert_eq!(refused, "the store of files: status 403");
    let nowhere = store(&[("EXPORT_BUCKET", "exports"), ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")]);
    let unreachable = nowhere.delete("exports/secret").await.unwrap_err().to_string();
    assert!(!unreachable.contains("secret") && !unreachable.contains("X-Amz"), "{unreachable}");
}

#[tokio::test]
async fn a_file_is_read_up_to_a_length_and_one_that_is_not_there_is_nothing() {
    const LISTED: &str = r#"<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
        <IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>4</Size></Contents></ListBucketResult>"#;
    const NOTHING: &str = r#"<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
        <IsTruncated>false</IsTruncated></ListBucketResult>"#;
    let told = Told::to_answer(&[
        (200, "four"),
        (200, "four"),
        (404, ""),
        (403, ""),
        (200, NOTHING),
        (403, ""),
        (200, LISTED),
    ])
    .await;
    let store = at_server(&told);
    assert_eq!(store.get("a", 4).await.unwrap(), Found::File(b"four".to_vec()));
    assert_eq!(store.get("a", 3).await.unwrap(), Found::TooLarge);
    assert_eq!(store.get("a", 4).await.unwrap(), Found::Nothing);
    assert_eq!(store.get("a", 4).await.unwrap(), Found::Nothing, "forbidden, and not in the list");
    assert_eq!(store.get("a", 4).await.unwrap_err().to_string(), "the store of files: status 403");
    assert!(told.asked()[0].starts_with("GET /exports/a?"), "{}", told.asked()[0]);
}

#[tokio::test]
async fn a_form_goes_to_the_bucket_and_carries_the_token_of_the_role() {
    let file = Announced { key: "incoming/a", content_type: "image/png", bytes: 1..=9, sha256: [0; 32] };
    let at = "2026-11-21T12:00:00Z".parse().unwrap();
    let form = |store: S3| {
        let file = file.clone();
        async move { store.presigned_post(&file, at, SignedDuration::from_mins(15)).await.unwrap() }
    };
    let on_aws = form(store(&[("EXPORT_BUCKET", "lectern-files")])).await;
    assert_eq!(on_aws.url, "https://lectern-files.s3.eu-central-1.amazonaws.com/");
    assert_eq!(on_aws.fields["x-amz-security-token"], "a-token");
    let here = form(store(&[("EXPORT_BUCKET", "files"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")])).await;
    assert_eq!(here.url, "http://127.0.0.1:1/files/");
}
