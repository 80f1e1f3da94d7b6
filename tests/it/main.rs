//! The one integration-test binary: tests are grouped by behaviour, one module each. They run the program as a user would, against
//! the sandbox.

mod desk;
mod examples;
mod ownership;
mod steps;
mod support;
