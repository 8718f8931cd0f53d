//! Buckets hold people's files: private, encrypted, over TLS alone, and not for ever.

use serde_json::{Value, json};

use super::none;
use super::template::{Resource, Template, list, target, templates, text};

fn complaints(template: &Template, bucket: Resource<'_>) -> Vec<String> {
    let (name, properties) = (bucket.name, bucket.properties);
    let mut complaints = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            complaints.push(format!("{}: {name} {what}", template.path));
        }
    };
    let shut = &properties["PublicAccessBlockConfiguration"];
    let all = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];
    must(all.iter().all(|each| shut[each] == true), "is open to the public");
    let encrypted = !properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0].is_null();
    must(encrypted, "is not encrypted");
    must(properties["VersioningConfiguration"].is_null(), "keeps what was erased");
    let ends = |rule: &Value| rule["Status"] == "Enabled" && !rule["ExpirationInDays"].is_null();
    let rules = list(&properties["LifecycleConfiguration"]["Rules"]);
    must(rules.into_iter().any(ends), "keeps files for ever");
    must(tls_only(template, name), "may be read without TLS");
    complaints
}

/// Whether a policy of the bucket denies everything that comes without TLS.
fn tls_only(template: &Template, bucket: &str) -> bool {
    template.of_kind("AWS::S3::BucketPolicy").filter(|p| target(&p.properties["Bucket"]) == bucket).any(
        |policy| {
            list(&policy.properties["PolicyDocument"]["Statement"]).into_iter().any(|statement| {
                let insecure = &statement["Condition"]["Bool"]["aws:SecureTransport"];
                statement["Effect"] == "Deny"
                    && list(&statement["Action"]).into_iter().any(|action| text(action) == "s3:*")
                    && (insecure == &json!("false") || insecure == &json!(false))
            })
        },
    )
}

#[test]
fn every_bucket_is_private_encrypted_and_forgets() {
    let all = templates();
    let buckets: Vec<_> =
        all.iter().flat_map(|t| t.of_kind("AWS::S3::Bucket").map(move |b| (t, b))).collect();
    assert!(!buckets.is_empty());
    none(
        &buckets.into_iter().flat_map(|(template, bucket)| complaints(template, bucket)).collect::<Vec<_>>(),
    );
}
