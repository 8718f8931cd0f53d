//! Forms by which a browser sends a file straight to S3 (POST Object): a policy that says what may be sent,
//! and a signature over it (Signature Version 4).
//!
//! What S3 does with a form: it checks the signature and the time, that every field but the signature's own
//! is named by the policy, and that each is as the policy says; then the length of the file, and the file itself
//! against the field `x-amz-checksum-sha256` (`BadDigest` when they differ). The signer must have
//! `s3:PutObject` on the key. The emulator does all of this but the last: it takes any content of the right
//! length. So nobody may count on the checksum before the content itself has been looked at.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use jiff::{SignedDuration, Timestamp};
use lectern_domain::time::Instant;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;

use super::ObjectError;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The file that a form is for.
#[derive(Clone, Debug)]
pub struct Announced<'a> {
    /// Where it goes.
    pub key: &'a str,
    /// What it is sent as.
    pub content_type: &'a str,
    /// How many bytes it may have.
    pub bytes: RangeInclusive<u64>,
    /// Its SHA-256.
    pub sha256: [u8; 32],
}

/// What a client sends as `multipart/form-data`: the fields as they are, and then the file, as the field
/// `file`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostForm {
    /// Where to send it by POST.
    pub url: String,
    /// The fields, all of which are sent before the file.
    pub fields: BTreeMap<String, String>,
    /// When it ends.
    pub expires_at: Instant,
}

/// Who signs, for which bucket.
pub(super) struct Signer<'a> {
    pub bucket: &'a str,
    pub region: &'a str,
    pub access_key: &'a str,
    pub secret_key: &'a str,
    pub session_token: Option<&'a str>,
}

impl Signer<'_> {
    /// A form for one file, good for `life` from `at` on.
    pub fn form(
        &self,
        url: &str,
        file: &Announced<'_>,
        at: Timestamp,
        life: SignedDuration,
    ) -> Result<PostForm, ObjectError> {
        if !life.is_positive() {
            return Err(ObjectError("a form that has ended".to_owned()));
        }
        let (day, moment) = (at.strftime("%Y%m%d").to_string(), at.strftime("%Y%m%dT%H%M%SZ").to_string());
        let expires_at = at + life;
        let mut fields: BTreeMap<String, String> = [
            ("key", file.key.to_owned()),
            ("Content-Type", file.content_type.to_owned()),
            ("x-amz-checksum-algorithm", "SHA256".to_owned()),
            ("x-amz-checksum-sha256", STANDARD.encode(file.sha256)),
            ("x-amz-algorithm", ALGORITHM.to_owned()),
            ("x-amz-credential", format!("{}/{day}/{}/s3/aws4_request", self.access_key, self.region)),
            ("x-amz-date", moment),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        fields.extend(self.session_token.map(|token| ("x-amz-security-token".to_owned(), token.to_owned())));
        let mut conditions: Vec<Value> = fields.iter().map(|(name, value)| json!({ name: value })).collect();
        conditions.push(json!({ "bucket": self.bucket }));
        conditions.push(json!(["content-length-range", file.bytes.start(), file.bytes.end()]));
        let expiration = expires_at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        let policy = json!({ "expiration": expiration, "conditions": conditions }).to_string();
        let policy = STANDARD.encode(policy);
        let signature = signature(self.secret_key, &day, self.region, &policy)?;
        fields.insert("policy".to_owned(), policy);
        fields.insert("x-amz-signature".to_owned(), signature);
        Ok(PostForm { url: url.to_owned(), fields, expires_at: expires_at.into() })
    }
}

/// The signature of a policy in base64, made on `day` (`20270131`) for a bucket in `region`.
fn signature(secret_key: &str, day: &str, region: &str, policy: &str) -> Result<String, ObjectError> {
    let mut key = format!("AWS4{secret_key}").into_bytes();
    for part in [day, region, "s3", "aws4_request", policy] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|e| ObjectError(e.to_string()))?;
        mac.update(part.as_bytes());
        key = mac.finalize().into_bytes().to_vec();
    }
    Ok(hex::encode(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The policy of AWS's documentation, "Example: Browser-Based Upload using HTTP POST (Using AWS Signature
    /// Version 4)", in base64.
    const POLICY: &str = "\
eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tl\
dCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAg\
ICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhh\
bXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwg\
IiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAg\
ICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXot\
bWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkv\
dXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwN\
CiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";

    #[test]
    fn a_policy_is_signed_as_in_the_documentation_of_aws() {
        let made = signature("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20151229", "us-east-1", POLICY);
        assert_eq!(made.unwrap(), "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e");
    }

    fn form(session_token: Option<&str>, life: SignedDuration) -> Result<PostForm, ObjectError> {
        let signer = Signer {
            bucket: "files",
            region: "eu-central-1",
            access_key: "AKID",
            secret_key: "secret",
            session_token,
        };
        let file =
            Announced { key: "incoming/a", content_type: "image/png", bytes: 7..=7, sha256: [0xff; 32] };
        signer.form("https://files.example/", &file, "2026-11-21T12:00:00Z".parse().unwrap(), life)
    }

    #[test]
    fn a_form_fixes_bucket_key_type_length_checksum_and_end() {
        let form = form(Some("a-token"), SignedDuration::from_mins(15)).unwrap();
        assert_eq!(form.expires_at.to_string(), "2026-11-21T12:15:00Z");
        let policy = STANDARD.decode(&form.fields["policy"]).unwrap();
        let policy: Value = serde_json::from_slice(&policy).unwrap();
        assert_eq!(policy["expiration"], "2026-11-21T12:15:00.000Z");
        let conditions = policy["conditions"].as_array().unwrap();
        let checksum = "//////////////////////////////////////////8=";
        for wanted in [
            json!({ "bucket": "files" }),
            json!({ "key": "incoming/a" }),
            json!({ "Content-Type": "image/png" }),
            json!(["content-length-range", 7, 7]),
            json!({ "x-amz-checksum-sha256": checksum }),
            json!({ "x-amz-credential": "AKID/20261121/eu-central-1/s3/aws4_request" }),
            json!({ "x-amz-date": "20261121T120000Z" }),
            json!({ "x-amz-security-token": "a-token" }),
        ] {
            assert!(conditions.contains(&wanted), "{wanted} is not in {policy:#}");
        }
    }

    #[test]
    fn every_field_but_the_signature_is_named_by_the_policy_and_nothing_else_is() {
        for token in [None, Some("a-token")] {
            let form = form(token, SignedDuration::from_mins(1)).unwrap();
            let policy: Value =
                serde_json::from_slice(&STANDARD.decode(&form.fields["policy"]).unwrap()).unwrap();
            let mut named: Vec<_> = policy["conditions"].as_array().unwrap().iter().collect();
            for (name, value) in &form.fields {
                let at = named.iter().position(|condition| **condition == json!({ name: value }));
                assert_eq!(at.is_none(), name == "policy" || name == "x-amz-signature", "{name}");
                at.map(|at| named.remove(at));
            }
            assert_eq!(named.len(), 2, "bucket and length are no fields: {named:?}");
        }
    }

    #[test]
    fn a_form_that_has_ended_is_not_made() {
        assert!(form(None, SignedDuration::ZERO).is_err());
    }
}
