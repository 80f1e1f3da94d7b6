//! The one integration-test binary: tests are grouped by behaviour, one module each. They run the program as a user would, against
//! the sandbox.

mod examples;
mod okta;
mod ownership;
mod support;
