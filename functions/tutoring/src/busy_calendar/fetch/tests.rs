//! The real client against a server in this process. What production can't be told is given here by hand:
//! that the loopback address is allowed, what a name leads to, and whose certificates are good.

use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{CertificateParams, Issuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::*;

const NAME: &str = "calendar.example";
const ICAL: &str = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n";

/// A server that answers each path as it is told.
struct Server {
    port: u16,
    authority: reqwest::Certificate,
    asked: Arc<AtomicUsize>,
}

/// What a path is answered with: the head after `HTTP/1.1 `, and the body; `None` leaves it unanswered.
type Answers = fn(&str) -> Option<(String, Vec<u8>)>;

impl Server {
    async fn start(answers: Answers) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let own_key = KeyPair::generate().unwrap();
        let names = vec![NAME.to_owned(), "127.0.0.1".to_owned()];
        let own = CertificateParams::new(names).unwrap().signed_by(&own_key, &issuer).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], PrivateKeyDer::Pkcs8(own_key.serialize_der().into()))
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (acceptor, asked) = (TlsAcceptor::from(Arc::new(config)), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, count) = (acceptor.clone(), Arc::clone(&count));
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await?;
                    let mut head = vec![0; 8_192];
                    let length = stream.read(&mut head).await?;
                    count.fetch_add(1, Ordering::SeqCst);
                    let head = String::from_utf8_lossy(&head[..length]).into_owned();
                    let path = head.split(' ').nth(1).unwrap_or_default();
                    match answers(path) {
                        Some((head, body)) => {
                            stream
                                .write_all(format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes())
                                .await?;
                            stream.write_all(&body).await?;
                            stream.shutdown().await
                        }
                        None => std::future::pending().await,
                    }
                });
            }
        });
        let authority = reqwest::Certificate::from_der(authority.der()).unwrap();
        Self { port, authority, asked }
    }

    fn url(&self, path: &str) -> CalendarUrl {
        self.url_of(NAME, path)
    }

    fn url_of(&self, host: &str, path: &str) -> CalendarUrl {
        CalendarUrl::parse(&format!("https://{host}:{}{path}", self.port)).unwrap()
    }

    /// Every name leads here, and here is allowed.
    fn calendars(&self) -> HttpsCalendars {
        self.calendars_with(|_| true, vec![vec![Ipv4Addr::LOCALHOST.into()]])
    }

    /// The name leads to the first of these when it is looked up first, and so on; at the end to the last.
    fn calendars_with(&self, allows: fn(IpAddr) -> bool, answers: Vec<Vec<IpAddr>>) -> HttpsCalendars {
        let answers = Arc::new(Mutex::new(answers));
        let look_up: LookUp = Arc::new(move |_| {
            let mut answers = answers.lock().unwrap();
            let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
            Box::pin(async move { Ok(answer) })
        });
        HttpsCalendars::with(allows, look_up, Some(self.authority.clone()), Duration::from_millis(1_500))
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn ok(body: &[u8]) -> Option<(String, Vec<u8>)> {
    Some((format!("200 OK\r\ncontent-length: {}", body.len()), body.to_vec()))
}

fn to(location: &str) -> Option<(String, Vec<u8>)> {
    Some((format!("302 Found\r\nlocation: {location}\r\ncontent-length: 0"), Vec::new()))
}

fn loopback_only(address: IpAddr) -> bool {
    address == IpAddr::from(Ipv4Addr::LOCALHOST)
}

#[tokio::test]
async fn a_calendar_is_fetched_over_https_and_through_redirects() {
    let server = Server::start(|path| match path {
        "/three" => to("/two"),
        "/two" => to("one?key=1"),
        "/one?key=1" => to("/calendar.ics"),
        _ => ok(ICAL.as_bytes()),
    })
    .await;
    let calendars = server.calendars();
    assert_eq!(calendars.fetch(&server.url("/calendar.ics")).await.as_deref(), Ok(ICAL));
    assert_eq!(calendars.fetch(&server.url("/three")).await.as_deref(), Ok(ICAL));
    assert_eq!(server.asked(), 5);
}

#[tokio::test]
async fn more_than_three_redirects_and_those_that_lead_astray_are_refused() {
    let server = Server::start(|path| match path {
        "/round" => to("/round"),
        "/plain" => to("http://calendar.example/"),
        "/signed-in" => to("https://ada:secret@calendar.example/"),
        "/file" => to("file:///etc/passwd"),
        _ => Some(("302 Found\r\ncontent-length: 0".to_owned(), Vec::new())),
    })
    .await;
    let calendars = server.calendars();
    for path in ["/round", "/plain", "/signed-in", "/file", "/nowhere"] {
        let before = server.asked();
        assert_eq!(calendars.fetch(&server.url(path)).await, Err(CalendarError::BadRedirect), "{path}");
        assert_eq!(server.asked() - before, if path == "/round" { 4 } else { 1 }, "{path}");
    }
}

#[tokio::test]
async fn production_connects_to_nothing_of_ours() {
    let server = Server::start(|_| ok(ICAL.as_bytes())).await;
    let calendars = HttpsCalendars::default();
    for host in
        ["127.0.0.1", "localhost", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254"]
    {
        let outcome = calendars.fetch(&server.url_of(host, "/")).await;
        assert_eq!(outcome, Err(CalendarError::NotPublic), "{host}");
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_also_when_it_did_not_at_first() {
    let server =
        Server::start(|path| if path == "/on" { to("/calendar.ics") } else { ok(ICAL.as_bytes()) }).await;
    let (here, private): (IpAddr, IpAddr) = (Ipv4Addr::LOCALHOST.into(), Ipv4Addr::new(10, 0, 0, 1).into());
    let fetch = async |answers: Vec<Vec<IpAddr>>, path| {
        server.calendars_with(loopback_only, answers).fetch(&server.url(path)).await
    };
    assert_eq!(fetch(vec![vec![private]], "/").await, Err(CalendarError::NotPublic));
    assert_eq!(fetch(vec![vec![here, private]], "/").await, Err(CalendarError::NotPublic), "one of two");
    assert_eq!(server.asked(), 0);
    // The name changes its mind between two requests, the way a trap would: nothing is kept from the first.
    assert_eq!(fetch(vec![vec![here], vec![private]], "/on").await, Err(CalendarError::NotPublic));
    assert_eq!(server.asked(), 1);
    assert!(fetch(vec![vec![here], vec![here], vec![private]], "/on").await.is_ok());
}

#[tokio::test]
async fn a_redirect_to_an_address_is_checked_before_it_is_followed() {
    let server = Server::start(|path| match path {
        "/metadata" => to("https://169.254.169.254/latest/meta-data/"),
        "/mapped" => to("https://[::ffff:10.0.0.1]/"),
        _ => to("https://127.1:1/"),
    })
    .await;
    // Everything public is allowed besides this one address.
    let calendars = server.calendars_with(
        |address| is_public(address) || loopback_only(address),
        vec![vec![Ipv4Addr::LOCALHOST.into()]],
    );
    for path in ["/metadata", "/mapped"] {
        assert_eq!(calendars.fetch(&server.url(path)).await, Err(CalendarError::NotPublic), "{path}");
    }
    assert_eq!(
        calendars.fetch(&server.url("/own")).await,
        Err(CalendarError::Unreachable),
        "allowed, but closed"
    );
}

#[tokio::test]
async fn too_large_is_refused_with_and_without_a_length() {
    let server = Server::start(|path| match path {
        "/said" => Some((format!("200 OK\r\ncontent-length: {}", BYTES_MAX + 1), Vec::new())),
        "/unsaid" => Some(("200 OK".to_owned(), vec![b'x'; BYTES_MAX + 1])),
        _ => ok(&vec![b'x'; BYTES_MAX]),
    })
    .await;
    let calendars = server.calendars();
    for path in ["/said", "/unsaid"] {
        assert_eq!(calendars.fetch(&server.url(path)).await, Err(CalendarError::TooLarge), "{path}");
    }
    assert_eq!(calendars.fetch(&server.url("/just")).await.map(|text| text.len()), Ok(BYTES_MAX));
}

#[tokio::test]
async fn too_slow_is_given_up_before_and_within_the_body() {
    let server = Server::start(|path| match path {
        "/half" => Some(("200 OK\r\ncontent-length: 100".to_owned(), b"BEGIN".to_vec())),
        _ => None,
    })
    .await;
    let calendars = server.calendars();
    assert_eq!(calendars.fetch(&server.url("/never")).await, Err(CalendarError::TooSlow));
    let half = calendars.fetch(&server.url("/half")).await;
    assert_eq!(half, Err(CalendarError::Unreachable), "an answer that breaks off is none");
}

#[tokio::test]
async fn each_refusal_has_its_kind() {
    let server = Server::start(|path| {
        let status = path.trim_start_matches('/');
        Some((format!("{status} Status\r\ncontent-length: 0"), Vec::new()))
    })
    .await;
    let calendars = server.calendars();
    let kinds = [
        ("/401", CalendarError::Refused),
        ("/403", CalendarError::Refused),
        ("/404", CalendarError::Refused),
        ("/410", CalendarError::Refused),
        ("/429", CalendarError::ServerFailed),
        ("/500", CalendarError::ServerFailed),
        ("/503", CalendarError::ServerFailed),
    ];
    for (path, kind) in kinds {
        assert_eq!(calendars.fetch(&server.url(path)).await, Err(kind), "{path}");
    }
    let strangers = Server::start(|_| ok(ICAL.as_bytes())).await;
    assert_eq!(
        server.calendars().fetch(&strangers.url("/")).await,
        Err(CalendarError::Unreachable),
        "a certificate of nobody we know"
    );
}
