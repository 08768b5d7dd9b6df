//! What is said of forms that are not served, in the words of a real server, which has more to offer.

use serde_json::json;

use super::super::failure::Failure;
use super::super::kinds::Kind;

/// 406.
pub(in super::super) fn not_acceptable() -> Failure {
    Failure::new(
        406,
        "NotAcceptable",
        "only the following media types are accepted: application/json, application/yaml, \
         application/vnd.kubernetes.protobuf",
    )
}

/// 406, of a media type that Kubernetes' own kinds never come in.
pub(super) fn not_available(is_list: bool) -> Failure {
    let streams = if is_list {
        ", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
    } else {
        ""
    };
    let message = format!(
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, \
         application/vnd.kubernetes.protobuf{streams}"
    );
    Failure { details: json!({}), ..Failure::new(406, "NotAcceptable", message) }
}

/// 406, of a form that is another one's.
pub(super) fn misfit(form: &str, is: &str, kind: &Kind, name: &str) -> Failure {
    let group = match kind.resource.group.split('.').next().unwrap_or_default() {
        _ if kind.is_custom() => "unstructured.Unstructured",
        "" => "core",
        first => first,
    };
    let of = match (kind.is_custom(), name == kind.list_kind) {
        (true, true) => format!("{group}List"),
        (true, false) => group.to_owned(),
        (false, _) => format!("{group}.{name}"),
    };
    let message = format!("you requested {form}, but the requested object is {is} (*{of})");
    Failure::new(406, "NotAcceptable", message)
}
