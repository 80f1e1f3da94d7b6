//! The organization against the sandbox in this process: what is read, what is written, and how many calls that takes.

#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use camino::Utf8PathBuf;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    component::{Capability, Component, Environment, Observation, Observed, Ownership, UnknownReason, Value},
    diagnostics::{SourceFile, Span},
    http::{HttpOptions, Method, Routing},
    manifest::{
        Document, Kind, Lifecycle, Metadata, Resource,
        identity_provider::IdentityProviderSpec,
        sso_profile::SsoProfileSpec,
        tenant::TenantSpec,
        user_enablement::{Stage, UserEnablementSpec},
    },
    plan::{Permit, PlanInput, assemble, guard},
    provider::{
        Member, Mutate, Observe, Person, PopulationQuery, ProfileContext, Scope, Write, WriteError, Written,
    },
    sandbox::{RunningSandbox, Sandbox, SandboxOptions},
    yaml::{Node, NodeKind},
};

const OR: &str = "OR00000000000000000000000000000001";
const AC: &str = "AC00000000000000000000000000000001";
const SEED: &str = "
twilio:
  organizations:
    OR00000000000000000000000000000001:
      owner: owner@connie.one
      administrators: [root@connie.one]
      accounts: [AC00000000000000000000000000000001, AC00000000000000000000000000000002]
      domains: [{name: connie.one}]
      users:
        - {email: Ann@connie.one, givenName: Ann, familyName: Lee, roles: [Developer@AC00000000000000000000000000000001, Support@AC00000000000000000000000000000001]}
        - {email: bob@connie.one, displayName: Bob, active: false}
        - {email: sue@connie.one, suspended: true}
      oauthClients:
        - {clientId: all}
        - {clientId: users, permissions: [managed-users/list]}
";

const TENANT: &str = "{twilio: {organization: {sid: OR00000000000000000000000000000001}}}";
const PROFILE: &str = "{product: console, friendlyName: Okta, identityProvider: okta}";
const ENABLEMENT: &str = "
profile: console
breakGlass: [root@connie.one]
roles:
  default: ['Developer@AC00000000000000000000000000000001']
  overrides: [{user: lead@connie.one, roles: ['Support@AC00000000000000000000000000000001', Organization Member]}]
";

fn resource<T: DeserializeOwned>(kind: Kind, name: &str, spec: &str) -> Resource<T> {
    Resource {
        kind,
        tenant: "nss".parse().unwrap(),
        metadata: Metadata {
            name: name.parse().unwrap(),
            tenant: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            formerly: None,
        },
        lifecycle: Lifecycle::default(),
        spec: serde_json::from_value(serde_yaml::from_str(spec).unwrap()).unwrap(),
        document: Arc::new(Document {
            source: SourceFile::new(format!("{name}.yaml"), spec),
            root: Node { span: Span::default(), kind: NodeKind::Null, raw: None },
        }),
    }
}

struct Project {
    tenant: Resource<TenantSpec>,
    profile: Resource<SsoProfileSpec>,
    identity_provider: Resource<IdentityProviderSpec>,
    enablement: Resource<UserEnablementSpec>,
}

impl Project {
    fn new() -> Self {
        Self {
            tenant: resource(Kind::Tenant, "nss", TENANT),
            profile: resource(Kind::SsoProfile, "console", PROFILE),
            identity_provider: resource(Kind::IdentityProvider, "okta", "{vendor: okta}"),
            enablement: resource(Kind::UserEnablement, "people", ENABLEMENT),
        }
    }

    fn with<R>(&self, use_it: impl FnOnce(&ProfileContext<'_>) -> R) -> R {
        use_it(&ProfileContext {
            project: "k3jd82ma",
            tenant: &self.tenant,
            profile: &self.profile,
            identity_provider: &self.identity_provider,
            attribute_map: None,
            enablements: &[&self.enablement],
            vanity_domains: &[],
            email_domains: &[],
        })
    }

    fn member<R>(
        &self,
        email: &str,
        name: Option<&str>,
        roles: &[&str],
        use_it: impl FnOnce(&ProfileContext<'_>, &Member<'_>) -> R,
    ) -> R {
        let person = Person {
            email: email.to_owned(),
            name: name.map(str::to_owned),
            is_active: true,
            ..Person::default()
        };
        let member = Member {
            person: &person,
            account: None,
            stage: Stage::Pilot,
            roles: roles.iter().map(|role| (*role).to_owned().try_into().unwrap()).collect(),
            attributes: BTreeMap::new(),
            origin: self.enablement.origin(),
            needs: Vec::new(),
        };
        self.with(|context| use_it(context, &member))
    }

    fn user(&self, email: &str, name: Option<&str>) -> Component {
        self.member(email, name, &[], |context, member| lower_user(context, &self.enablement, member))
            .unwrap()
    }

    fn roles(&self, email: &str, roles: &[&str]) -> Component {
        self.member(email, None, roles, |context, member| lower_roles(context, &self.enablement, member))
            .unwrap()
    }

    fn removed(&self, email: &str) -> Component {
        let origin = self.enablement.origin();
        self.with(|context| lower_removed(context, &self.enablement, email, &origin)).unwrap()
    }
}

/// A sandbox with an organization, and somebody who works in it by hand.
struct Bench {
    running: RunningSandbox,
    http: Http,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn start(seed: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| Utf8PathBuf::from_path_buf(folder.path().join(name)).unwrap();
        std::fs::write(path("sandbox.yaml"), seed).unwrap();
        let options = SandboxOptions {
            state_dir: path("state"),
            seed: Some(path("sandbox.yaml")),
            record: record_file(folder.path()),
            ..Default::default()
        };
        let running = Sandbox::start(options).await.unwrap();
        let routing = Routing::Sandbox { base: running.base_url() };
        let http = Http::new(HttpOptions { routing, ..HttpOptions::default() }).unwrap();
        Self { running, http, _folder: folder }
    }

    fn config(&self, client: &str) -> OrganizationConfig {
        OrganizationConfig {
            sid: OR.to_owned(),
            endpoints: TwilioEndpoints::default(),
            client_id: client.to_owned(),
            client_secret: "x".to_owned().into(),
        }
    }

    fn reader(&self) -> Arc<dyn Observe> {
        reader(&self.http, &self.config("all")).unwrap()
    }

    fn writer(&self) -> Arc<dyn Mutate> {
        writer(&self.http, &self.config("all")).unwrap()
    }

    async fn see(&self, component: &Component) -> Observation {
        see(&*self.reader(), component).await
    }

    async fn observed(&self, component: &Component) -> Observed {
        match self.see(component).await {
            Observation::Present(observed) => *observed,
            other => panic!("{other:?}"),
        }
    }

    async fn create(&self, component: &Component) -> Result<Written, WriteError> {
        let note = component.applied_note();
        self.writer().write(&permit(), Write::Create { component, note: &note }).await
    }

    async fn update(&self, component: &Component, observed: &Observed) -> Result<Written, WriteError> {
        let note = component.applied_note();
        let changed: Vec<String> = component
            .fields
            .iter()
            .filter(|field| field.capability == Capability::Managed)
            .filter(|field| {
                !field.rule.is_same(&field.value, observed.fields.get(&field.path).unwrap_or(&Value::Null))
            })
            .map(|field| field.path.clone())
            .collect();
        let write = Write::Update { component, observed, changed: &changed, note: &note };
        self.writer().write(&permit(), write).await
    }

    /// A change by hand, as the raw API takes it.
    async fn by_hand(&self, method: Method, path: &str, body: Json) -> Json {
        let client = reqwest::Client::new();
        let base = self.running.base_url();
        let form = [("grant_type", "client_credentials"), ("client_id", "all"), ("client_secret", "x")];
        let token = client.post(format!("{base}oauth.twilio.com/v2/token")).form(&form).send().await.unwrap();
        let token: Json = token.json().await.unwrap();
        let request = client
            .request(method, format!("{base}iam.twilio.com{path}"))
            .bearer_auth(token["access_token"].as_str().unwrap())
            .json(&body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        answer.json().await.unwrap_or_default()
    }
}

/// For the contract checks: what the client sends here is checked like what the program sends.
fn record_file(folder: &std::path::Path) -> Option<Utf8PathBuf> {
    let records = Utf8PathBuf::from(std::env::var("CONCORD_SANDBOX_RECORD").ok()?);
    std::fs::create_dir_all(&records).ok()?;
    let name = folder.file_name()?.to_string_lossy().trim_start_matches('.').to_owned();
    Some(records.join(format!("organization-{name}.jsonl")))
}

async fn see(reader: &dyn Observe, component: &Component) -> Observation {
    let scope = Scope { project: "k3jd82ma".to_owned(), tenants: Vec::new() };
    reader.observe(&[component], &scope).await.components[&component.address].clone()
}

fn permit() -> Permit {
    let plan = assemble(PlanInput {
        project: "k3jd82ma",
        environment: Environment::Live,
        components: Vec::new(),
        snapshots: BTreeMap::new(),
        attestations: Vec::new(),
        removals: Vec::new(),
        policies: BTreeMap::new(),
        gaps: Vec::new(),
        warnings: Vec::new(),
    })
    .unwrap();
    guard::approve(plan, &BTreeSet::new(), jiff::Timestamp::UNIX_EPOCH).unwrap().permit()
}

fn is_settled(component: &Component, written: &Written) -> bool {
    let Written::Present(observed) = written else { return false };
    component.fields.iter().filter(|field| field.capability == Capability::Managed).all(|field| {
        field.rule.is_same(&field.value, observed.fields.get(&field.path).unwrap_or(&Value::Null))
    })
}

#[test]
fn a_person_becomes_a_user_and_roles_within_the_vocabulary() {
    let project = Project::new();
    let user = project.user("Ann@connie.one", Some("Ann Lee"));
    assert_eq!(user.address.to_string(), "nss/UserEnablement/people/organization.user:ann@connie.one");
    assert_eq!(user.realm, realm(OR));
    let paths: Vec<&str> = user.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(paths, [field::USER_NAME, field::ACTIVE, field::DISPLAY_NAME]);
    // An address is no name.
    assert!(project.user("ann@connie.one", Some("ANN@connie.one")).field(field::DISPLAY_NAME).is_none());

    let roles = project.roles("ann@connie.one", &[&format!("Developer@{AC}")]);
    assert_eq!(roles.needs, [user.address.clone()]);
    assert_eq!(roles.field(field::ROLES).unwrap().value, Value::texts([format!("Developer@{AC}")]));
    let vocabulary = Vocabulary::in_field(&roles, field::VOCABULARY);
    assert_eq!(vocabulary.0.len(), 3);
    assert_eq!(vocabulary.scopes(), [AC, OR].into());
}

#[test]
fn break_glass_administrators_and_projects_without_roles_have_none() {
    let mut project = Project::new();
    let roles = |project: &Project, email: &str| {
        project.member(email, None, &[], |context, member| lower_roles(context, &project.enablement, member))
    };
    assert_eq!(roles(&project, "Root@connie.one"), None);
    let origin = project.enablement.origin();
    assert!(project.with(|it| lower_removed(it, &project.enablement, "root@connie.one", &origin)).is_none());
    project.enablement.spec.roles = Default::default();
    assert_eq!(roles(&project, "ann@connie.one"), None);
    project.tenant.spec.twilio = None;
    let user = project.member("a@b.c", None, &[], |it, member| lower_user(it, &project.enablement, member));
    assert_eq!(user, None);
}

#[tokio::test]
async fn people_are_selected_by_domain_address_sid_and_account() {
    let bench = Bench::start(SEED).await;
    let reader = bench.reader();
    let everybody = PopulationQuery { domains: ["connie.one".to_owned()].into(), ..Default::default() };
    let all = reader.population(&everybody).await.unwrap();
    let names: Vec<&str> = all.people.keys().map(String::as_str).collect();
    let expected =
        ["ann@connie.one", "bob@connie.one", "owner@connie.one", "root@connie.one", "sue@connie.one"];
    assert_eq!(names, expected);
    let ann = &all.people["ann@connie.one"];
    assert_eq!((ann.name.as_deref(), ann.is_active, ann.is_administrator), (Some("Ann Lee"), true, false));
    assert!(!all.people["bob@connie.one"].is_active);
    assert!(
        all.people["owner@connie.one"].is_administrator && all.people["root@connie.one"].is_administrator
    );

    let by_account = PopulationQuery { accounts: [AC.to_owned()].into(), ..Default::default() };
    let found = reader.population(&by_account).await.unwrap();
    assert_eq!(found.people.keys().collect::<Vec<_>>(), ["ann@connie.one"]);
    assert_eq!(found.people["ann@connie.one"].accounts, [AC.to_owned()].into());
    let by_id = PopulationQuery {
        ids: [ann.id.clone()].into(),
        emails: ["root@connie.one".to_owned()].into(),
        ..Default::default()
    };
    let found = reader.population(&by_id).await.unwrap();
    assert_eq!(found.people.keys().collect::<Vec<_>>(), ["ann@connie.one", "root@connie.one"]);
    // One list of users, one page of roles, one of each scope, whatever is asked for how often; and the token.
    let stats = bench.http.stats();
    assert_eq!((stats["iam.twilio.com"].requests, stats["oauth.twilio.com"].requests), (4, 1));
}

#[tokio::test]
async fn many_people_cost_pages_and_not_calls() {
    let seed = SEED.replace(
        "      oauthClients:",
        "      generateUsers: {count: 950, domain: connie.one, roles: [Organization Member]}\n      oauthClients:",
    );
    let bench = Bench::start(&seed).await;
    let reader = bench.reader();
    let everybody = PopulationQuery { domains: ["connie.one".to_owned()].into(), ..Default::default() };
    assert_eq!(reader.population(&everybody).await.unwrap().people.len(), 955);
    let project = Project::new();
    let emails = (1..=950).map(|number| format!("user{number:05}@connie.one"));
    let components: Vec<Component> =
        emails.flat_map(|email| [project.user(&email, None), project.roles(&email, &[])]).collect();
    let scope = Scope { project: "k3jd82ma".to_owned(), tenants: Vec::new() };
    let snapshot = reader.observe(&components.iter().collect::<Vec<_>>(), &scope).await;
    assert_eq!(snapshot.components.len(), 1900);
    assert!(snapshot.components.values().all(|it| matches!(it, Observation::Present(_))));
    // Users, roles, ten pages of the organization's assignments, one of the account's.
    assert_eq!(bench.http.stats()["iam.twilio.com"].requests, 13);
}

#[tokio::test]
async fn a_user_is_made_changed_and_deactivated() {
    let bench = Bench::start(SEED).await;
    let project = Project::new();
    let new = project.user("new@connie.one", Some("New Person"));
    assert_eq!(bench.see(&new).await, Observation::Absent);
    let made = bench.create(&new).await.unwrap();
    assert!(is_settled(&new, &made));
    let Written::Present(observed) = made else { panic!() };
    assert_eq!(bench.observed(&new).await, *observed);
    assert!(observed.outputs[USER_SID].as_text().unwrap().starts_with("US"));

    // Somebody else's settings stay, through the version that was read.
    let path = format!("/scim/v2/Users/{}", observed.id);
    let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
        {"op": "replace", "value": {"locale": "de-DE", "displayName": "Other", "name": {"familyName": "Person"}}}]});
    bench.by_hand(Method::PATCH, &path, patch).await;
    let seen = bench.observed(&new).await;
    assert_eq!(seen.fields[field::DISPLAY_NAME], Value::text("Other"));
    assert!(is_settled(&new, &bench.update(&new, &seen).await.unwrap()));
    let raw = bench.by_hand(Method::GET, &path, Json::Null).await;
    assert_eq!((&raw["locale"], &raw["name"]["familyName"]), (&json!("de-DE"), &json!("Person")));

    let gone = project.removed("NEW@connie.one");
    let seen = bench.observed(&gone).await;
    assert_eq!(seen.fields[field::ACTIVE], Value::Bool(true));
    assert!(is_settled(&gone, &bench.update(&gone, &seen).await.unwrap()));
    assert_eq!(bench.by_hand(Method::GET, &path, Json::Null).await["active"], false);
    // Whoever does not exist is gone already.
    let nobody = project.removed("nobody@connie.one");
    assert!(is_settled(&nobody, &Written::Present(Box::new(bench.observed(&nobody).await))));
}

#[tokio::test]
async fn what_somebody_changed_since_the_plan_is_a_conflict() {
    let bench = Bench::start(SEED).await;
    let project = Project::new();
    let ann = project.user("ann@connie.one", Some("Ann Lee-Park"));
    let seen = bench.observed(&ann).await;
    // A user who was found by the address in other letters is the same one.
    assert_eq!(seen.fields[field::USER_NAME], Value::text("Ann@connie.one"));
    let path = format!("/scim/v2/Users/{}", seen.id);
    let rename = |name: &str| {
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
               "Operations": [{"op": "replace", "path": "displayName", "value": name}]})
    };
    bench.by_hand(Method::PATCH, &path, rename("Somebody else")).await;
    assert!(matches!(bench.update(&ann, &seen).await, Err(WriteError::Conflict { .. })));
    // The same change by somebody else, or by a run whose answer was lost, is no conflict.
    bench.by_hand(Method::PATCH, &path, rename("Ann Lee-Park")).await;
    let before = bench.by_hand(Method::GET, &path, Json::Null).await;
    assert!(is_settled(&ann, &bench.update(&ann, &seen).await.unwrap()));
    assert_eq!(bench.by_hand(Method::GET, &path, Json::Null).await, before, "nothing was written");
    // One who was made since the plan is found by the next.
    assert!(matches!(bench.create(&ann).await, Err(WriteError::Conflict { .. })));
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let bench = Bench::start(SEED).await;
    let project = Project::new();
    let help = |error: Result<Written, WriteError>| match error {
        Err(WriteError::Refused { help: Some(help), .. }) => help,
        other => panic!("{other:?}"),
    };
    assert!(help(bench.create(&project.user("a@unverified.example", None)).await).contains("EmailDomain"));
    let few = writer(&bench.http, &bench.config("users")).unwrap();
    let new = project.user("new@connie.one", None);
    let note = new.applied_note();
    let refused = few.write(&permit(), Write::Create { component: &new, note: &note }).await;
    let help = help(refused);
    assert!(help.contains("managed-users/create") && help.contains("Organization API access"), "{help}");
    let reader = reader(&bench.http, &bench.config("users")).unwrap();
    let Observation::Unknown(unknown) = see(&*reader, &project.roles("ann@connie.one", &[])).await else {
        panic!()
    };
    assert_eq!(unknown.reason, UnknownReason::Forbidden);
    assert!(unknown.help.unwrap().contains("twilio/iam/role-assignments/list"));
    // Users alone need no more than the permission for users.
    assert!(matches!(see(&*reader, &project.user("ann@connie.one", None)).await, Observation::Present(_)));
}

#[tokio::test]
async fn roles_are_set_one_by_one_within_the_vocabulary() {
    let bench = Bench::start(SEED).await;
    let project = Project::new();
    let (developer, support) = (format!("Developer@{AC}"), format!("Support@{AC}"));
    let ann = project.roles("ann@connie.one", &["Organization Member", &developer]);
    let seen = bench.observed(&ann).await;
    assert_eq!(seen.fields[field::ROLES], Value::texts([&developer, &support]));
    // Outside of the vocabulary: neither seen nor touched.
    let roles = bench.by_hand(Method::GET, "/v2/Organizations/Roles?Search=Billing", Json::Null).await;
    let foreign = json!({"role_sid": roles["roles"][1]["sid"], "scope": AC, "identity": seen.id});
    bench.by_hand(Method::POST, "/v2/Organizations/RoleAssignments", foreign).await;
    assert_eq!(bench.observed(&ann).await.kept, 1);
    assert!(is_settled(&ann, &bench.update(&ann, &seen).await.unwrap()));
    let path = format!("/v2/Organizations/RoleAssignments?Identity={}", seen.id);
    let left = bench.by_hand(Method::GET, &path, Json::Null).await;
    assert_eq!(left["content"].as_array().unwrap().len(), 3);
    assert_eq!(bench.observed(&ann).await.fields[field::ROLES].as_list().unwrap().len(), 2);
    // What was planned on is gone.
    assert!(matches!(
        bench.update(&project.roles("ann@connie.one", &[&support]), &seen).await,
        Err(WriteError::Conflict { .. })
    ));

    // A person who is made in the same run.
    let new = project.user("new@connie.one", None);
    bench.create(&new).await.unwrap();
    let roles = project.roles("new@connie.one", &[&developer]);
    assert!(is_settled(&roles, &bench.create(&roles).await.unwrap()));
    let nobody = project.roles("nobody@connie.one", &[&developer]);
    assert!(matches!(bench.create(&nobody).await, Err(WriteError::Refused { .. })));
}

#[tokio::test]
async fn the_owner_is_never_changed() {
    let bench = Bench::start(SEED).await;
    let project = Project::new();
    let renamed = project.user("owner@connie.one", Some("Somebody"));
    let seen = bench.observed(&renamed).await;
    assert!(matches!(seen.ownership, Ownership::Foreign(_)), "{:?}", seen.ownership);
    assert_eq!(bench.observed(&project.user("owner@connie.one", None)).await.ownership, Ownership::Ours);
    let roles = project.roles("owner@connie.one", &["Organization Member"]);
    let seen = bench.observed(&roles).await;
    assert!(matches!(seen.ownership, Ownership::Foreign(_)));
    assert!(matches!(bench.update(&roles, &seen).await, Err(WriteError::Refused { .. })));
    // A suspended user is not told from others by SCIM: Twilio's refusal says it.
    let sue = project.user("sue@connie.one", Some("Sue"));
    let seen = bench.observed(&sue).await;
    let refused = bench.update(&sue, &seen).await.unwrap_err().to_string();
    assert!(refused.contains("suspended"), "{refused}");
}

#[tokio::test]
async fn a_role_that_is_not_there_is_unknown_and_the_nearest_is_named() {
    let bench = Bench::start(SEED).await;
    let project = Project::new();
    for (role, word) in [
        (format!("Develper@{AC}"), "did you mean `Developer`?"),
        ("Organization Owner".to_owned(), "handed over"),
    ] {
        let component = project.roles("ann@connie.one", &[&role]);
        let Observation::Unknown(unknown) = bench.see(&component).await else { panic!("{role}") };
        assert!(unknown.help.as_ref().unwrap().contains(word), "{unknown:?}");
    }
}
