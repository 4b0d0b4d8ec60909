//! Every scenario of the catalogue, played to its end without a viewer: what its
//! steps expect must come true.

use tabernetes::session::Session;
use tabernetes::session::protocol::ClusterSpec;
use tabernetes::session::scenario::{CATALOGUE, Scenario};

fn play(name: &str) {
    let mut session = Session::new(ClusterSpec::default());
    if let Err(why) = session.play_scenario(name, |_| {}) {
        panic!("{why}");
    }
}

macro_rules! scenarios {
    ($($test:ident: $name:literal,)*) => {
        $(
            #[test]
            fn $test() {
                play($name);
            }
        )*

        #[test]
        fn every_scenario_of_the_catalogue_is_played() {
            let played = [$($name),*];
            let known: Vec<&str> = CATALOGUE.iter().map(|(name, _)| *name).collect();
            assert_eq!(played.as_slice(), known.as_slice());
        }
    };
}

scenarios! {
    your_first_deployment: "first-deployment",
    five_replicas_one_lost_five_again: "five-replicas",
    crash_loop_and_back_off: "crash-loop",
    a_node_dies: "node-dies",
    the_control_plane_dies: "control-plane-dies",
    life_of_a_packet: "life-of-a-packet",
    services: "services",
    rolling_update_and_roll_back: "rolling-update",
}

#[test]
fn every_file_in_the_folder_is_in_the_catalogue() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = std::fs::read_dir(folder).expect("the folder is part of the project");
    let names = files
        .flatten()
        .map(|file| file.file_name().to_string_lossy().into_owned());
    let scenarios = names.filter_map(|name| Some(name.strip_suffix(".yaml")?.to_owned()));
    let mut found: Vec<String> = scenarios.collect();
    let mut known: Vec<String> = CATALOGUE.iter().map(|(name, _)| name.to_string()).collect();
    found.sort();
    known.sort();
    assert_eq!(found, known);
}

#[test]
fn a_broken_scenario_says_what_is_wrong_and_where() {
    let error =
        Scenario::read("title: x\ngoal: y\nsteps:\n  - title: a\n    word: b\n").unwrap_err();
    assert!(
        error.contains("steps[0]") && error.contains("unknown field `word`"),
        "{error}"
    );
}
