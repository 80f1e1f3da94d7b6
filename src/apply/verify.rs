//! Verification: whether the agreement really holds, as far as it can be seen from outside. It asks more than a plan: the
//! published metadata, certificates' horizons, clocks, and whether the product's people exist in the identity provider.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    component::{Address, Class, Realm, Value},
    diagnostics::Findings,
    flow::{FlowError, PlanOptions, Session},
    manifest::Name,
    plan::{Action, Change, FieldChange, Plan, guard::certificates_in},
    provider::{Person, PopulationQuery},
    resolve::{self, Agreement},
    saml::{Certificate, KnownUri, Metadata},
};

/// Everything that was verified.
#[derive(Debug)]
pub struct Verification {
    /// What was verified, in the order in which a person would look.
    pub checks: Vec<Check>,
    /// The project's id, for pseudonyms.
    pub project: String,
}

/// One thing that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The resource or component that it is about.
    pub subject: String,
    /// What came of it.
    pub verdict: Verdict,
    /// One sentence. People are named in it by `{}` in the order of `people`.
    pub message: String,
    /// The e-mail addresses that the message is about.
    pub people: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It holds.
    Passed,
    /// It holds, and something should be done soon.
    Warning,
    /// It could not be seen.
    Unknown,
    /// It does not hold.
    Failed,
}

impl Verification {
    /// How many checks had a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }

    fn add(&mut self, subject: impl ToString, verdict: Verdict, message: impl Into<String>) -> &mut Check {
        self.checks.push(Check {
            subject: subject.to_string(),
            verdict,
            message: message.into(),
            people: Vec::new(),
            help: None,
        });
        let last = self.checks.len() - 1;
        &mut self.checks[last]
    }
}

/// Clocks may differ by this many seconds before assertions are refused somewhere: the common tolerance is three minutes.
const CLOCK_TOLERANCE_SECONDS: i64 = 180;

/// Verifies a project.
///
/// # Errors
/// As [`Session::plan`].
pub async fn verify(
    session: &Session,
    options: &PlanOptions,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<Verification, FlowError> {
    let plan = session.plan(options, progress).await?;
    let mut verification =
        Verification { checks: Vec::new(), project: session.project.manifests.project.spec.id.clone() };
    of_plan(&plan, &mut verification);
    let mut findings = Findings::new();
    let agreements = resolve::agreements(&session.project.manifests, &mut findings);
    let break_glass = break_glass(&agreements);
    let concerned = concerned(&agreements);
    let mut checked_realms = BTreeSet::new();
    for agreement in
        agreements.iter().filter(|it| options.tenant.as_ref().is_none_or(|name| *name == it.profile().tenant))
    {
        progress("reading metadata");
        of_metadata(session, agreement, &plan, &mut verification).await;
        of_certificates(session, agreement, &plan, &mut verification);
        progress("comparing people");
        of_people(session, agreement, (&break_glass, &concerned), &mut checked_realms, &mut verification)
            .await;
    }
    of_nothing(&mut verification, options.tenant.as_ref());
    Ok(verification)
}

/// Says that there was nothing to verify, which must not look like success.
fn of_nothing(verification: &mut Verification, tenant: Option<&Name>) {
    if !verification.checks.is_empty() {
        return;
    }
    let of_tenant = tenant.map_or_else(String::new, |tenant| format!(" of tenant `{tenant}`"));
    let project = verification.project.clone();
    verification.add(
        project,
        Verdict::Warning,
        format!("no profile{of_tenant} in the manifests, so there was nothing to verify"),
    );
}

/// The realms of a product and of the identity provider that its people sign in with.
type Pair = (Realm, Realm);

fn realms_of(agreement: &Agreement<'_>) -> Option<Pair> {
    let context = agreement.context()?;
    Some((
        agreement.service_provider().realm(&context)?,
        agreement.identity_provider().population_realm(&context)?,
    ))
}

/// The people who never sign in through the identity provider: those of every profile of a pair of realms, because profiles share the
/// product's accounts.
fn break_glass(agreements: &[Agreement<'_>]) -> BTreeMap<Pair, BTreeSet<String>> {
    let mut never: BTreeMap<Pair, BTreeSet<String>> = BTreeMap::new();
    for agreement in agreements {
        let Some(pair) = realms_of(agreement) else { continue };
        let emails = agreement.enablements().iter().flat_map(|enablement| &enablement.spec.break_glass);
        never.entry(pair).or_default().extend(emails.map(|email| email.to_lowercase()));
    }
    never
}

/// Whose accounts are meant to sign in through the identity provider, where a product has others too.
#[derive(Debug, Default)]
struct Concerned {
    domains: BTreeSet<String>,
    emails: BTreeSet<String>,
}

impl Concerned {
    fn has(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map(|(_, domain)| domain);
        self.emails.contains(email) || domain.is_some_and(|domain| self.domains.contains(domain))
    }
}

/// Of products that list their accounts, whose are concerned: an organization has people of many domains, and who is in none of the
/// selected ones signs in with a password. Of other products every account is.
fn concerned(agreements: &[Agreement<'_>]) -> BTreeMap<Pair, Concerned> {
    let mut all: BTreeMap<Pair, Concerned> = BTreeMap::new();
    for agreement in agreements.iter().filter(|agreement| agreement.service_provider().lists_accounts()) {
        let Some(pair) = realms_of(agreement) else { continue };
        let concerned = all.entry(pair).or_default();
        for enablement in agreement.enablements() {
            let query = resolve::population_query(&enablement.spec);
            concerned.domains.extend(query.domains);
            concerned.emails.extend(query.emails);
        }
    }
    all
}

/// What the plan knows already: whatever differs, drifted or could not be seen.
fn of_plan(plan: &Plan, verification: &mut Verification) {
    // To a plan, what only drifted needs no change; as the manifests say it is not.
    let drifted: BTreeSet<&Address> = plan
        .changes
        .iter()
        .filter(|change| change.action == Action::Drift && plan.change(&change.address).is_none())
        .map(|change| &change.address)
        .collect();
    let agreeing = plan.unchanged.saturating_sub(drifted.len());
    if agreeing > 0 {
        verification.add(
            &plan.project,
            Verdict::Passed,
            format!("{} as the manifests say", crate::render::counted(agreeing, "component")),
        );
    }
    // People are told in numbers: an enablement of thousands is one line, not thousands.
    let mut people: BTreeMap<(String, Action), usize> = BTreeMap::new();
    for change in &plan.changes {
        if change.class == Class::Membership {
            let Address { tenant, kind, name, .. } = &change.address;
            *people.entry((format!("{tenant}/{kind}/{name}"), change.action)).or_default() += 1;
            continue;
        }
        let paths: Vec<_> = change.fields.iter().map(|field| field.path.as_str()).collect();
        let fields = if paths.is_empty() { String::new() } else { format!(" ({})", paths.join(", ")) };
        let verdict = match change.action {
            // Everybody can sign in; what a rotated key leaves behind is to be cleared away.
            Action::Manual if only_forgets_certificates(change) => Verdict::Warning,
            Action::Blocked if matches!(change.reason, crate::plan::Reason::Unknown(_)) => Verdict::Unknown,
            _ => Verdict::Failed,
        };
        let message = match change.action {
            Action::Drift => format!("{} differs{fields}", change.title),
            Action::Manual => format!("{}: a manual step is open, {}", change.title, change.reason),
            Action::Blocked => format!("{}: {}", change.title, change.reason),
            Action::Create => format!("{} does not exist", change.title),
            Action::Delete => format!("{} should not exist", change.title),
            Action::Update | Action::Adopt => format!("{} differs{fields}", change.title),
        };
        verification.add(&change.address, verdict, message).help =
            Some("`concord plan` shows what would mend it".to_owned());
    }
    for ((subject, action), count) in people {
        let people = if count == 1 { "1 person".to_owned() } else { format!("{count} people") };
        let (verdict, message) = match action {
            Action::Create => (Verdict::Failed, format!("{people} not enabled yet")),
            Action::Delete => (Verdict::Failed, format!("{people} still enabled")),
            Action::Update | Action::Adopt | Action::Drift => {
                (Verdict::Failed, format!("{people} with other values"))
            }
            Action::Manual | Action::Blocked => {
                (Verdict::Unknown, format!("{people} waiting for something else"))
            }
        };
        verification.add(subject, verdict, message).help =
            Some("`concord plan --show-users` shows who".to_owned());
    }
    for gap in plan.gaps.iter().filter(|gap| gap.address.is_none()) {
        verification.add(&gap.realm, Verdict::Unknown, gap.unknown.message.clone()).help =
            gap.unknown.help.clone();
    }
}

/// Whether all that a step is about is to trust fewer certificates than before.
fn only_forgets_certificates(change: &Change) -> bool {
    let fingerprints = |value: &Value| -> Option<BTreeSet<String>> {
        let one = |item: &Value| match item {
            Value::Certificate(certificate) => Some(certificate.sha256_fingerprint().to_owned()),
            Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        value.as_list()?.iter().map(one).collect()
    };
    let forgets = |field: &FieldChange| {
        let sets = field.before.as_ref().and_then(fingerprints).zip(fingerprints(&field.after));
        sets.is_some_and(|(before, after)| !after.is_empty() && after.is_subset(&before))
    };
    !change.fields.is_empty() && change.fields.iter().all(forgets)
}

async fn of_metadata(
    session: &Session,
    agreement: &Agreement<'_>,
    plan: &Plan,
    verification: &mut Verification,
) {
    let Some(context) = agreement.context() else { return };
    let Some(url) = agreement.identity_provider().metadata_url(&context, &plan.outputs) else { return };
    let subject = format!("{}/SsoProfile/{}", agreement.profile().tenant, agreement.profile().name());
    let response = match session.http.get(&url).await {
        Ok(response) => response,
        Err(error) => {
            verification.add(subject, Verdict::Unknown, format!("the metadata cannot be read: {error}"));
            return;
        }
    };
    if !response.status().is_success() {
        verification
            .add(subject, Verdict::Failed, format!("the metadata at {url} answer {}", response.status()))
            .help = Some("the application does not exist, or its SAML addon is switched off".to_owned());
        return;
    }
    if let Some(skew) = clock_skew(response.header("date"))
        && skew.abs() > CLOCK_TOLERANCE_SECONDS
    {
        verification
            .add(
                &subject,
                Verdict::Warning,
                format!("this machine's clock is {skew} s from the identity provider's"),
            )
            .help = Some("assertions carry times; keep clocks synchronised".to_owned());
    }
    let metadata = match Metadata::parse_bytes(response.bytes()) {
        Ok(metadata) => metadata,
        Err(error) => {
            verification.add(
                subject,
                Verdict::Failed,
                format!("the metadata at {url} cannot be used: {error}"),
            );
            return;
        }
    };
    let (entity, idp) = match metadata.select_idp(None) {
        Ok(found) => found,
        Err(error) => {
            verification.add(
                subject,
                Verdict::Failed,
                format!("the metadata at {url} cannot be used: {error}"),
            );
            return;
        }
    };
    let side = &agreement.identity_provider_side;
    let known = |value: &Value| {
        value.resolve(&|reference| plan.outputs.get(&reference.from)?.get(&reference.output).cloned())
    };
    let mut failed = false;
    if let Value::Text(issuer) = known(&side.issuer)
        && issuer != entity.entity_id
    {
        failed = true;
        verification
            .add(
                &subject,
                Verdict::Failed,
                format!("the metadata's entity ID is `{}`, and `{issuer}` is trusted", entity.entity_id),
            )
            .help = Some("enter the metadata's entity ID as the issuer in Twilio".to_owned());
    }
    if let Value::Text(sso_url) = known(&side.sso_url) {
        let published: Vec<&str> =
            idp.single_sign_on.iter().map(|endpoint| endpoint.location.as_str()).collect();
        let bare = sso_url.split('?').next().unwrap_or(&sso_url);
        if !published.iter().any(|location| location.split('?').next() == Some(bare)) {
            failed = true;
            verification.add(
                &subject,
                Verdict::Failed,
                format!("the metadata's sign-on URL is {}, and {bare} is used", published.join(" or ")),
            );
        }
    }
    let trusted = known(&side.certificates);
    let trusted = certificates_in(&trusted);
    if !trusted.is_empty() && !idp.signing_certificates.iter().any(|published| trusted.contains(&published)) {
        failed = true;
        let published: Vec<_> =
            idp.signing_certificates.iter().map(Certificate::sha256_fingerprint).collect();
        verification
            .add(
                &subject,
                Verdict::Failed,
                format!("the identity provider signs with another certificate ({})", published.join(", ")),
            )
            .help =
            Some("the signing key was rotated: plan, and enter the new certificate in Twilio".to_owned());
    }
    if !failed {
        let bindings: Vec<_> = idp
            .single_sign_on
            .iter()
            .filter_map(|endpoint| endpoint.binding.known())
            .map(KnownUri::short_name)
            .collect();
        verification.add(
            subject,
            Verdict::Passed,
            format!(
                "the published metadata agree: issuer, sign-on URL ({}) and certificate",
                bindings.join(", ")
            ),
        );
    }
}

/// Seconds that a server's clock is ahead of this one, by its `Date` header (RFC 9110 section 6.6.1).
fn clock_skew(date: Option<&str>) -> Option<i64> {
    let there = jiff::fmt::rfc2822::parse(date?).ok()?.timestamp();
    Some(there.as_second() - Timestamp::now().as_second())
}

fn of_certificates(
    session: &Session,
    agreement: &Agreement<'_>,
    plan: &Plan,
    verification: &mut Verification,
) {
    let Some(context) = agreement.context() else { return };
    let warn_days = session.project.manifests.policy(context.tenant).certificate_warn_days();
    let certificates = agreement
        .identity_provider_side
        .certificates
        .resolve(&|reference| plan.outputs.get(&reference.from)?.get(&reference.output).cloned());
    let subject =
        format!("{}/IdentityProvider/{}", agreement.profile().tenant, context.identity_provider.name());
    let now = Timestamp::now();
    for certificate in certificates_in(&certificates) {
        let left = certificate.days_left(now);
        let ends = certificate.not_after().strftime("%Y-%m-%d");
        let known = verification.checks.iter().any(|check| {
            check.subject == subject && check.message.contains(certificate.sha256_fingerprint())
        });
        if known {
            continue;
        }
        let name = format!("{} ({})", certificate.subject(), certificate.sha256_fingerprint());
        if left < 0 {
            verification
                .add(&subject, Verdict::Failed, format!("the signing certificate expired on {ends}: {name}"))
                .help = Some("rotate the signing key at the identity provider, then plan".to_owned());
        } else if left < warn_days {
            verification
                .add(
                    &subject,
                    Verdict::Warning,
                    format!("the signing certificate ends in {left} days, on {ends}: {name}"),
                )
                .help = Some("plan a rotation with a test sign-in".to_owned());
        } else {
            verification.add(
                &subject,
                Verdict::Passed,
                format!("the signing certificate is valid for {left} days: {name}"),
            );
        }
    }
}

/// The people that the product has already: each of them should exist in the identity provider, or cannot sign in through it.
async fn of_people(
    session: &Session,
    agreement: &Agreement<'_>,
    (break_glass, concerned): (&BTreeMap<Pair, BTreeSet<String>>, &BTreeMap<Pair, Concerned>),
    checked: &mut BTreeSet<Pair>,
    verification: &mut Verification,
) {
    let Some(pair) = realms_of(agreement) else { return };
    if !checked.insert(pair.clone()) {
        return;
    }
    let is_break_glass = |email: &str| break_glass.get(&pair).is_some_and(|never| never.contains(email));
    let (product_realm, idp_realm) = &pair;
    let accounts = match session.reader(product_realm).await {
        Ok(reader) => reader.accounts().await,
        Err(unknown) => Err(unknown),
    };
    let accounts: Vec<Person> = match accounts {
        Ok(Some(accounts)) => accounts,
        Ok(None) => return,
        Err(unknown) => {
            verification
                .add(
                    product_realm,
                    Verdict::Unknown,
                    format!("the accounts could not be listed: {}", unknown.message),
                )
                .help = unknown.help;
            return;
        }
    };
    let emails: BTreeSet<String> = accounts
        .iter()
        .filter(|person| person.is_active)
        .map(|person| person.email.clone())
        .filter(|email| !is_break_glass(&email.to_lowercase()))
        .filter(|email| concerned.get(&pair).is_none_or(|concerned| concerned.has(email)))
        .collect();
    if emails.is_empty() {
        verification.add(
            product_realm,
            Verdict::Passed,
            "no account waits to be compared with the identity provider",
        );
        return;
    }
    let query = PopulationQuery { emails: emails.clone(), ..PopulationQuery::default() };
    let population = match session.reader(idp_realm).await {
        Ok(reader) => reader.population(&query).await,
        Err(unknown) => Err(unknown),
    };
    let population = match population {
        Ok(population) => population,
        Err(unknown) => {
            verification
                .add(
                    idp_realm,
                    Verdict::Unknown,
                    format!("the people could not be listed: {}", unknown.message),
                )
                .help = unknown.help;
            return;
        }
    };
    let missing: Vec<String> = emails
        .iter()
        .filter(|email| !population.people.contains_key(*email) && !population.ambiguous.contains_key(*email))
        .cloned()
        .collect();
    if missing.is_empty() {
        verification.add(
            product_realm,
            Verdict::Passed,
            format!(
                "{} of the product, known to the identity provider",
                crate::render::counted(emails.len(), "account")
            ),
        );
    } else {
        let names = vec!["{}"; missing.len()].join(", ");
        let check = verification.add(
            product_realm,
            Verdict::Warning,
            if missing.len() == 1 {
                format!("{names} has an account in the product and none in the identity provider, so the person cannot sign in")
            } else {
                format!("{names} have accounts in the product and none in the identity provider, so they cannot sign in")
            },
        );
        check.people = missing;
        check.help = Some("often the person has an alias there; otherwise deactivate the account".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::PlanBuilder;

    fn empty() -> Verification {
        Verification { checks: Vec::new(), project: "k3jd82ma".to_owned() }
    }

    fn passed(plan: &Plan) -> Vec<String> {
        let mut verification = empty();
        of_plan(plan, &mut verification);
        let checks = verification.checks.into_iter();
        checks.filter(|check| check.verdict == Verdict::Passed).map(|check| check.message).collect()
    }

    #[test]
    fn what_drifted_is_not_as_the_manifests_say() {
        let of = "nss/SsoProfile/flex/flex.configuration";
        let field = |it: crate::render::testing::ChangeBuilder| it.field("x", true.into());
        let plan = PlanBuilder::new().drift(of, field).unchanged(3).build();
        assert_eq!(passed(&plan), ["2 components as the manifests say"]);
        assert_eq!(passed(&PlanBuilder::new().drift(of, field).unchanged(1).build()), [""; 0]);
        // What drifts beside a change was not counted in the first place.
        let plan = PlanBuilder::new().drift(of, field).manual(of, field).unchanged(3).build();
        assert_eq!(passed(&plan), ["3 components as the manifests say"]);
    }

    #[test]
    fn nothing_to_verify_is_no_success() {
        let mut verification = empty();
        of_nothing(&mut verification, None);
        assert_eq!(verification.checks.len(), 1);
        assert_eq!(verification.checks[0].verdict, Verdict::Warning);
        assert_eq!(
            verification.checks[0].message,
            "no profile in the manifests, so there was nothing to verify"
        );
        let mut verification = empty();
        of_plan(&PlanBuilder::new().unchanged(1).build(), &mut verification);
        of_nothing(&mut verification, None);
        assert_eq!(verification.count(Verdict::Warning), 0);
    }
}
