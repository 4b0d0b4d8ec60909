//! The images that are known: how large they are, what is in them, what they do.
//! Any other plausible name is a server on the ports that its pod declares.

use super::launch::Launch;
use super::process::OnTerm;
use super::reference::{Reference, fingerprint};
use super::serving::{Protocol, Serves, Site};
use std::time::Duration;

/// What else is in an image beside its own program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tools {
    /// Nothing, not even a shell (`FROM scratch`, distroless).
    Nothing,
    /// BusyBox.
    Busybox,
    /// A distribution's shell and core utilities.
    Full,
    /// Nobody knows.
    Unknown,
}

/// How an image's `ENTRYPOINT` treats arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// No entry point, only a default command: arguments replace it.
    None,
    /// A script that runs its arguments, or gives those that begin with a dash
    /// to the program.
    Wrapper,
    /// The program itself: arguments are its own.
    Program,
}

/// What an image's own program does.
#[derive(Clone, Debug, PartialEq)]
pub enum Does {
    /// Listens, for ever. Without ports, just runs.
    Serve(Vec<(Protocol, u16, Serves)>),
    /// Ends after a while with a code, having written something.
    End(Duration, i32, &'static str),
}

/// What is known of an image.
#[derive(Debug)]
pub struct Image {
    /// Familiar names of its repositories; a star at the end stands for any end.
    pub names: &'static [&'static str],
    /// Compressed size in bytes, as the runtime reports it; 0: made up by name.
    pub bytes: u64,
    /// Names of its own program.
    pub programs: &'static [&'static str],
    /// Its entry point.
    pub entry: Entry,
    /// What else is in it.
    pub tools: Tools,
    /// Milliseconds until it listens.
    pub starts_in_millis: u64,
    /// What TERM does to its own program.
    pub term: OnTerm,
    /// What its own program does.
    pub does: fn(&Launch<'_>) -> Does,
    /// What its own program writes when it starts.
    pub says: &'static str,
}

/// Bytes a second that a registry sends.
const REGISTRY_BYTES_A_SECOND: u64 = 50_000_000;
/// Time until the first byte: resolving, tokens, manifests.
const REGISTRY_LATENCY: Duration = Duration::from_millis(450);

impl Image {
    /// The image of a reference, and whether the catalogue knows it by name.
    pub fn find(reference: &Reference) -> (&'static Image, bool) {
        let name = reference.familiar();
        let is_named = |pattern: &&str| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == **pattern,
        };
        IMAGES
            .iter()
            .find(|image| image.names.iter().any(is_named))
            .map_or((&UNKNOWN, false), |image| (image, true))
    }

    /// Size in bytes of the image at `reference`.
    pub fn size(&self, reference: &Reference) -> u64 {
        if self.bytes != 0 {
            return self.bytes;
        }
        // 40 to 104 MB, always the same for the same name.
        let digits = fingerprint(&reference.full());
        let number = digits
            .get(..6)
            .and_then(|hex| u64::from_str_radix(hex, 16).ok());
        40_000_000 + number.unwrap_or(0) * 4
    }

    /// How long it takes to pull.
    pub fn pull_time(&self, reference: &Reference) -> Duration {
        let millis = self.size(reference) * 1000 / REGISTRY_BYTES_A_SECOND;
        REGISTRY_LATENCY + Duration::from_millis(millis)
    }
}

const QUICK: OnTerm = OnTerm::Exits(Duration::from_millis(100), 0);
/// A Go program without a handler, as process 1.
const GO: OnTerm = OnTerm::Exits(Duration::from_millis(50), 2);
const JAVA: OnTerm = OnTerm::Exits(Duration::from_millis(400), 143);

const PLAIN_IMAGE: Image = Image {
    names: &[],
    bytes: 0,
    programs: &[],
    entry: Entry::Wrapper,
    tools: Tools::Full,
    starts_in_millis: 200,
    term: QUICK,
    does: declared,
    says: "",
};

static UNKNOWN: Image = Image {
    tools: Tools::Unknown,
    ..PLAIN_IMAGE
};

fn tcp(port: u16, serves: Serves) -> (Protocol, u16, Serves) {
    (Protocol::Tcp, port, serves)
}

fn http(port: u16, site: Site) -> (Protocol, u16, Serves) {
    tcp(port, Serves::Http(site))
}

/// A server on what the pod declares; the first declared port may be named by
/// `$PORT`.
fn declared(launch: &Launch<'_>) -> Does {
    let ports = launch.ports.iter();
    Does::Serve(
        ports
            .map(|(protocol, port)| (*protocol, *port, launch.image.plausible(*protocol)))
            .collect(),
    )
}

fn env_port(launch: &Launch<'_>, default: u16) -> u16 {
    let given = launch.env.get("PORT").and_then(|port| port.parse().ok());
    given.unwrap_or(default)
}

fn shell_ends(_: &Launch<'_>) -> Does {
    // A shell without a terminal reads the end of its input, and ends.
    Does::End(Duration::from_millis(10), 0, "")
}

fn runs(_: &Launch<'_>) -> Does {
    Does::Serve(Vec::new())
}

fn nginx(_: &Launch<'_>) -> Does {
    Does::Serve(vec![http(80, Site::Index(NGINX_PAGE.into()))])
}

const NGINX_PAGE: &str = "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n<h1>Welcome to nginx!</h1>\n</body>\n</html>\n";

/// The value of `-name=value`, `--name=value` or `--name value`.
fn flag<'a>(args: &'a [String], name: &str) -> Option<&'a str> {
    args.iter().enumerate().find_map(|(index, arg)| {
        let rest = arg.trim_start_matches('-').strip_prefix(name)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value),
            None if rest.is_empty() => args.get(index + 1).map(String::as_str),
            None => None,
        }
    })
}

fn port_of(text: &str) -> Option<u16> {
    text.rsplit(':').next()?.parse().ok()
}

fn http_echo(launch: &Launch<'_>) -> Does {
    let Some(text) = flag(&launch.args, "text") else {
        return Does::End(Duration::from_millis(20), 127, "Missing -text option!");
    };
    let port = flag(&launch.args, "listen")
        .and_then(port_of)
        .unwrap_or(5678);
    Does::Serve(vec![http(port, Site::Text(text.into()))])
}

fn agnhost(launch: &Launch<'_>) -> Does {
    let args = &launch.args;
    let port = |name: &str, default: u16| flag(args, name).and_then(port_of).unwrap_or(default);
    match args.first().map(String::as_str).unwrap_or("pause") {
        "netexec" => Does::Serve(vec![
            http(port("http-port", 8080), Site::Netexec),
            (Protocol::Udp, port("udp-port", 8081), Serves::Plain),
        ]),
        "serve-hostname" => Does::Serve(vec![http(port("port", 9376), Site::Hostname)]),
        "liveness" => Does::Serve(vec![http(8080, Site::Liveness)]),
        "porter" => Does::Serve(porter(launch)),
        "test-webserver" => Does::Serve(vec![http(port("port", 80), Site::Text("".into()))]),
        "guestbook" | "webhook" | "resource-consumer" | "no-snat-test" => {
            Does::Serve(vec![http(port("http-port", 8080), Site::Text("ok".into()))])
        }
        "grpc-health-checking" => Does::Serve(vec![
            tcp(port("port", 5000), Serves::Grpc),
            http(port("http-port", 8080), Site::Text("ok".into())),
        ]),
        "help" | "--help" | "version" | "--version" => {
            Does::End(Duration::from_millis(20), 0, "agnhost")
        }
        "connect" | "dns-suffix" | "dns-server-list" | "etc-hosts" => {
            Does::End(Duration::from_millis(100), 0, "")
        }
        _ => Does::Serve(Vec::new()),
    }
}

/// `SERVE_PORT_80=text` each opens a port.
fn porter(launch: &Launch<'_>) -> Vec<(Protocol, u16, Serves)> {
    let vars = launch.env.iter();
    vars.filter_map(|(name, value)| {
        let port = name.strip_prefix("SERVE_PORT_")?.parse().ok()?;
        Some(http(port, Site::Text(value.as_str().into())))
    })
    .collect()
}

fn hello(launch: &Launch<'_>) -> Does {
    let version = match launch.tag.starts_with('2') {
        true => "2.0.0",
        false => "1.0.0",
    };
    Does::Serve(vec![http(
        env_port(launch, 8080),
        Site::Hello(version.into()),
    )])
}

fn needs(launch: &Launch<'_>, any_of: &[&str], port: u16, otherwise: &'static str) -> Does {
    match any_of.iter().any(|name| launch.env.contains_key(*name)) {
        true => Does::Serve(vec![tcp(port, Serves::Plain)]),
        false => Does::End(Duration::from_millis(300), 1, otherwise),
    }
}

fn mysql(launch: &Launch<'_>) -> Does {
    let any_of = [
        "MYSQL_ROOT_PASSWORD",
        "MYSQL_ALLOW_EMPTY_PASSWORD",
        "MYSQL_RANDOM_ROOT_PASSWORD",
        "MYSQL_ROOT_PASSWORD_FILE",
        "MARIADB_ROOT_PASSWORD",
        "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD",
        "MARIADB_RANDOM_ROOT_PASSWORD",
    ];
    needs(launch, &any_of, 3306, MYSQL_REFUSES)
}

const MYSQL_REFUSES: &str = "[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n    You need to specify one of the following as an environment variable:\n    - MYSQL_ROOT_PASSWORD\n    - MYSQL_ALLOW_EMPTY_PASSWORD\n    - MYSQL_RANDOM_ROOT_PASSWORD";

fn postgres(launch: &Launch<'_>) -> Does {
    let any_of = [
        "POSTGRES_PASSWORD",
        "POSTGRES_HOST_AUTH_METHOD",
        "POSTGRES_PASSWORD_FILE",
    ];
    needs(launch, &any_of, 5432, POSTGRES_REFUSES)
}

const POSTGRES_REFUSES: &str = "Error: Database is uninitialized and superuser password is not specified.\n       You must specify POSTGRES_PASSWORD to a non-empty value for the\n       superuser.";

/// One TCP port of a protocol of its own.
macro_rules! speaks {
    ($($name:ident: $port:literal,)*) => {
        $(fn $name(_: &Launch<'_>) -> Does {
            Does::Serve(vec![tcp($port, Serves::Plain)])
        })*
    };
}
speaks! {
    redis: 6379,
    mongo: 27017,
    memcached: 11211,
}

fn rabbitmq(_: &Launch<'_>) -> Does {
    Does::Serve(vec![
        tcp(5672, Serves::Plain),
        tcp(15692, Serves::Plain),
        tcp(25672, Serves::Plain),
    ])
}

/// Services of the online boutique speak gRPC on the port of `$PORT`; its
/// frontend speaks HTTP.
fn boutique(launch: &Launch<'_>) -> Does {
    let declared = launch.ports.first().map(|(_, port)| *port);
    match declared {
        Some(port) => Does::Serve(vec![tcp(env_port(launch, port), Serves::Grpc)]),
        None => Does::Serve(Vec::new()),
    }
}

fn boutique_frontend(launch: &Launch<'_>) -> Does {
    Does::Serve(vec![http(
        env_port(launch, 8080),
        Site::Text("<title>Online Boutique</title>".into()),
    )])
}

fn web(launch: &Launch<'_>) -> Does {
    let port = launch.ports.first().map_or(80, |(_, port)| *port);
    Does::Serve(vec![http(port, Site::Text("ok".into()))])
}

fn etcd(_: &Launch<'_>) -> Does {
    let health = Site::Health(&["/health", "/livez", "/readyz", "/metrics"]);
    Does::Serve(vec![
        tcp(2379, Serves::Plain),
        tcp(2380, Serves::Plain),
        http(2381, health),
    ])
}

const HEALTH: Site = Site::Health(&["/healthz", "/livez", "/readyz", "/metrics"]);

fn apiserver(_: &Launch<'_>) -> Does {
    Does::Serve(vec![tcp(6443, Serves::Https(HEALTH))])
}

fn controller_manager(_: &Launch<'_>) -> Does {
    Does::Serve(vec![tcp(10257, Serves::Https(HEALTH))])
}

fn scheduler(_: &Launch<'_>) -> Does {
    Does::Serve(vec![tcp(10259, Serves::Https(HEALTH))])
}

fn proxy(_: &Launch<'_>) -> Does {
    Does::Serve(vec![http(10256, HEALTH), http(10249, HEALTH)])
}

fn coredns(_: &Launch<'_>) -> Does {
    Does::Serve(vec![
        (Protocol::Udp, 53, Serves::Dns),
        tcp(53, Serves::Dns),
        http(8080, Site::Health(&["/health"])),
        http(8181, Site::Health(&["/ready"])),
        http(9153, Site::Health(&["/metrics"])),
    ])
}

fn hello_world(_: &Launch<'_>) -> Does {
    Does::End(
        Duration::from_millis(10),
        0,
        "\nHello from Docker!\nThis message shows that your installation appears to be working correctly.\n",
    )
}

static IMAGES: &[Image] = &[
    Image {
        names: &[
            "nginx",
            "registry.k8s.io/nginx",
            "registry.k8s.io/nginx-slim",
            "registry.k8s.io/e2e-test-images/nginx",
            "public.ecr.aws/nginx/nginx",
            "nginxinc/nginx-unprivileged",
        ],
        bytes: 72_080_558,
        programs: &["nginx", "nginx-debug"],
        does: nginx,
        says: "/docker-entrypoint.sh: Configuration complete; ready for start up",
        ..PLAIN_IMAGE
    },
    Image {
        names: &["httpd", "registry.k8s.io/e2e-test-images/httpd"],
        bytes: 45_200_000,
        programs: &["httpd", "httpd-foreground", "apachectl"],
        entry: Entry::None,
        does: |_| {
            Does::Serve(vec![http(
                80,
                Site::Index("<html><body><h1>It works!</h1></body></html>\n".into()),
            )])
        },
        says: "AH00094: Command line: 'httpd -D FOREGROUND'",
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "redis",
            "registry.k8s.io/redis",
            "bitnami/redis",
            "valkey/valkey",
            "us-docker.pkg.dev/google-samples/containers/gke/gb-redis-follower",
        ],
        bytes: 45_006_722,
        programs: &["redis-server", "valkey-server", "run.sh"],
        does: redis,
        says: "* Ready to accept connections tcp",
        ..PLAIN_IMAGE
    },
    Image {
        names: &["memcached"],
        bytes: 33_000_000,
        programs: &["memcached"],
        does: memcached,
        ..PLAIN_IMAGE
    },
    Image {
        names: &["rabbitmq"],
        bytes: 104_000_000,
        programs: &["rabbitmq-server"],
        starts_in_millis: 6_000,
        term: OnTerm::Exits(Duration::from_millis(2_000), 0),
        does: rabbitmq,
        ..PLAIN_IMAGE
    },
    Image {
        names: &["mysql", "mariadb", "registry.k8s.io/mysql"],
        bytes: 247_000_000,
        programs: &["mysqld", "mariadbd"],
        starts_in_millis: 7_000,
        term: OnTerm::Exits(Duration::from_millis(1_500), 0),
        does: mysql,
        ..PLAIN_IMAGE
    },
    Image {
        names: &["postgres"],
        bytes: 161_000_000,
        programs: &["postgres"],
        starts_in_millis: 2_000,
        term: OnTerm::Exits(Duration::from_millis(200), 0),
        does: postgres,
        says: "LOG:  database system is ready to accept connections",
        ..PLAIN_IMAGE
    },
    Image {
        names: &["mongo"],
        bytes: 310_000_000,
        programs: &["mongod"],
        starts_in_millis: 1_500,
        term: OnTerm::Exits(Duration::from_millis(300), 0),
        does: mongo,
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "busybox",
            "registry.k8s.io/busybox",
            "registry.k8s.io/e2e-test-images/busybox",
            "gcr.io/google-containers/busybox",
            "k8s.gcr.io/busybox",
        ],
        bytes: 2_223_686,
        entry: Entry::None,
        tools: Tools::Busybox,
        term: OnTerm::Ignores,
        does: shell_ends,
        ..PLAIN_IMAGE
    },
    Image {
        names: &["alpine", "registry.k8s.io/e2e-test-images/jessie-dnsutils"],
        bytes: 3_800_000,
        entry: Entry::None,
        tools: Tools::Busybox,
        term: OnTerm::Ignores,
        does: shell_ends,
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "alpine/curl",
            "curlimages/curl",
            "radial/busyboxplus",
            "praqma/network-multitool",
            "wbitt/network-multitool",
            "nicolaka/netshoot",
        ],
        bytes: 21_000_000,
        entry: Entry::None,
        term: OnTerm::Ignores,
        does: shell_ends,
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "bash",
            "ubuntu",
            "debian",
            "fedora",
            "centos",
            "rockylinux",
            "amazonlinux",
            "perl",
        ],
        bytes: 29_720_000,
        entry: Entry::None,
        term: OnTerm::Ignores,
        does: shell_ends,
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "python",
            "node",
            "ruby",
            "golang",
            "php",
            "openjdk",
            "eclipse-temurin",
            "rust",
            "gradle",
            "maven",
        ],
        bytes: 380_000_000,
        entry: Entry::None,
        term: OnTerm::Ignores,
        does: shell_ends,
        ..PLAIN_IMAGE
    },
    Image {
        names: &["hello-world"],
        bytes: 2_900,
        entry: Entry::Program,
        tools: Tools::Nothing,
        does: hello_world,
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "registry.k8s.io/pause",
            "k8s.gcr.io/pause",
            "gcr.io/google_containers/pause",
            "registry.k8s.io/pause-amd64",
        ],
        bytes: 268_051,
        programs: &["pause"],
        entry: Entry::Program,
        tools: Tools::Nothing,
        term: OnTerm::Exits(Duration::from_millis(10), 0),
        does: runs,
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "registry.k8s.io/e2e-test-images/agnhost",
            "registry.k8s.io/e2e-test-images/agnhost-*",
            "k8s.gcr.io/e2e-test-images/agnhost",
        ],
        bytes: 51_000_000,
        programs: &["agnhost"],
        entry: Entry::Program,
        tools: Tools::Busybox,
        term: GO,
        does: agnhost,
        ..PLAIN_IMAGE
    },
    Image {
        names: &["registry.k8s.io/liveness", "k8s.gcr.io/liveness"],
        bytes: 2_000_000,
        programs: &["server"],
        entry: Entry::Program,
        tools: Tools::Nothing,
        term: GO,
        does: |_| Does::Serve(vec![http(8080, Site::Liveness)]),
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "registry.k8s.io/serve_hostname",
            "registry.k8s.io/serve-hostname",
        ],
        bytes: 4_000_000,
        entry: Entry::Program,
        tools: Tools::Nothing,
        term: GO,
        does: |_| Does::Serve(vec![http(9376, Site::Hostname)]),
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "registry.k8s.io/echoserver",
            "k8s.gcr.io/echoserver",
            "ealen/echo-server",
            "gcr.io/google_containers/echoserver",
        ],
        bytes: 40_000_000,
        does: |launch| Does::Serve(vec![http(env_port(launch, 8080), Site::Hostname)]),
        ..PLAIN_IMAGE
    },
    Image {
        names: &["hashicorp/http-echo"],
        bytes: 3_000_000,
        programs: &["http-echo"],
        entry: Entry::Program,
        tools: Tools::Nothing,
        does: http_echo,
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "traefik/whoami",
            "containous/whoami",
            "jmalloc/echo-server",
            "paulbouwer/hello-kubernetes",
            "nginxdemos/hello",
        ],
        bytes: 3_000_000,
        entry: Entry::Program,
        tools: Tools::Nothing,
        term: GO,
        does: |launch| {
            Does::Serve(vec![http(
                launch.ports.first().map_or(80, |(_, port)| *port),
                Site::Hostname,
            )])
        },
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "gcr.io/google-samples/hello-app",
            "us-docker.pkg.dev/google-samples/containers/gke/hello-app",
            "gcr.io/google-samples/node-hello",
            "gcr.io/google-samples/hello-go-gke",
        ],
        bytes: 6_000_000,
        entry: Entry::Program,
        tools: Tools::Nothing,
        term: GO,
        does: hello,
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "us-docker.pkg.dev/google-samples/containers/gke/gb-frontend",
            "gcr.io/google-samples/gb-frontend",
            "gcr.io/google_samples/gb-frontend",
            "us-docker.pkg.dev/google-samples/containers/gke/gb-frontend*",
        ],
        bytes: 167_000_000,
        programs: &["apache2-foreground"],
        does: |_| {
            Does::Serve(vec![http(
                80,
                Site::Text("<html><title>Guestbook</title></html>".into()),
            )])
        },
        ..PLAIN_IMAGE
    },
    Image {
        names: &["registry.k8s.io/hpa-example"],
        bytes: 180_000_000,
        programs: &["apache2-foreground"],
        does: |_| Does::Serve(vec![http(80, Site::Text("OK!".into()))]),
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "wordpress",
            "nextcloud",
            "drupal",
            "ghost",
            "joomla",
            "phpmyadmin",
        ],
        bytes: 220_000_000,
        starts_in_millis: 2_500,
        does: web,
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo/frontend",
            "us-central1-docker.pkg.dev/google-samples/microservices-demo/frontend",
            "gcr.io/google-samples/microservices-demo/frontend",
        ],
        bytes: 21_000_000,
        entry: Entry::Program,
        tools: Tools::Nothing,
        term: GO,
        does: boutique_frontend,
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo/adservice",
            "us-central1-docker.pkg.dev/google-samples/microservices-demo/adservice",
            "gcr.io/google-samples/microservices-demo/adservice",
        ],
        bytes: 110_000_000,
        starts_in_millis: 4_000,
        term: JAVA,
        does: boutique,
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo/*",
            "us-central1-docker.pkg.dev/google-samples/microservices-demo/*",
            "gcr.io/google-samples/microservices-demo/*",
        ],
        bytes: 0,
        starts_in_millis: 800,
        term: QUICK,
        does: boutique,
        ..PLAIN_IMAGE
    },
    Image {
        names: &["registry.k8s.io/etcd", "quay.io/coreos/etcd"],
        bytes: 60_000_000,
        programs: &["etcd"],
        entry: Entry::None,
        tools: Tools::Nothing,
        does: etcd,
        ..PLAIN_IMAGE
    },
    Image {
        names: &["registry.k8s.io/kube-apiserver"],
        bytes: 27_000_000,
        programs: &["kube-apiserver"],
        tools: Tools::Nothing,
        does: apiserver,
        ..PLAIN_IMAGE
    },
    Image {
        names: &["registry.k8s.io/kube-controller-manager"],
        bytes: 23_000_000,
        programs: &["kube-controller-manager"],
        tools: Tools::Nothing,
        term: GO,
        does: controller_manager,
        ..PLAIN_IMAGE
    },
    Image {
        names: &["registry.k8s.io/kube-scheduler"],
        bytes: 17_000_000,
        programs: &["kube-scheduler"],
        tools: Tools::Nothing,
        term: GO,
        does: scheduler,
        ..PLAIN_IMAGE
    },
    Image {
        names: &["registry.k8s.io/kube-proxy"],
        bytes: 26_000_000,
        programs: &["kube-proxy"],
        tools: Tools::Nothing,
        term: GO,
        does: proxy,
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "registry.k8s.io/coredns/coredns",
            "coredns/coredns",
            "registry.k8s.io/coredns",
        ],
        bytes: 23_000_000,
        programs: &["coredns"],
        entry: Entry::Program,
        tools: Tools::Nothing,
        term: OnTerm::Exits(Duration::from_millis(5_000), 0),
        does: coredns,
        says: ".:53\nCoreDNS-1.14.2",
        ..PLAIN_IMAGE
    },
    Image {
        names: &["kindest/kindnetd", "kindest/local-path-provisioner"],
        bytes: 37_000_000,
        tools: Tools::Nothing,
        term: GO,
        does: runs,
        ..PLAIN_IMAGE
    },
    Image {
        names: &["polinux/stress", "vish/stress"],
        bytes: 4_000_000,
        programs: &["stress"],
        tools: Tools::Busybox,
        term: OnTerm::Exits(Duration::from_millis(20), 143),
        does: runs,
        ..PLAIN_IMAGE
    },
    Image {
        names: &[
            "kong",
            "haproxy",
            "traefik",
            "envoyproxy/envoy",
            "caddy",
            "tomcat",
            "jetty",
            "solr",
            "elasticsearch",
            "kibana",
            "grafana/grafana",
            "influxdb",
            "cassandra",
            "zookeeper",
            "kafka",
            "nats",
            "vault",
            "consul",
            "registry",
            "jenkins",
            "sonarqube",
            "gitea",
            "couchdb",
            "neo4j",
            "clickhouse",
            "fluentd",
            "telegraf",
            "logstash",
            "logspout",
            "swagger-ui",
            "unit",
            "varnish",
            "couchbase",
            "arangodb",
            "rethinkdb",
            "redmine",
            "odoo",
            "matomo",
            "mattermost",
            "adminer",
            "chronograf",
            "eclipse-mosquitto",
            "docker",
            "swift",
            "erlang",
            "elixir",
            "haskell",
            "julia",
            "r-base",
            "clojure",
            "groovy",
            "photon",
            "oraclelinux",
            "opensuse",
            "archlinux",
            "mageia",
            "almalinux",
            "buildpack-deps",
            "gcc",
            "bitnami",
            "nodejs",
        ],
        bytes: 0,
        starts_in_millis: 1_000,
        does: declared,
        ..PLAIN_IMAGE
    },
];

/// BusyBox applets that manifests use.
const BUSYBOX: &[&str] = &[
    "[",
    "[[",
    "arp",
    "ash",
    "awk",
    "base64",
    "basename",
    "cat",
    "chmod",
    "chown",
    "cp",
    "cut",
    "date",
    "dd",
    "df",
    "dirname",
    "dmesg",
    "du",
    "echo",
    "egrep",
    "env",
    "expr",
    "false",
    "find",
    "free",
    "grep",
    "gunzip",
    "gzip",
    "head",
    "hexdump",
    "hostname",
    "httpd",
    "id",
    "ifconfig",
    "ip",
    "kill",
    "killall",
    "less",
    "ln",
    "ls",
    "md5sum",
    "mkdir",
    "mkfifo",
    "mktemp",
    "more",
    "mount",
    "mv",
    "nc",
    "netstat",
    "nice",
    "nohup",
    "nslookup",
    "od",
    "pgrep",
    "pidof",
    "ping",
    "pkill",
    "printenv",
    "printf",
    "ps",
    "pwd",
    "readlink",
    "realpath",
    "rev",
    "rm",
    "rmdir",
    "route",
    "sed",
    "seq",
    "setsid",
    "sh",
    "sha256sum",
    "sleep",
    "sort",
    "stat",
    "stty",
    "su",
    "sync",
    "tail",
    "tar",
    "tee",
    "telnet",
    "test",
    "time",
    "timeout",
    "top",
    "touch",
    "tr",
    "traceroute",
    "true",
    "uname",
    "uniq",
    "unzip",
    "uptime",
    "usleep",
    "vi",
    "watch",
    "wc",
    "wget",
    "which",
    "whoami",
    "xargs",
    "yes",
    "zcat",
    "tini",
    "dumb-init",
];

/// What distributions have beside.
const DISTRIBUTION: &[&str] = &[
    "bash",
    "curl",
    "dash",
    "perl",
    "python",
    "python3",
    "node",
    "npm",
    "ruby",
    "java",
    "php",
    "go",
    "apt-get",
    "apt",
    "yum",
    "dnf",
    "stress",
    "openssl",
    "mysql",
    "mysqladmin",
    "psql",
    "pg_isready",
    "redis-cli",
    "mongosh",
    "mongo",
    "rabbitmq-diagnostics",
    "rabbitmqctl",
    "nginx",
    "gosu",
    "ncat",
    "jq",
    "git",
    "install",
    "docker-entrypoint.sh",
];

/// Whether a program belongs to what images usually have.
pub(super) fn is_common_tool(name: &str, is_distribution: bool) -> bool {
    BUSYBOX.contains(&name)
        || (is_distribution && DISTRIBUTION.contains(&name))
        || name.ends_with(".sh")
        || name.ends_with(".py")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_found_by_their_familiar_names() {
        let find = |text: &str| Image::find(&Reference::parse(text).unwrap());
        let (nginx, known) = find("docker.io/library/nginx:1.25");
        assert!(known && nginx.bytes == 72_080_558);
        assert!(!find("someone/app").1);
        assert!(find("gcr.io/google-samples/microservices-demo/cartservice:v0.3").1);
        let reference = Reference::parse("nginx").unwrap();
        assert_eq!(nginx.pull_time(&reference).as_millis(), 450 + 1441);
    }
}
