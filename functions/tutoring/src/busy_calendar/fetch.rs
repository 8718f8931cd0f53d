//! Fetching what somebody else's URL leads to, without becoming their way into our network.
//!
//! HTTPS only, no credentials, public addresses only, at most [`REDIRECTS_MAX`] redirects of which each is
//! checked like the first URL, at most [`BYTES_MAX`] bytes, at most [`TIME_MAX`] in all. The address is
//! checked where the connection gets it from: the client connects to what the resolver below gives it and
//! looks nothing up again, so a name that changes its mind between a check and the connection gains nothing.
//!
//! Nothing here writes the URL anywhere: not into a log, and not into an error.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use lectern_domain::tutoring::busy_calendar::{CalendarError, CalendarUrl, is_public};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

/// Most redirects that are followed.
pub const REDIRECTS_MAX: usize = 3;
/// Most bytes that are taken.
pub const BYTES_MAX: usize = 1024 * 1024;
/// Longest time for everything: look-up, connections, redirects, body.
pub const TIME_MAX: Duration = Duration::from_secs(5);

/// Where calendars come from.
#[async_trait]
pub trait Calendars: Send + Sync {
    /// The text at the URL.
    async fn fetch(&self, url: &CalendarUrl) -> Result<String, CalendarError>;
}

/// Looks up the addresses of a name.
type LookUp = Arc<dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The public Internet. There is no setting by which it would take anything else: what tests need instead,
/// only they can give it.
pub struct HttpsCalendars {
    client: reqwest::Result<Client>,
    allows: fn(IpAddr) -> bool,
    time_max: Duration,
}

impl Default for HttpsCalendars {
    fn default() -> Self {
        Self::with(is_public, Arc::new(|name| Box::pin(look_up(name))), None, TIME_MAX)
    }
}

async fn look_up(name: String) -> std::io::Result<Vec<IpAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect())
}

impl HttpsCalendars {
    fn with(
        allows: fn(IpAddr) -> bool,
        look_up: LookUp,
        authority: Option<reqwest::Certificate>,
        time_max: Duration,
    ) -> Self {
        let builder = Client::builder()
            .https_only(true)
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .user_agent("lectern-busy-calendar")
            // A connection is used once: what is kept open was checked for another moment.
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(Guarded { look_up, allows }));
        let builder = match authority {
            Some(certificate) => builder.tls_certs_only([certificate]),
            None => builder,
        };
        Self { client: builder.build(), allows, time_max }
    }

    async fn follow(&self, url: &CalendarUrl) -> Result<String, CalendarError> {
        let mut url = url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let response = self.get(&url).await?;
            if !response.status().is_redirection() {
                return body(response).await;
            }
            let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            url = location.and_then(|to| url.join(to).ok()).ok_or(CalendarError::BadRedirect)?;
        }
        Err(CalendarError::BadRedirect)
    }

    async fn get(&self, url: &CalendarUrl) -> Result<Response, CalendarError> {
        // A host that is an address is never looked up, so the resolver doesn't get to see it.
        if url.address().is_some_and(|address| !(self.allows)(address)) {
            return Err(CalendarError::NotPublic);
        }
        let client = self.client.as_ref().map_err(|_| CalendarError::Unreachable)?;
        let request = client.get(url.secret()).header(ACCEPT, "text/calendar, text/plain;q=0.5, */*;q=0.1");
        let response = request.send().await.map_err(|error| kind_of(&error))?;
        match response.status() {
            status if status.is_success() || status.is_redirection() => Ok(response),
            status if status.is_server_error() => Err(CalendarError::ServerFailed),
            StatusCode::TOO_MANY_REQUESTS => Err(CalendarError::ServerFailed),
            _ => Err(CalendarError::Refused),
        }
    }
}

#[async_trait]
impl Calendars for HttpsCalendars {
    async fn fetch(&self, url: &CalendarUrl) -> Result<String, CalendarError> {
        tokio::time::timeout(self.time_max, self.follow(url)).await.unwrap_or(Err(CalendarError::TooSlow))
    }
}

/// The body, read no further than it is taken.
async fn body(mut response: Response) -> Result<String, CalendarError> {
    if response.content_length().is_some_and(|bytes| usize::try_from(bytes).is_ok_and(|b| b > BYTES_MAX)) {
        return Err(CalendarError::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| kind_of(&error))? {
        if bytes.len() + chunk.len() > BYTES_MAX {
            return Err(CalendarError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    // iCalendar is UTF-8 (RFC 5545, 3.1.4); a summary in something else must not cost the calendar.
    Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

fn kind_of(error: &reqwest::Error) -> CalendarError {
    if error.is_timeout() {
        return CalendarError::TooSlow;
    }
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if inner.is::<NotPublic>() {
            return CalendarError::NotPublic;
        }
        cause = inner.source();
    }
    CalendarError::Unreachable
}

/// The name leads to an address that isn't allowed.
#[derive(Debug, thiserror::Error)]
#[error("the name leads out of the public Internet")]
struct NotPublic;

/// Gives the client only addresses that are allowed, and none of a name that has others besides: such a name
/// is made for getting in.
struct Guarded {
    look_up: LookUp,
    allows: fn(IpAddr) -> bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, allows) = ((self.look_up)(name.as_str().to_owned()), self.allows);
        Box::pin(async move {
            let found = found.await?;
            if !found.iter().all(|address| allows(*address)) {
                return Err(NotPublic.into());
            }
            // The port is the URL's.
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests;
