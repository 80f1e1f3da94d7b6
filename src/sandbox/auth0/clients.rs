//! Applications, which Auth0's API calls clients, and the list of connections that they use.

use serde_json::{Map, Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::paging::{Page, choose_fields, flag, only, whole};
use super::refusal::Refusal;
use super::shape::{self, Rule};
use super::tenant::table;
use super::token::Grant;
use super::{Outcome, body_of, keys};

const READ: &[&str] = &["read:clients", "read:client_keys", "read:client_credentials", "read:client_summary"];
const SECRETS: [&str; 3] = ["client_secret", "signing_keys", "encryption_key"];
const ANY_OBJECT: Rule = Rule::Open(&[]);

const APP_TYPES: Rule = Rule::OneOf(&[
    "native",
    "spa",
    "regular_web",
    "non_interactive",
    "resource_server",
    "express_configuration",
    "rms",
    "box",
    "cloudbees",
    "concur",
    "dropbox",
    "mscrm",
    "echosign",
    "egnyte",
    "newrelic",
    "office365",
    "salesforce",
    "sentry",
    "sharepoint",
    "slack",
    "springcm",
    "zendesk",
    "zoom",
    "sso_integration",
    "oag",
]);

/// The SAML addon. Further properties are accepted and kept.
const SAMLP: Rule = Rule::Open(&[
    ("mappings", ANY_OBJECT),
    ("audience", Rule::Text),
    ("recipient", Rule::Text),
    ("createUpnClaim", Rule::Flag),
    ("mapUnknownClaimsAsIs", Rule::Flag),
    ("passthroughClaimsWithNoMapping", Rule::Flag),
    ("mapIdentities", Rule::Flag),
    ("signatureAlgorithm", Rule::OneOf(&["rsa-sha1", "rsa-sha256"])),
    ("digestAlgorithm", Rule::OneOf(&["sha1", "sha256"])),
    ("issuer", Rule::Text),
    ("destination", Rule::Text),
    ("lifetimeInSeconds", Rule::Whole(0, i64::MAX)),
    ("signResponse", Rule::Flag),
    ("nameIdentifierFormat", Rule::Text),
    ("nameIdentifierProbes", Rule::List(&Rule::Sized(1, 1_000))),
    ("authnContextClassRef", Rule::Text),
]);

const ADDONS: Rule = Rule::Closed(&[
    ("samlp", SAMLP),
    ("aws", ANY_OBJECT),
    ("azure_blob", ANY_OBJECT),
    ("azure_sb", ANY_OBJECT),
    ("rms", ANY_OBJECT),
    ("mscrm", ANY_OBJECT),
    ("slack", ANY_OBJECT),
    ("sentry", ANY_OBJECT),
    ("box", ANY_OBJECT),
    ("cloudbees", ANY_OBJECT),
    ("concur", ANY_OBJECT),
    ("dropbox", ANY_OBJECT),
    ("echosign", ANY_OBJECT),
    ("egnyte", ANY_OBJECT),
    ("firebase", ANY_OBJECT),
    ("newrelic", ANY_OBJECT),
    ("office365", ANY_OBJECT),
    ("salesforce", ANY_OBJECT),
    ("salesforce_api", ANY_OBJECT),
    ("salesforce_sandbox_api", ANY_OBJECT),
    ("layer", ANY_OBJECT),
    ("sap_api", ANY_OBJECT),
    ("sharepoint", ANY_OBJECT),
    ("springcm", ANY_OBJECT),
    ("wams", ANY_OBJECT),
    ("wsfed", ANY_OBJECT),
    ("zendesk", ANY_OBJECT),
    ("zoom", ANY_OBJECT),
    ("sso_integration", ANY_OBJECT),
    ("oag", ANY_OBJECT),
]);

/// What `POST /clients` accepts.
static CREATE: &[(&str, Rule)] = &[
    ("name", Rule::Name),
    ("description", Rule::Sized(0, 140)),
    ("logo_uri", Rule::UrlOrEmpty),
    ("callbacks", Rule::List(&Rule::CallbackUrl)),
    ("oidc_logout", ANY_OBJECT),
    ("oidc_backchannel_logout", ANY_OBJECT),
    ("session_transfer", Rule::OrNull(&ANY_OBJECT)),
    ("allowed_origins", Rule::List(&Rule::PlaceholderUrl)),
    ("web_origins", Rule::List(&Rule::PlaceholderUrl)),
    ("client_aliases", Rule::List(&Rule::Sized(1, 1_000))),
    ("allowed_clients", Rule::List(&Rule::Sized(1, 1_000))),
    ("allowed_logout_urls", Rule::List(&Rule::PlaceholderUrl)),
    ("grant_types", Rule::List(&Rule::Sized(1, 1_000))),
    ("token_endpoint_auth_method", Rule::OneOf(&["none", "client_secret_post", "client_secret_basic"])),
    ("is_token_endpoint_ip_header_trusted", Rule::Flag),
    ("app_type", APP_TYPES),
    ("is_first_party", Rule::Flag),
    ("oidc_conformant", Rule::Flag),
    ("jwt_configuration", ANY_OBJECT),
    ("encryption_key", Rule::OrNull(&ANY_OBJECT)),
    ("sso", Rule::Flag),
    ("cross_origin_authentication", Rule::Flag),
    ("cross_origin_loc", Rule::UrlOrEmpty),
    ("sso_disabled", Rule::Flag),
    ("custom_login_page_on", Rule::Flag),
    ("custom_login_page", Rule::Text),
    ("custom_login_page_preview", Rule::Text),
    ("form_template", Rule::Text),
    // The specification says object; the real API takes null as well.
    ("addons", Rule::OrNull(&ADDONS)),
    ("client_metadata", Rule::Texts(255)),
    ("mobile", ANY_OBJECT),
    ("initiate_login_uri", Rule::UrlOrEmpty),
    ("native_social_login", ANY_OBJECT),
    ("fedcm_login", ANY_OBJECT),
    ("refresh_token", Rule::OrNull(&ANY_OBJECT)),
    ("default_organization", Rule::OrNull(&ANY_OBJECT)),
    ("organization_usage", Rule::OneOf(&["deny", "allow", "require"])),
    ("organization_require_behavior", Rule::OneOf(&["no_prompt", "pre_login_prompt", "post_login_prompt"])),
    ("organization_discovery_methods", Rule::List(&Rule::Text)),
    ("client_authentication_methods", ANY_OBJECT),
    ("require_pushed_authorization_requests", Rule::Flag),
    ("require_proof_of_possession", Rule::Flag),
    ("signed_request_object", ANY_OBJECT),
    ("token_vault_privileged_access", ANY_OBJECT),
    ("compliance_level", Rule::OrNull(&Rule::Text)),
    ("skip_non_verifiable_callback_uri_confirmation_prompt", Rule::Flag),
    ("token_exchange", ANY_OBJECT),
    ("par_request_expiry", Rule::OrNull(&Rule::Whole(10, 600))),
    ("token_quota", ANY_OBJECT),
    ("resource_server_identifier", Rule::Sized(1, 600)),
    ("third_party_security_mode", Rule::OneOf(&["strict", "permissive"])),
    ("redirection_policy", Rule::OneOf(&["allow_always", "open_redirect_protection"])),
    ("express_configuration", ANY_OBJECT),
    ("my_organization_configuration", ANY_OBJECT),
    ("async_approval_notification_channels", Rule::List(&Rule::Text)),
];

/// Properties that only creation takes.
const CREATE_ONLY: [&str; 1] = ["resource_server_identifier"];
/// Properties that an update may set to null.
const NULLABLE: &[&str] = &[
    "cross_origin_loc",
    "token_endpoint_auth_method",
    "token_quota",
    "native_social_login",
    "fedcm_login",
    "organization_usage",
    "organization_require_behavior",
    "organization_discovery_methods",
    "client_authentication_methods",
    "skip_non_verifiable_callback_uri_confirmation_prompt",
    "token_exchange",
    "express_configuration",
    "my_organization_configuration",
    "async_approval_notification_channels",
];

fn update_rules() -> Vec<(&'static str, Rule)> {
    let mut rules: Vec<(&str, Rule)> = CREATE
        .iter()
        .filter(|(name, _)| !CREATE_ONLY.contains(name))
        .map(|(name, rule)| (*name, if NULLABLE.contains(name) { Rule::OrNull(rule) } else { *rule }))
        .collect();
    rules.push(("client_secret", Rule::Sized(1, 1_000)));
    rules
}

fn metadata_fits(client: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(metadata) = client.get("client_metadata").and_then(Value::as_object) else { return Ok(()) };
    if metadata.len() > 10 {
        let detail = format!(
            "'Too many properties defined ({}), maximum 10' on property client_metadata",
            metadata.len()
        );
        return Err(Refusal::body(detail));
    }
    if let Some(key) = metadata.keys().find(|key| key.chars().count() > 255) {
        return Err(Refusal::body(format!(
            "'String is too long ({} chars), maximum 255' on property client_metadata",
            key.chars().count()
        )));
    }
    Ok(())
}

/// Makes a client from a request body or a seed. The answer has its secret.
pub(crate) fn insert(documents: &mut Transaction<'_>, tenant: &str, body: &Value) -> Result<Value, Refusal> {
    let given = shape::body(body, CREATE, &["name"])?;
    metadata_fits(given)?;
    let app_type = given.get("app_type").and_then(Value::as_str).unwrap_or_default();
    let public = matches!(app_type, "spa" | "native");
    let mut client = defaults(tenant, public);
    client.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
    drop_nulls(&mut client);
    let id = ids::alphanumeric(32);
    client.insert("client_id".into(), json!(id));
    client.insert("client_secret".into(), json!(ids::alphanumeric(64)));
    let client = Value::Object(client);
    documents.put(&table(tenant, "clients"), &id, client.clone());
    Ok(client)
}

fn drop_nulls(client: &mut Map<String, Value>) {
    if client.get("addons").is_some_and(Value::is_null) {
        client.insert("addons".into(), json!({}));
    }
    if let Some(metadata) = client.get_mut("client_metadata").and_then(Value::as_object_mut) {
        metadata.retain(|_, value| !value.is_null());
    }
}

fn defaults(tenant: &str, public: bool) -> Map<String, Value> {
    let value = json!({
        "tenant": tenant.split('.').next().unwrap_or(tenant),
        "global": false,
        "is_token_endpoint_ip_header_trusted": false,
        "is_first_party": true,
        "oidc_conformant": false,
        "sso_disabled": false,
        "cross_origin_auth": false,
        "cross_origin_authentication": false,
        "custom_login_page_on": true,
        "token_endpoint_auth_method": if public { "none" } else { "client_secret_post" },
        "grant_types": if public {
            json!(["authorization_code", "implicit", "refresh_token"])
        } else {
            json!(["authorization_code", "implicit", "refresh_token", "client_credentials"])
        },
        "jwt_configuration": {"alg": "HS256", "lifetime_in_seconds": 36_000, "secret_encoded": false},
        "refresh_token": {
            "expiration_type": "non-expiring", "leeway": 0, "infinite_token_lifetime": true,
            "infinite_idle_token_lifetime": true, "token_lifetime": 31_557_600,
            "idle_token_lifetime": 2_592_000, "rotation_type": "non-rotating",
        },
    });
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The client that every tenant has and that nobody made.
pub(crate) fn create_global(documents: &mut Transaction<'_>, tenant: &str) {
    let id = ids::alphanumeric(32);
    let mut client = defaults(tenant, false);
    client.insert("global".into(), json!(true));
    client.insert("name".into(), json!("All Applications"));
    client.insert("callbacks".into(), json!([]));
    client.insert("client_id".into(), json!(id));
    client.insert("client_secret".into(), json!(ids::alphanumeric(64)));
    documents.put(&table(tenant, "clients"), &id, Value::Object(client));
}

fn view(call: &Call<'_, '_>, grant: &Grant, mut client: Value) -> Value {
    let tenant = &call.request.host;
    if let Some(map) = client.as_object_mut() {
        if let Some(key) = keys::current(call.documents, tenant) {
            let subject = format!("/CN={tenant}");
            map.insert("signing_keys".into(), json!([{"cert": key.cert, "subject": subject}]));
        }
        if !grant.has("read:client_keys") {
            map.retain(|name, _| !SECRETS.contains(&name.as_str()));
        }
    }
    client
}

fn missing() -> Refusal {
    Refusal::new(404, "inexistent_client", "The client does not exist")
}

pub(crate) fn list(call: &mut Call<'_, '_>, grant: &Grant) -> Outcome {
    grant.require(READ)?;
    let request = call.request;
    only(
        request,
        &[
            "fields",
            "include_fields",
            "page",
            "per_page",
            "include_totals",
            "from",
            "take",
            "is_global",
            "is_first_party",
            "app_type",
        ],
    )?;
    let page = Page::of(request, 50)?;
    let is_global = flag(request, "is_global")?;
    let is_first_party = flag(request, "is_first_party")?;
    let types: Option<Vec<&str>> = request.parameter("app_type").map(|t| t.split(',').collect());
    let wanted = |client: &Value| {
        let is = |name: &str, want: Option<bool>| {
            want.is_none_or(|want| client.get(name).and_then(Value::as_bool) == Some(want))
        };
        is("global", is_global)
            && is("is_first_party", is_first_party)
            && types.as_ref().is_none_or(|types| {
                client.get("app_type").and_then(Value::as_str).is_some_and(|t| types.contains(&t))
            })
    };
    let all: Vec<(String, Value)> = call
        .documents
        .list(&table(&request.host, "clients"))
        .filter(|(_, client)| wanted(client))
        .map(|(id, client)| (id.clone(), client.clone()))
        .collect();
    let take = whole(request, "take", 1, 100)?;
    if take.is_none() && request.parameter("from").is_none() {
        let mut items: Vec<Value> = all.into_iter().map(|(_, client)| view(call, grant, client)).collect();
        choose_fields(request, &mut items)?;
        return Ok(page.answer("clients", items));
    }
    let take = take.unwrap_or(50);
    let from = request.parameter("from").unwrap_or_default();
    let mut rest = all.into_iter().filter(|(id, _)| id.as_str() > from).peekable();
    let mut items = Vec::new();
    let mut last = String::new();
    for (id, client) in rest.by_ref().take(take) {
        items.push(view(call, grant, client));
        last = id;
    }
    choose_fields(request, &mut items)?;
    let mut body = json!({"clients": items});
    if rest.peek().is_some()
        && let Some(map) = body.as_object_mut()
    {
        map.insert("next".into(), json!(last));
    }
    Ok(Answer::json(200, &body))
}

pub(crate) fn create(call: &mut Call<'_, '_>, grant: &Grant) -> Outcome {
    grant.require(&["create:clients"])?;
    let body = body_of(call.request)?;
    let client = insert(call.documents, &call.request.host, &body)?;
    Ok(Answer::json(201, &client))
}

pub(crate) fn read(call: &mut Call<'_, '_>, grant: &Grant, id: &str) -> Outcome {
    grant.require(READ)?;
    only(call.request, &["fields", "include_fields"])?;
    let client =
        call.documents.get(&table(&call.request.host, "clients"), id).cloned().ok_or_else(missing)?;
    let mut items = [view(call, grant, client)];
    choose_fields(call.request, &mut items)?;
    let [client] = items;
    Ok(Answer::json(200, &client))
}

pub(crate) fn update(call: &mut Call<'_, '_>, grant: &Grant, id: &str) -> Outcome {
    grant.require(&["update:clients", "update:client_keys"])?;
    let body = body_of(call.request)?;
    let given = shape::body(&body, &update_rules(), &[])?;
    let table = table(&call.request.host, "clients");
    let mut client =
        call.documents.get(&table, id).and_then(Value::as_object).cloned().ok_or_else(missing)?;
    for (name, value) in given {
        match name.as_str() {
            "client_metadata" => merge(&mut client, name, value, true),
            // One addon is replaced whole, the others stay; null removes all of them.
            "addons" if value.is_object() => merge(&mut client, name, value, false),
            _ => {
                client.insert(name.clone(), value.clone());
            }
        }
    }
    drop_nulls(&mut client);
    metadata_fits(&client)?;
    let client = Value::Object(client);
    call.documents.put(&table, id, client.clone());
    let client = view(call, grant, client);
    Ok(Answer::json(200, &client))
}

fn merge(client: &mut Map<String, Value>, name: &str, value: &Value, null_removes: bool) {
    let target = client.entry(name).or_insert_with(|| json!({}));
    if !target.is_object() {
        *target = json!({});
    }
    let (Some(target), Some(value)) = (target.as_object_mut(), value.as_object()) else { return };
    for (key, inner) in value {
        if null_removes && inner.is_null() {
            target.remove(key);
        } else {
            target.insert(key.clone(), inner.clone());
        }
    }
}

pub(crate) fn delete(call: &mut Call<'_, '_>, grant: &Grant, id: &str) -> Outcome {
    grant.require(&["delete:clients"])?;
    let table = table(&call.request.host, "clients");
    let global =
        call.documents.get(&table, id).and_then(|c| c.get("global")).and_then(Value::as_bool) == Some(true);
    if global {
        return Err(Refusal::new(400, "invalid_body", "The global client cannot be deleted"));
    }
    call.documents.remove(&table, id);
    Ok(Answer::no_content())
}

pub(crate) fn connections(call: &mut Call<'_, '_>, grant: &Grant) -> Outcome {
    grant.require(&["read:connections"])?;
    let request = call.request;
    only(
        request,
        &[
            "per_page",
            "page",
            "include_totals",
            "from",
            "take",
            "strategy",
            "name",
            "fields",
            "include_fields",
        ],
    )?;
    let page = Page::of(request, 50)?;
    let matches = |connection: &Value, name: &str| {
        request.parameter(name).is_none_or(|want| connection.get(name).and_then(Value::as_str) == Some(want))
    };
    let mut items: Vec<Value> = call
        .documents
        .list(&table(&request.host, "connections"))
        .map(|(_, connection)| connection.clone())
        .filter(|connection| matches(connection, "strategy") && matches(connection, "name"))
        .collect();
    choose_fields(request, &mut items)?;
    if request.parameter("take").is_some() {
        return Ok(Answer::json(200, &json!({"connections": items})));
    }
    Ok(page.answer("connections", items))
}
