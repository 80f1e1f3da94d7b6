//! Identifiers and times as the vendors write them. Owns no meaning: which vendor uses which is the vendor's.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ring::rand::{SecureRandom, SystemRandom};

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Lower-case hexadecimal digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)] as char, DIGITS[usize::from(b & 15)] as char])
        .collect()
}

/// `length` random letters and digits, for client IDs and secrets. The tiny bias of the modulus does not matter here.
pub(crate) fn alphanumeric(length: usize) -> String {
    (0..length).map(|_| ALPHANUMERIC[usize::from(bytes::<1>()[0]) % ALPHANUMERIC.len()] as char).collect()
}

/// A random version 4 UUID in lower case.
pub(crate) fn uuid() -> String {
    let mut b = bytes::<16>();
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    let h = hex(&b);
    format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
}

/// 16 random bytes in lower-case hexadecimal, for SIDs: `format!("JQ{}", hex32())`.
pub(crate) fn hex32() -> String {
    hex(&bytes::<16>())
}

/// A 24-digit object ID that grows with time: seconds in the first 8 digits, as in the databases that made the form.
pub(crate) fn object_id(at: Timestamp) -> String {
    let seconds = u32::try_from(at.as_second()).unwrap_or_default();
    format!("{seconds:08x}{}", hex(&bytes::<8>()))
}

/// RFC 3339 in UTC with milliseconds: `2026-01-31T09:30:00.000Z`.
pub(crate) fn millis(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// RFC 3339 in UTC with whole seconds: `2026-01-31T09:30:00Z`.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_vendors_write_them() {
        let at = "2026-01-31T09:30:00.0425Z".parse::<Timestamp>().unwrap();
        assert_eq!(millis(at), "2026-01-31T09:30:00.042Z");
        assert_eq!(seconds(at), "2026-01-31T09:30:00Z");
    }

    #[test]
    fn object_ids_grow_with_time() {
        let early = object_id("2024-01-01T00:00:00Z".parse().unwrap());
        let late = object_id("2024-01-01T00:00:01Z".parse().unwrap());
        assert_eq!(early.len(), 24);
        assert!(early < late);
    }
}
