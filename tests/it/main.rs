//! The one integration-test binary: tests are grouped by behaviour, one module each. They run the program as a user would, against
//! the sandbox.

mod apply;
mod cli;
mod examples;
mod language;
mod ownership;
mod people;
mod plan;
mod safety;
mod sandbox;
mod schemas;
mod secrets;
mod steps;
mod support;
mod unreachable;
