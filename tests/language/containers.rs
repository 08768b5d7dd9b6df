//! `containers`: one container satisfies all keys, in pods as the kubelet reports them.

use super::*;

const POD: &str = r"{ metadata: { name: web-0 }, status: { phase: Running,
    initContainerStatuses: [ { name: setup, ready: true, restartCount: 0, state: { terminated: { exitCode: 0, reason: Completed } } },
                             { name: proxy, ready: false, restartCount: 9, state: { waiting: { reason: ErrImagePull } } } ],
    containerStatuses: [ { name: main, ready: false, restartCount: 5, state: { waiting: { reason: CrashLoopBackOff } },
                           lastState: { terminated: { exitCode: 137, reason: OOMKilled } } },
                         { name: side, ready: true, restartCount: 0, state: { running: {} }, lastState: {} } ],
    ephemeralContainerStatuses: [ { name: debug, ready: false, restartCount: 0, state: { terminated: { exitCode: 2, reason: Error } } } ] } }";

#[test]
fn one_container_satisfies_all_keys() {
    table(
        POD,
        &[
            ("containers: { waiting: CrashLoopBackOff }", YES),
            ("containers: { waiting: [ImagePullBackOff, CrashLoopBackOff], restarts: \">= 3\" }", YES),
            ("containers: { waiting: CrashLoopBackOff, restarts: \">= 6\" }", NO),
            ("containers: { waiting: CrashLoop }", NO),
            ("containers: { waiting: CrashLoopBackOff, ready: false }", YES),
            ("containers: { ready: true, restarts: \"> 0\" }", NO),
            ("containers: { restarts: \"== 0\" }", YES),
            ("containers: { terminated: OOMKilled }", NO),
            ("containers: { terminated: OOMKilled, last: true }", YES),
            ("containers: { exitCodes: 137, last: true }", YES),
            ("containers: { exitCodes: [1, 137] }", NO),
            (
                "containers: { waiting: CrashLoopBackOff, terminated: [OOMKilled], exitCodes: [137], last: true }",
                YES,
            ),
            ("containers: { waiting: ErrImagePull, terminated: [OOMKilled], last: true }", NO),
            ("containers: { totalRestarts: \"== 14\" }", YES),
            ("containers: { totalRestarts: \"== 5\", init: false }", YES),
            ("containers: { totalRestarts: \"> 10\", waiting: CrashLoopBackOff }", YES),
            ("containers: { totalRestarts: \"> 10\", waiting: Nothing }", NO),
        ],
    );
}

#[test]
fn init_and_ephemeral_containers_count_as_asked() {
    table(
        POD,
        &[
            ("containers: { waiting: ErrImagePull }", YES),
            ("containers: { waiting: ErrImagePull, init: true }", YES),
            ("containers: { waiting: ErrImagePull, init: false }", NO),
            ("containers: { waiting: ErrImagePull, init: only }", YES),
            ("containers: { waiting: CrashLoopBackOff, init: only }", NO),
            ("containers: { terminated: Completed }", YES),
            ("containers: { terminated: Error }", NO),
            ("containers: { terminated: Error, ephemeral: true }", YES),
            ("containers: { exitCodes: 2, ephemeral: true, init: false }", YES),
            ("containers: { exitCodes: 0 }", YES),
        ],
    );
}

#[test]
fn a_pod_that_reports_no_containers_is_unknown() {
    objects(
        "containers: { waiting: CrashLoopBackOff }",
        &[
            ("{}", UNKNOWN),
            ("{ status: { phase: Pending } }", UNKNOWN),
            ("{ status: { containerStatuses: [] } }", UNKNOWN),
            ("{ status: { containerStatuses: null } }", UNKNOWN),
            (
                "{ status: { ephemeralContainerStatuses: [ { state: { waiting: { reason: CrashLoopBackOff } } } ] } }",
                UNKNOWN,
            ),
            ("{ status: { containerStatuses: [ {} ] } }", NO),
            ("{ status: { containerStatuses: [ { state: null } ] } }", NO),
            ("{ status: { containerStatuses: [ { state: { waiting: {} } } ] } }", NO),
        ],
    );
    objects(
        "containers: { restarts: \"> 0\" }",
        &[
            ("{ status: { containerStatuses: [ { name: a } ] } }", UNKNOWN),
            ("{ status: { containerStatuses: [ { name: a }, { restartCount: 1 } ] } }", YES),
            ("{ status: { containerStatuses: [ { restartCount: 0 } ] } }", NO),
            ("{ status: { containerStatuses: [ { restartCount: \"1\" } ] } }", UNKNOWN),
        ],
    );
    objects(
        "containers: { waiting: X, init: only }",
        &[("{ status: { containerStatuses: [ { state: { waiting: { reason: X } } } ] } }", UNKNOWN)],
    );
}

#[test]
fn what_no_container_can_satisfy_is_refused() {
    for (keys, code) in [
        ("", Code::MissingKey),
        ("init: only", Code::MissingKey),
        ("last: true, ready: false", Code::MissingKey),
        ("waiting: A, terminated: B", Code::NeverTrue),
        ("waiting: A, ready: true", Code::NeverTrue),
        ("restarts: \"< 0\"", Code::NeverTrue),
        ("restarts: 3", Code::BadCount),
        ("restarts: \"=> 3\"", Code::BadCount),
        ("exitCodes: [\"137\"]", Code::WrongType),
        ("exitCodes: [1.5]", Code::WrongType),
        ("waiting: []", Code::EmptyList),
        ("init: maybe", Code::BadChoice),
        ("ready: \"false\"", Code::WrongType),
        ("waitng: A", Code::UnknownKey),
    ] {
        assert_eq!(errors(&format!("match: [ {{ containers: {{ {keys} }} }} ]")), [code], "{keys}");
    }
}
