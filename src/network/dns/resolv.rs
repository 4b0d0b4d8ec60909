//! `/etc/resolv.conf`, and which questions a resolver asks for a name.

use crate::network::Config;
use std::net::Ipv4Addr;

/// A resolver's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvConf {
    /// Who is asked.
    pub nameserver: Ipv4Addr,
    /// Domains that are tried behind a name.
    pub search: Vec<String>,
    /// A name with fewer dots is tried with the search domains first.
    pub ndots: usize,
}

impl ResolvConf {
    /// What the kubelet gives a pod with `dnsPolicy: ClusterFirst`.
    pub fn cluster_first(config: &Config, namespace: &str) -> Self {
        let domain = config.cluster_domain;
        ResolvConf {
            nameserver: config.dns,
            search: vec![
                format!("{namespace}.svc.{domain}"),
                format!("svc.{domain}"),
                domain.to_owned(),
            ],
            ndots: 5,
        }
    }

    /// What a node has: the resolver of the network it is in.
    pub fn of_machine(nameserver: Ipv4Addr) -> Self {
        ResolvConf {
            nameserver,
            search: Vec::new(),
            ndots: 1,
        }
    }

    /// The absolute names to ask for, in order, until one is answered.
    pub fn candidates(&self, name: &str) -> Vec<String> {
        if let Some(absolute) = name.strip_suffix('.') {
            return vec![absolute.to_owned()];
        }
        let searched = self.search.iter().map(|domain| format!("{name}.{domain}"));
        let absolute = std::iter::once(name.to_owned());
        match name.matches('.').count() >= self.ndots {
            true => absolute.chain(searched).collect(),
            false => searched.chain(absolute).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_dots_mean_the_search_list_first() {
        let conf = ResolvConf::cluster_first(&Config::default(), "shop");
        assert_eq!(conf.nameserver.to_string(), "10.96.0.10");
        assert_eq!(
            conf.candidates("example.com"),
            [
                "example.com.shop.svc.cluster.local",
                "example.com.svc.cluster.local",
                "example.com.cluster.local",
                "example.com",
            ]
        );
        assert_eq!(conf.candidates("example.com."), ["example.com"]);
        assert_eq!(
            conf.candidates("a.b.c.d.e.f").first().map(String::as_str),
            Some("a.b.c.d.e.f")
        );
    }
}
