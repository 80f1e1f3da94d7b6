//! `Session`: a project with the connections to look at it. Owns the way from manifests to a plan; applying is [`crate::apply`]'s.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::{
    horizon, leavers,
    load::Project,
    people::{self, Directories},
    target::{Target, narrow},
};
use crate::{
    component::{
        AccountRemoval, Address, Class, Component, Environment, Observation, Observed, Orphan, Ownership,
        Realm, Requirement, Snapshot, Unknown,
    },
    diagnostics::Findings,
    http::Http,
    manifest::{Kind, Name, OnRemoval, Resource, attestation::AttestationSpec, user_enablement::Removal},
    plan::{
        Gap, Outputs, Plan, PlanInput, Warning, assemble, attest::Attestations, order::CycleError,
        resolve_fields,
    },
    provider::{
        AccountsOfRealm, Scope, SharedMutate, SharedObserve, WriteError,
        credentials::Credentials,
        registry::{self, Registry},
    },
    resolve::{self, Agreement},
};

/// A project with the connections to look at it.
#[derive(Debug)]
pub struct Session {
    /// The project.
    pub project: Project,
    /// Where steps are carried out and changes made.
    pub environment: Environment,
    /// The client for everything.
    pub http: Http,
    /// Where secrets come from.
    pub credentials: Credentials,
}

/// What to plan.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// Only this tenant.
    pub tenant: Option<Name>,
    /// Only these, and what they depend on.
    pub targets: Vec<Target>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The manifests say something that cannot be planned.
    #[error("the manifests cannot be planned")]
    Findings(Findings),
    /// There is no such tenant.
    #[error("there is no Tenant named `{name}`")]
    NoTenant {
        /// The name that was given.
        name: Name,
        /// The tenants that there are.
        known: Vec<Name>,
    },
    /// Nothing has such an address.
    #[error("nothing in the manifests has the address {0}")]
    NoTarget(Target),
    /// Components wait for each other.
    #[error(transparent)]
    Cycle(#[from] CycleError),
}

impl Session {
    /// Reads both sides and plans. `progress` is told in a few words what is being done.
    ///
    /// # Errors
    /// See [`FlowError`]. What cannot be read is no error: the plan says so and is incomplete.
    pub async fn plan(
        &self,
        options: &PlanOptions,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Plan, FlowError> {
        let manifests = &self.project.manifests;
        let tenants = self.tenants(options)?;
        let mut findings = Findings::new();
        let mut agreements = resolve::agreements(manifests, &mut findings);
        let standalone = resolve::standalone(manifests, &agreements, &mut findings);
        if findings.has_errors() {
            return Err(FlowError::Findings(findings));
        }
        agreements.retain(|agreement| tenants.contains(&agreement.profile().tenant));

        let registry = Registry::of(manifests);
        progress("connecting");
        let readers = self.readers(&registry).await;

        progress("listing people");
        let directories = Directories::read(&readers, &agreements).await;
        let mut gaps: Vec<Gap> = Vec::new();
        let mut warnings = Vec::new();
        let mut components = Vec::new();
        let mut pilots: Vec<Address> = Vec::new();
        for agreement in &agreements {
            let mut lowered = agreement.components.clone();
            match directories.of(agreement) {
                Ok(people) => {
                    let membership = resolve::members(agreement, people);
                    pilots.extend(membership.pilot.iter().cloned());
                    // The test of the connection comes after the people who make it.
                    for component in &mut lowered {
                        if agreement.service_provider_side.gates.contains(&component.address) {
                            component.needs.extend(membership.pilot.iter().cloned());
                        }
                        if !component.requires.is_empty() {
                            component.needs.extend(membership.everybody.iter().cloned());
                        }
                    }
                    lowered.extend(membership.components);
                    warnings.extend(membership.warnings);
                }
                Err(unlisted) => {
                    for gap in unlisted {
                        if !gaps.iter().any(|known| known.realm == gap.realm) {
                            gaps.push(gap);
                        }
                    }
                }
            }
            components.extend(lowered);
        }
        // Where nobody could be listed, nobody is known to be gone either.
        let without_population = directories.unlisted();
        components
            .extend(standalone.into_iter().filter(|component| tenants.contains(&component.address.tenant)));
        for (address, requirement) in review(&agreements, &directories, &components, &mut warnings) {
            for component in components.iter_mut().filter(|component| component.address == address) {
                component.requires.push(requirement.clone());
            }
        }
        // So it does where another profile's enablement is what gives the test user the roles.
        for agreement in &agreements {
            let is_tester = |address: &&Address| {
                let person = address.component.split_once(':').map(|(_, email)| email);
                let testers = &agreement.profile().spec.test_users;
                person.is_some_and(|person| testers.iter().any(|tester| tester.eq_ignore_ascii_case(person)))
            };
            let gates = &agreement.service_provider_side.gates;
            for gate in components.iter_mut().filter(|component| gates.contains(&component.address)) {
                let others: Vec<_> =
                    pilots.iter().filter(is_tester).filter(|it| !gate.needs.contains(it)).cloned().collect();
                gate.needs.extend(others);
            }
        }
        let mut components = resolve::merge(components);
        let twice = resolve::enabled_twice(&components);
        if !twice.is_empty() {
            return Err(FlowError::Findings(twice.into_iter().collect()));
        }
        let all: BTreeSet<Address> = components.iter().map(|component| component.address.clone()).collect();
        if let Some(target) =
            options.targets.iter().find(|target| !all.iter().any(|address| target.matches(address)))
        {
            return Err(FlowError::NoTarget(target.clone()));
        }
        let statements: Vec<&Resource<AttestationSpec>> = manifests
            .attestations
            .values()
            .filter(|attestation| tenants.contains(&attestation.tenant))
            .collect();
        let attestations = Attestations::new(statements.iter().copied(), &self.environment);
        for component in components.iter_mut().filter(|component| component.step.is_some()) {
            component.attested_outputs = attestations
                .standing(component, &self.environment)
                .attestation()
                .map(|attestation| attestation.spec.outputs.clone())
                .unwrap_or_default();
        }
        let removals = self.removals(&attestations, &components, options);
        let mut components = narrow(components, &options.targets);

        progress("reading what exists");
        let scope =
            Scope { project: manifests.project.spec.id.clone(), tenants: tenants.iter().cloned().collect() };
        // What the identity providers show (an application's sign-on URL) is what the product's side is looked for by.
        let idps: BTreeSet<&Realm> =
            agreements.iter().flat_map(|agreement| &agreement.identity_provider_realms).collect();
        let mut snapshots = observe(&readers, &components, &scope, &|realm| idps.contains(realm)).await;
        let seen = outputs(&snapshots);
        for component in &mut components {
            resolve_fields(component, &seen);
        }
        snapshots.extend(observe(&readers, &components, &scope, &|realm| !idps.contains(realm)).await);
        let now = jiff::Timestamp::now();
        for (realm, snapshot) in &snapshots {
            if let Some(Ok(reader)) = readers.get(realm) {
                let own: Vec<&Component> = components.iter().filter(|it| it.realm == *realm).collect();
                warnings.extend(reader.warnings(&own, snapshot, now));
            }
        }
        for (realm, snapshot) in &mut snapshots {
            let orphans = std::mem::take(&mut snapshot.orphans);
            // An object that another component takes over (a person who moves between enablements) is no orphan.
            let claimed: BTreeSet<(String, String)> = snapshot
                .components
                .iter()
                .filter_map(|(address, observation)| match observation {
                    Observation::Present(observed) => {
                        Some((address.component_type().to_owned(), observed.id.clone()))
                    }
                    Observation::Absent | Observation::Unknown(_) => None,
                })
                .collect();
            for orphan in orphans {
                if claimed.contains(&(orphan.address.component_type().to_owned(), orphan.observed.id.clone()))
                {
                    continue;
                }
                if !options.targets.is_empty()
                    && !options.targets.iter().any(|it| it.matches(&orphan.address))
                {
                    continue;
                }
                if orphan.class == Class::Membership && without_population.contains(realm) {
                    continue;
                }
                match self.leaver(&orphan) {
                    Some(warning) => warnings.push(warning),
                    None => snapshot.orphans.push(orphan),
                }
            }
        }
        for (realm, accounts) in leavers::wanted(&agreements, &components, &snapshots) {
            let Some(reader) = readers.get(&realm) else { continue };
            let is_meant = |(account, _): &&(Component, AccountRemoval)| {
                options.targets.is_empty() || options.targets.iter().any(|it| it.matches(&account.address))
            };
            let accounts: Vec<_> = accounts.iter().filter(is_meant).collect();
            let asked: Vec<&Component> = accounts.iter().map(|(account, _)| account).collect();
            let mut seen = match reader {
                Ok(reader) if !asked.is_empty() => reader.observe(&asked, &scope).await,
                _ => continue,
            };
            let snapshot = snapshots.entry(realm.clone()).or_default();
            for (account, removal) in accounts {
                match seen.components.remove(&account.address) {
                    Some(Observation::Present(observed)) if observed.ownership == Ownership::Ours => {
                        snapshot.orphans.push(Orphan {
                            address: account.address.clone(),
                            realm: realm.clone(),
                            title: account.title.clone(),
                            class: Class::Membership,
                            observed: Observed { removal: Some(*removal), ..*observed },
                        });
                    }
                    Some(Observation::Unknown(unknown)) if !snapshot.gaps.contains(&unknown) => {
                        snapshot.gaps.push(unknown);
                    }
                    _ => {}
                }
            }
        }
        let policies = tenants
            .iter()
            .filter_map(|name| Some((name.clone(), manifests.policy(manifests.tenants.get(name)?))))
            .collect();
        let mut plan = assemble(PlanInput {
            project: &manifests.project.spec.id,
            environment: self.environment.clone(),
            components,
            snapshots,
            attestations: statements,
            removals,
            policies,
            gaps,
            warnings: leavers::merge(warnings),
        })?;
        plan.warnings.extend(horizon::warnings(&plan, manifests, jiff::Timestamp::now()));
        Ok(plan)
    }

    /// Opens a provider that reads, afresh: it has seen nothing yet.
    ///
    /// # Errors
    /// Why the realm cannot be read.
    pub async fn reader(&self, realm: &Realm) -> Result<SharedObserve, Unknown> {
        Registry::of(&self.project.manifests).reader(realm, &self.http, &self.credentials).await
    }

    /// Opens a provider that writes, for a plan that was approved.
    ///
    /// # Errors
    /// There is no credential to write with.
    pub async fn writer(
        &self,
        approved: &crate::plan::ApprovedPlan,
        realm: &Realm,
    ) -> Result<SharedMutate, WriteError> {
        Registry::of(&self.project.manifests).writer(approved, realm, &self.http, &self.credentials).await
    }

    fn tenants(&self, options: &PlanOptions) -> Result<BTreeSet<Name>, FlowError> {
        let known = &self.project.manifests.tenants;
        match &options.tenant {
            None => Ok(known.keys().cloned().collect()),
            Some(name) if known.contains_key(name) => Ok([name.clone()].into()),
            Some(name) => {
                Err(FlowError::NoTenant { name: name.clone(), known: known.keys().cloned().collect() })
            }
        }
    }

    async fn readers(&self, registry: &Registry<'_>) -> BTreeMap<Realm, Result<SharedObserve, Unknown>> {
        let opened = registry.realms().map(|realm| async {
            (realm.clone(), registry.reader(realm, &self.http, &self.credentials).await)
        });
        join_all(opened).await.into_iter().collect()
    }

    /// What attested steps had made and no manifest asks for any more.
    fn removals<'a>(
        &self,
        attestations: &Attestations<'a>,
        components: &[Component],
        options: &PlanOptions,
    ) -> Vec<(Address, Realm, crate::component::Step, &'a Resource<AttestationSpec>)> {
        let wanted: BTreeSet<&Address> = components
            .iter()
            .flat_map(|component| std::iter::once(&component.address).chain(component.formerly.as_ref()))
            .collect();
        attestations
            .done()
            .filter(|attestation| attestation.spec.on_removal == OnRemoval::Delete)
            .filter_map(|attestation| {
                let address: Address =
                    format!("{}/{}", attestation.tenant, attestation.spec.step).parse().ok()?;
                if wanted.contains(&address)
                    || (!options.targets.is_empty() && !options.targets.iter().any(|it| it.matches(&address)))
                {
                    return None;
                }
                let tenant = self.project.manifests.tenants.get(&attestation.tenant)?;
                let (realm, step) = registry::removal_step(&address, &attestation.spec, tenant)?;
                Some((address, realm, step, attestation))
            })
            .collect()
    }

    /// A person who is no longer selected, where the enablement says that such people are only reported.
    fn leaver(&self, orphan: &Orphan) -> Option<Warning> {
        if orphan.class != Class::Membership || orphan.address.kind != Kind::UserEnablement {
            return None;
        }
        let key = (orphan.address.tenant.clone(), orphan.address.name.clone());
        let enablement = self.project.manifests.user_enablements.get(&key)?;
        let person = orphan.address.component.split_once(':').map_or("", |(_, email)| email);
        let is_named = enablement.spec.remove.iter().any(|it| it.trim().eq_ignore_ascii_case(person));
        if enablement.spec.removal != Removal::Report || is_named {
            return None;
        }
        Some(Warning {
            code: "leaver",
            message: "{} is no longer selected and still enabled".to_owned(),
            people: vec![person.to_owned()],
            location: Some(enablement.origin()),
            help: Some("say `removal: disable` to take away what enables them".to_owned()),
        })
    }
}

/// What the products' accounts say about the profiles of each realm.
fn review(
    agreements: &[Agreement<'_>],
    directories: &Directories,
    components: &[Component],
    warnings: &mut Vec<Warning>,
) -> Vec<(Address, Requirement)> {
    let enabled: BTreeSet<String> = components
        .iter()
        .filter(|component| component.class == Class::Membership)
        .filter_map(|component| component.address.component.split_once(':'))
        .map(|(_, email)| email.to_lowercase())
        .collect();
    let mut requirements = Vec::new();
    for (realm, accounts) in directories.products() {
        let of_realm: Vec<_> = agreements
            .iter()
            .filter(|agreement| people::product_realm(agreement).as_ref() == Some(realm))
            .collect();
        let contexts: Vec<_> = of_realm.iter().filter_map(|agreement| agreement.context()).collect();
        if let Some(first) = of_realm.first() {
            let review = first.service_provider().review(&AccountsOfRealm {
                contexts: &contexts,
                accounts,
                enabled: &enabled,
            });
            requirements.extend(review.requirements);
            warnings.extend(review.warnings);
        }
    }
    requirements
}

async fn observe(
    readers: &BTreeMap<Realm, Result<SharedObserve, Unknown>>,
    components: &[Component],
    scope: &Scope,
    is_meant: &(dyn Fn(&Realm) -> bool + Sync),
) -> BTreeMap<Realm, Snapshot> {
    let observed = readers.iter().filter(|(realm, _)| is_meant(realm)).map(|(realm, reader)| async move {
        let wanted: Vec<&Component> =
            components.iter().filter(|component| component.realm == *realm).collect();
        let snapshot = match reader {
            Ok(reader) => reader.observe(&wanted, scope).await,
            Err(unknown) => Snapshot::unknown(wanted.iter().map(|component| &component.address), unknown),
        };
        (realm.clone(), snapshot)
    });
    join_all(observed).await.into_iter().collect()
}

/// What the components that exist give to others.
fn outputs(snapshots: &BTreeMap<Realm, Snapshot>) -> Outputs {
    let present = snapshots.values().flat_map(|snapshot| &snapshot.components).filter_map(|(address, it)| {
        let Observation::Present(observed) = it else { return None };
        Some((address.clone(), observed.outputs.clone()))
    });
    present.collect()
}
