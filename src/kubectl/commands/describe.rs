//! `kubectl describe`.

use super::super::describe;
use super::super::fault::Fault;
use super::super::find::{self, FIND_FLAGS, Need, Wanted};
use super::super::flags::Given;
use super::super::shell::Shell;

const FLAGS: &str = " all-namespaces/A show-events chunk-size:i";

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let given = Given::read("kubectl describe", &format!("{FIND_FLAGS}{FLAGS}"), args)?;
    shell.enter(&given);
    if given.args.is_empty() && given.all("filename").is_empty() {
        return Err(Fault::message(
            "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list of supported resources.",
        ));
    }
    let wanted = find::wanted(shell, &given, &given.args, Need::Any)?;
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for it in &wanted {
        let (objects, missing) = find::find(shell, &given, std::slice::from_ref(it));
        found.extend(objects);
        for fault in missing {
            let alike = match fault.is_not_found() && it.manifest.is_none() {
                true => beginning_with(shell, &given, it),
                false => Vec::new(),
            };
            match alike.is_empty() {
                true => faults.push(fault),
                false => found.extend(alike),
            }
        }
    }
    if found.is_empty() && faults.is_empty() {
        match given.on("all-namespaces") {
            true => shell.warn("No resources found"),
            false => shell.warn(format!(
                "No resources found in {} namespace.",
                shell.namespace.clone()
            )),
        }
    }
    let with_events = given.or("show-events", true);
    for (index, object) in found.iter().enumerate() {
        let text = describe::describe(shell, object, with_events)?;
        if index > 0 {
            shell.out.push_str("\n\n");
        }
        shell.out.push_str(&text);
    }
    Fault::of_all(faults)
}

/// Where nothing has the name, what begins with it.
fn beginning_with(shell: &mut Shell<'_>, given: &Given, wanted: &Wanted) -> Vec<find::Found> {
    let all = Wanted {
        name: String::new(),
        ..wanted.clone()
    };
    let (mut found, _) = find::find(shell, given, &[all]);
    found.retain(|object| !wanted.name.is_empty() && object.name().starts_with(&wanted.name));
    found
}
