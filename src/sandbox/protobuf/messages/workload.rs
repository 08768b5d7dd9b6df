//! Pods and what makes them.

use super::Field::{Many, Map, One, Optional};
use super::Kind::{Flag, Number, Object, Quantity, Text};
use super::{METADATA, Message, SELECTOR};

const CONTAINER: Message = &[
    (1, "name", One(Text)),
    (2, "image", One(Text)),
    (3, "command", Many(Text)),
    (4, "args", Many(Text)),
    (5, "workingDir", One(Text)),
    (
        6,
        "ports",
        Many(Object(&[
            (1, "name", One(Text)),
            (2, "hostPort", One(Number)),
            (3, "containerPort", One(Number)),
            (4, "protocol", One(Text)),
            (5, "hostIP", One(Text)),
        ])),
    ),
    (7, "env", Many(Object(&[(1, "name", One(Text)), (2, "value", One(Text))]))),
    (8, "resources", One(Object(&[(1, "limits", Map(Quantity)), (2, "requests", Map(Quantity))]))),
    (13, "terminationMessagePath", One(Text)),
    (14, "imagePullPolicy", One(Text)),
    (16, "stdin", One(Flag)),
    (17, "stdinOnce", One(Flag)),
    (18, "tty", One(Flag)),
    (20, "terminationMessagePolicy", One(Text)),
];

const POD_SPEC: Message = &[
    (2, "containers", Many(Object(CONTAINER))),
    (3, "restartPolicy", One(Text)),
    (4, "terminationGracePeriodSeconds", Optional(Number)),
    (5, "activeDeadlineSeconds", Optional(Number)),
    (6, "dnsPolicy", One(Text)),
    (7, "nodeSelector", Map(Text)),
    (8, "serviceAccountName", One(Text)),
    (9, "serviceAccount", One(Text)),
    (10, "nodeName", One(Text)),
    (11, "hostNetwork", One(Flag)),
    (19, "schedulerName", One(Text)),
    (20, "initContainers", Many(Object(CONTAINER))),
];

pub(super) const POD: Message = &[METADATA, (2, "spec", One(Object(POD_SPEC)))];

pub(super) const DEPLOYMENT: Message = &[
    METADATA,
    (
        2,
        "spec",
        One(Object(&[
            (1, "replicas", Optional(Number)),
            (2, "selector", Optional(Object(SELECTOR))),
            (3, "template", One(Object(POD))),
            (5, "minReadySeconds", One(Number)),
            (6, "revisionHistoryLimit", Optional(Number)),
            (7, "paused", One(Flag)),
        ])),
    ),
];

const JOB_SPEC: Message = &[
    (1, "parallelism", Optional(Number)),
    (2, "completions", Optional(Number)),
    (3, "activeDeadlineSeconds", Optional(Number)),
    (4, "selector", Optional(Object(SELECTOR))),
    (6, "template", One(Object(POD))),
    (7, "backoffLimit", Optional(Number)),
    (8, "ttlSecondsAfterFinished", Optional(Number)),
];

pub(super) const JOB: Message = &[METADATA, (2, "spec", One(Object(JOB_SPEC)))];

pub(super) const CRON_JOB: Message = &[
    METADATA,
    (
        2,
        "spec",
        One(Object(&[
            (1, "schedule", One(Text)),
            (3, "concurrencyPolicy", One(Text)),
            (4, "suspend", Optional(Flag)),
            (5, "jobTemplate", One(Object(JOB))),
        ])),
    ),
];
