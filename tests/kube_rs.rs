//! A small controller written with kube-rs, against `tabernetes serve` on loopback:
//! for every ConfigMap that asks for it, it keeps a copy of its own.

#![cfg(not(target_arch = "wasm32"))]

mod clients;

use clients::Server;
use futures_util::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, DeleteParams, ListParams, LogParams, Patch, PatchParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::watcher::Config;
use kube::runtime::{Controller, WatchStreamExt, watcher};
use kube::{Client, Resource, ResourceExt};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// A test that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(120);

fn run<F: Future<Output = ()>>(server: &Server, test: impl FnOnce(Client) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let url = server.url.parse().expect("an address");
        let client = Client::try_from(kube::Config::new(url)).expect("a client");
        let finished = tokio::time::timeout(PATIENCE, test(client)).await;
        assert!(finished.is_ok(), "it took too long");
    });
}

fn config_map(name: &str, copied: bool, value: &str) -> ConfigMap {
    let labels = match copied {
        true => json!({"copy": "please"}),
        false => json!({}),
    };
    let object = json!({"metadata": {"name": name, "labels": labels}, "data": {"k": value}});
    serde_json::from_value(object).expect("it is one")
}

async fn reconcile(source: Arc<ConfigMap>, client: Arc<Client>) -> Result<Action, kube::Error> {
    let api: Api<ConfigMap> = Api::default_namespaced((*client).clone());
    let name = format!("{}-copy", source.name_any());
    let owner = source.controller_owner_ref(&());
    let copy = ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            owner_references: owner.map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        data: source.data.clone(),
        ..ConfigMap::default()
    };
    match api.get_opt(&name).await? {
        None => drop(api.create(&PostParams::default(), &copy).await?),
        Some(found) if found.data == copy.data => {}
        Some(_) => {
            let change = Patch::Strategic(json!({"data": copy.data}));
            api.patch(&name, &PatchParams::default(), &change).await?;
        }
    }
    Ok(Action::await_change())
}

/// The next version of a ConfigMap with this value.
async fn wait_for(api: &Api<ConfigMap>, name: &str, value: &str) {
    let named = Config::default().fields(&format!("metadata.name={name}"));
    let mut changes = watcher(api.clone(), named).applied_objects().boxed();
    while let Some(found) = changes.try_next().await.expect("the watch goes on") {
        let data = found.data.unwrap_or_default();
        if data.get("k").map(String::as_str) == Some(value) {
            return;
        }
    }
    panic!("the watch ended");
}

#[test]
fn a_controller_keeps_copies() {
    let server = Server::start(&["--nodes", "1"]);
    run(&server, |client| async move {
        let api: Api<ConfigMap> = Api::default_namespaced(client.clone());
        let asked = Config::default().labels("copy=please");
        let controller = Controller::new(api.clone(), asked)
            .owns(api.clone(), Config::default())
            .run(
                reconcile,
                |_, error, _| panic!("{error}"),
                Arc::new(client.clone()),
            )
            .for_each(|_| std::future::ready(()));
        let story = async {
            let post = PostParams::default();
            api.create(&post, &config_map("quiet", false, "1"))
                .await
                .expect("it is created");
            api.create(&post, &config_map("loud", true, "1"))
                .await
                .expect("it is created");
            wait_for(&api, "loud-copy", "1").await;
            let change = json!({"data": {"k": "2"}});
            let merge = Patch::Merge(&change);
            api.patch("loud", &PatchParams::default(), &merge)
                .await
                .expect("it is patched");
            wait_for(&api, "loud-copy", "2").await;
            let copy = api.get("loud-copy").await.expect("it is there");
            assert_eq!(copy.owner_references()[0].name, "loud");
            assert!(
                api.get_opt("quiet-copy")
                    .await
                    .expect("an answer")
                    .is_none()
            );
            api.delete("loud", &DeleteParams::default())
                .await
                .expect("it is deleted");
            let missing = api.get("loud").await.expect_err("it is gone");
            assert!(matches!(missing, kube::Error::Api(status) if status.code == 404));
        };
        tokio::select! {
            () = controller => panic!("the controller ended"),
            () = story => {}
        }
    });
}

#[test]
fn pods_are_created_awaited_listed_in_pages_and_read() {
    let server = Server::start(&["--nodes", "1", "--speed", "10"]);
    run(&server, |client| async move {
        let api: Api<Pod> = Api::default_namespaced(client);
        for number in 0..5 {
            let pod = json!({
                "metadata": {"name": format!("p{number}")},
                "spec": {"containers": [{
                    "name": "c", "image": "busybox:1.36",
                    "command": ["sh", "-c", "echo hello; sleep 3600"],
                }]},
            });
            let pod: Pod = serde_json::from_value(pod).expect("it is one");
            api.create(&PostParams::default(), &pod)
                .await
                .expect("it is created");
        }
        let running = kube::runtime::wait::conditions::is_pod_running();
        kube::runtime::wait::await_condition(api.clone(), "p4", running)
            .await
            .expect("it runs");
        let mut page = ListParams::default().limit(2);
        let mut names = Vec::new();
        loop {
            let list = api.list(&page).await.expect("a page");
            names.extend(list.items.iter().map(ResourceExt::name_any));
            match list.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => break,
            }
        }
        assert_eq!(names, ["p0", "p1", "p2", "p3", "p4"]);
        let log = api.logs("p4", &LogParams::default()).await.expect("a log");
        assert_eq!(log, "hello\n");
    });
}
