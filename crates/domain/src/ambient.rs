//! Time and randomness as parameters: the two ambient things the rest of the
//! house may only have handed to it. The real ones are made in `ownkey`, the
//! scripted ones in `testkit`.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::time::Timestamp;

/// Tells the wall-clock time. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that reads `now` each time it is asked.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// How many bytes are asked for at once, and up to how many are few.
const POOL: usize = 1024;
const FEW: usize = 10;

/// Bytes in stock.
struct Pool {
    bytes: [u8; POOL],
    used: usize,
}

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

/// Fills buffers with unpredictable bytes. Cheap to clone.
#[derive(Clone)]
pub struct Entropy(Arc<Fill>);

impl Entropy {
    /// A source that calls `fill` for each buffer; `fill` must fill all of it
    /// or not return.
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// The same, asked for many bytes at once where few are wanted, as for ids:
    /// asking a machine takes longer than making an id. Each byte is given away
    /// once. What is as long as a secret comes straight from the source.
    pub fn pooled(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        let pool = Mutex::new(Pool { bytes: [0; POOL], used: POOL });
        Self::new(move |bytes| {
            if bytes.len() > FEW {
                return fill(bytes);
            }
            let mut pool = pool.lock().unwrap_or_else(PoisonError::into_inner);
            if POOL - pool.used < bytes.len() {
                fill(&mut pool.bytes);
                pool.used = 0;
            }
            let end = pool.used + bytes.len();
            let Pool { bytes: drawn, used } = &mut *pool;
            bytes.copy_from_slice(&drawn[*used..end]);
            drawn[*used..end].fill(0);
            *used = end;
        })
    }

    /// `N` fresh random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn few_bytes_come_from_the_pool_once_each_and_many_from_the_source() {
        let (asked, filled) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counted, place) = (Arc::clone(&asked), Arc::clone(&filled));
        let entropy = Entropy::pooled(move |bytes| {
            counted.fetch_add(1, Ordering::Relaxed);
            // Each four bytes are a number that comes once.
            for chunk in bytes.chunks_mut(4) {
                let number = u32::try_from(place.fetch_add(1, Ordering::Relaxed)).unwrap_or(0);
                chunk.copy_from_slice(&number.to_le_bytes()[..chunk.len()]);
            }
        });
        let drawn: Vec<[u8; 4]> = (0..1_000).map(|_| entropy.bytes()).collect();
        assert_eq!(drawn.iter().collect::<HashSet<_>>().len(), 1_000);
        assert_eq!(asked.load(Ordering::Relaxed), 1_000_usize.div_ceil(POOL / 4));
        let many: [[u8; 32]; 2] = [entropy.bytes(), entropy.bytes()];
        assert_ne!(many[0], many[1]);
        assert_eq!(asked.load(Ordering::Relaxed), 1_000_usize.div_ceil(POOL / 4) + 2);
        // What is left of the pool is too little: it is filled anew.
        let ids: Vec<[u8; 10]> = (0..500).map(|_| entropy.bytes()).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 500);
    }
}
