//! Decompression of zlib streams (RFC 1950, 1951) that begin with a dictionary, as
//! SPDY compresses its headers: every header block ends at a whole byte.

/// How far back a copy may reach.
const WINDOW: usize = 32 * 1024;
/// The longest text of one block of headers.
const OUTPUT_MAX: usize = 256 * 1024;

/// The stream is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// A stream on its way.
pub(super) struct Inflate {
    window: Vec<u8>,
    begun: bool,
}

impl Inflate {
    pub(super) fn new(dictionary: Vec<u8>) -> Self {
        Inflate {
            window: dictionary,
            begun: false,
        }
    }

    /// What the next piece of the stream holds.
    pub(super) fn next(&mut self, input: &[u8]) -> Result<Vec<u8>, Broken> {
        let mut bits = Bits {
            input,
            at: 0,
            word: 0,
            count: 0,
        };
        if !self.begun {
            self.begun = true;
            let header = [bits.take(8)?, bits.take(8)?];
            if header[0] & 15 != 8 {
                return Err(Broken);
            }
            if header[1] & 0x20 != 0 {
                bits.take(16)?;
                bits.take(16)?;
            }
        }
        let begin = self.window.len();
        while !bits.is_at_end() {
            let last = bits.take(1)? == 1;
            match bits.take(2)? {
                0 => self.stored(&mut bits)?,
                1 => self.compressed(&mut bits, &Codes::fixed()?)?,
                2 => {
                    let codes = Codes::read(&mut bits)?;
                    self.compressed(&mut bits, &codes)?;
                }
                _ => return Err(Broken),
            }
            if self.window.len() - begin > OUTPUT_MAX {
                return Err(Broken);
            }
            if last {
                break;
            }
        }
        let output = self.window.get(begin..).unwrap_or_default().to_vec();
        let forget = self.window.len().saturating_sub(WINDOW);
        self.window.drain(..forget);
        Ok(output)
    }

    fn stored(&mut self, bits: &mut Bits<'_>) -> Result<(), Broken> {
        bits.align();
        let length = bits.take(16)?;
        if bits.take(16)? != !length & 0xffff {
            return Err(Broken);
        }
        for _ in 0..length {
            let byte = bits.take(8)? as u8;
            self.window.push(byte);
        }
        Ok(())
    }

    fn compressed(&mut self, bits: &mut Bits<'_>, codes: &Codes) -> Result<(), Broken> {
        let begin = self.window.len();
        loop {
            let symbol = codes.symbols.decode(bits)?;
            match symbol {
                0..=255 => self.window.push(symbol as u8),
                256 => return Ok(()),
                _ => {
                    let (base, extra) = *LENGTHS.get(usize::from(symbol) - 257).ok_or(Broken)?;
                    let length = usize::from(base) + bits.take(extra)? as usize;
                    let symbol = codes.distances.decode(bits)?;
                    let (base, extra) = *DISTANCES.get(usize::from(symbol)).ok_or(Broken)?;
                    let distance = usize::from(base) + bits.take(extra)? as usize;
                    for _ in 0..length {
                        let from = self.window.len().checked_sub(distance).ok_or(Broken)?;
                        let byte = *self.window.get(from).ok_or(Broken)?;
                        self.window.push(byte);
                    }
                }
            }
            if self.window.len() - begin > OUTPUT_MAX {
                return Err(Broken);
            }
        }
    }
}

/// Base and extra bits of each length symbol.
const LENGTHS: [(u16, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
/// Base and extra bits of each distance symbol.
const DISTANCES: [(u16, u32); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];
/// The order in which the lengths of the code for lengths come.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

struct Bits<'a> {
    input: &'a [u8],
    at: usize,
    word: u32,
    count: u32,
}

impl Bits<'_> {
    /// The next bits, the first one lowest; at most 16.
    fn take(&mut self, count: u32) -> Result<u32, Broken> {
        while self.count < count {
            let byte = *self.input.get(self.at).ok_or(Broken)?;
            self.at += 1;
            self.word |= u32::from(byte) << self.count;
            self.count += 8;
        }
        let bits = self.word & ((1 << count) - 1);
        self.word >>= count;
        self.count -= count;
        Ok(bits)
    }

    fn align(&mut self) {
        let rest = self.count % 8;
        self.word >>= rest;
        self.count -= rest;
    }

    fn is_at_end(&self) -> bool {
        self.at >= self.input.len() && self.count < 8
    }
}

/// A canonical Huffman code.
struct Code {
    /// How many codes there are of each length.
    counts: [u16; 16],
    symbols: Vec<u16>,
}

impl Code {
    fn new(lengths: &[u8]) -> Result<Code, Broken> {
        let mut counts = [0u16; 16];
        for length in lengths {
            *counts.get_mut(usize::from(*length)).ok_or(Broken)? += 1;
        }
        counts[0] = 0;
        let mut symbols = Vec::with_capacity(lengths.len());
        for length in 1..16u8 {
            let of_length = (0u16..).zip(lengths).filter(|(_, own)| **own == length);
            symbols.extend(of_length.map(|(symbol, _)| symbol));
        }
        Ok(Code { counts, symbols })
    }

    fn decode(&self, bits: &mut Bits<'_>) -> Result<u16, Broken> {
        let (mut code, mut first, mut index) = (0i32, 0i32, 0i32);
        for count in self.counts.iter().skip(1) {
            code |= bits.take(1)? as i32;
            let count = i32::from(*count);
            if code - count < first {
                let at = usize::try_from(index + code - first).map_err(|_| Broken)?;
                return self.symbols.get(at).copied().ok_or(Broken);
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(Broken)
    }
}

struct Codes {
    symbols: Code,
    distances: Code,
}

impl Codes {
    fn fixed() -> Result<Codes, Broken> {
        let mut lengths = [8u8; 288];
        lengths
            .iter_mut()
            .skip(144)
            .take(112)
            .for_each(|length| *length = 9);
        lengths
            .iter_mut()
            .skip(256)
            .take(24)
            .for_each(|length| *length = 7);
        Ok(Codes {
            symbols: Code::new(&lengths)?,
            distances: Code::new(&[5; 30])?,
        })
    }

    fn read(bits: &mut Bits<'_>) -> Result<Codes, Broken> {
        let literals = bits.take(5)? as usize + 257;
        let distances = bits.take(5)? as usize + 1;
        let given = bits.take(4)? as usize + 4;
        let mut own = [0u8; 19];
        for at in ORDER.iter().take(given) {
            let length = bits.take(3)? as u8;
            *own.get_mut(*at).ok_or(Broken)? = length;
        }
        let code = Code::new(&own)?;
        let mut lengths: Vec<u8> = Vec::with_capacity(literals + distances);
        while lengths.len() < literals + distances {
            let symbol = code.decode(bits)?;
            let (length, times) = match symbol {
                0..=15 => (symbol as u8, 1),
                16 => (*lengths.last().ok_or(Broken)?, 3 + bits.take(2)?),
                17 => (0, 3 + bits.take(3)?),
                _ => (0, 11 + bits.take(7)?),
            };
            lengths.extend(std::iter::repeat_n(length, times as usize));
        }
        let (symbols, rest) = lengths.split_at_checked(literals).ok_or(Broken)?;
        Ok(Codes {
            symbols: Code::new(symbols)?,
            distances: Code::new(rest.get(..distances).ok_or(Broken)?)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two pieces of one stream over the dictionary "hello world", flushed after
    /// each, as zlib writes them.
    const FIRST: &str = "78f91a0b045dca403075149038c50a897929c8020a89e98999796051341617000000ffff";
    const SECOND: &str = "\
        2490d90d443108035b0a5708a6ffbe769ef62bb262c6e0a3b3a6b159d7edbb216fdb549fdcd274ed\
        d5cb6d85edd3b3bba38c593b9ac3a8c906e58ab86b81cdd652e6b9566ae6edca2faa55c3df5317ce\
        e121f3e842712315e5eab9eb212b5b4f45e67a29a038944fb5e6fb7bcacf397accc5914109768119\
        2e022260d90610c2e3bf4a7c908d96b1653cbe36588403f22841a4e9715c3a8ebb49199c9d9c4305\
        f9af232f2ba35a5f4f30282d474583755440ca6801e5f8ef56287156ea7d95fe21753520ab89e3ef\
        318e7344f60f0000ffff";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        digits.filter_map(byte).collect()
    }

    #[test]
    fn pieces_refer_to_what_came_before() {
        let mut stream = Inflate::new(b"hello world".to_vec());
        let text = "hello world, hello worlds and hello world again and again and again\n";
        assert_eq!(stream.next(&bytes(FIRST)), Ok(text.into()));
        let numbers: String = (0..60)
            .map(|n| format!("{n}:{};", n * n * 7919 % 1000))
            .collect();
        assert_eq!(stream.next(&bytes(SECOND)), Ok(numbers.into()));
    }

    #[test]
    fn nonsense_is_refused() {
        let first = bytes(FIRST);
        for (at, _) in first.iter().enumerate() {
            let mut broken = first.clone();
            broken[at] ^= 0x55;
            // It may still mean something; it must not panic.
            let _either = Inflate::new(Vec::new()).next(&broken);
            let _either = Inflate::new(Vec::new()).next(&first[..at]);
        }
    }
}
