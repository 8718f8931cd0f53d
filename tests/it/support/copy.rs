//! Which copy of the platform the tests run against: all share one.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;

const MISSING: &str = "these tests need a running copy of the platform: `make test` starts one; by hand, \
     `python3 -m local test-up` does and prints LECTERN_TEST_ENDPOINTS and LECTERN_TEST_POSTGRES_URL to be set";

/// Where everything is.
pub struct Copy {
    /// Base URL of the API.
    pub api: String,
    /// Base URL of the emulator of AWS.
    pub emulator: String,
    pub stripe: String,
    /// The directory of the copy's data.
    pub state: PathBuf,
    endpoints: Value,
}

impl Copy {
    /// Of the environment. Stops the test when nothing is there.
    pub fn get() -> &'static Self {
        static COPY: OnceLock<Copy> = OnceLock::new();
        COPY.get_or_init(|| {
            let path = std::env::var("LECTERN_TEST_ENDPOINTS").unwrap_or_else(|_| panic!("{MISSING}"));
            let path = PathBuf::from(path);
            let text = std::fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}; {MISSING}", path.display()));
            let endpoints: Value = serde_json::from_str(&text).unwrap();
            let of = |name: &str| endpoints[name].as_str().unwrap().trim_end_matches('/').to_owned();
            let api = of("api");
            Self {
                emulator: api.split("/_aws/").next().unwrap().to_owned(),
                stripe: of("stripe"),
                state: path.parent().unwrap().to_owned(),
                api,
                endpoints,
            }
        })
    }

    /// The URL of a context's database, as the administrator.
    pub fn database(&self, context: &str) -> &str {
        self.endpoints["postgres"][context].as_str().unwrap()
    }

    /// The contexts that have a database.
    pub fn contexts(&self) -> impl Iterator<Item = &str> {
        self.endpoints["postgres"].as_object().unwrap().keys().map(String::as_str)
    }

    pub fn user_pool(&self) -> &str {
        self.endpoints["userPoolId"].as_str().unwrap()
    }

    /// Email and password of the demo account with a role.
    pub fn account(&self, role: &str) -> (&str, &str) {
        let accounts = self.endpoints["accounts"].as_array().unwrap();
        let account = accounts.iter().find(|account| account["role"] == role).unwrap();
        (account["email"].as_str().unwrap(), account["password"].as_str().unwrap())
    }
}
