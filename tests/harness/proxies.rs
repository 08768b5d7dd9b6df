//! The fault-injecting proxy does to requests and watches what a test tells it to.

use super::*;

#[tokio::test]
async fn the_proxy_passes_all_and_remembers_it() {
    let Some(cluster) = shared_cluster().await else { return };
    let proxy = Proxy::start(&cluster);
    let objects = proxy.cluster().objects().await;
    let namespace = objects.namespace("test").await;
    let mut watch = Watch::open(&proxy.cluster(), &format!("{}?watch=1", path("pods", &namespace, ""))).await;
    assert_eq!(proxy.open_watches(), 1);
    let mark = proxy.mark();
    objects.create("pods", &namespace, &shapes::pod("one")).await;
    assert_eq!(watch.event().await["type"], "ADDED");
    assert!(objects.get("pods", &namespace, "none").await.is_none());
    let seen = &proxy.seen()[mark..];
    let statuses: Vec<Option<u16>> = seen.iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [Some(201), Some(200), Some(404)]);
    assert!(seen[0].is_write() && seen[0].json()["metadata"]["name"] == "one");
    assert_eq!(seen[0].header("user-agent"), Some("test"));
    assert_eq!(proxy.seen_that(|seen| seen.is_watch_of("pods") && seen.path.contains(&namespace)).len(), 1);
    drop(watch);
    wait_until("the watch is closed", SOON, || async { proxy.open_watches() == 0 }).await;
}

#[tokio::test]
async fn the_proxy_cuts_a_watch_within_a_line_and_ends_one_after_a_line() {
    let Some(cluster) = shared_cluster().await else { return };
    let proxy = Proxy::start(&cluster);
    let objects = cluster.objects().await;
    let namespace = objects.namespace("test").await;
    let url = format!("{}?watch=1", path("pods", &namespace, ""));
    let mut watch = Watch::open(&proxy.cluster(), &url).await;
    objects.create("pods", &namespace, &shapes::pod("one")).await;
    assert_eq!(watch.event().await["type"], "ADDED");
    proxy.cut_watches();
    let (text, error) = watch.rest_after_last_line().await;
    assert!(text.starts_with("{\"type\"") && !text.ends_with('\n'), "{text}");
    assert!(error, "a cut is an error");

    let mut watch = Watch::open(&proxy.cluster(), &url).await;
    assert_eq!(watch.event().await["type"], "ADDED");
    proxy.end_watches();
    let (text, error) = watch.rest_after_last_line().await;
    assert_eq!((text.as_str(), error), ("", false));
}

#[tokio::test]
async fn the_proxy_silences_watches_and_lets_them_speak_again() {
    let Some(cluster) = shared_cluster().await else { return };
    let proxy = Proxy::start(&cluster);
    let objects = proxy.cluster().objects().await;
    let namespace = objects.namespace("test").await;
    let url = format!("{}?watch=1", path("pods", &namespace, ""));
    let mut old = Watch::open(&proxy.cluster(), &url).await;
    proxy.silence_watches(true);
    let mut new = Watch::open(&proxy.cluster(), &url).await;
    objects.create("pods", &namespace, &shapes::pod("one")).await;
    for watch in [&mut old, &mut new] {
        assert!(watch.is_silent_for(Duration::from_millis(500)).await);
    }
    assert_eq!(proxy.open_watches(), 2);
    proxy.silence_watches(false);
    for watch in [&mut old, &mut new] {
        assert_eq!(watch.event().await["object"]["metadata"]["name"], "one");
    }
}

#[tokio::test]
async fn the_proxy_answers_in_the_servers_place_as_often_as_it_is_told() {
    let Some(cluster) = shared_cluster().await else { return };
    let proxy = Proxy::start(&cluster);
    let objects = proxy.cluster().objects().await;
    let pods = path("pods", &objects.namespace("test").await, "");
    proxy.answer(|_| true, Answer::status(401), 2);
    for status in [401, 401, 200] {
        assert_eq!(objects.send(Method::GET, &pods, None).await.0, status);
    }
    proxy.answer(|seen| seen.is_watch_of("pods"), Answer::status(410), 1);
    assert_eq!(objects.send(Method::GET, &pods, None).await.0, 200);
    let (status, answer) = objects.send(Method::GET, &format!("{pods}?watch=true"), None).await;
    assert_eq!((status, &answer["reason"]), (410, &json!("Expired")));
    proxy.answer(|seen| seen.is_watch_of("pods"), Answer::expired_in_stream(), 1);
    let event = Watch::open(&proxy.cluster(), &format!("{pods}?watch=1")).await.event().await;
    assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)));
    proxy.answer(Seen::is_write, Answer::too_many_requests(7), usize::MAX);
    let (status, _) = objects.send(Method::POST, &pods, Some(&json!({}))).await;
    assert_eq!((status, proxy.seen().last().unwrap().status), (429, Some(429)));
    proxy.clear_faults();
    assert_eq!(objects.send(Method::POST, &pods, Some(&json!({}))).await.0, 422, "the server's own answer");
}

#[tokio::test]
async fn the_proxy_delays_resets_and_loses_answers() {
    let Some(cluster) = shared_cluster().await else { return };
    let proxy = Proxy::start(&cluster);
    let objects = proxy.cluster().objects().await;
    let namespace = objects.namespace("test").await;
    let pods = path("pods", &namespace, "");
    proxy.inject(|_| true, Fault::Delay(Duration::from_millis(300)), 1);
    let start = Instant::now();
    assert_eq!(objects.send(Method::GET, &pods, None).await.0, 200);
    assert!(start.elapsed() >= Duration::from_millis(300));

    let client = proxy.cluster().client().await;
    let post = |name: &str| {
        let mut pod = shapes::pod(name);
        pod["apiVersion"] = "v1".into();
        pod["kind"] = "Pod".into();
        http::Request::post(&pods)
            .header("content-type", "application/json")
            .body(pod.to_string().into_bytes())
            .unwrap()
    };
    proxy.inject(Seen::is_write, Fault::Reset, 1);
    client.request_text(post("reset")).await.expect_err("no answer");
    proxy.inject(Seen::is_write, Fault::LoseAnswer, 1);
    client.request_text(post("lost")).await.expect_err("no answer");
    let names: Vec<Value> =
        objects.list("pods", &namespace).await.iter().map(|pod| pod["metadata"]["name"].clone()).collect();
    assert_eq!(names, ["lost"]);
}

#[tokio::test]
async fn the_proxy_refuses_connections_for_a_while() {
    let Some(cluster) = shared_cluster().await else { return };
    let proxy = Proxy::start(&cluster);
    let objects = proxy.cluster().objects().await;
    let pods = path("pods", &objects.namespace("test").await, "");
    let mut watch = Watch::open(&proxy.cluster(), &format!("{pods}?watch=1")).await;
    proxy.refuse_connections(true);
    assert!(watch.rest_after_last_line().await.1, "torn down");
    let client = proxy.cluster().client().await;
    let get = || http::Request::get(&pods).body(Vec::new()).unwrap();
    client.request_text(get()).await.expect_err("nobody listens");
    proxy.refuse_connections(false);
    wait_until("it listens again", SOON, || async { client.request_text(get()).await.is_ok() }).await;
}
