//! What the server has and is: `api-resources`, `api-versions`, `version`,
//! `config`, `cluster-info`.

use super::super::fault::Fault;
use super::super::flags::Given;
use super::super::print::tabs::{TABLE, align};
use super::super::shell::Shell;
use super::super::value::text;

const RESOURCE_FLAGS: &str =
    "api-group:s namespaced verbs:l categories:l output/o:s no-headers sort-by:s cached";

pub(super) fn api_resources(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let given = Given::read("kubectl api-resources", RESOURCE_FLAGS, args)?;
    if !given.args.is_empty() {
        return Err(Fault::Usage(format!(
            "unexpected arguments: [{}]",
            given.args.join(" ")
        )));
    }
    let mut resources = shell.resources()?.to_vec();
    resources.retain(|it| {
        let namespaced = given
            .get("namespaced")
            .is_none_or(|_| given.on("namespaced") == it.namespaced);
        let group = given.get("api-group").is_none_or(|group| group == it.group);
        let verbs = given
            .all("verbs")
            .iter()
            .all(|verb| it.verbs.contains(verb));
        let categories = given.all("categories");
        let category = categories.iter().all(|named| it.categories.contains(named));
        namespaced && group && verbs && category && !it.verbs.is_empty()
    });
    // The preferred version of a group comes first, and is the one told.
    let mut unique: Vec<super::super::resources::Resource> = Vec::new();
    for resource in resources {
        let known = unique
            .iter()
            .any(|it| it.group == resource.group && it.plural == resource.plural);
        if !known {
            unique.push(resource);
        }
    }
    unique.sort_by(|a, b| (&a.group, &a.plural).cmp(&(&b.group, &b.plural)));
    if given.text("output") == "name" {
        for resource in &unique {
            shell.line(resource.group_resource());
        }
        return Ok(());
    }
    let wide = given.text("output") == "wide";
    let mut lines = Vec::new();
    if !given.on("no-headers") {
        let more = if wide { "\tVERBS\tCATEGORIES" } else { "" };
        lines.push(format!(
            "NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND{more}"
        ));
    }
    for it in &unique {
        let mut line = format!(
            "{}\t{}\t{}\t{}\t{}",
            it.plural,
            it.short.join(","),
            it.api_version(),
            it.namespaced,
            it.kind
        );
        if wide {
            line.push_str(&format!(
                "\t{}\t{}",
                it.verbs.join(","),
                it.categories.join(",")
            ));
        }
        lines.push(line);
    }
    let text = align(&lines.join("\n"), TABLE);
    shell.line(text);
    Ok(())
}

pub(super) fn api_versions(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    Given::read("kubectl api-versions", "", args)?;
    let resources = shell.resources()?;
    let mut versions: Vec<String> = resources.iter().map(|it| it.api_version()).collect();
    versions.sort();
    versions.dedup();
    for version in versions {
        shell.line(version);
    }
    Ok(())
}

pub(super) fn version(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let given = Given::read("kubectl version", "client output/o:s", args)?;
    let server = shell.get("/version")?;
    let version = text(&server, "/gitVersion").to_owned();
    shell.line(format!("Client Version: {version}"));
    shell.line("Kustomize Version: v5.7.1");
    if !given.on("client") {
        shell.line(format!("Server Version: {version}"));
    }
    Ok(())
}

pub(super) fn config(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let given = Given::read("kubectl config", "minify raw flatten output/o:s", args)?;
    let namespace = shell.namespace.clone();
    match given.args.first().map(String::as_str) {
        Some("current-context") => shell.line("tabernetes"),
        Some("view") => shell.line(format!(
            "apiVersion: v1\nclusters:\n- cluster:\n    server: https://{}\n  name: tabernetes\ncontexts:\n- context:\n    cluster: tabernetes\n    namespace: {namespace}\n    user: kubernetes-admin\n  name: tabernetes\ncurrent-context: tabernetes\nkind: Config\nusers:\n- name: kubernetes-admin\n  user: {{}}",
            crate::apiserver::ADDRESS
        )),
        Some(other) => {
            return Err(Fault::Usage(format!("unknown command {other:?}")));
        }
        None => return Err(Fault::message("a subcommand is required: view, current-context")),
    }
    Ok(())
}

pub(super) fn cluster_info(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    Given::read("kubectl cluster-info", "", args)?;
    shell.line(format!(
        "Kubernetes control plane is running at https://{}\n\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.",
        crate::apiserver::ADDRESS
    ));
    Ok(())
}

/// There is no metrics server yet.
pub(super) fn top(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let flags = "containers selector/l:s field-selector:s sort-by:s all-namespaces/A no-headers sum \
        use-protocol-buffers show-capacity show-swap";
    let given = Given::read("kubectl top", flags, args)?;
    shell.enter(&given);
    let of = given.args.first().map_or("", String::as_str);
    if !matches!(of, "node" | "nodes" | "no" | "pod" | "pods" | "po") {
        return Err(Fault::Message(format!(
            "unknown command {of:?}\nSee 'kubectl top -h' for help and examples"
        )));
    }
    if !matches!(given.text("sort-by"), "" | "cpu" | "memory") {
        return Err(Fault::message("--sort-by accepts only cpu or memory"));
    }
    Err(Fault::message("Metrics API not available"))
}

/// What `kubectl` alone says.
pub(super) fn help(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    Given::read("kubectl", "", args)?;
    shell.line("kubectl controls the Kubernetes cluster manager.");
    Ok(())
}
