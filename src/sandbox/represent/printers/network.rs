//! Services and what stands before and behind them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::columns::{AGE, NAME, age, at, items_at, labels, name, number_at, or, selector, text};
use super::Printer;

/// As many endpoints and hosts are shown.
const SHOWN: usize = 3;

pub(super) static SERVICE: Printer = Printer {
    columns: &[
        NAME,
        text("Type"),
        text("Cluster-IP"),
        text("External-IP"),
        text("Port(s)"),
        AGE,
        text("Selector").wide(),
    ],
    cells: |service, now| {
        vec![
            name(service),
            kind(service).into(),
            or(at(service, "/spec/clusterIP"), "<none>").into(),
            external(service).into(),
            or(&ports(service), "<none>").into(),
            age(service, now),
            labels(service.pointer("/spec/selector")).into(),
        ]
    },
};

fn kind(service: &Value) -> &str {
    or(at(service, "/spec/type"), if service.get("spec").is_some() { "ClusterIP" } else { "" })
}

fn external(service: &Value) -> String {
    let given: Vec<&str> = items_at(service, "/spec/externalIPs").iter().filter_map(Value::as_str).collect();
    match kind(service) {
        "ClusterIP" | "NodePort" => or(&given.join(","), "<none>").to_owned(),
        "LoadBalancer" => {
            let mut all = balancers(service);
            all.extend(given.into_iter().map(str::to_owned));
            or(&all.join(","), "<pending>").to_owned()
        }
        "ExternalName" => at(service, "/spec/externalName").to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

fn balancers(object: &Value) -> Vec<String> {
    let points = items_at(object, "/status/loadBalancer/ingress").iter();
    let addresses = points.map(|point| or(at(point, "/ip"), at(point, "/hostname")).to_owned());
    let addresses: BTreeSet<String> = addresses.filter(|address| !address.is_empty()).collect();
    addresses.into_iter().collect()
}

fn ports(service: &Value) -> String {
    let ports = items_at(service, "/spec/ports").iter().map(|port| {
        let (number, protocol) = (number_at(port, "/port"), or(at(port, "/protocol"), "TCP"));
        match number_at(port, "/nodePort") {
            0 => format!("{number}/{protocol}"),
            node => format!("{number}:{node}/{protocol}"),
        }
    });
    ports.collect::<Vec<_>>().join(",")
}

pub(super) static ENDPOINTS: Printer = Printer {
    columns: &[NAME, text("Endpoints"), AGE],
    cells: |endpoints, now| vec![name(endpoints), addresses(endpoints).into(), age(endpoints, now)],
};

fn addresses(endpoints: &Value) -> String {
    let mut all = Vec::new();
    for subset in items_at(endpoints, "/subsets") {
        let addresses = items_at(subset, "/addresses");
        let ports = items_at(subset, "/ports");
        if ports.is_empty() {
            all.extend(addresses.iter().map(|address| at(address, "/ip").to_owned()));
        }
        for port in ports {
            let host = |address: &Value| format!("{}:{}", at(address, "/ip"), number_at(port, "/port"));
            all.extend(addresses.iter().map(host));
        }
    }
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    match (all.join(","), more) {
        (shown, 0) => or(&shown, "<none>").to_owned(),
        (shown, more) => format!("{shown} + {more} more..."),
    }
}

pub(super) static INGRESS: Printer = Printer {
    columns: &[NAME, text("Class"), text("Hosts"), text("Address"), text("Ports"), AGE],
    cells: |ingress, now| {
        let tls = !items_at(ingress, "/spec/tls").is_empty();
        vec![
            name(ingress),
            or(at(ingress, "/spec/ingressClassName"), "<none>").into(),
            hosts(ingress).into(),
            balancers(ingress).join(",").into(),
            if tls { "80, 443" } else { "80" }.into(),
            age(ingress, now),
        ]
    },
};

fn hosts(ingress: &Value) -> String {
    let rules = items_at(ingress, "/spec/rules");
    let named = rules.iter().map(|rule| at(rule, "/host")).filter(|host| !host.is_empty());
    let hosts: Vec<&str> = named.take(SHOWN).collect();
    match hosts.len() {
        0 => "*".to_owned(),
        SHOWN if rules.len() > SHOWN => format!("{} + {} more...", hosts.join(","), rules.len() - SHOWN),
        _ => hosts.join(","),
    }
}

pub(super) static POLICY: Printer = Printer {
    columns: &[NAME, text("Pod-Selector"), AGE],
    cells: |policy, now| {
        vec![name(policy), selector(policy.pointer("/spec/podSelector")).into(), age(policy, now)]
    },
};
