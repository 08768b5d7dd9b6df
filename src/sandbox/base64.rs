//! Base64, in the two alphabets that the API has.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// With the alphabet for addresses, without padding.
pub(super) fn for_addresses(plain: &[u8]) -> String {
    let mut text = String::with_capacity(plain.len().div_ceil(3) * 4);
    for chunk in plain.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize]));
        }
    }
    text
}

/// With the older alphabet, and padding.
pub(super) fn standard(plain: &[u8]) -> String {
    let mut text = for_addresses(plain).replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// What [`for_addresses`] made. `Err`: where it is none.
pub(super) fn from_addresses(text: &str) -> Result<Vec<u8>, usize> {
    let mut plain = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0_u32, 0);
    for (at, letter) in text.bytes().enumerate() {
        let value = ALPHABET.iter().position(|known| *known == letter).ok_or(at)?;
        bits = bits << 6 | u32::try_from(value).unwrap_or_default();
        count += 6;
        if count >= 8 {
            count -= 8;
            plain.push((bits >> count & 0xff) as u8);
        }
    }
    // A single letter holds no byte.
    if text.len() % 4 == 1 { Err(text.len() - 1) } else { Ok(plain) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_comes_back() {
        for (plain, address, padded) in [
            (&b""[..], "", ""),
            (b"f", "Zg", "Zg=="),
            (b"fo", "Zm8", "Zm8="),
            (b"foo", "Zm9v", "Zm9v"),
            (b"\xfb\xff\xfe", "-__-", "+//+"),
        ] {
            assert_eq!((for_addresses(plain).as_str(), standard(plain).as_str()), (address, padded));
            assert_eq!(from_addresses(address).as_deref(), Ok(plain));
        }
        assert_eq!((from_addresses("Z*"), from_addresses("Zm9vZ")), (Err(1), Err(4)));
    }
}
