//! An organization as it is stored, its tables, and how it is found.

use ring::digest;
use serde::{Deserialize, Serialize};

use crate::sandbox::ids;
use crate::sandbox::rate::Limit;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::token;

/// Table of the organizations, by SID.
pub(super) const ORGANIZATIONS: &str = "twilio/organizations";

/// An organization.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Organization {
    pub(super) sid: String,
    pub(super) friendly_name: String,
    /// The owner's user SID.
    pub(super) owner: String,
    /// The accounts that it manages.
    pub(super) accounts: Vec<String>,
    pub(super) oauth_clients: Vec<OAuthClient>,
    pub(super) rate_limit: Limit,
}

/// An OAuth app of the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OAuthClient {
    pub(super) client_id: String,
    /// None: any non-empty secret is right.
    #[serde(default)]
    pub(super) client_secret: Option<String>,
    /// None: everything.
    #[serde(default)]
    pub(super) permissions: Option<Vec<String>>,
}

impl Organization {
    pub(super) fn save(&self, documents: &mut Transaction<'_>) {
        documents.write(ORGANIZATIONS, &self.sid, self);
    }
}

/// The table of one kind of an organization's documents.
pub(super) fn table(organization: &str, kind: &str) -> String {
    format!("twilio/{organization}/{kind}")
}

pub(super) fn find(documents: &Transaction<'_>, sid: &str) -> Option<Organization> {
    documents.read(ORGANIZATIONS, sid)
}

pub(super) fn all(documents: &Transaction<'_>) -> Vec<Organization> {
    documents.read_list(ORGANIZATIONS)
}

/// A SID that is the same in every sandbox: 32 digits of a digest behind the prefix.
pub(super) fn derived_sid(prefix: &str, of: &str) -> String {
    let hash = digest::digest(&digest::SHA256, of.as_bytes());
    format!("{prefix}{}", ids::hex(&hash.as_ref()[..16]))
}

/// The limit of the organization that the request's token is for, with the key to count by.
pub(crate) fn limit_of_token(call: &Call<'_, '_>) -> Option<(String, Limit)> {
    let grant = token::of_request(call)?;
    let organization = find(call.documents, &grant.organization)?;
    Some((organization.sid, organization.rate_limit))
}
