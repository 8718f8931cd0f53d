//! The command line, each option of which may also come from an environment variable.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is printed when the command line can't be used.
pub const USAGE: &str = "usage: stripe-stand-in --port N --state FILE --secret-key sk_test_… \
--publishable-key pk_test_… --webhook-secret whsec_… [--webhook-url URL] \
[--connect-webhook-secret whsec_… --connect-webhook-url URL] [--payouts by-themselves|by-hand] \
[--check-openapi CONTRACT]
(or the environment: STRIPE_STAND_IN_PORT, _STATE, _SECRET_KEY, _PUBLISHABLE_KEY, _WEBHOOK_SECRET, _WEBHOOK_URL, …)";

const ENVIRONMENT_PREFIX: &str = "STRIPE_STAND_IN_";
const OPTIONS: [&str; 10] = [
    "port",
    "state",
    "secret-key",
    "publishable-key",
    "webhook-url",
    "webhook-secret",
    "connect-webhook-url",
    "connect-webhook-secret",
    "payouts",
    "check-openapi",
];

/// How one stand-in is set up.
#[derive(Clone)]
pub struct Config {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The journal: everything that happened so far.
    pub state: PathBuf,
    /// The key that may do everything.
    pub secret_key: String,
    /// The key that may confirm and read a payment intent together with its client secret.
    pub publishable_key: String,
    /// Where events go; without it they wait.
    pub webhook_url: Option<String>,
    /// What deliveries are signed with.
    pub webhook_secret: String,
    /// The contract to which requests, answers and events are held; see [`crate::check`].
    pub check_openapi: Option<PathBuf>,
    /// Where events of connected accounts go; without it they wait.
    pub connect_webhook_url: Option<String>,
    /// What those are signed with.
    pub connect_webhook_secret: String,
    /// Whether payouts wait for an admin route to move them, or move by themselves.
    pub payouts_by_hand: bool,
}

impl Config {
    /// Reads options (`--name value` or `--name=value`), and what they leave out from `environment`.
    ///
    /// # Errors
    /// A sentence for the person at the terminal.
    pub fn read(
        arguments: impl Iterator<Item = String>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let mut given = options(arguments)?;
        for name in OPTIONS {
            let variable = format!("{ENVIRONMENT_PREFIX}{}", name.replace('-', "_").to_uppercase());
            if let Some(value) = environment(&variable).filter(|value| !value.is_empty()) {
                given.entry(name.to_owned()).or_insert(value);
            }
        }
        let mut take = |name: &str| given.remove(name).ok_or_else(|| format!("--{name} is missing\n{USAGE}"));
        let port = take("port")?;
        let config = Self {
            port: port.parse().map_err(|_| format!("--port {port}: not a port"))?,
            state: PathBuf::from(take("state")?),
            secret_key: take("secret-key")?,
            publishable_key: take("publishable-key")?,
            webhook_url: take("webhook-url").ok(),
            webhook_secret: take("webhook-secret")?,
            check_openapi: take("check-openapi").ok().map(PathBuf::from),
            connect_webhook_url: take("connect-webhook-url").ok(),
            connect_webhook_secret: take("connect-webhook-secret").unwrap_or_default(),
            payouts_by_hand: match take("payouts").as_deref() {
                Ok("by-hand") => true,
                Ok("by-themselves") | Err(_) => false,
                Ok(other) => return Err(format!("--payouts {other}: by-themselves or by-hand")),
            },
        };
        if config.connect_webhook_url.is_some() && config.connect_webhook_secret.is_empty() {
            return Err(format!("--connect-webhook-url wants --connect-webhook-secret\n{USAGE}"));
        }
        if !config.secret_key.starts_with("sk_test_") || !config.publishable_key.starts_with("pk_test_") {
            return Err("keys start with sk_test_ and pk_test_: a live key has no business here".to_owned());
        }
        Ok(config)
    }

    /// The address under which this stand-in is reached on its own machine.
    #[must_use]
    pub fn site(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn options(arguments: impl Iterator<Item = String>) -> Result<BTreeMap<String, String>, String> {
    let mut given = BTreeMap::new();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let Some(option) = argument.strip_prefix("--") else {
            return Err(format!("{argument}: not an option\n{USAGE}"));
        };
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (option.to_owned(), arguments.next()),
        };
        if !OPTIONS.contains(&name.as_str()) {
            return Err(format!("--{name}: no such option\n{USAGE}"));
        }
        let value = value.ok_or_else(|| format!("--{name} needs a value"))?;
        given.insert(name, value);
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> impl Iterator<Item = String> {
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter()
    }

    const ALL: &str =
        "--port 1 --state s --secret-key sk_test_a --publishable-key pk_test_a --webhook-secret w";

    #[test]
    fn an_option_wins_over_its_environment_variable() {
        let environment = |name: &str| (name == "STRIPE_STAND_IN_PORT").then(|| "2".to_owned());
        assert_eq!(Config::read(words(ALL), environment).map(|config| config.port), Ok(1));
    }

    #[test]
    fn a_live_key_is_refused() {
        let live = ALL.replace("sk_test_a", "sk_live_a");
        assert!(Config::read(words(&live), |_| None).is_err());
    }

    #[test]
    fn an_unknown_option_is_refused() {
        assert!(Config::read(words(&format!("{ALL} --colour red")), |_| None).is_err());
    }
}
