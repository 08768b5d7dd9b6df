//! Rules that are true of nothing, and rules that keep a timer for each pod.

/// As the shipped pack of pods has them: true of none of these.
pub const IDLE: &str = "
  - name: crash-loop
    watch: pods
    match:
      - containers: { waiting: [CrashLoopBackOff, ImagePullBackOff], restarts: '>= 3' }
      - owner: { exists: true }
    actions: [ { delete: {} } ]
  - name: image-pull
    watch: pods
    match:
      - containers: { waiting: [ImagePullBackOff, ErrImagePull] }
      - owner: { exists: true }
    for: 5m
    actions: [ { delete: {} } ]
";

/// Each pod waits for the day it is a year old.
const ARMED_BY_AGE: &str = "
  - name: year-old
    watch: pods
    match: [ { age: { over: 365d } } ]
    actions: [ { delete: {} } ]
";

/// True of each pod, which waits for the end of the day.
const ARMED_BY_FOR: &str = "
  - name: running-a-day
    watch: pods
    match: [ { phase: [Running] } ]
    for: 24h
    actions: [ { delete: {} } ]
";

pub const RULES: [(&str, &str); 3] =
    [("idle", IDLE), ("armed by age", ARMED_BY_AGE), ("armed by for", ARMED_BY_FOR)];
