//! Data that an object carries from one holder to the next.

/// The data of an object.
pub trait Payload: Send + 'static {
    fn empty() -> Self;

    /// Writes up to `words` words of the pattern. Returns how many.
    fn write(&mut self, seed: u64, words: usize) -> usize;

    fn holds(&self, seed: u64, words: usize) -> bool;
}

fn pattern(seed: u64) -> impl Iterator<Item = u64> {
    (0..).map(move |i| (seed + i).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

impl<const N: usize> Payload for [u64; N] {
    fn empty() -> Self {
        [0; N]
    }

    fn write(&mut self, seed: u64, words: usize) -> usize {
        self.iter_mut().zip(pattern(seed)).take(words).for_each(|(word, new)| *word = new);
        words.min(N)
    }

    fn holds(&self, seed: u64, words: usize) -> bool {
        self.iter().zip(pattern(seed)).take(words).all(|(&word, wanted)| word == wanted)
    }
}

impl<const N: usize> Payload for Box<[u64; N]> {
    fn empty() -> Self {
        Box::new([0; N])
    }

    fn write(&mut self, seed: u64, words: usize) -> usize {
        (**self).write(seed, words)
    }

    fn holds(&self, seed: u64, words: usize) -> bool {
        (**self).holds(seed, words)
    }
}

impl Payload for Vec<u8> {
    fn empty() -> Self {
        Self::new()
    }

    fn write(&mut self, seed: u64, words: usize) -> usize {
        self.clear();
        pattern(seed).take(words).for_each(|word| self.extend_from_slice(&word.to_ne_bytes()));
        words
    }

    fn holds(&self, seed: u64, words: usize) -> bool {
        let found = self.chunks_exact(8).map(|bytes| u64::from_ne_bytes(bytes.try_into().unwrap()));
        self.len() == 8 * words && found.eq(pattern(seed).take(words))
    }
}
