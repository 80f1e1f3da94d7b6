//! Every reference to a secret, with its place.

use super::below;
use crate::{
    manifest::{
        Document, Manifests, Name, SecretRef,
        tenant::{
            Auth0, Google, OAuthClient, Okta, OktaCredentials, OktaServiceApp, Salesforce, SendGrid, Twilio,
        },
    },
    yaml::{Path, path},
};

/// A reference to a secret.
pub(super) struct Secret<'a> {
    /// The tenant whose policy holds.
    pub(super) tenant: &'a Name,
    /// Where it was written.
    pub(super) document: &'a Document,
    /// The place of the reference; its form (`env`, `file`, `command`) is the key below.
    pub(super) path: Path,
    /// The reference.
    pub(super) secret: &'a SecretRef,
}

/// Every reference to a secret in tenants and identity providers.
pub(super) fn secrets(manifests: &Manifests) -> Vec<Secret<'_>> {
    let mut found = Vec::new();
    for tenant in manifests.tenants.values() {
        let mut list = List(Vec::new());
        let spec = &tenant.spec;
        list.maybe(spec.twilio.as_ref(), "twilio", List::twilio);
        list.maybe(spec.sendgrid.as_ref(), "sendgrid", List::sendgrid);
        list.maybe(spec.okta.as_ref(), "okta", List::okta);
        list.maybe(spec.auth0.as_ref(), "auth0", List::auth0);
        list.maybe(spec.google.as_ref(), "google", List::google);
        list.maybe(spec.salesforce.as_ref(), "salesforce", List::salesforce);
        found.extend(list.0.into_iter().map(|(path, secret)| Secret {
            tenant: tenant.name(),
            document: &tenant.document,
            path,
            secret,
        }));
    }
    for provider in manifests.identity_providers.values() {
        let mut list = List(Vec::new());
        let spec = &provider.spec;
        list.maybe(spec.okta.as_ref(), "okta", List::okta);
        list.maybe(spec.auth0.as_ref(), "auth0", List::auth0);
        list.maybe(spec.google.as_ref(), "google", List::google);
        list.maybe(spec.salesforce.as_ref(), "salesforce", List::salesforce);
        found.extend(list.0.into_iter().map(|(path, secret)| Secret {
            tenant: &provider.tenant,
            document: &provider.document,
            path,
            secret,
        }));
    }
    found
}

struct List<'a>(Vec<(Path, &'a SecretRef)>);

impl<'a> List<'a> {
    fn maybe<T>(&mut self, block: Option<&'a T>, key: &str, read: fn(&mut Self, &'a T, &Path)) {
        if let Some(block) = block {
            read(self, block, &path!["spec", key]);
        }
    }

    fn add(&mut self, secret: Option<&'a SecretRef>, base: &Path, keys: &[&str]) {
        if let Some(secret) = secret {
            self.0.push((below(base, keys), secret));
        }
    }

    fn twilio(&mut self, twilio: &'a Twilio, base: &Path) {
        if let Some(account) = &twilio.account {
            self.add(account.api_key.as_ref().map(|key| &key.secret), base, &["account", "apiKey", "secret"]);
            self.add(account.apply.as_ref().map(|key| &key.secret), base, &["account", "apply", "secret"]);
        }
        if let Some(organization) = &twilio.organization {
            self.client(
                organization.oauth_client.as_ref(),
                base,
                &["organization", "oauthClient", "clientSecret"],
            );
            self.client(organization.apply.as_ref(), base, &["organization", "apply", "clientSecret"]);
        }
    }

    fn client(&mut self, client: Option<&'a OAuthClient>, base: &Path, keys: &[&str]) {
        self.add(client.map(|client| &client.client_secret), base, keys);
    }

    fn sendgrid(&mut self, sendgrid: &'a SendGrid, base: &Path) {
        self.add(Some(&sendgrid.api_key), base, &["apiKey"]);
        self.add(sendgrid.apply.as_ref(), base, &["apply"]);
    }

    fn okta(&mut self, okta: &'a Okta, base: &Path) {
        self.add(okta.token.as_ref(), base, &["token"]);
        self.service_app(okta.service_app.as_ref(), base, &["serviceApp", "privateKey"]);
        match &okta.apply {
            Some(OktaCredentials::Token(token)) => self.add(Some(token), base, &["apply", "token"]),
            Some(OktaCredentials::ServiceApp(app)) => {
                self.service_app(Some(app), base, &["apply", "serviceApp", "privateKey"]);
            }
            None => {}
        }
    }

    fn service_app(&mut self, app: Option<&'a OktaServiceApp>, base: &Path, keys: &[&str]) {
        self.add(app.map(|app| &app.private_key), base, keys);
    }

    fn auth0(&mut self, auth0: &'a Auth0, base: &Path) {
        self.add(auth0.client_secret.as_ref(), base, &["clientSecret"]);
        self.client(auth0.apply.as_ref(), base, &["apply", "clientSecret"]);
    }

    fn google(&mut self, google: &'a Google, base: &Path) {
        self.add(Some(&google.private_key), base, &["privateKey"]);
        self.add(google.apply.as_ref().map(|it| &it.private_key), base, &["apply", "privateKey"]);
    }

    fn salesforce(&mut self, salesforce: &'a Salesforce, base: &Path) {
        self.add(salesforce.client_secret.as_ref(), base, &["clientSecret"]);
        self.add(salesforce.private_key.as_ref(), base, &["privateKey"]);
    }
}
