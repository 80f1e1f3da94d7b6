//! The sandbox: the vendors that Concord talks to, played on loopback with state that lasts. It is the way to try Concord without an
//! account, the double in integration tests, and the place where faults are injected. It refuses what the real services
//! refuse.
//!
//! # Addressing
//! Data keep the vendors' real host names. A request reaches a logical host as the first path segment,
//!
//! ```text
//! curl http://127.0.0.1:PORT/nss.us.auth0.com/api/v2/clients -H 'Authorization: Bearer ...'
//! ```
//!
//! or by a Host header that is no loopback name, `curl -H 'Host: nss.us.auth0.com' http://127.0.0.1:PORT/api/v2/clients`.
//! Links and redirects in answers are the real ones, `https://...`; whoever follows one maps it the same way. `/` says this in short
//! and `/state` shows the state. Redirects of the console page alone stay on the sandbox, so that a browser can follow them.
//!
//! # State
//! [`Sandbox::start`] keeps everything in one file below `state_dir`, written before each answer. One process at a time may have it
//! open. The state has a random id; `reset` gives the next one another.
//!
//! # Seed (`sandbox.yaml`)
//! Applied once, when the state is new. Everything is optional; an Auth0 tenant or a Twilio account that is not named is made empty
//! on first use.
//!
//! ```yaml
//! auth0:
//!   tenants:
//!     nss.us.auth0.com:
//!       connections: [{name: Username-Password-Authentication, strategy: auth0}]   # the default
//!       users:                          # Auth0's own field names
//!         - {email: a@connie.one, name: Ann Lee, given_name: Ann, family_name: Lee, email_verified: true,
//!            blocked: false, app_metadata: {flex: {roles: [agent]}}, user_metadata: {}, connection: ..., user_id: ...,
//!            created_at: 2026-01-01T00:00:00Z}
//!       generateUsers: {count: 5000, domain: example.com, prefix: user, connection: ..., appMetadata: ...,
//!                       createdAtStepMs: 1000}      # user00001@example.com and so on
//!       clients: [{name: Intranet, callbacks: [https://intranet.example.com/cb]}]  # as POST /api/v2/clients takes them
//!       actions: [{name: Add groups, code: "...", trigger: post-login, deployed: true}]
//!       bindings: {post-login: [Add groups]}        # Actions by name, in order
//!       apiClients: [{clientId: abc, clientSecret: s3cret, scopes: [read:clients]}]
//!                                       # none: any non-empty credentials get every scope
//!       searchLag: {requests: 2, milliseconds: 300} # a write is found after either
//!       rateLimit: {requests: 2000, perSeconds: 1}
//!       actionBuildMs: 100
//! okta:
//!   organizations:
//!     nss.okta.com:
//!       users: [{email: a@connie.one, firstName: Ann, lastName: Lee, login: ..., status: ACTIVE, profile: {department: Care}}]
//!       groups: [{name: Flex Leads, members: [a@connie.one]}]
//!       apps: [{label: Intranet, signOnMode: SAML_2_0, settings: {signOn: ...}}]    # as POST /api/v1/apps takes them
//!       tokens: [00abc...]              # none: any non-empty API token is right
//!       rateLimit: {requests: 2000, perSeconds: 1}
//! salesforce:
//!   organizations:
//!     nss.my.salesforce.com:
//!       edition: unlimited              # enterprise and professional lack APIs as the real ones do
//!       profiles: [Flex Agent]          # beside the two that every organization has
//!       permissionSets: [{name: Flex_Users, customPermissions: [Flex_Supervisor]}]
//!       users: [{email: a@connie.one, username: ..., firstName: Ann, lastName: Lee, profile: Flex Agent, permissionSets: [],
//!                isActive: true, fields: {Department: Care}}]
//!       generateUsers: {count: 5000, domain: example.com, profile: Flex Agent}
//!       components: [{type: ConnectedApp, fullName: Intranet, metadata: {label: Intranet, contactEmail: it@connie.one}}]
//!       clients: [{clientId: abc, clientSecret: s3cret}]   # none: any non-empty credentials are right
//!       allowConnectedAppCreation: false
//!       accessAsIds: false              # whether an application's profiles are answered as IDs
//!       deployMs: 100
//!       pageSize: 2000
//!       rateLimit: {requests: 2000, perSeconds: 1}
//! twilio:
//!   accounts:
//!     AC00000000000000000000000000000001:
//!       friendlyName: NSS
//!       authToken: ...                  # none: any non-empty password is right
//!       apiKeys: [{sid: SK..., secret: ...}]
//!       flexInstance: GO00000000000000000000000000000001
//!       runtimeDomain: nss.twil.io
//!       flexUsers: [{username: a@connie.one, full_name: Ann Lee, email: a@connie.one, roles: [agent]}]
//!       rateLimit: {requests: 2000, perSeconds: 1}
//! dns:
//!   flex.connie.one: {CNAME: cname.connie.team}
//!   cname.connie.team: {A: [192.0.2.10], AAAA: ['2001:db8::1'], TXT: [some text]}
//! ```
//!
//! # Faults and the record
//! The format of a fault file is at the head of `faults.rs`, that of the record at the head of `record.rs`.
//!
//! # The console page
//! `console.twilio.com` stands for the Twilio Console, for people (HTML forms) and for programs (JSON, with
//! `Accept: application/json`); see the head of `twilio/console.rs`.
//!
//! # Names
//! `dns.sandbox.invalid` stands for the domain name system: questions, and a page where records are added and removed; see the head of
//! `dns/mod.rs`. There are no other names than those of its records.
//!
//! # What it is not
//! Nothing is signed in for real: no SAML response is made, no Action is run. The private key of its identity providers is public
//! (`keys/README.md`).

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod auth0;
mod certificate;
mod connection;
mod dns;
mod error;
mod faults;
mod ids;
mod login;
mod message;
mod okta;
mod operator;
mod rate;
mod record;
mod salesforce;
mod seed;
mod server;
mod store;
#[cfg(test)]
mod tests;
mod twilio;
mod vendor;

pub use self::error::SandboxError;
pub use self::faults::{Effect, Fault, Faults};
pub use self::operator::{SimulatedOperator, id_of};
pub use self::server::{RunningSandbox, Sandbox, SandboxOptions};
