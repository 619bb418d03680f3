//! Who sends a request: its address, through the proxies that are believed, and its token.

use std::net::IpAddr;

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::graphql::load::Client;

/// The header in which proxies tell for whom they ask. Only one is believed: in the other a client
/// could write what it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `Forwarded`, of RFC 7239.
    Forwarded,
}

impl std::str::FromStr for ForwardedHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "x-forwarded-for" => Ok(Self::XForwardedFor),
            "forwarded" => Ok(Self::Forwarded),
            _ => Err(format!("\"{text}\" is neither x-forwarded-for nor forwarded")),
        }
    }
}

impl ForwardedHeader {
    fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => header::X_FORWARDED_FOR,
            Self::Forwarded => header::FORWARDED,
        }
    }
}

/// The proxies that are believed.
#[derive(Clone, Debug)]
pub struct Proxies {
    /// Their addresses.
    pub trusted: Vec<IpNet>,
    /// Where they tell for whom they ask.
    pub header: ForwardedHeader,
}

impl Default for Proxies {
    fn default() -> Self {
        Self { trusted: loopback(), header: ForwardedHeader::XForwardedFor }
    }
}

/// The addresses of this machine.
pub fn loopback() -> Vec<IpNet> {
    let networks =
        [(IpAddr::from([127, 0, 0, 0]), 8), (IpAddr::from(std::net::Ipv6Addr::LOCALHOST), 128)];
    networks.into_iter().filter_map(|(address, bits)| IpNet::new(address, bits).ok()).collect()
}

/// Networks as a setting: addresses, with or without a number of bits, separated by commas.
///
/// # Errors
/// The first that is none.
pub fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let parse = |name: &str| {
        let network = name.parse().or_else(|_| name.parse::<IpAddr>().map(IpNet::from));
        network.map_err(|_| {
            format!("\"{name}\" is no address and no network, such as 10.0.0.1 or 10.0.0.0/8")
        })
    };
    names.map(parse).collect()
}

impl Proxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// Who a request is from: the last of those that it came through that is no believed proxy.
    pub fn address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut address = peer.to_canonical();
        if !self.trusts(address) {
            return address;
        }
        let lines: Vec<&str> =
            headers.get_all(self.header.name()).filter_map(|value| value.to_str().ok()).collect();
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            let told = match self.header {
                ForwardedHeader::XForwardedFor => parse_hop(hop),
                ForwardedHeader::Forwarded => forwarded_for(hop).and_then(parse_hop),
            };
            // Behind what cannot be read anything may stand.
            let Some(told) = told else { break };
            address = told;
            if !self.trusts(address) {
                break;
            }
        }
        address
    }
}

/// The `for` of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    })
}

/// An address, also with a port, in brackets or quotes.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let address = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?.parse().ok()?,
        None => match text.parse() {
            Ok(address) => address,
            Err(_) => text.rsplit_once(':')?.0.parse().ok()?,
        },
    };
    Some(IpAddr::to_canonical(&address))
}

/// Who sends a request. An address of this machine is not counted: that is who runs the server, not
/// a client, unless a proxy here tells for whom it asks.
pub fn identify(head: &RequestHead, proxies: &Proxies) -> Client {
    let address = head.peer_addr.map(|peer| proxies.address(peer.ip(), head.headers()));
    let address = address.filter(|address| !address.is_loopback());
    let bearer = head.headers().get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes);
    let token = bearer.and_then(|value| {
        let (scheme, token) = value.split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
    });
    Client::new(address, token.filter(|token| !token.is_empty()))
}

/// Whether a request comes from this machine, and from no proxy on it.
pub fn is_local(head: &RequestHead) -> bool {
    let told = [header::X_FORWARDED_FOR, header::FORWARDED, header::VIA];
    head.peer_addr.is_some_and(|peer| peer.ip().to_canonical().is_loopback())
        && !told.iter().any(|name| head.headers().contains_key(name))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn seen(header: ForwardedHeader, peer: &str, lines: &[&str]) -> String {
        let trusted = networks("127.0.0.1, 10.0.0.0/8, 2001:db8::/32").expect("networks");
        let mut request = TestRequest::default();
        for line in lines {
            request = request.append_header((header.name(), *line));
        }
        let request = request.to_http_request();
        let proxies = Proxies { trusted, header };
        proxies.address(peer.parse().expect("an address"), request.headers()).to_string()
    }

    #[test]
    fn the_last_hop_that_is_no_believed_proxy_is_the_client() {
        let x = |peer: &str, lines: &[&str]| seen(ForwardedHeader::XForwardedFor, peer, lines);
        assert_eq!(x("192.0.2.1", &["198.51.100.1"]), "192.0.2.1", "not a proxy");
        assert_eq!(x("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(x("127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(x("127.0.0.1", &["1.1.1.1, 198.51.100.1"]), "198.51.100.1", "made up");
        assert_eq!(x("127.0.0.1", &["198.51.100.1, 10.1.2.3"]), "198.51.100.1");
        assert_eq!(x("127.0.0.1", &["1.1.1.1", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(x("127.0.0.1", &["10.0.0.2, 10.0.0.3"]), "10.0.0.2");
        assert_eq!(x("127.0.0.1", &["198.51.100.1, nonsense, 10.0.0.3"]), "10.0.0.3");
        assert_eq!(x("127.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(x("::ffff:127.0.0.1", &["[2001:dead::1]:80"]), "2001:dead::1");
        assert_eq!(x("2001:db8::1", &["2001:dead::1"]), "2001:dead::1");
    }

    #[test]
    fn forwarded_is_read_where_it_is_chosen() {
        let f = |lines: &[&str]| seen(ForwardedHeader::Forwarded, "127.0.0.1", lines);
        assert_eq!(f(&["for=198.51.100.1;proto=https;by=203.0.113.43"]), "198.51.100.1");
        assert_eq!(f(&["for=1.1.1.1, For=\"[2001:dead::1]:4711\""]), "2001:dead::1");
        assert_eq!(f(&["for=198.51.100.1, for=10.0.0.1"]), "198.51.100.1");
        assert_eq!(f(&["for=198.51.100.1, for=_hidden"]), "127.0.0.1");
        assert_eq!(f(&["proto=https"]), "127.0.0.1");
    }

    #[test]
    fn a_network_that_is_none_is_named() {
        assert_eq!(networks("").map(|networks| networks.len()), Ok(0));
        let sentence = networks("10.0.0.1, 10.0.0.0/33").expect_err("33 bits");
        assert!(sentence.contains("10.0.0.0/33"), "{sentence}");
    }
}
