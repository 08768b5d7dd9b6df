//! Volumes, the claims on them, and their classes.

use jiff::Timestamp;
use serde_json::Value;

use super::super::columns::{AGE, NAME, age, at, boolean, is_terminating, items_at, name, or, text};
use super::Printer;

const CLASS_ANNOTATION: &str = "/metadata/annotations/volume.beta.kubernetes.io~1storage-class";
const DEFAULT_CLASS: [&str; 2] = [
    "/metadata/annotations/storageclass.kubernetes.io~1is-default-class",
    "/metadata/annotations/storageclass.beta.kubernetes.io~1is-default-class",
];

pub(super) static CLAIM: Printer = Printer {
    columns: &[
        NAME,
        text("Status"),
        text("Volume"),
        text("Capacity"),
        text("Access Modes"),
        text("StorageClass"),
        text("VolumeAttributesClass"),
        AGE,
        text("VolumeMode").wide(),
    ],
    cells: claim,
};

fn claim(claim: &Value, now: Timestamp) -> Vec<Value> {
    let volume = at(claim, "/spec/volumeName");
    let (capacity, modes) = match volume {
        "" => ("", String::new()),
        _ => (
            or(at(claim, "/status/capacity/storage"), "0"),
            access_modes(items_at(claim, "/status/accessModes")),
        ),
    };
    vec![
        name(claim),
        phase(claim).into(),
        volume.into(),
        capacity.into(),
        modes.into(),
        class(claim).into(),
        or(at(claim, "/spec/volumeAttributesClassName"), "<unset>").into(),
        age(claim, now),
        or(at(claim, "/spec/volumeMode"), "<unset>").into(),
    ]
}

pub(super) static VOLUME: Printer = Printer {
    columns: &[
        NAME,
        text("Capacity"),
        text("Access Modes"),
        text("Reclaim Policy"),
        text("Status"),
        text("Claim"),
        text("StorageClass"),
        text("VolumeAttributesClass"),
        text("Reason"),
        AGE,
        text("VolumeMode").wide(),
    ],
    cells: volume,
};

fn volume(volume: &Value, now: Timestamp) -> Vec<Value> {
    let claim = match volume.pointer("/spec/claimRef") {
        None | Some(Value::Null) => String::new(),
        Some(claim) => format!("{}/{}", at(claim, "/namespace"), at(claim, "/name")),
    };
    vec![
        name(volume),
        or(at(volume, "/spec/capacity/storage"), "0").into(),
        access_modes(items_at(volume, "/spec/accessModes")).into(),
        at(volume, "/spec/persistentVolumeReclaimPolicy").into(),
        phase(volume).into(),
        claim.into(),
        class(volume).into(),
        or(at(volume, "/spec/volumeAttributesClassName"), "<unset>").into(),
        at(volume, "/status/reason").into(),
        age(volume, now),
        or(at(volume, "/spec/volumeMode"), "<unset>").into(),
    ]
}

fn phase(object: &Value) -> &str {
    if is_terminating(object) { "Terminating" } else { at(object, "/status/phase") }
}

fn class(object: &Value) -> &str {
    or(at(object, CLASS_ANNOTATION), at(object, "/spec/storageClassName"))
}

/// Always in this order.
fn access_modes(modes: &[Value]) -> String {
    let known = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let given = known.iter().filter(|(mode, _)| modes.iter().any(|given| given == mode));
    given.map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}

pub(super) static CLASS: Printer = Printer {
    columns: &[
        NAME,
        text("Provisioner"),
        text("ReclaimPolicy"),
        text("VolumeBindingMode"),
        text("AllowVolumeExpansion"),
        AGE,
    ],
    cells: |class, now| {
        let default = DEFAULT_CLASS.iter().any(|annotation| at(class, annotation) == "true");
        let shown =
            if default { format!("{} (default)", at(class, "/metadata/name")).into() } else { name(class) };
        vec![
            shown,
            at(class, "/provisioner").into(),
            or(at(class, "/reclaimPolicy"), "Delete").into(),
            or(at(class, "/volumeBindingMode"), "Immediate").into(),
            (class["allowVolumeExpansion"] == true).into(),
            age(class, now),
        ]
    },
};

pub(super) static ATTACHMENT: Printer = Printer {
    columns: &[NAME, text("Attacher").of_names(), text("PV"), text("Node"), boolean("Attached"), AGE],
    cells: |attachment, now| {
        vec![
            name(attachment),
            at(attachment, "/spec/attacher").into(),
            at(attachment, "/spec/source/persistentVolumeName").into(),
            at(attachment, "/spec/nodeName").into(),
            (attachment["status"]["attached"] == true).into(),
            age(attachment, now),
        ]
    },
};
