//! Whether the way to the API server leads through a proxy of the environment: `HTTPS_PROXY` and
//! `NO_PROXY` as kubectl reads them. The client library reads the first without the second, and then no
//! local cluster can be reached from an office network.

use std::net::IpAddr;

use http::Uri;
use kube::config::Kubeconfig;

/// Whether the cluster of this context has a `proxy-url`, which counts more than the environment.
pub(super) fn is_configured(kubeconfig: &Kubeconfig, context: &str) -> bool {
    let context = kubeconfig.contexts.iter().find(|known| known.name == context);
    let cluster = context.and_then(|context| Some(&context.context.as_ref()?.cluster));
    let cluster = kubeconfig.clusters.iter().find(|known| Some(&known.name) == cluster);
    let proxy = cluster.and_then(|cluster| cluster.cluster.as_ref()?.proxy_url.as_deref());
    proxy.is_some_and(|proxy| !proxy.is_empty())
}

/// The proxy for this server; `variable` reads the environment.
pub(super) fn of_environment(server: &Uri, variable: impl Fn(&str) -> Option<String>) -> Option<Uri> {
    let set = |name: &str| {
        let lower = || variable(&name.to_ascii_lowercase()).filter(|value| !value.is_empty());
        variable(name).filter(|value| !value.is_empty()).or_else(lower)
    };
    let proxy = set(if server.scheme_str() == Some("http") { "HTTP_PROXY" } else { "HTTPS_PROXY" })?;
    let host = server.host()?.trim_matches(['[', ']']);
    let address: Option<IpAddr> = host.parse().ok();
    if host.eq_ignore_ascii_case("localhost") || address.is_some_and(|address| address.is_loopback()) {
        return None;
    }
    let excluded = set("NO_PROXY").unwrap_or_default();
    if excluded.split(',').any(|entry| excludes(entry.trim(), host, address, port(server))) {
        return None;
    }
    let proxy = if proxy.contains("://") { proxy } else { format!("http://{proxy}") };
    proxy.parse().ok()
}

fn port(server: &Uri) -> u16 {
    server.port_u16().unwrap_or(if server.scheme_str() == Some("http") { 80 } else { 443 })
}

/// One entry of `NO_PROXY`: `*`, a domain with its subdomains, an address, a network, each but `*` and
/// the network with or without a port.
fn excludes(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    if let Some((network, length)) = entry.split_once('/') {
        let within = || Some(is_within(address?, network.parse().ok()?, length.parse().ok()?));
        return within().unwrap_or(false);
    }
    let (name, only) = match entry.rsplit_once(':') {
        Some((name, digits)) if !name.contains(':') || name.ends_with(']') => (name, digits.parse().ok()),
        _ => (entry, Some(port)),
    };
    if name.is_empty() || only != Some(port) {
        return false;
    }
    if let Ok(excluded) = name.trim_matches(['[', ']']).parse::<IpAddr>() {
        return address == Some(excluded);
    }
    let name = name.trim_start_matches('*').to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    match name.strip_prefix('.') {
        Some(_) => host.ends_with(&name),
        None => host == name || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.')),
    }
}

fn is_within(address: IpAddr, network: IpAddr, length: u32) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(four) => (u128::from(four.to_bits()) << 96, 32),
        IpAddr::V6(six) => (six.to_bits(), 128),
    };
    let ((address, width), (network, of_network)) = (bits(address), bits(network));
    let differing = (address ^ network).leading_zeros();
    width == of_network && length <= width && differing >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(server: &str, variables: &[(&str, &str)]) -> Option<String> {
        let value = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        of_environment(&server.parse().unwrap(), value).map(|proxy| proxy.to_string())
    }

    #[test]
    fn a_server_is_reached_through_the_proxy_of_its_scheme() {
        let variables = [("HTTPS_PROXY", "proxy.corp:3128"), ("http_proxy", "http://plain.corp")];
        assert_eq!(proxy("https://api.corp:6443", &variables).as_deref(), Some("http://proxy.corp:3128/"));
        assert_eq!(proxy("http://api.corp", &variables).as_deref(), Some("http://plain.corp/"));
        assert_eq!(proxy("https://api.corp", &[]), None);
    }

    #[test]
    fn this_machine_and_what_no_proxy_names_are_reached_directly() {
        for (server, excluded) in [
            ("https://127.0.0.1:6443", ""),
            ("https://localhost:6443", ""),
            ("https://[::1]:6443", ""),
            ("https://api.corp", "*"),
            ("https://api.corp", "other, corp"),
            ("https://API.corp", ".corp"),
            ("https://api.corp:6443", "api.corp:6443"),
            ("https://10.1.2.3:6443", "10.1.2.3"),
            ("https://10.1.2.3:6443", "10.1.0.0/16"),
            ("https://[fd00::1]:6443", "fd00::/8"),
            ("https://[fd00::1]:6443", "[fd00::1]:6443"),
        ] {
            assert_eq!(
                proxy(server, &[("HTTPS_PROXY", "p:1"), ("NO_PROXY", excluded)]),
                None,
                "{server} {excluded}"
            );
        }
    }

    #[test]
    fn what_no_proxy_does_not_name_is_not_reached_directly() {
        for (server, excluded) in [
            ("https://apicorp", "corp"),
            ("https://corp", ".corp"),
            ("https://api.corp:6443", "api.corp:443"),
            ("https://10.2.0.1", "10.1.0.0/16"),
            ("https://10.2.0.1", "::/0"),
            ("https://10.2.0.1", "10.2.0.1/x,/,:,,10.2.0.0/99"),
        ] {
            let found = proxy(server, &[("HTTPS_PROXY", "p:1"), ("NO_PROXY", excluded)]);
            assert_eq!(found.as_deref(), Some("http://p:1/"), "{server} {excluded}");
        }
    }
}
