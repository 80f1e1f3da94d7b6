//! The one integration-test binary: tests are grouped by behaviour, one module each. They run the program as a user would, against
//! the sandbox.

#![allow(unreachable_pub)] // nothing is exported from a test binary

mod desk;
mod examples;
mod kill;
mod ownership;
mod people;
mod safety;
mod sandbox;
mod secrets;
mod steps;
mod support;
mod unreachable;
