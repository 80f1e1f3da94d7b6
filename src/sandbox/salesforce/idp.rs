//! The organization as an identity provider: its published metadata, its login page, and what it would assert of a person.

use std::collections::BTreeMap;

use super::Outcome;
use super::formula::{Subject, evaluate};
use super::metadata;
use super::organization::{self, permission_sets_of, table};
use super::refusal::Refusal;
use super::tree::{Tree, escape};
use crate::sandbox::certificate;
use crate::sandbox::login::{Assertion, Refused, SignIn};
use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

/// The certificate that the organization signs with, once it is an identity provider.
fn signing_pem(documents: &Transaction<'_>, organization: &str) -> Option<String> {
    let settings = metadata::find(documents, organization, "IdentityProviderSettings", "IdentityProvider")?;
    if settings.tree.text_of("enableIdentityProvider") != "true" {
        return None;
    }
    metadata::find(documents, organization, "Certificate", settings.tree.text_of("certificateName"))?.pem
}

/// `GET /.well-known/samlidp.xml`.
pub(super) fn published(call: &mut Call<'_, '_>) -> Outcome {
    let organization = &call.request.host;
    let pem = signing_pem(call.documents, organization).ok_or_else(Refusal::not_found)?;
    let read = certificate::read(&pem).map_err(|_| Refusal::not_found())?;
    let base = format!("https://{}", escape(organization));
    let xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{base}" validUntil="2036-01-01T00:00:00.000Z" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{base}/idp/endpoint/HttpPost"/><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{base}/idp/endpoint/HttpRedirect"/></md:IDPSSODescriptor></md:EntityDescriptor>"#,
        certificate = read.base64(),
    );
    Ok(Answer::text(200, "application/xml; charset=utf-8", xml))
}

/// The login page that a SAML request leads to. Nobody can sign in at it.
pub(super) fn login_page(call: &mut Call<'_, '_>) -> Outcome {
    signing_pem(call.documents, &call.request.host).ok_or_else(Refusal::not_found)?;
    let page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Login | Salesforce</title></head>\n\
        <body><h1>Login</h1><p>This is the sandbox's identity provider. Logins are tested on the console page.</p></body></html>\n";
    Ok(Answer::text(200, "text/html; charset=utf-8", page))
}

/// A service provider that the organization knows, whichever kind of application it is.
struct ServiceProvider {
    acs_url: String,
    issuer: String,
    format: String,
    subject: String,
    subject_field: String,
    wants_signed_requests: bool,
    attributes: Vec<(String, String)>,
    profiles: Vec<String>,
    permission_sets: Vec<String>,
}

impl ServiceProvider {
    fn find(documents: &Transaction<'_>, organization: &str, entity_id: &str) -> Option<Self> {
        let attributes = |tree: &Tree, name: &str| {
            tree.all(name)
                .map(|it| (it.text_of("key").to_owned(), it.text_of("formula").to_owned()))
                .collect()
        };
        let names = |text: &str| -> Vec<String> {
            text.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
        };
        let of_client_app = || {
            let saml = metadata::all(documents, organization, "ExtlClntAppSamlConfigurablePolicies")
                .into_iter()
                .map(|it| it.tree)
                .find(|it| it.text_of("entityUrl") == entity_id)?;
            let policies = metadata::all(documents, organization, "ExtlClntAppConfigurablePolicies");
            policies.iter().map(|it| &it.tree).find(|it| {
                it.text_of("externalClientApplication") == saml.text_of("externalClientApplication")
                    && it.text_of("isEnabled") == "true"
                    && it.text_of("isSamlPluginEnabled") == "true"
            })?;
            Some(Self {
                acs_url: saml.text_of("acsUrl").to_owned(),
                issuer: saml.text_of("issuer").to_owned(),
                format: saml.text_of("nameIdFormat").to_owned(),
                subject: saml.text_of("subjectType").to_owned(),
                subject_field: saml.text_of("subjectCustomAttribute").to_owned(),
                wants_signed_requests: saml.child("certificate").is_some(),
                attributes: attributes(&saml, "customAttributes"),
                profiles: names(saml.text_of("commaSeparatedProfile")),
                permission_sets: names(saml.text_of("commaSeparatedPermissionSet")),
            })
        };
        let of_connected_app = || {
            let app =
                metadata::all(documents, organization, "ConnectedApp").into_iter().map(|it| it.tree).find(
                    |it| it.child("samlConfig").is_some_and(|saml| saml.text_of("entityUrl") == entity_id),
                )?;
            let saml = app.child("samlConfig")?;
            let texts = |name: &str| app.all(name).map(|it| it.text.clone()).collect();
            Some(Self {
                acs_url: saml.text_of("acsUrl").to_owned(),
                issuer: saml.text_of("issuer").to_owned(),
                format: saml.text_of("samlNameIdFormat").to_owned(),
                subject: saml.text_of("samlSubjectType").to_owned(),
                subject_field: saml.text_of("samlSubjectCustomAttr").to_owned(),
                wants_signed_requests: saml.child("certificate").is_some(),
                attributes: attributes(&app, "attributes"),
                profiles: texts("profileName"),
                permission_sets: texts("permissionSetName"),
            })
        };
        of_client_app().or_else(of_connected_app)
    }
}

/// Answers a service provider's request as the organization would.
pub(super) fn respond(documents: &Transaction<'_>, attempt: &SignIn<'_>) -> Result<Assertion, Refused> {
    let organization = attempt.sso_url.host_str().unwrap_or_default();
    let not_found = || {
        Refused::new("idp_not_found", format!("the identity provider answered 404 at {}", attempt.sso_url))
    };
    if !["/idp/endpoint/HttpRedirect", "/idp/endpoint/HttpPost"].contains(&attempt.sso_url.path()) {
        return Err(not_found());
    }
    let pem = signing_pem(documents, organization).ok_or_else(not_found)?;
    let provider = ServiceProvider::find(documents, organization, attempt.entity_id).ok_or_else(|| {
        let message = format!("{organization} knows no service provider {}", attempt.entity_id);
        Refused::new("idp_not_found", message)
    })?;
    if provider.wants_signed_requests {
        return Err(Refused::new(
            "idp_not_found",
            "the application wants signed requests, and Twilio signs none",
        ));
    }
    let email = attempt.email;
    let user = organization::user_of(documents, organization, email)
        .ok_or_else(|| Refused::new("user_not_found", format!("{email} does not exist in {organization}")))?;
    if user["IsActive"] != true {
        return Err(Refused::new("user_blocked", format!("{email} is not active")));
    }
    let text = |name: &str| user[name].as_str().unwrap_or_default().to_owned();
    let profile = documents.get(&table(organization, "Profile"), &text("ProfileId"));
    let profile = profile.and_then(|it| it["Name"].as_str()).unwrap_or_default().to_owned();
    let sets = permission_sets_of(documents, organization, &text("Id"));
    let set_names: Vec<&str> = sets.iter().filter_map(|it| it["Name"].as_str()).collect();
    let may_sign_in = provider.profiles.contains(&profile)
        || provider.permission_sets.iter().any(|it| set_names.contains(&it.as_str()));
    if !may_sign_in {
        let message =
            format!("{email} has no access to the application: neither by profile nor by permission set");
        return Err(Refused::new("user_not_assigned", message));
    }
    if provider.acs_url != attempt.acs_url {
        let message = format!("the application posts to {}, not to {}", provider.acs_url, attempt.acs_url);
        return Err(Refused::new("callback_mismatch", message));
    }
    let permissions: Vec<String> = sets
        .iter()
        .flat_map(|it| it["CustomPermissions"].as_array().cloned().unwrap_or_default())
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect();
    let subject = Subject { user: &user, profile: &profile, permissions: &permissions };
    let mut attributes = BTreeMap::new();
    for (key, formula) in &provider.attributes {
        let value = evaluate(formula, subject)
            .map_err(|why| Refused::new("idp_expression", format!("the formula of {key} fails: {why}")))?;
        if !value.is_empty() {
            attributes.insert(key.clone(), vec![value]);
        }
    }
    let name_id = match provider.subject.as_str() {
        "Username" => text("Username"),
        "FederationId" => text("FederationIdentifier"),
        "UserId" => text("Id").chars().take(15).collect(),
        "CustomAttribute" => text(&provider.subject_field),
        other => {
            return Err(Refused::new(
                "idp_expression",
                format!("the sandbox does not play the subject type {other:?}"),
            ));
        }
    };
    if provider.format == "EmailAddress" && !name_id.contains('@') {
        return Err(Refused::new("idp_expression", "the NameID is no e-mail address"));
    }
    let issuer = Some(provider.issuer)
        .filter(|it| !it.is_empty())
        .unwrap_or_else(|| format!("https://{organization}"));
    Ok(Assertion {
        issuer,
        certificate: pem,
        audience: attempt.entity_id.to_owned(),
        recipient: provider.acs_url.clone(),
        destination: provider.acs_url,
        response_signed: true,
        // Salesforce signs both (Salesforce, "SAML identity provider").
        assertion_signed: true,
        encrypted: false,
        returns_relay_state: true,
        name_id_format: provider.format.clone(),
        name_id,
        attributes,
    })
}
