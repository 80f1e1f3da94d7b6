//! The one integration-test binary: tests are grouped by behaviour, one module each. They run the program as a user would, against
//! the sandbox.

// Everything is public to its siblings, and nothing to anybody else; an unwrap in a helper fails the test that calls it.
#![allow(unreachable_pub, clippy::unwrap_used)]

mod cli;
mod desk;
mod examples;
mod kill;
mod language;
mod ownership;
mod people;
mod safety;
mod sandbox;
mod schemas;
mod secrets;
mod shapes;
mod steps;
mod support;
mod unreachable;
