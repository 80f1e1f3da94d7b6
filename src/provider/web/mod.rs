//! A vanity domain, seen from outside: DNS, TLS and the self-hosted Flex UI's public configuration. Twilio has no such resource, and nothing
//! here is written: each part is observed, and a difference says what would mend it.
//!
//! | component | what is looked at | file |
//! | --- | --- | --- |
//! | `web.dns` | CNAME and addresses | `dns` |
//! | `web.tls` | the certificate: names, expiry, the chain to the system's roots | `tls` |
//! | `web.app-config` | `appConfig.js`: account, connection, client, redirect | `app_config`, read by `literal` |
//!
//! # Caveats
//! - What is seen depends on where it is looked from: a split-horizon DNS or a proxy that opens TLS shows this machine something else than
//!   the agents' browsers.
//! - On the sandbox DNS, certificates and pages are played (`sandbox/dns`, `sandbox/web`): loopback has neither names nor TLS.

mod app_config;
mod dns;
pub mod literal;
mod lower;
mod observe;
mod tls;

pub use lower::{lower_vanity_domain, realm};
pub use observe::reader;

/// The provider's name in realms.
pub const PROVIDER: &str = "web";
