//! What is remembered of an object is never enough to act on: the object itself decides, as it is at that
//! moment, and it must be the same one.

use std::time::Duration;

use serde_json::json;

use crate::support::scene::*;
use crate::support::{Fault, Proxy, Seen, Stage, on_both, wait_until};

on_both!(
    an_object_that_was_deleted_and_made_again_under_its_name_has_its_own_time,
    a_new_object_of_the_same_name_is_not_taken_for_the_old_one_while_the_watch_is_behind,
    an_object_that_is_well_again_is_spared_though_the_watch_has_not_said_so,
    an_object_that_changes_between_the_look_and_the_write_is_not_written_to,
);

fn rule() -> String {
    bad_rule("for: 3s\n  actions: [ { delete: {} } ]")
}

async fn an_object_that_was_deleted_and_made_again_under_its_name_has_its_own_time(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let _daemon = scene.daemon(&rule(), &[]).await;
    let first = scene.bad("twin").await;
    tokio::time::sleep(Duration::from_millis(2300)).await;
    scene.objects.delete("configmaps", &scene.namespace, "twin").await;
    let second = scene.bad("twin").await;
    let made = scene.done_by_test("create", "configmaps", "twin").await;
    assert_ne!(first["metadata"]["uid"], second["metadata"]["uid"]);
    scene.wait_until_gone("configmaps", "twin").await;

    let writes = scene.writes().await;
    assert_eq!(writes.len(), 1, "{:?}", writes.summary());
    assert_preconditions(&writes[0], &second);
    assert_on_time("the delete", made, Duration::from_secs(3), writes[0].received);
}

async fn a_new_object_of_the_same_name_is_not_taken_for_the_old_one_while_the_watch_is_behind(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let _daemon = scene.daemon_at(&proxy.kubeconfig(), &rule(), &[]).await;
    scene.bad("twin").await;
    wait_until("it is seen", SOON, || async { proxy.open_watches() > 0 }).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    proxy.silence_watches(true);
    scene.objects.delete("configmaps", &scene.namespace, "twin").await;
    let second = scene.bad("twin").await;
    let read = |seen: &Seen| seen.path.ends_with("/configmaps/twin");
    wait_until("it is read when it is due", SOON, || async { !proxy.seen_that(read).is_empty() }).await;
    a_while().await;
    assert!(proxy.seen_that(Seen::is_write).is_empty());
    proxy.silence_watches(false);
    scene.wait_until_gone("configmaps", "twin").await;
    let writes = scene.writes().await;
    assert_eq!(writes.len(), 1, "{:?}", writes.summary());
    assert_preconditions(&writes[0], &second);
}

async fn an_object_that_is_well_again_is_spared_though_the_watch_has_not_said_so(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let _daemon = scene.daemon_at(&proxy.kubeconfig(), &rule(), &[]).await;
    scene.bad("map").await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    proxy.silence_watches(true);
    scene.cure("map").await;
    let read = |seen: &Seen| seen.path.ends_with("/configmaps/map");
    wait_until("it is read when it is due", SOON, || async { !proxy.seen_that(read).is_empty() }).await;
    proxy.silence_watches(false);
    a_while().await;
    assert!(proxy.seen_that(Seen::is_write).is_empty());
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    assert!(scene.exists("configmaps", "map").await);
}

async fn an_object_that_changes_between_the_look_and_the_write_is_not_written_to(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    proxy.inject(Seen::is_write, Fault::Delay(Duration::from_millis(1500)), usize::MAX);
    let _daemon = scene.daemon_at(&proxy.kubeconfig(), &bad_rule("actions: [ { delete: {} } ]"), &[]).await;
    for name in ["cured", "changed"] {
        scene.bad(name).await;
    }
    let sent = || async { proxy.seen_that(Seen::is_write).len() == 2 };
    wait_until("the deletes are on their way", SOON, sent).await;
    scene.cure("cured").await;
    let note = json!({"metadata": {"annotations": {"note": "not better"}}});
    let changed = scene.objects.patch("configmaps", &scene.namespace, "changed", &note).await;
    scene.wait_until_gone("configmaps", "changed").await;
    a_while().await;

    assert!(scene.exists("configmaps", "cured").await);
    let writes = scene.writes().await;
    let to_cured = writes.clone().only(|request| request.name == "cured");
    assert_eq!(to_cured.summary(), [format!("delete configmaps {}/cured 409", scene.namespace)]);
    let to_changed = writes.only(|request| request.name == "changed");
    let codes: Vec<u16> = to_changed.iter().map(|request| request.code).collect();
    assert_eq!(codes, [409, 200]);
    assert_preconditions(&to_changed[1], &changed);
}
