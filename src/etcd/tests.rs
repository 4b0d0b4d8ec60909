use super::*;
use crate::api::{ConfigMap, Resource};
use std::collections::BTreeMap as Map;

fn at(name: &str) -> StoreKey {
    StoreKey {
        kind: Kind::ConfigMap,
        key: Key::new("default", name),
    }
}

fn config(name: &str, value: &str) -> Object {
    let mut object = ConfigMap::default();
    object.metadata.name = Some(name.into());
    object.metadata.namespace = Some("default".into());
    object.data = Some(Map::from([("v".to_owned(), value.to_owned())]));
    Object::of(object)
}

fn value(object: &Object) -> String {
    let config = ConfigMap::unwrap(object);
    config
        .and_then(|config| config.data.as_ref()?.get("v").cloned())
        .unwrap_or_default()
}

fn write(etcd: &mut Etcd, name: &str, compare: u64, to: Option<&str>) -> Result<u64, StoreError> {
    let object = to.map(|to| config(name, to));
    let stamp = |object: &mut Object, revision: u64| {
        object.meta_mut().resource_version = Some(revision.to_string());
    };
    etcd.txn(at(name), compare, object, stamp, None)
        .map(|write| write.map_or(0, |write| write.revision))
}

#[test]
fn a_write_needs_the_revision_it_read() {
    let mut etcd = Etcd::default();
    assert_eq!(write(&mut etcd, "a", 0, Some("1")), Ok(1));
    assert_eq!(
        write(&mut etcd, "a", 0, Some("2")),
        Err(StoreError::Conflict { found: 1 })
    );
    assert_eq!(write(&mut etcd, "a", 1, Some("2")), Ok(2));
    assert_eq!(write(&mut etcd, "a", 2, None), Ok(3));
    assert_eq!(write(&mut etcd, "a", 0, None), Ok(0), "nothing to delete");
    assert_eq!(etcd.revision(), 3, "refused writes take no revision");
}

#[test]
fn versions_count_and_creation_is_remembered() {
    let mut etcd = Etcd::default();
    let _ = write(&mut etcd, "other", 0, Some("x"));
    let _ = write(&mut etcd, "a", 0, Some("1"));
    let _ = write(&mut etcd, "a", 2, Some("2"));
    let entry = etcd.get(&at("a")).cloned();
    let seen = entry.map(|entry| (entry.create_revision, entry.mod_revision, entry.version));
    assert_eq!(seen, Some((2, 3, 2)));
}

#[test]
fn the_past_can_be_read_until_it_is_compacted() {
    let mut etcd = Etcd::default();
    let _ = write(&mut etcd, "a", 0, Some("1"));
    let _ = write(&mut etcd, "b", 0, Some("1"));
    let _ = write(&mut etcd, "a", 1, Some("2"));
    let _ = write(&mut etcd, "b", 2, None);
    let past = |etcd: &Etcd, revision| {
        etcd.range_at(Kind::ConfigMap, Some("default"), revision)
            .map(|objects| objects.iter().map(value).collect::<Vec<_>>())
    };
    assert_eq!(past(&etcd, 0), Ok(vec![]));
    assert_eq!(past(&etcd, 2), Ok(vec!["1".to_owned(), "1".to_owned()]));
    assert_eq!(past(&etcd, 3), Ok(vec!["2".to_owned(), "1".to_owned()]));
    assert_eq!(past(&etcd, 4), Ok(vec!["2".to_owned()]));
    assert_eq!(past(&etcd, 5), Err(StoreError::Future));
    etcd.compact(2);
    assert_eq!(past(&etcd, 1), Err(StoreError::Compacted { oldest: 2 }));
    assert_eq!(past(&etcd, 2), Ok(vec!["1".to_owned(), "1".to_owned()]));
}

#[test]
fn history_is_gap_free_and_bounded() {
    let mut etcd = Etcd::default();
    let mut revision = 0;
    for turn in 0..HISTORY_REVISIONS_MAX + 5 {
        revision = write(&mut etcd, "a", revision, Some(&turn.to_string())).unwrap_or_default();
    }
    assert_eq!(etcd.compacted(), 5);
    let revisions: Vec<u64> = etcd
        .writes_after(5)
        .map(|writes| writes.map(|write| write.revision).collect())
        .unwrap_or_default();
    assert_eq!(revisions, (6..=revision).collect::<Vec<_>>());
    assert!(etcd.writes_after(4).is_err());
}

#[test]
fn a_fork_does_not_see_later_writes() {
    let mut etcd = Etcd::default();
    let _ = write(&mut etcd, "a", 0, Some("1"));
    let fork = etcd.clone();
    let _ = write(&mut etcd, "a", 1, Some("2"));
    let seen = fork.get(&at("a")).map(|entry| value(&entry.object));
    assert_eq!(seen, Some("1".to_owned()));
    assert_eq!(fork.revision(), 1);
}

#[test]
fn leases_end_with_their_keys_unless_kept_alive() {
    let second = |seconds| Instant::from_secs(seconds);
    let mut etcd = Etcd::default();
    let lease = etcd.grant(Duration::from_secs(10), second(0));
    let other = etcd.grant(Duration::from_secs(10), second(0));
    for name in ["a", "b", "c"] {
        let _ = write(&mut etcd, name, 0, Some("1"));
        assert_eq!(etcd.attach(lease, &at(name)), Ok(()));
    }
    assert_eq!(etcd.attach(other, &at("c")), Ok(()));
    let _ = write(&mut etcd, "b", 2, None);
    assert_eq!(etcd.keep_alive(other, second(5)), Ok(()));
    assert_eq!(etcd.next_expiry(), Some(second(10)));
    assert_eq!(etcd.expire(second(9)), vec![]);
    assert_eq!(etcd.expire(second(10)), vec![at("a")]);
    assert_eq!(
        etcd.keep_alive(lease, second(11)),
        Err(StoreError::LeaseNotFound)
    );
    assert_eq!(etcd.expire(second(15)), vec![at("c")]);
    assert_eq!(etcd.next_expiry(), None);
}
