//! What a generator decides by: bytes, of which the first answer is always the simplest and none at all means
//! simple ones for ever. So a shorter and smaller list of bytes is a simpler case, and proptest shrinks well.

/// Bytes that decide.
pub(crate) struct Choices<'a> {
    bytes: &'a [u8],
}

impl<'a> Choices<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let mut take = || {
            let (first, rest) = self.bytes.split_first().unwrap_or((&0, &[]));
            self.bytes = rest;
            usize::from(*first)
        };
        if bound <= 256 { take() % bound } else { (take() * 256 + take()) % bound }
    }

    /// One of a list; the first is the simplest.
    pub(crate) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// True once in `often` times, never where nothing is left to decide by.
    pub(crate) fn one_in(&mut self, often: usize) -> bool {
        self.below(often) == often - 1
    }

    /// True in all but one of `often` cases, never where nothing is left to decide by.
    pub(crate) fn mostly(&mut self, often: usize) -> bool {
        self.below(often) > 0
    }

    /// From one to `most` of a list, in its order.
    pub(crate) fn some<T: Copy>(&mut self, list: &[T], most: usize) -> Vec<T> {
        let count = 1 + self.below(most);
        let first = self.below(list.len());
        (0..count).map(|at| list[(first + at * 3) % list.len()]).collect()
    }
}

/// Bytes for the making of rules, the same for the same number.
pub(crate) fn bytes_of(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D;
    let next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)).to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(count).collect()
}
