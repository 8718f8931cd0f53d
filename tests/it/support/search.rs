//! Looks for words in everything that the platform keeps: rows, items, objects, messages, logs.

use std::path::Path;

use serde_json::{Value, json};
use tokio_postgres::NoTls;

use super::archive::members;
use super::copy::Copy;
use super::world::World;

/// The tables of a database.
const TABLES: &str = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";

/// Words, and where they are looked for.
pub struct Search<'a> {
    world: &'a World,
    /// In lower case.
    words: Vec<String>,
}

impl<'a> Search<'a> {
    pub fn new(world: &'a World, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { world, words: words.into_iter().map(|word| word.into().to_lowercase()).collect() }
    }

    /// The words that a text holds, each with the place.
    fn look(&self, place: &str, text: &str) -> Vec<String> {
        let text = text.to_lowercase();
        let found = self.words.iter().filter(|word| text.contains(word.as_str()));
        found.map(|word| format!("{word} in {place}")).collect()
    }

    /// Everywhere.
    pub async fn everywhere(&self) -> Vec<String> {
        let mut found = self.postgres().await;
        found.extend(self.dynamodb().await);
        found.extend(self.objects().await);
        found.extend(self.queues().await);
        found.extend(self.logs().await);
        found
    }

    /// Every row of every table of every context's database, as text; what is in `bytea` too.
    pub async fn postgres(&self) -> Vec<String> {
        let mut found = Vec::new();
        for context in Copy::get().contexts() {
            let (client, connection) =
                tokio_postgres::connect(Copy::get().database(context), NoTls).await.unwrap();
            let connection = tokio::spawn(connection);
            for table in client.query(TABLES, &[]).await.unwrap() {
                let table: String = table.get(0);
                for word in &self.words {
                    let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
                    let sql = format!(
                        "SELECT count(*) FROM {table} t
                         WHERE strpos(lower(t::text), $1) > 0 OR strpos(t::text, $2) > 0"
                    );
                    let rows: i64 = client.query_one(&sql, &[word, &hex]).await.unwrap().get(0);
                    found.extend((rows > 0).then(|| format!("{word} in {rows} rows of {context}'s {table}")));
                }
            }
            drop(client);
            let _closed = connection.await;
        }
        found
    }

    /// Every item of every table.
    pub async fn dynamodb(&self) -> Vec<String> {
        let mut found = Vec::new();
        let tables = self.world.aws.json("dynamodb", "DynamoDB_20120810.ListTables", &json!({})).await;
        for table in tables["TableNames"].as_array().unwrap() {
            let table = table.as_str().unwrap();
            for item in self.world.aws.scan(table).await {
                found.extend(self.look(&format!("the table {table}"), &item.to_string()));
            }
        }
        found
    }

    /// Every object of every bucket, its name too, and what is inside of an archive.
    pub async fn objects(&self) -> Vec<String> {
        let mut found = Vec::new();
        for bucket in elements(&self.list("/").await, "Name") {
            let listed = self.list(&format!("/{bucket}?list-type=2&max-keys=1000")).await;
            assert!(!listed.contains("<IsTruncated>true"), "{bucket} holds more than one page");
            for key in elements(&listed, "Key") {
                let (status, bytes) = self.world.aws.object(&format!("/{bucket}/{key}")).await;
                // Deleted by another test meanwhile.
                if status == 404 {
                    continue;
                }
                let place = format!("{bucket}/{key}");
                found.extend(self.look(&place, &format!("{key} {}", String::from_utf8_lossy(&bytes))));
                if key.ends_with(".zip") {
                    for (name, content) in members(&bytes) {
                        let text = String::from_utf8_lossy(&content).into_owned();
                        found.extend(self.look(&format!("{place}!{name}"), &text));
                    }
                }
            }
        }
        found
    }

    async fn list(&self, path: &str) -> String {
        let (status, bytes) = self.world.aws.object(path).await;
        assert_eq!(status, 200, "{path}");
        String::from_utf8(bytes).unwrap()
    }

    /// Every message that waits in a queue.
    pub async fn queues(&self) -> Vec<String> {
        let url = format!("{}/_ministack/sqs/messages", Copy::get().emulator);
        let all: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        let mut found = Vec::new();
        for regions in all["messages"].as_object().unwrap().values() {
            for queues in regions.as_object().unwrap().values() {
                for (queue, messages) in queues.as_object().unwrap() {
                    found.extend(self.look(queue, &messages.to_string()));
                }
            }
        }
        found
    }

    /// Every line of every log group, and what the processes of the copy wrote.
    pub async fn logs(&self) -> Vec<String> {
        let mut found = Vec::new();
        let aws = &self.world.aws;
        let groups = aws.json("logs", "Logs_20140328.DescribeLogGroups", &json!({})).await;
        for group in groups["logGroups"].as_array().unwrap() {
            let mut query = json!({ "logGroupName": group["logGroupName"], "limit": 10_000 });
            loop {
                let page = aws.json("logs", "Logs_20140328.FilterLogEvents", &query).await;
                for event in page["events"].as_array().into_iter().flatten() {
                    let place = format!("the log {}", query["logGroupName"]);
                    found.extend(self.look(&place, event["message"].as_str().unwrap_or_default()));
                }
                if page["nextToken"].is_null() {
                    break;
                }
                query["nextToken"] = page["nextToken"].clone();
            }
        }
        found.extend(self.files(&Copy::get().state.join("logs")));
        found
    }

    fn files(&self, directory: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read(&path).unwrap_or_default();
            for line in String::from_utf8_lossy(&text).lines() {
                found.extend(self.look(&path.display().to_string(), line));
            }
        }
        found
    }
}

/// The contents of each element of this name.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(open.as_str()).skip(1);
    parts.filter_map(|part| Some(part.split_once(close.as_str())?.0.to_owned())).collect()
}
