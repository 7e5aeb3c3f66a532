//! Decides which requests are let in, and sets the headers of every response.
//!
//! Other pages in the user's browser can send requests here, and a name can be made to resolve to this address. Both show in
//! `Host`, `Origin` and `Sec-Fetch-Site`, which a page cannot choose.

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::sync::Arc;

/// The length in bytes of the longest path and query.
const MAX_URI: usize = 2048;

/// The content policy, which allows nothing but the page's own files and no frame around them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// The names under which the page may be asked for, each with its port.
#[derive(Clone, Debug)]
pub struct Names(Arc<[String]>);

impl Names {
    /// Takes the address that the server listens on, and the name and port of the user's choice, if there is one: that of a forwarded port.
    pub fn new(address: SocketAddr, also: Option<&str>) -> Self {
        let own = [address.to_string(), format!("localhost:{}", address.port())];
        Self(own.into_iter().chain(also.map(str::to_string)).collect())
    }

    /// Whether this is one of the names.
    fn contain(&self, host: &str) -> bool {
        self.0.iter().any(|name| host.eq_ignore_ascii_case(name))
    }
}

/// Answers or refuses a request, with the protective headers in either case.
pub async fn guard(State(names): State<Names>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&request, &names) {
        Some((status, why)) => (status, why).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Returns why a request is refused, if it is.
fn refusal(request: &Request, names: &Names) -> Option<(StatusCode, &'static str)> {
    let is_ours = |host: &str| names.contain(host);
    let (headers, uri) = (request.headers(), request.uri());
    let origin_is_ours = |origin: &str| origin.strip_prefix("http://").is_some_and(is_ours);
    let length = uri.path_and_query().map_or(0, |path| path.as_str().len());
    let other_origin =
        headers.contains_key(header::ORIGIN) && !single(headers, &header::ORIGIN).is_some_and(origin_is_ours);
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        Some((StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD"))
    } else if single(headers, &header::HOST).is_none_or(|host| !is_ours(host)) {
        Some((
            StatusCode::FORBIDDEN,
            "this page is served to its own host name only; sim explore --host NAME:PORT adds that of a forwarded port",
        ))
    } else if uri.authority().is_some_and(|authority| !is_ours(authority.as_str())) {
        Some((StatusCode::FORBIDDEN, "this is no proxy"))
    } else if other_origin || (uri.path().starts_with("/api/") && is_cross_site(headers)) {
        Some((StatusCode::FORBIDDEN, "other pages may not ask"))
    } else if length > MAX_URI {
        Some((StatusCode::URI_TOO_LONG, "too long a query"))
    } else {
        None
    }
}

/// Returns the value of a header that occurs exactly once, as text.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() { None } else { first.to_str().ok() }
}

/// Whether the browser says that another site's page makes the request. Links to the page itself may come from anywhere.
fn is_cross_site(headers: &HeaderMap) -> bool {
    let site = HeaderName::from_static("sec-fetch-site");
    headers.contains_key(&site) && !matches!(single(headers, &site), Some("same-origin" | "none"))
}
