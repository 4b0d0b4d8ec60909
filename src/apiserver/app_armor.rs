//! AppArmor profiles were annotations of pods before they were fields: a pod that
//! still says it the old way gets the fields too.

use k8s_openapi::api::core::v1::{AppArmorProfile, Pod, SecurityContext};

const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Fields for the containers that only have the annotation.
pub(super) fn fields_of_annotations(pod: &mut Pod) {
    let Some(annotations) = &pod.metadata.annotations else {
        return;
    };
    let Some(spec) = pod.spec.as_mut() else {
        return;
    };
    if spec.os.as_ref().is_some_and(|os| os.name == "windows") {
        return;
    }
    let of_pod = spec.security_context.as_ref();
    let of_pod = of_pod.and_then(|context| context.app_armor_profile.clone());
    let first = spec.init_containers.iter_mut().flatten();
    for container in first.chain(&mut spec.containers) {
        let found = annotations.get(&format!("{ANNOTATION}{}", container.name));
        let profile = found.and_then(|text| profile(text));
        if profile.is_none() || profile == of_pod {
            continue;
        }
        let own = &container.security_context;
        if own
            .as_ref()
            .is_none_or(|own| own.app_armor_profile.is_none())
        {
            let own: &mut SecurityContext = container.security_context.get_or_insert_default();
            own.app_armor_profile = profile;
        }
    }
}

fn profile(annotation: &str) -> Option<AppArmorProfile> {
    let (type_, localhost_profile) = match annotation {
        "runtime/default" => ("RuntimeDefault", None),
        "unconfined" => ("Unconfined", None),
        _ => {
            let name = annotation.strip_prefix("localhost/")?;
            // What is no good name of a profile stays an annotation.
            if name.is_empty() || name.trim() != name || name.len() > 4095 {
                return None;
            }
            ("Localhost", Some(name.to_owned()))
        }
    };
    Some(AppArmorProfile {
        type_: type_.to_owned(),
        localhost_profile,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(annotation: &str, of_pod: serde_json::Value) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"annotations": {format!("{ANNOTATION}c"): annotation}},
            "spec": {"containers": [{"name": "c"}, {"name": "d"}], "securityContext": of_pod},
        }))
        .unwrap()
    }

    fn types(mut pod: Pod) -> Vec<Option<String>> {
        fields_of_annotations(&mut pod);
        let containers = pod.spec.unwrap().containers.into_iter();
        containers
            .map(|it| Some(it.security_context?.app_armor_profile?.type_))
            .collect()
    }

    #[test]
    fn an_annotation_becomes_the_field_of_its_container() {
        let table = [
            ("runtime/default", Some("RuntimeDefault")),
            ("unconfined", Some("Unconfined")),
            ("localhost/mine", Some("Localhost")),
            ("localhost/", None),
            ("", None),
        ];
        for (annotation, wanted) in table {
            let wanted = wanted.map(str::to_owned);
            assert_eq!(types(pod(annotation, json!({}))), [wanted, None]);
        }
    }

    #[test]
    fn what_the_pod_says_already_is_not_repeated() {
        let same = json!({"appArmorProfile": {"type": "Unconfined"}});
        assert_eq!(types(pod("unconfined", same.clone())), [None, None]);
        let other = Some("RuntimeDefault".to_owned());
        assert_eq!(types(pod("runtime/default", same)), [other, None]);
    }
}
