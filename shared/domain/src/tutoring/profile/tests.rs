use serde_json::json;

use super::*;

fn profile() -> serde_json::Value {
    json!({
        "displayName": "Ada L.", "headline": "Proofs with patience", "bio": "I taught.\nI teach.",
        "timeZone": "Europe/London", "country": "GB",
        "languages": [{ "language": "EN-gb", "level": "native" }],
        "subjects": [{ "subject": "algebra", "levels": ["school"], "yearsOfExperience": 5 }],
        "hourlyRate": { "amount": 4500, "currency": "USD" },
    })
}

fn read(value: serde_json::Value) -> Result<Profile, FieldErrors> {
    deserr::deserialize(value)
}

#[test]
fn a_profile_is_read_and_written_alike() {
    let read_once = read(profile()).unwrap();
    let written = serde_json::to_value(&read_once).unwrap();
    assert_eq!(written["languages"][0]["language"], "en-GB");
    assert_eq!(read(written.clone()).unwrap(), read_once);
    assert_eq!(serde_json::from_value::<Profile>(written).unwrap(), read_once);
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let mut value = profile();
    value["displayName"] = json!("  ");
    value["timeZone"] = json!("Mars/Olympus");
    value["country"] = json!("XX");
    value["languages"] =
        json!([{ "language": "en", "level": "native" }, { "language": "EN", "level": "basic" }]);
    value["subjects"] =
        json!([{ "subject": "Al Gebra", "levels": ["school", "school"], "yearsOfExperience": 71 }]);
    value["hourlyRate"]["amount"] = json!(999);
    value["trialPrice"] = json!({ "amount": 99, "currency": "USD" });
    value["videoUrl"] = json!("http://video.example/");
    value["email"] = json!("a@b.example");
    let mut fields: Vec<_> = read(value).unwrap_err().0.into_iter().map(|e| e.field).collect();
    fields.sort();
    let expected = [
        "country",
        "displayName",
        "email",
        "hourlyRate.amount",
        "languages[1].language",
        "subjects[0].levels[1]",
        "subjects[0].subject",
        "subjects[0].yearsOfExperience",
        "timeZone",
        "trialPrice.amount",
        "videoUrl",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn a_trial_and_a_video_are_optional_and_the_trial_is_in_the_currency_of_the_rate() {
    let mut value = profile();
    value["trialPrice"] = json!({ "amount": 900, "currency": "USD" });
    value["videoUrl"] = json!("https://video.example/ada");
    let written = serde_json::to_value(read(value.clone()).unwrap()).unwrap();
    assert_eq!((&written["trialPrice"], &written["videoUrl"]), (&value["trialPrice"], &value["videoUrl"]));
    let plain = serde_json::to_value(read(profile()).unwrap()).unwrap();
    assert!(plain.get("trialPrice").is_none() && plain.get("videoUrl").is_none());
    value["trialPrice"]["currency"] = json!("EUR");
    let errors = read(value).unwrap_err().0;
    assert_eq!(errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(), ["trialPrice.currency"]);
}
