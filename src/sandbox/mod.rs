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
//! google:                               # the head of `google/seed.rs` has all of it
//!   customers:
//!     C00abc123:
//!       domains: [connie.one]
//!       users: [{email: a@connie.one, givenName: Ann, familyName: Lee, isAdmin: false}]
//!       groups: [{email: agents@connie.one, name: Agents, members: [a@connie.one]}]
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
//! sendgrid:
//!   accounts:
//!     nss:
//!       region: global                  # or eu
//!       apiKeys: [SG.abc]               # none: any non-empty key is right
//!       subusers: [12345]
//!       teammates:                      # SSO teammates, unless they have a user name and a password
//!         - {email: a@connie.one, firstName: Ann, lastName: Lee, userType: teammate, scopes: [mail.send]}
//!         - {email: root@connie.one, firstName: R, lastName: T, userType: owner, passwordUsername: connie}
//!       integrations: [{name: Old, enabled: false, signin_url: ..., signout_url: ..., entity_id: ...}]  # as the API takes them
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
//!   organizations:                      # only what is seeded exists
//!     OR00000000000000000000000000000001:
//!       friendlyName: NSS
//!       owner: owner@connie.one         # the owner and the administrators need no entry among the users
//!       administrators: [root@connie.one]
//!       accounts: [AC00000000000000000000000000000001]
//!       domains: [{name: connie.one, status: verified, token: 0123456789abcdef0123456789abcdef}]
//!       users:
//!         - {email: a@connie.one, displayName: Ann Lee, givenName: Ann, familyName: Lee, externalId: e1, active: true,
//!            suspended: false, roles: [Organization Member, Developer@AC00000000000000000000000000000001]}
//!       generateUsers: {count: 10000, domain: connie.one, prefix: user, roles: [Organization Member]}
//!       roles: [{friendlyName: Night Desk, lowestLevel: ACCOUNT}]   # beside Twilio's own
//!       oauthClients: [{clientId: OQ..., clientSecret: s3cret, permissions: [managed-users/list]}]
//!                                       # no permissions: all; no secret: any; none, and one organization: any app gets everything
//!       rateLimit: {requests: 2000, perSeconds: 1}
//! saml:                               # identity providers without an API
//!   providers:
//!     sso.connie.one:
//!       entityId: https://sso.connie.one/realms/agents
//!       metadataPath: /realms/agents/protocol/saml/descriptor   # default /metadata
//!       ssoPath: /realms/agents/protocol/saml                    # default /sso
//!       others: 3                       # further entities in the metadata, which are an EntitiesDescriptor then
//!       validDays: 30                   # how long the metadata hold; left out, for ever
//!       users: [{email: a@connie.one, active: true, attributes: {firstName: Ann, lastName: Lee, team: North}}]
//! web:                                # what TLS servers show, and pages
//!   hosts:
//!     nss.connie.team:
//!       certificate: {names: [nss.connie.team], days: 200, trusted: true}
//!       pages: {/assets/appConfig.js: "var appConfig = {oauth: {connection: '${flex.connection}'}}"}
//!       account: AC00000000000000000000000000000001   # whose ${flex.connection} and ${flex.clientId} pages may have
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
//! # TLS and pages
//! Loopback has no TLS, so what a server would show in a handshake is played too: `web.sandbox.invalid` tells the certificate of a seeded
//! host, or what a client would object to; see the head of `web/mod.rs`. No handshake takes place.
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
mod google;
mod ids;
mod login;
mod message;
mod okta;
mod operator;
mod rate;
mod record;
mod salesforce;
mod saml;
mod seed;
mod sendgrid;
mod server;
mod store;
#[cfg(test)]
mod tests;
mod twilio;
mod vendor;
mod web;

pub use self::error::SandboxError;
pub use self::faults::{Effect, Fault, Faults};
pub use self::operator::{SimulatedOperator, id_of};
pub use self::server::{RunningSandbox, Sandbox, SandboxOptions};
