//! Flex users (public beta; `docs/flex/developer/user-management/flex-users-api`): listed by v1 in bulk, provisioned and deprovisioned by
//! v4. A Flex user has no place for an ownership marker; it is known by its username.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use url::Url;

use super::{
    super::unknown::{unexpected, unknown},
    FlexConfig, PROVIDER, flex_api,
    lower::{ROLES, TRUST, USER},
};
use crate::{
    component::{
        Address, Class, Component, Field, Observation, Observed, Ownership, Realm, Rule, Unknown,
        UnknownReason, Value,
    },
    http::{Http, HttpError, Origin, Request, Response, pages_by_token},
    manifest::{Kind, Resource, user_enablement::UserEnablementSpec},
    plan::Permit,
    provider::{Member, Mutate, ProfileContext, Write, WriteError, Written},
};

/// The largest page of the v1 list.
const PAGE_SIZE: usize = 1000;
/// A million users: more than any instance has.
const MAX_PAGES: usize = 1000;

/// A Flex user, as the wire has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FlexUser {
    /// `FU` and 32 hexadecimal digits.
    pub flex_user_sid: String,
    /// The name by which a sign-in finds the user: the assertion's NameID.
    pub username: String,
    /// The full name.
    #[serde(default)]
    pub full_name: Option<String>,
    /// The e-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// `agent`, `supervisor`, `admin`, and others that came with a sign-in.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Whether the user was deprovisioned.
    #[serde(default)]
    pub deactivated: bool,
}

impl FlexUser {
    /// The user as a component, for what no manifest asks for as well.
    pub fn observed(&self) -> Observed {
        let fields = BTreeMap::from([
            ("username".to_owned(), Value::text(&self.username)),
            ("full_name".to_owned(), Value::from(self.full_name.as_deref())),
            ("email".to_owned(), Value::from(self.email.as_deref())),
            ("roles".to_owned(), Value::texts(self.roles.iter().map(String::as_str))),
        ]);
        Observed { id: self.flex_user_sid.clone(), fields, ..Observed::default() }
    }
}

/// Everybody who is, or was, a user of the tenant's Flex instance.
///
/// # Errors
/// Why they could not be listed completely; without an API key that is [`UnknownReason::NoCredential`].
pub async fn list_users(http: &Http, config: &FlexConfig) -> Result<Vec<FlexUser>, Unknown> {
    let api = flex_api(http, config).map_err(|error| unknown(&error))?;
    list(api.as_ref(), config.flex_instance.as_deref()).await
}

pub(super) async fn list(
    api: Result<&Origin, &Unknown>,
    instance: Option<&str>,
) -> Result<Vec<FlexUser>, Unknown> {
    let api = api.map_err(Clone::clone)?;
    let instance = instance.ok_or_else(|| {
        unexpected(
            "the tenant names no Flex instance",
            Some("add `flexInstance: GO...` under `twilio` in the Tenant"),
        )
    })?;
    let request = |cursor: Option<&str>| {
        let request = Request::get(["v1", "Instances", instance, "Users"]).query("PageSize", PAGE_SIZE);
        match cursor {
            Some(cursor) => request.query_pairs(url::form_urlencoded::parse(cursor.as_bytes()).into_owned()),
            None => request,
        }
    };
    pages_by_token(api, MAX_PAGES, request, |response| {
        let body: Json = response.json()?;
        Ok((users(response, &body)?, next_cursor(response, &body)?))
    })
    .await
    .map_err(|error| unknown(&error))
}

/// Why nothing that needs credentials can be read where the tenant names none.
pub fn no_api_key() -> Unknown {
    Unknown {
        reason: UnknownReason::NoCredential,
        message: "there is no API key for the Twilio account".to_owned(),
        help: Some(
            "add `apiKey: {sid: SK..., secret: {env: NAME}}` under `twilio.account` in the Tenant".to_owned(),
        ),
    }
}

/// The users of a page: under the key that `meta` names, which is `users` where it names none.
fn users(response: &Response, body: &Json) -> Result<Vec<FlexUser>, HttpError> {
    let key = ["key", "list_key"].iter().find_map(|key| body["meta"][*key].as_str()).unwrap_or("users");
    let list = body.get(key).and_then(Json::as_array);
    let list = list.ok_or_else(|| response.undecodable("users", "expected a list of Flex users"))?;
    list.iter()
        .map(|user| {
            FlexUser::deserialize(user)
                .map_err(|_| response.undecodable("users", "expected Flex users with SID and username"))
        })
        .collect()
}

/// Where the next page begins: the token of the link, and not the link itself, so that credentials stay on this origin.
fn next_cursor(response: &Response, body: &Json) -> Result<Option<String>, HttpError> {
    let Some(link) = body["meta"]["next_page_url"].as_str().filter(|link| !link.is_empty()) else {
        return Ok(None);
    };
    let url = Url::options().base_url(Some(&super::base_url("https://flex-api.twilio.com"))).parse(link);
    let pairs: Vec<(String, String)> = url
        .iter()
        .flat_map(|url| url.query_pairs().into_owned())
        .filter(|(name, _)| matches!(name.as_str(), "Page" | "PageToken"))
        .collect();
    if !pairs.iter().any(|(name, _)| name == "PageToken") {
        return Err(response.undecodable("meta.next_page_url", "expected a link with a PageToken"));
    }
    Ok(Some(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()))
}

/// One person as a Flex user. The username is the e-mail address, which is also the NameID at sign-in.
pub(super) fn lower(
    context: &ProfileContext<'_>,
    enablement: &Resource<UserEnablementSpec>,
    member: &Member<'_>,
    account_sid: &str,
) -> Component {
    let email = &member.person.email;
    let component = format!("{USER}:{email}");
    let address =
        Address::new(enablement.tenant.clone(), Kind::UserEnablement, enablement.name().clone(), component);
    let former = enablement.metadata.formerly.clone();
    let name = member.person.name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(email);
    // Roles of Flex Insights come with the sign-in; the API does not take them.
    let roles = member.roles.iter().map(|role| role.as_str()).filter(|role| ROLES.contains(role));
    let mut needs = vec![context.address(TRUST)];
    needs.extend(member.needs.iter().filter(|need| **need != context.address(TRUST)).cloned());
    let from = |field: Field| field.from(member.origin.clone());
    Component {
        formerly: former.map(|name| address.renamed(name)),
        fields: vec![
            from(Field::managed("username", email.as_str()).by(Rule::IgnoreCase)),
            from(Field::managed("full_name", name)),
            from(Field::managed("email", email.as_str()).by(Rule::IgnoreCase)),
            from(Field::managed("roles", Value::texts(roles)).by(Rule::Set)),
        ],
        needs,
        lifecycle: enablement.lifecycle.clone(),
        class: Class::Membership,
        ..Component::new(
            context.marker(&address),
            Realm::new(PROVIDER, account_sid),
            format!("Flex user {email}"),
            email,
            member.origin.clone(),
        )
    }
}

/// A Flex user who is to go, to be looked for by address.
pub(super) fn leaver(
    context: &ProfileContext<'_>,
    enablement: &Resource<UserEnablementSpec>,
    email: &str,
    account_sid: &str,
) -> Component {
    let address = Address::new(
        enablement.tenant.clone(),
        Kind::UserEnablement,
        enablement.name().clone(),
        format!("{USER}:{email}"),
    );
    let realm = Realm::new(PROVIDER, account_sid);
    let mut component = Component::new(
        context.marker(&address),
        realm,
        format!("Flex user {email} and their Worker"),
        email,
        enablement.origin(),
    );
    component.class = Class::Membership;
    component
}

/// What the list says of each desired user. A user who has the e-mail address under another username is another identity: making ours
/// would make a second one, and Twilio bills both.
pub(super) fn observe<'a>(
    components: &[&'a Component],
    users: &[FlexUser],
) -> Vec<(&'a Component, Observation)> {
    let mut by_name: BTreeMap<String, Vec<&FlexUser>> = BTreeMap::new();
    let mut by_email: BTreeMap<String, Vec<&FlexUser>> = BTreeMap::new();
    for user in users.iter().filter(|user| !user.deactivated) {
        by_name.entry(user.username.to_lowercase()).or_default().push(user);
        if let Some(email) = &user.email {
            by_email.entry(email.to_lowercase()).or_default().push(user);
        }
    }
    components
        .iter()
        .map(|component| {
            let email = component.natural_key.to_lowercase();
            let named = by_name.get(&email).map(Vec::as_slice).unwrap_or_default();
            let same_email = by_email.get(&email).map(Vec::as_slice).unwrap_or_default();
            let observation = match (named, same_email) {
                ([user], _) => Observation::Present(Box::new(user.observed())),
                ([user, ..], _) => Observation::Present(Box::new(Observed {
                    ownership: Ownership::Ambiguous(
                        named.iter().map(|user| user.flex_user_sid.clone()).collect(),
                    ),
                    ..user.observed()
                })),
                ([], [other, ..]) => Observation::Present(Box::new(Observed {
                    ownership: Ownership::Foreign(format!(
                        "Flex user {}, whose username is another",
                        other.flex_user_sid
                    )),
                    ..other.observed()
                })),
                ([], []) => Observation::Absent,
            };
            (*component, observation)
        })
        .collect()
}

/// Writes Flex users.
pub(super) struct Writer {
    realm: Realm,
    instance: Option<String>,
    api: Result<Origin, Unknown>,
}

impl Writer {
    pub(super) fn new(http: &Http, config: &FlexConfig) -> Result<Self, HttpError> {
        Ok(Self {
            realm: config.realm(),
            instance: config.flex_instance.clone(),
            api: flex_api(http, config)?,
        })
    }

    fn target(&self) -> Result<(&Origin, &str), WriteError> {
        let missing = |message: &str| WriteError::NoCredential {
            realm: self.realm.clone(),
            message: message.to_owned(),
        };
        let api = self.api.as_ref().map_err(|unknown| missing(&unknown.message))?;
        let instance =
            self.instance.as_deref().ok_or_else(|| missing("the tenant names no Flex instance"))?;
        Ok((api, instance))
    }

    /// Creates or updates, which is one call, and reads the user again. A user who exists keeps the case of the username: Twilio does not
    /// say whether another case would make another user.
    async fn provision(
        &self,
        component: &Component,
        observed: Option<&Observed>,
    ) -> Result<Written, WriteError> {
        let (api, instance) = self.target()?;
        let text =
            |path: &str| component.field(path).and_then(|field| field.value.as_text()).unwrap_or_default();
        let roles = component.field("roles").map_or(Json::Null, |field| field.value.to_json());
        let known = observed.and_then(|observed| observed.fields.get("username")).and_then(Value::as_text);
        let username = known.unwrap_or_else(|| text("username"));
        let body = json!({
            "username": username,
            "full_name": text("full_name"),
            "email": text("email"),
            "roles": roles,
            "worker": {},
        });
        api.send(Request::post(["v4", "Instances", instance, "Users", "Provision"]).json(&body)).await?;
        let response = api
            .send(Request::get(["v4", "Instances", instance, "Users"]).query("Username", username))
            .await?;
        let body: Json = response.json()?;
        match users(&response, &body)?.into_iter().find(|user| !user.deactivated) {
            Some(user) => Ok(Written::Present(Box::new(user.observed()))),
            None => Err(WriteError::Refused {
                what: component.title.clone(),
                message: "the user was provisioned, and Flex does not find it by its username".to_owned(),
                help: Some("run the plan again: the list may lag behind".to_owned()),
            }),
        }
    }

    /// Deactivates the user; Flex deletes the Worker and the Flex Insights user with it. One that is gone already is well.
    async fn deprovision(&self, flex_user_sid: &str) -> Result<Written, WriteError> {
        let (api, instance) = self.target()?;
        let request = Request::post(["v4", "Instances", instance, "Users", "Deprovision"])
            .json(&json!({"flex_user_sid": flex_user_sid}));
        match api.send(request).await {
            Ok(_) => Ok(Written::Gone),
            Err(error) if error.is_not_found() => Ok(Written::Gone),
            Err(error) => Err(error.into()),
        }
    }
}

#[async_trait]
impl Mutate for Writer {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn write(&self, _permit: &Permit, write: Write<'_>) -> Result<Written, WriteError> {
        let address = match &write {
            Write::Create { component, .. } | Write::Update { component, .. } => &component.address,
            Write::Delete { address, .. } | Write::Forget { address, .. } => *address,
        };
        if address.component_type() != USER {
            return Err(WriteError::Refused {
                what: address.to_string(),
                message: "Twilio has no API that writes it".to_owned(),
                help: None,
            });
        }
        match write {
            Write::Create { component, .. } => self.provision(component, None).await,
            Write::Update { component, observed, .. } => self.provision(component, Some(observed)).await,
            Write::Delete { observed, .. } => self.deprovision(&observed.id).await,
            // There is no marker to remove.
            Write::Forget { .. } => Ok(Written::Gone),
        }
    }
}
