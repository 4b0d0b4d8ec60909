//! One number for a whole history: the same seed and the same inputs give the
//! same number, native and in Wasm.

use crate::cluster::Cluster;
use crate::sim::RecordId;

/// FNV-1a over every record's encoding, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryHash {
    told: RecordId,
    state: u64,
}

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

impl Default for HistoryHash {
    fn default() -> Self {
        HistoryHash {
            told: RecordId::default(),
            state: OFFSET_BASIS,
        }
    }
}

impl HistoryHash {
    /// Takes in the records since the last call. Must be called before the trace
    /// forgets them.
    pub fn follow(&mut self, cluster: &Cluster) {
        for record in cluster.trace().since(self.told) {
            for byte in postcard::to_allocvec(&**record).unwrap_or_default() {
                self.state = (self.state ^ u64::from(byte)).wrapping_mul(PRIME);
            }
        }
        self.told = cluster.trace().next_id();
    }

    /// Sixteen hexadecimal digits.
    pub fn hex(&self) -> String {
        format!("{:016x}", self.state)
    }
}
