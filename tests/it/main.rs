//! The one integration-test binary: tests are grouped by behaviour, one module each. They run the program as a user would, against
//! the sandbox.

// Everything is public to its siblings, and nothing to anybody else.
#![allow(unreachable_pub)]

mod cli;
mod examples;
mod language;
mod ownership;
mod schemas;
mod shapes;
mod support;
