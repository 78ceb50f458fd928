//! Vectors of length one that depend on nothing but the text.

/// FNV-1a.
pub(crate) fn seed(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Numbers from a linear congruential generator, scaled to length one.
pub(crate) fn vector(seed: u64, dimensions: usize) -> Vec<f32> {
    let mut state = seed;
    let mut numbers: Vec<f32> = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let [high, low, ..] = state.to_be_bytes().map(f32::from);
        numbers.push(high.mul_add(256.0, low) / 32_768.0 - 1.0);
    }
    let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    numbers.iter().map(|number| number / length).collect()
}
