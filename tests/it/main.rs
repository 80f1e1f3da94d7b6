//! The one integration-test binary: tests are grouped by behaviour, one module each.
