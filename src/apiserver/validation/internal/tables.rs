//! The declarations of upstream's internal types (`pkg/apis/core/types.go`), as far
//! as they appear in messages.

/// What a field holds, which decides how it is printed when it is not set.
pub(super) enum Type {
    /// A text, `""`.
    Text,
    /// A number, `0`.
    Number,
    /// `false`.
    Bool,
    /// Anything behind a pointer, or a list or map of plain values: `null`.
    Plain,
    /// A struct, printed whole.
    Struct(Fields),
    /// A pointer to a struct.
    Pointer(Fields),
    /// A list of structs.
    List(Fields),
    /// Fields that upstream keeps in this struct, and the API beside it.
    Beside(Fields),
}

/// Go name, JSON name, type.
pub(super) type Fields = &'static [(&'static str, &'static str, Type)];

use Type::{Beside, Bool, List, Number, Plain, Pointer, Struct, Text};

pub(super) const POD_SPEC: Fields = &[
    ("Volumes", "volumes", List(VOLUME)),
    ("InitContainers", "initContainers", List(CONTAINER)),
    ("Containers", "containers", List(CONTAINER)),
    (
        "EphemeralContainers",
        "ephemeralContainers",
        List(EPHEMERAL_CONTAINER),
    ),
    ("RestartPolicy", "restartPolicy", Text),
    (
        "TerminationGracePeriodSeconds",
        "terminationGracePeriodSeconds",
        Plain,
    ),
    ("ActiveDeadlineSeconds", "activeDeadlineSeconds", Plain),
    ("DNSPolicy", "dnsPolicy", Text),
    ("NodeSelector", "nodeSelector", Plain),
    ("ServiceAccountName", "serviceAccountName", Text),
    (
        "AutomountServiceAccountToken",
        "automountServiceAccountToken",
        Plain,
    ),
    ("NodeName", "nodeName", Text),
    (
        "SecurityContext",
        "securityContext",
        Beside(POD_SECURITY_CONTEXT),
    ),
    ("ImagePullSecrets", "imagePullSecrets", List(NAMED)),
    ("Hostname", "hostname", Text),
    ("Subdomain", "subdomain", Text),
    ("SetHostnameAsFQDN", "setHostnameAsFQDN", Plain),
    ("Affinity", "affinity", Pointer(AFFINITY)),
    ("SchedulerName", "schedulerName", Text),
    ("Tolerations", "tolerations", List(TOLERATION)),
    (
        "HostAliases",
        "hostAliases",
        List(&[("IP", "ip", Text), ("Hostnames", "hostnames", Plain)]),
    ),
    ("PriorityClassName", "priorityClassName", Text),
    ("Priority", "priority", Plain),
    ("PreemptionPolicy", "preemptionPolicy", Plain),
    ("DNSConfig", "dnsConfig", Pointer(DNS_CONFIG)),
    (
        "ReadinessGates",
        "readinessGates",
        List(&[("ConditionType", "conditionType", Text)]),
    ),
    ("RuntimeClassName", "runtimeClassName", Plain),
    ("Overhead", "overhead", Plain),
    ("EnableServiceLinks", "enableServiceLinks", Plain),
    (
        "TopologySpreadConstraints",
        "topologySpreadConstraints",
        List(TOPOLOGY_SPREAD),
    ),
    ("OS", "os", Pointer(NAMED)),
    ("SchedulingGates", "schedulingGates", List(NAMED)),
    ("ResourceClaims", "resourceClaims", List(RESOURCE_CLAIM)),
    ("Resources", "resources", Pointer(RESOURCES)),
    ("HostnameOverride", "hostnameOverride", Plain),
    ("SchedulingGroup", "schedulingGroup", Plain),
];

const NAMED: Fields = &[("Name", "name", Text)];

const POD_SECURITY_CONTEXT: Fields = &[
    ("HostNetwork", "hostNetwork", Bool),
    ("HostPID", "hostPID", Bool),
    ("HostIPC", "hostIPC", Bool),
    ("ShareProcessNamespace", "shareProcessNamespace", Plain),
    ("HostUsers", "hostUsers", Plain),
    ("SELinuxOptions", "seLinuxOptions", Pointer(SE_LINUX)),
    ("WindowsOptions", "windowsOptions", Pointer(WINDOWS)),
    ("RunAsUser", "runAsUser", Plain),
    ("RunAsGroup", "runAsGroup", Plain),
    ("RunAsNonRoot", "runAsNonRoot", Plain),
    ("SupplementalGroups", "supplementalGroups", Plain),
    (
        "SupplementalGroupsPolicy",
        "supplementalGroupsPolicy",
        Plain,
    ),
    ("FSGroup", "fsGroup", Plain),
    ("FSGroupChangePolicy", "fsGroupChangePolicy", Plain),
    ("Sysctls", "sysctls", List(NAME_VALUE)),
    ("SeccompProfile", "seccompProfile", Pointer(PROFILE)),
    ("AppArmorProfile", "appArmorProfile", Pointer(PROFILE)),
    ("SELinuxChangePolicy", "seLinuxChangePolicy", Plain),
];

const NAME_VALUE: Fields = &[("Name", "name", Text), ("Value", "value", Text)];

const SE_LINUX: Fields = &[
    ("User", "user", Text),
    ("Role", "role", Text),
    ("Type", "type", Text),
    ("Level", "level", Text),
];

const WINDOWS: Fields = &[
    ("GMSACredentialSpecName", "gmsaCredentialSpecName", Plain),
    ("GMSACredentialSpec", "gmsaCredentialSpec", Plain),
    ("RunAsUserName", "runAsUserName", Plain),
    ("HostProcess", "hostProcess", Plain),
];

pub(super) const PROFILE: Fields = &[
    ("Type", "type", Text),
    ("LocalhostProfile", "localhostProfile", Plain),
];

const RESOURCES: Fields = &[
    ("Limits", "limits", Plain),
    ("Requests", "requests", Plain),
    (
        "Claims",
        "claims",
        List(&[("Name", "name", Text), ("Request", "request", Text)]),
    ),
];

pub(super) const RESOURCE_CLAIM: Fields = &[
    ("Name", "name", Text),
    ("ResourceClaimName", "resourceClaimName", Plain),
    (
        "ResourceClaimTemplateName",
        "resourceClaimTemplateName",
        Plain,
    ),
];

const TOLERATION: Fields = &[
    ("Key", "key", Text),
    ("Operator", "operator", Text),
    ("Value", "value", Text),
    ("Effect", "effect", Text),
    ("TolerationSeconds", "tolerationSeconds", Plain),
];

pub(super) const TAINT: Fields = &[
    ("Key", "key", Text),
    ("Value", "value", Text),
    ("Effect", "effect", Text),
    ("TimeAdded", "timeAdded", Plain),
];

const DNS_CONFIG: Fields = &[
    ("Nameservers", "nameservers", Plain),
    ("Searches", "searches", Plain),
    (
        "Options",
        "options",
        List(&[("Name", "name", Text), ("Value", "value", Plain)]),
    ),
];

const TOPOLOGY_SPREAD: Fields = &[
    ("MaxSkew", "maxSkew", Number),
    ("TopologyKey", "topologyKey", Text),
    ("WhenUnsatisfiable", "whenUnsatisfiable", Text),
    ("LabelSelector", "labelSelector", Plain),
    ("MinDomains", "minDomains", Plain),
    ("NodeAffinityPolicy", "nodeAffinityPolicy", Plain),
    ("NodeTaintsPolicy", "nodeTaintsPolicy", Plain),
    ("MatchLabelKeys", "matchLabelKeys", Plain),
];

const REQUIREMENT: Fields = &[
    ("Key", "key", Text),
    ("Operator", "operator", Text),
    ("Values", "values", Plain),
];

const NODE_SELECTOR_TERM: Fields = &[
    ("MatchExpressions", "matchExpressions", List(REQUIREMENT)),
    ("MatchFields", "matchFields", List(REQUIREMENT)),
];

const POD_AFFINITY_TERM: Fields = &[
    ("LabelSelector", "labelSelector", Plain),
    ("Namespaces", "namespaces", Plain),
    ("TopologyKey", "topologyKey", Text),
    ("NamespaceSelector", "namespaceSelector", Plain),
    ("MatchLabelKeys", "matchLabelKeys", Plain),
    ("MismatchLabelKeys", "mismatchLabelKeys", Plain),
];

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

const POD_AFFINITY: Fields = &[
    (
        "RequiredDuringSchedulingIgnoredDuringExecution",
        REQUIRED,
        List(POD_AFFINITY_TERM),
    ),
    (
        "PreferredDuringSchedulingIgnoredDuringExecution",
        PREFERRED,
        List(&[
            ("Weight", "weight", Number),
            (
                "PodAffinityTerm",
                "podAffinityTerm",
                Struct(POD_AFFINITY_TERM),
            ),
        ]),
    ),
];

const AFFINITY: Fields = &[
    (
        "NodeAffinity",
        "nodeAffinity",
        Pointer(&[
            (
                "RequiredDuringSchedulingIgnoredDuringExecution",
                REQUIRED,
                Pointer(&[(
                    "NodeSelectorTerms",
                    "nodeSelectorTerms",
                    List(NODE_SELECTOR_TERM),
                )]),
            ),
            (
                "PreferredDuringSchedulingIgnoredDuringExecution",
                PREFERRED,
                List(&[
                    ("Weight", "weight", Number),
                    ("Preference", "preference", Struct(NODE_SELECTOR_TERM)),
                ]),
            ),
        ]),
    ),
    ("PodAffinity", "podAffinity", Pointer(POD_AFFINITY)),
    ("PodAntiAffinity", "podAntiAffinity", Pointer(POD_AFFINITY)),
];

macro_rules! container {
    ($($more:expr),*) => {
        &[
            ("Name", "name", Text),
            ("Image", "image", Text),
            ("Command", "command", Plain),
            ("Args", "args", Plain),
            ("WorkingDir", "workingDir", Text),
            ("Ports", "ports", List(CONTAINER_PORT)),
            ("EnvFrom", "envFrom", List(ENV_FROM)),
            ("Env", "env", List(ENV)),
            ("Resources", "resources", Struct(RESOURCES)),
            (
                "ResizePolicy",
                "resizePolicy",
                List(&[("ResourceName", "resourceName", Text), ("RestartPolicy", "restartPolicy", Text)]),
            ),
            ("RestartPolicy", "restartPolicy", Plain),
            ("RestartPolicyRules", "restartPolicyRules", Plain),
            ("VolumeMounts", "volumeMounts", List(VOLUME_MOUNT)),
            (
                "VolumeDevices",
                "volumeDevices",
                List(&[("Name", "name", Text), ("DevicePath", "devicePath", Text)]),
            ),
            ("LivenessProbe", "livenessProbe", Pointer(PROBE)),
            ("ReadinessProbe", "readinessProbe", Pointer(PROBE)),
            ("StartupProbe", "startupProbe", Pointer(PROBE)),
            ("Lifecycle", "lifecycle", Pointer(LIFECYCLE)),
            ("TerminationMessagePath", "terminationMessagePath", Text),
            ("TerminationMessagePolicy", "terminationMessagePolicy", Text),
            ("ImagePullPolicy", "imagePullPolicy", Text),
            ("SecurityContext", "securityContext", Pointer(SECURITY_CONTEXT)),
            ("Stdin", "stdin", Bool),
            ("StdinOnce", "stdinOnce", Bool),
            ("TTY", "tty", Bool),
            $($more),*
        ]
    };
}

const CONTAINER: Fields = container!();
pub(super) const EPHEMERAL_CONTAINER: Fields =
    container!(("TargetContainerName", "targetContainerName", Text));

const CONTAINER_PORT: Fields = &[
    ("Name", "name", Text),
    ("HostPort", "hostPort", Number),
    ("ContainerPort", "containerPort", Number),
    ("Protocol", "protocol", Text),
    ("HostIP", "hostIP", Text),
];

const ENV_FROM: Fields = &[
    ("Prefix", "prefix", Text),
    ("ConfigMapRef", "configMapRef", Pointer(REFERENCE)),
    ("SecretRef", "secretRef", Pointer(REFERENCE)),
];

const REFERENCE: Fields = &[("Name", "name", Text), ("Optional", "optional", Plain)];

const KEY_REFERENCE: Fields = &[
    ("Name", "name", Text),
    ("Key", "key", Text),
    ("Optional", "optional", Plain),
];

const FIELD_REFERENCE: Fields = &[
    ("APIVersion", "apiVersion", Text),
    ("FieldPath", "fieldPath", Text),
];

const RESOURCE_REFERENCE: Fields = &[
    ("ContainerName", "containerName", Text),
    ("Resource", "resource", Text),
    ("Divisor", "divisor", Text),
];

const ENV: Fields = &[
    ("Name", "name", Text),
    ("Value", "value", Text),
    (
        "ValueFrom",
        "valueFrom",
        Pointer(&[
            ("FieldRef", "fieldRef", Pointer(FIELD_REFERENCE)),
            (
                "ResourceFieldRef",
                "resourceFieldRef",
                Pointer(RESOURCE_REFERENCE),
            ),
            ("ConfigMapKeyRef", "configMapKeyRef", Pointer(KEY_REFERENCE)),
            ("SecretKeyRef", "secretKeyRef", Pointer(KEY_REFERENCE)),
            ("FileKeyRef", "fileKeyRef", Plain),
        ]),
    ),
];

const VOLUME_MOUNT: Fields = &[
    ("Name", "name", Text),
    ("ReadOnly", "readOnly", Bool),
    ("RecursiveReadOnly", "recursiveReadOnly", Plain),
    ("MountPath", "mountPath", Text),
    ("SubPath", "subPath", Text),
    ("MountPropagation", "mountPropagation", Plain),
    ("SubPathExpr", "subPathExpr", Text),
];

const EXEC: Fields = &[("Command", "command", Plain)];

const HTTP_GET: Fields = &[
    ("Path", "path", Text),
    ("Port", "port", Plain),
    ("Host", "host", Text),
    ("Scheme", "scheme", Text),
    ("HTTPHeaders", "httpHeaders", List(NAME_VALUE)),
];

const TCP_SOCKET: Fields = &[("Port", "port", Plain), ("Host", "host", Text)];

const PROBE: Fields = &[
    ("Exec", "exec", Pointer(EXEC)),
    ("HTTPGet", "httpGet", Pointer(HTTP_GET)),
    ("TCPSocket", "tcpSocket", Pointer(TCP_SOCKET)),
    (
        "GRPC",
        "grpc",
        Pointer(&[("Port", "port", Number), ("Service", "service", Plain)]),
    ),
    ("InitialDelaySeconds", "initialDelaySeconds", Number),
    ("TimeoutSeconds", "timeoutSeconds", Number),
    ("PeriodSeconds", "periodSeconds", Number),
    ("SuccessThreshold", "successThreshold", Number),
    ("FailureThreshold", "failureThreshold", Number),
    (
        "TerminationGracePeriodSeconds",
        "terminationGracePeriodSeconds",
        Plain,
    ),
];

const HOOK: Fields = &[
    ("Exec", "exec", Pointer(EXEC)),
    ("HTTPGet", "httpGet", Pointer(HTTP_GET)),
    ("TCPSocket", "tcpSocket", Pointer(TCP_SOCKET)),
    ("Sleep", "sleep", Pointer(&[("Seconds", "seconds", Number)])),
];

const LIFECYCLE: Fields = &[
    ("PostStart", "postStart", Pointer(HOOK)),
    ("PreStop", "preStop", Pointer(HOOK)),
    ("StopSignal", "stopSignal", Plain),
];

pub(super) const SECURITY_CONTEXT: Fields = &[
    (
        "Capabilities",
        "capabilities",
        Pointer(&[("Add", "add", Plain), ("Drop", "drop", Plain)]),
    ),
    ("Privileged", "privileged", Plain),
    ("SELinuxOptions", "seLinuxOptions", Pointer(SE_LINUX)),
    ("WindowsOptions", "windowsOptions", Pointer(WINDOWS)),
    ("RunAsUser", "runAsUser", Plain),
    ("RunAsGroup", "runAsGroup", Plain),
    ("RunAsNonRoot", "runAsNonRoot", Plain),
    ("ReadOnlyRootFilesystem", "readOnlyRootFilesystem", Plain),
    (
        "AllowPrivilegeEscalation",
        "allowPrivilegeEscalation",
        Plain,
    ),
    ("ProcMount", "procMount", Plain),
    ("SeccompProfile", "seccompProfile", Pointer(PROFILE)),
    ("AppArmorProfile", "appArmorProfile", Pointer(PROFILE)),
];

const KEY_TO_PATH: Fields = &[
    ("Key", "key", Text),
    ("Path", "path", Text),
    ("Mode", "mode", Plain),
];

const DOWNWARD_FILE: Fields = &[
    ("Path", "path", Text),
    ("FieldRef", "fieldRef", Pointer(FIELD_REFERENCE)),
    (
        "ResourceFieldRef",
        "resourceFieldRef",
        Pointer(RESOURCE_REFERENCE),
    ),
    ("Mode", "mode", Plain),
];

const PROJECTED_MAP: Fields = &[
    ("Name", "name", Text),
    ("Items", "items", List(KEY_TO_PATH)),
    ("Optional", "optional", Plain),
];

const PROJECTION: Fields = &[
    ("Secret", "secret", Pointer(PROJECTED_MAP)),
    (
        "DownwardAPI",
        "downwardAPI",
        Pointer(&[("Items", "items", List(DOWNWARD_FILE))]),
    ),
    ("ConfigMap", "configMap", Pointer(PROJECTED_MAP)),
    (
        "ServiceAccountToken",
        "serviceAccountToken",
        Pointer(&[
            ("Audience", "audience", Text),
            ("ExpirationSeconds", "expirationSeconds", Number),
            ("Path", "path", Text),
        ]),
    ),
    ("ClusterTrustBundle", "clusterTrustBundle", Plain),
    ("PodCertificate", "podCertificate", Plain),
];

const VOLUME: Fields = &[
    ("Name", "name", Text),
    (
        "HostPath",
        "hostPath",
        Pointer(&[("Path", "path", Text), ("Type", "type", Plain)]),
    ),
    (
        "EmptyDir",
        "emptyDir",
        Pointer(&[
            ("Medium", "medium", Text),
            ("SizeLimit", "sizeLimit", Plain),
        ]),
    ),
    ("GCEPersistentDisk", "gcePersistentDisk", Plain),
    ("AWSElasticBlockStore", "awsElasticBlockStore", Plain),
    ("GitRepo", "gitRepo", Plain),
    (
        "Secret",
        "secret",
        Pointer(&[
            ("SecretName", "secretName", Text),
            ("Items", "items", List(KEY_TO_PATH)),
            ("DefaultMode", "defaultMode", Plain),
            ("Optional", "optional", Plain),
        ]),
    ),
    (
        "NFS",
        "nfs",
        Pointer(&[
            ("Server", "server", Text),
            ("Path", "path", Text),
            ("ReadOnly", "readOnly", Bool),
        ]),
    ),
    ("ISCSI", "iscsi", Plain),
    ("Glusterfs", "glusterfs", Plain),
    (
        "PersistentVolumeClaim",
        "persistentVolumeClaim",
        Pointer(&[
            ("ClaimName", "claimName", Text),
            ("ReadOnly", "readOnly", Bool),
        ]),
    ),
    ("RBD", "rbd", Plain),
    ("Quobyte", "quobyte", Plain),
    ("FlexVolume", "flexVolume", Plain),
    ("Cinder", "cinder", Plain),
    ("CephFS", "cephfs", Plain),
    ("Flocker", "flocker", Plain),
    (
        "DownwardAPI",
        "downwardAPI",
        Pointer(&[
            ("Items", "items", List(DOWNWARD_FILE)),
            ("DefaultMode", "defaultMode", Plain),
        ]),
    ),
    ("FC", "fc", Plain),
    ("AzureFile", "azureFile", Plain),
    (
        "ConfigMap",
        "configMap",
        Pointer(&[
            ("Name", "name", Text),
            ("Items", "items", List(KEY_TO_PATH)),
            ("DefaultMode", "defaultMode", Plain),
            ("Optional", "optional", Plain),
        ]),
    ),
    ("VsphereVolume", "vsphereVolume", Plain),
    ("AzureDisk", "azureDisk", Plain),
    ("PhotonPersistentDisk", "photonPersistentDisk", Plain),
    (
        "Projected",
        "projected",
        Pointer(&[
            ("Sources", "sources", List(PROJECTION)),
            ("DefaultMode", "defaultMode", Plain),
        ]),
    ),
    ("PortworxVolume", "portworxVolume", Plain),
    ("ScaleIO", "scaleIO", Plain),
    ("StorageOS", "storageos", Plain),
    (
        "CSI",
        "csi",
        Pointer(&[
            ("Driver", "driver", Text),
            ("ReadOnly", "readOnly", Plain),
            ("FSType", "fsType", Plain),
            ("VolumeAttributes", "volumeAttributes", Plain),
            (
                "NodePublishSecretRef",
                "nodePublishSecretRef",
                Pointer(NAMED),
            ),
        ]),
    ),
    ("Ephemeral", "ephemeral", Plain),
    (
        "Image",
        "image",
        Pointer(&[
            ("Reference", "reference", Text),
            ("PullPolicy", "pullPolicy", Text),
        ]),
    ),
];
