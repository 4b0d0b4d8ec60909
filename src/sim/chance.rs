//! Seeded chance: PCG32 (O'Neill 2014, XSH-RR 64/32), our own few lines so that
//! recorded histories survive upgrades of packages.

/// A small seeded generator.
#[derive(Clone, Debug)]
pub struct Chance {
    state: u64,
}

const MULTIPLIER: u64 = 6_364_136_223_846_793_005;
const INCREMENT: u64 = 1_442_695_040_888_963_407;

/// Characters of generated names, as apimachinery's `rand.String`: no vowels and
/// no look-alikes, so that no words come out by accident.
const NAME_ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

impl Chance {
    /// A generator whose whole sequence follows from `seed`.
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance {
            state: seed.wrapping_add(INCREMENT),
        };
        chance.next_u32();
        chance
    }

    /// 32 even bits.
    pub fn next_u32(&mut self) -> u32 {
        let old = self.state;
        self.state = old.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
        let shifted = (((old >> 18) ^ old) >> 27) as u32;
        shifted.rotate_right((old >> 59) as u32)
    }

    /// 64 even bits.
    pub fn next_u64(&mut self) -> u64 {
        (u64::from(self.next_u32()) << 32) | u64::from(self.next_u32())
    }

    /// An even number in `0..bound`; zero when `bound` is zero.
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// An even number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        f64::from(self.next_u32()) / 4_294_967_296.0
    }

    /// A name suffix of `length` characters from Kubernetes' alphabet.
    pub fn suffix(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| NAME_ALPHABET[self.below(NAME_ALPHABET.len() as u32) as usize] as char)
            .collect()
    }

    /// A random (version 4) UUID in its usual text form.
    pub fn uuid(&mut self) -> String {
        let mut bits = (u128::from(self.next_u64()) << 64) | u128::from(self.next_u64());
        bits = (bits & !(0xf << 76)) | (0x4 << 76);
        bits = (bits & !(0x3 << 62)) | (0x2 << 62);
        let hex = format!("{bits:032x}");
        [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ]
        .join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_fixed_for_ever() {
        let mut chance = Chance::new(1);
        let first: Vec<u32> = (0..4).map(|_| chance.next_u32()).collect();
        let mut again = Chance::new(1);
        assert_eq!(first, (0..4).map(|_| again.next_u32()).collect::<Vec<_>>());
        assert_ne!(first[0], Chance::new(2).next_u32());
    }

    #[test]
    fn bounds_hold() {
        let mut chance = Chance::new(7);
        assert!((0..1000).all(|_| chance.below(5) < 5));
        assert!((0..1000).all(|_| (0.0..1.0).contains(&chance.unit())));
        assert_eq!(chance.below(0), 0);
    }

    #[test]
    fn uuids_are_version_four() {
        let uuid = Chance::new(3).uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!(matches!(&uuid[19..20], "8" | "9" | "a" | "b"));
    }
}
