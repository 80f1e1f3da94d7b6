//! The public key inside a certificate: its kind and its size.

use std::fmt;

use x509_parser::public_key::PublicKey as ParsedKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// The public key of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublicKey {
    /// RSA with the size of its modulus.
    Rsa {
        /// Bits of the modulus, without leading zeros.
        bits: usize,
    },
    /// An elliptic curve.
    Ec {
        /// The curve's usual name (`P-256`), or its dotted OID.
        curve: String,
        /// Bits of a coordinate.
        bits: usize,
    },
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Any other algorithm, by its dotted OID.
    Other {
        /// The algorithm's OID.
        oid: String,
    },
}

impl PublicKey {
    /// `RSA`, `EC`, `Ed25519`, or the OID.
    pub fn kind(&self) -> &str {
        match self {
            Self::Rsa { .. } => "RSA",
            Self::Ec { .. } => "EC",
            Self::Ed25519 => "Ed25519",
            Self::Other { oid } => oid,
        }
    }

    /// Size in bits, where it is known.
    pub fn bits(&self) -> Option<usize> {
        match self {
            Self::Rsa { bits } | Self::Ec { bits, .. } => Some(*bits),
            Self::Ed25519 => Some(256),
            Self::Other { .. } => None,
        }
    }
}

/// `RSA 2048 bits`, `EC P-256`, `Ed25519`.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits} bits"),
            Self::Ec { curve, .. } => write!(f, "EC {curve}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other { oid } => write!(f, "key algorithm {oid}"),
        }
    }
}

/// Reads the key's kind and size; never fails, what is not known is `Other`.
pub(super) fn public_key(info: &SubjectPublicKeyInfo<'_>) -> PublicKey {
    let oid = info.algorithm.algorithm.to_id_string();
    match info.parsed() {
        Ok(ParsedKey::RSA(rsa)) => PublicKey::Rsa { bits: significant_bits(rsa.modulus) },
        Ok(ParsedKey::EC(point)) => {
            let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
            let (curve, bits) = match curve.map(|curve| curve.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => ("P-256".to_owned(), 256),
                Some("1.3.132.0.34") => ("P-384".to_owned(), 384),
                Some("1.3.132.0.35") => ("P-521".to_owned(), 521),
                Some("1.3.132.0.10") => ("secp256k1".to_owned(), 256),
                Some(other) => (other.to_owned(), point.key_size()),
                None => ("with explicit parameters".to_owned(), point.key_size()),
            };
            PublicKey::Ec { curve, bits }
        }
        _ if oid == "1.3.101.112" => PublicKey::Ed25519,
        _ => PublicKey::Other { oid },
    }
}

fn significant_bits(modulus: &[u8]) -> usize {
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    modulus.get(zeros).map_or(0, |top| (modulus.len() - zeros) * 8 - top.leading_zeros() as usize)
}
