//! `phase` and `condition` on objects as controllers write them.

use super::*;

const VM: &str = r#"{ apiVersion: kubevirt.io/v1, kind: VirtualMachine, metadata: { name: vm },
    status: { printableStatus: ErrorUnschedulable, created: true, conditions: [
      { type: Ready, status: "False", reason: GuestNotRunning, lastProbeTime: "2026-01-01T11:59:00Z", lastTransitionTime: "2026-01-01T11:50:00Z" },
      { type: PodScheduled, status: "False", reason: Unschedulable, lastProbeTime: null, lastTransitionTime: null },
      { type: LiveMigratable, status: "Unknown", lastTransitionTime: "2026-01-01T11:00:00Z" },
      { type: Failure, status: "True", reason: "", message: "" },
      { type: Odd }, { status: "True", reason: Typeless } ] } }"#;

#[test]
fn a_phase_is_one_of_the_words_or_not_known() {
    objects(
        "phase: [Failed, Succeeded]",
        &[
            ("{ status: { phase: Failed } }", YES),
            ("{ status: { phase: Running } }", NO),
            ("{ status: { phase: failed } }", NO),
            ("{ status: { phase: \"\" } }", NO),
            ("{ status: { phase: null } }", UNKNOWN),
            ("{ status: { phase: 7 } }", UNKNOWN),
            ("{ status: {} }", UNKNOWN),
            ("{ status: null }", UNKNOWN),
            ("{}", UNKNOWN),
        ],
    );
    objects("phase: Terminating", &[("{ kind: Namespace, status: { phase: Terminating } }", YES)]);
}

#[test]
fn a_virtual_machine_s_status_is_a_field() {
    table(
        VM,
        &[
            ("field: { path: $.status.printableStatus, equals: ErrorUnschedulable }", YES),
            ("field: { path: $.status.printableStatus, glob: Error* }", YES),
            ("field: { path: $.status.printableStatus, in: [CrashLoopBackOff, ErrorPvcNotFound] }", NO),
            ("field: { path: $.status.ready, equals: true }", UNKNOWN),
            ("field: { path: $.status.ready, default: false, equals: false }", YES),
            ("field: { path: $.kind, equals: VirtualMachine }", YES),
            ("phase: Running", UNKNOWN),
        ],
    );
}

#[test]
fn a_condition_fits_by_type_status_reason_and_time() {
    table(
        VM,
        &[
            ("condition: { type: Ready }", NO),
            ("condition: { type: Ready, status: \"False\" }", YES),
            ("condition: { type: Ready, status: False }", YES),
            ("condition: { type: Ready, status: [\"False\", Unknown] }", YES),
            ("condition: { type: Failure }", YES),
            ("condition: { type: Missing }", UNKNOWN),
            ("condition: { type: ready, status: \"False\" }", UNKNOWN),
            ("condition: { type: Odd }", UNKNOWN),
            ("condition: { type: Ready, status: \"False\", reason: GuestNotRunning }", YES),
            ("condition: { type: Ready, status: \"False\", reason: [Other, Guest*] }", YES),
            ("condition: { type: Ready, status: \"False\", reason: Guest }", NO),
            ("condition: { type: LiveMigratable, status: Unknown, reason: x }", NO),
            ("condition: { type: LiveMigratable, status: \"True\", reason: x }", NO),
            ("condition: { reason: Unschedulable, status: \"False\" }", YES),
            ("condition: { reason: Typeless }", YES),
            ("condition: { type: \"*\", reason: Typeless }", UNKNOWN),
            ("condition: { type: Pod*, status: \"False\" }", YES),
            ("condition: { type: [\"*\", \"!Failure\"], status: \"True\", reason: Nothing }", UNKNOWN),
            ("condition: { type: Ready, status: \"False\", for: 10m }", YES),
            ("condition: { type: Ready, status: \"False\", for: 11m }", NO),
            ("condition: { type: Ready, for: 11m }", NO),
            ("condition: { type: PodScheduled, status: \"False\", for: 1s }", UNKNOWN),
            ("condition: { type: PodScheduled, status: \"True\", for: 1s }", NO),
            ("condition: { type: Ready, status: \"False\", reason: Other, for: 1s }", NO),
        ],
    );
}

#[test]
fn what_has_no_conditions_is_unknown() {
    objects(
        "condition: { type: Ready, status: \"False\" }",
        &[
            ("{}", UNKNOWN),
            ("{ status: { conditions: [] } }", UNKNOWN),
            ("{ status: { conditions: null } }", UNKNOWN),
            ("{ status: { conditions: { type: Ready, status: \"False\" } } }", UNKNOWN),
            ("{ status: { conditions: [ null, 7, Ready ] } }", UNKNOWN),
            ("{ status: { conditions: [ { type: Ready, status: \"False\" } ] } }", YES),
            ("{ status: { conditions: [ { type: Ready, status: false } ] } }", UNKNOWN),
        ],
    );
}

#[test]
fn a_future_transition_has_lasted_no_time() {
    let object = r#"{ status: { conditions: [ { type: Ready, status: "False", lastTransitionTime: "2026-01-01T12:10:00Z" } ] } }"#;
    let seen = verdict("condition: { type: Ready, status: \"False\", for: 1m }", object, NOW);
    assert_eq!((seen.truth, seen.changes_at), (NO, Some(at("12:11:00"))));
    let now = verdict("condition: { type: Ready, status: \"False\" }", object, NOW);
    assert_eq!((now.truth, now.holds_since), (YES, None));
}
