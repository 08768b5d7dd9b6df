//! The small ones: namespaces, configuration, accounts, leases.

use super::super::columns::{AGE, NAME, age, at, name, size_at, text};
use super::Printer;

pub(super) static NAMESPACE: Printer = Printer {
    columns: &[NAME, text("Status"), AGE],
    cells: |namespace, now| vec![name(namespace), at(namespace, "/status/phase").into(), age(namespace, now)],
};

pub(super) static CONFIG_MAP: Printer = Printer {
    columns: &[NAME, text("Data"), AGE],
    cells: |map, now| {
        vec![name(map), (size_at(map, "/data") + size_at(map, "/binaryData")).into(), age(map, now)]
    },
};

pub(super) static SECRET: Printer = Printer {
    columns: &[NAME, text("Type"), text("Data"), AGE],
    cells: |secret, now| {
        vec![name(secret), at(secret, "/type").into(), size_at(secret, "/data").into(), age(secret, now)]
    },
};

pub(super) static SERVICE_ACCOUNT: Printer =
    Printer { columns: &[NAME, AGE], cells: |account, now| vec![name(account), age(account, now)] };

pub(super) static LEASE: Printer = Printer {
    columns: &[NAME, text("Holder"), AGE],
    cells: |lease, now| vec![name(lease), at(lease, "/spec/holderIdentity").into(), age(lease, now)],
};
