//! Saml.
