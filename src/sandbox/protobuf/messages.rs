//! The numbers of the fields of what clients send in protobuf, from the `generated.proto` of each group of
//! the API. What nobody sets from a command line is left out, and an object that has it is refused.

mod workload;

use Field::{Many, Map, One, Optional};
use Kind::{Bytes, Flag, Moment, Number, NumberOrText, Object, Quantity, Text};
use workload::{CRON_JOB, DEPLOYMENT, JOB, POD};

/// Number, name and what stands there.
pub(super) type Message = &'static [(u32, &'static str, Field)];

/// How often.
pub(super) enum Field {
    /// What is empty is as good as not there.
    One(Kind),
    /// What is empty was meant.
    Optional(Kind),
    Many(Kind),
    Map(Kind),
}

/// What.
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    Bytes,
    Moment,
    Quantity,
    NumberOrText,
    Object(Message),
}

/// Where the type stands in what is around each object.
pub(super) const ENVELOPE_TYPE: u64 = 1;
/// And where the object.
pub(super) const ENVELOPE_OBJECT: u64 = 2;

pub(super) const TYPE: Message = &[(1, "apiVersion", One(Text)), (2, "kind", One(Text))];
pub(super) const MOMENT: Message = &[(1, "seconds", One(Number)), (2, "nanos", One(Number))];
pub(super) const QUANTITY: Message = &[(1, "text", Optional(Text))];
pub(super) const NUMBER_OR_TEXT: Message =
    &[(1, "type", Optional(Number)), (2, "number", Optional(Number)), (3, "text", Optional(Text))];

const METADATA: (u32, &str, Field) = (1, "metadata", One(Object(OBJECT_META)));

const OBJECT_META: Message = &[
    (1, "name", One(Text)),
    (2, "generateName", One(Text)),
    (3, "namespace", One(Text)),
    (5, "uid", One(Text)),
    (6, "resourceVersion", One(Text)),
    (7, "generation", One(Number)),
    (8, "creationTimestamp", One(Moment)),
    (9, "deletionTimestamp", One(Moment)),
    (10, "deletionGracePeriodSeconds", Optional(Number)),
    (11, "labels", Map(Text)),
    (12, "annotations", Map(Text)),
    (13, "ownerReferences", Many(Object(OWNER))),
    (14, "finalizers", Many(Text)),
];

const OWNER: Message = &[
    (1, "kind", One(Text)),
    (3, "name", One(Text)),
    (4, "uid", One(Text)),
    (5, "apiVersion", One(Text)),
    (6, "controller", Optional(Flag)),
    (7, "blockOwnerDeletion", Optional(Flag)),
];

const SELECTOR: Message = &[
    (1, "matchLabels", Map(Text)),
    (
        2,
        "matchExpressions",
        Many(Object(&[(1, "key", One(Text)), (2, "operator", One(Text)), (3, "values", Many(Text))])),
    ),
];

const SERVICE: Message = &[
    METADATA,
    (
        2,
        "spec",
        One(Object(&[
            (
                1,
                "ports",
                Many(Object(&[
                    (1, "name", One(Text)),
                    (2, "protocol", One(Text)),
                    (3, "port", One(Number)),
                    (4, "targetPort", One(NumberOrText)),
                    (5, "nodePort", One(Number)),
                ])),
            ),
            (2, "selector", Map(Text)),
            (3, "clusterIP", One(Text)),
            (4, "type", One(Text)),
            (5, "externalIPs", Many(Text)),
            (7, "sessionAffinity", One(Text)),
            (10, "externalName", One(Text)),
        ])),
    ),
];

const BUDGET: Message = &[
    METADATA,
    (
        2,
        "spec",
        One(Object(&[
            (1, "minAvailable", Optional(NumberOrText)),
            (2, "selector", Optional(Object(SELECTOR))),
            (3, "maxUnavailable", Optional(NumberOrText)),
        ])),
    ),
];

const DELETE_OPTIONS: Message = &[
    (1, "gracePeriodSeconds", Optional(Number)),
    (
        2,
        "preconditions",
        Optional(Object(&[(1, "uid", Optional(Text)), (2, "resourceVersion", Optional(Text))])),
    ),
    (3, "orphanDependents", Optional(Flag)),
    (4, "propagationPolicy", Optional(Text)),
    (5, "dryRun", Many(Text)),
];

const EVICTION: Message = &[METADATA, (2, "deleteOptions", Optional(Object(DELETE_OPTIONS)))];

const RULES: (u32, &str, Field) = (
    2,
    "rules",
    Many(Object(&[
        (1, "verbs", Many(Text)),
        (2, "apiGroups", Many(Text)),
        (3, "resources", Many(Text)),
        (4, "resourceNames", Many(Text)),
        (5, "nonResourceURLs", Many(Text)),
    ])),
);

const BINDING: Message = &[
    METADATA,
    (
        2,
        "subjects",
        Many(Object(&[
            (1, "kind", One(Text)),
            (2, "apiGroup", One(Text)),
            (3, "name", One(Text)),
            (4, "namespace", One(Text)),
        ])),
    ),
    (
        3,
        "roleRef",
        One(Object(&[(1, "apiGroup", One(Text)), (2, "kind", One(Text)), (3, "name", One(Text))])),
    ),
];

const RESOURCE_ATTRIBUTES: Message = &[
    (1, "namespace", One(Text)),
    (2, "verb", One(Text)),
    (3, "group", One(Text)),
    (4, "version", One(Text)),
    (5, "resource", One(Text)),
    (6, "subresource", One(Text)),
    (7, "name", One(Text)),
];

const ACCESS_REVIEW: Message = &[
    METADATA,
    (
        2,
        "spec",
        One(Object(&[
            (1, "resourceAttributes", Optional(Object(RESOURCE_ATTRIBUTES))),
            (2, "nonResourceAttributes", Optional(Object(&[(1, "path", One(Text)), (2, "verb", One(Text))]))),
            (3, "user", One(Text)),
            (4, "groups", Many(Text)),
        ])),
    ),
];

/// The message of a kind. No two groups have kinds of one name that differ.
pub(super) fn of(kind: &str) -> Option<Message> {
    Some(match kind {
        "ClusterRoleBinding" | "RoleBinding" => BINDING,
        "ClusterRole" | "Role" => &[METADATA, RULES],
        "ConfigMap" => &[
            METADATA,
            (2, "data", Map(Text)),
            (3, "binaryData", Map(Bytes)),
            (4, "immutable", Optional(Flag)),
        ],
        "CronJob" => CRON_JOB,
        "DeleteOptions" => DELETE_OPTIONS,
        "Deployment" => DEPLOYMENT,
        "Eviction" => EVICTION,
        "Job" => JOB,
        "Namespace" => &[METADATA, (2, "spec", One(Object(&[(1, "finalizers", Many(Text))])))],
        "Pod" => POD,
        "PodDisruptionBudget" => BUDGET,
        "PriorityClass" => &[
            METADATA,
            (2, "value", One(Number)),
            (3, "globalDefault", One(Flag)),
            (4, "description", One(Text)),
            (5, "preemptionPolicy", Optional(Text)),
        ],
        "ResourceQuota" => {
            &[METADATA, (2, "spec", One(Object(&[(1, "hard", Map(Quantity)), (2, "scopes", Many(Text))])))]
        }
        "Secret" => &[
            METADATA,
            (2, "data", Map(Bytes)),
            (3, "type", One(Text)),
            (4, "stringData", Map(Text)),
            (5, "immutable", Optional(Flag)),
        ],
        "SelfSubjectAccessReview" | "SubjectAccessReview" => ACCESS_REVIEW,
        "SelfSubjectReview" => &[METADATA],
        "SelfSubjectRulesReview" => &[METADATA, (2, "spec", One(Object(&[(1, "namespace", One(Text))])))],
        "Service" => SERVICE,
        "ServiceAccount" => &[METADATA],
        "TokenRequest" => &[
            METADATA,
            (
                2,
                "spec",
                One(Object(&[(1, "audiences", Many(Text)), (4, "expirationSeconds", Optional(Number))])),
            ),
        ],
        _ => return None,
    })
}
