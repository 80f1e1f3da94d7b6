//! The one integration-test binary: tests are grouped by behaviour, one module each. They run the program as a user would, against
//! the sandbox.

// Everything is public to its siblings, and nothing to anybody else.
#![allow(unreachable_pub)]
// A helper that finds nothing to unwrap fails its test, which is what it is for.
#![allow(clippy::unwrap_used)]

mod cli;
mod console;
mod desk;
mod examples;
mod flex;
mod google;
mod init;
mod kill;
mod language;
mod legacy;
mod okta;
mod okta_keys;
mod output;
mod ownership;
mod people;
mod safety;
mod salesforce;
mod saml;
mod sandbox;
mod schemas;
mod secrets;
mod sendgrid;
mod shapes;
mod steps;
mod support;
mod unreachable;
mod vanity;
