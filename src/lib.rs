//! Concord: SSO configuration as code for Twilio.
//!
//! Manifests in git describe an agreement between a service provider (Twilio) and an identity provider; Concord reads
//! both sides, shows what differs and reconciles it. The folders mirror the flow, each stage has its own type, and
//! dependencies run downward only:
//!
//! ```text
//! text ──yaml──> documents ──manifest──> project ──check──> findings
//!                                           │
//!                                provider::*::lower (resolve)
//!                                           v
//!                                  desired components ──┐
//!        vendor APIs ──provider::Observe──> observed ──plan (diff, order, guard)──> plan ──render──> text, JSON
//!                                                          │
//!                                                    ApprovedPlan ──apply──> events, outcome ──> verify
//! ```
//!
//! | question | room |
//! | --- | --- |
//! | how YAML becomes a tree with spans | [`yaml`] |
//! | what a manifest may say | [`manifest`] |
//! | how something wrong is reported | [`diagnostics`] |
//! | what is wrong before anything is read | [`check`] |
//! | SAML metadata, certificates, requests | [`saml`] |
//! | what can be compared and changed, without any vendor | [`component`] |
//! | which components the manifests become, and which people are meant | [`resolve`] |
//! | what must hold before a component is touched | [`component::Requirement`], judged by [`plan::guard`] |
//! | what a vendor's objects look like; how each is opened | [`provider`], [`provider::registry`] |
//! | what a vendor would say to a plan, without making it | [`provider::Rehearse`] |
//! | what has to change, in which order, and whether it may | [`plan`] |
//! | how the stages are joined: load, resolve, list people, observe, plan, rehearse | [`flow`] |
//! | how changes are carried out | [`apply`] |
//! | how a plan looks | [`render`] |
//! | how a request is sent, retried, limited | [`http`] |
//! | what the domain name system says | [`dns`] |
//! | the vendors on loopback, and a simulated person at their pages | [`sandbox`] |
//! | arguments and exit codes | [`cli`]; the only place that prints is [`ui`] |

pub mod apply;
pub mod check;
pub mod cli;
pub mod component;
pub mod diagnostics;
pub mod dns;
pub mod flow;
pub mod http;
pub mod manifest;
pub mod plan;
pub mod provider;
pub mod render;
pub mod resolve;
pub mod saml;
pub mod sandbox;
pub mod ui;
pub mod yaml;
