//! `concord output`.

use std::{collections::BTreeMap, sync::Arc};

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use super::{
    Exit,
    common::{self, NarrowArgs, ProjectArgs, SandboxArgs},
    error::CliError,
};
use crate::{
    component::Value,
    diagnostics::Findings,
    manifest::attribute_map,
    plan::Plan,
    provider::{ProfileContext, announcement},
    render::{self, Announcement},
    resolve::{self, Agreement},
    saml::{
        AssertionConsumerService, Binding, NameIdFormat, RequestedAttribute, SpDescriptor, write_sp_metadata,
    },
    ui::Ui,
};

/// Print the values that the other side needs: what terraform or an administrator has to enter.
#[derive(Debug, Args)]
pub(super) struct OutputArgs {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    narrow: NarrowArgs,
    #[command(flatten)]
    sandbox: SandboxArgs,
    /// The profile, by name. Needed for `sp-metadata`; otherwise all profiles are printed.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// How to write it to stdout.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// The forms of the values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For programs.
    #[default]
    Json,
    /// For terraform: variables in a `.tfvars.json` file.
    Tfvars,
    /// SAML 2.0 metadata of the service provider, for an identity provider that reads them.
    SpMetadata,
    /// For people: what those concerned by each enablement are told at its present stage, to send as it is. Reads nothing but
    /// the manifests.
    Announcements,
}

pub(super) async fn run(args: OutputArgs, ui: &Arc<Ui>) -> Result<Exit, CliError> {
    let opened = common::open(&args.project, &args.sandbox, ui).await?;
    let options = args.narrow.options();
    // What people are told depends on no system: the manifests say it.
    let plan = match args.format {
        Format::Announcements => None,
        Format::Json | Format::Tfvars | Format::SpMetadata => {
            Some(common::make_plan(&opened, &options, ui).await?)
        }
    };
    let mut findings = Findings::new();
    let mut agreements = resolve::agreements(&opened.session.project.manifests, &mut findings);
    if findings.has_errors() {
        return Err(CliError::failure("a profile asks for what one of its sides cannot do")
            .help("`concord plan` shows where, and why"));
    }
    agreements.retain(|agreement| {
        let profile = agreement.profile();
        options.tenant.as_ref().is_none_or(|tenant| *tenant == profile.tenant)
            && args.profile.as_ref().is_none_or(|name| name == profile.name().as_str())
    });
    if agreements.is_empty() {
        return Err(CliError::usage("no profile has this name", "`concord plan` shows the profiles"));
    }
    ui.result(&match &plan {
        Some(plan) => values(plan, &agreements, args.format)?,
        None => render::announcements(&announcements(&agreements)),
    });
    Ok(Exit::Success)
}

/// The values of the profiles in a form for programs.
fn values(plan: &Plan, agreements: &[Agreement<'_>], format: Format) -> Result<String, CliError> {
    let mut profiles: BTreeMap<String, BTreeMap<&str, Value>> = BTreeMap::new();
    let mut wishes: BTreeMap<String, SpDescriptor> = BTreeMap::new();
    for agreement in agreements {
        let profile = agreement.profile();
        let (sp, idp) = (&agreement.service_provider_side, &agreement.identity_provider_side);
        let values = BTreeMap::from([
            ("entityId", known(plan, &sp.entity_id)),
            ("acsUrl", known(plan, &sp.acs_url)),
            ("callbackUrls", callback_urls(plan, &sp.acs_url, &sp.callback_urls)),
            ("logoutUrls", known(plan, &Value::List(sp.logout_urls.clone()))),
            ("issuer", known(plan, &idp.issuer)),
            ("ssoUrl", known(plan, &idp.sso_url)),
            ("certificates", known(plan, &idp.certificates)),
        ]);
        let name = format!("{}/{}", profile.tenant, profile.name());
        wishes.extend(agreement.context().map(|context| (name.clone(), wished(&context))));
        profiles.insert(name, values);
    }
    match format {
        Format::Tfvars => {
            let all: serde_json::Map<_, _> = profiles
                .iter()
                .map(|(name, values)| (name.replace(['/', '-'], "_"), to_json(values)))
                .collect();
            Ok(render::to_pretty(&json!({"concord_profiles": all})))
        }
        Format::SpMetadata => sp_metadata(&profiles, wishes),
        Format::Json | Format::Announcements => {
            let all: serde_json::Map<_, _> =
                profiles.iter().map(|(name, values)| (name.clone(), to_json(values))).collect();
            Ok(render::to_pretty(&json!({"formatVersion": 1, "profiles": all})))
        }
    }
}

/// What the people of each enablement are told.
fn announcements(agreements: &[Agreement<'_>]) -> Vec<Announcement> {
    let mut all = Vec::new();
    for agreement in agreements {
        let Some(context) = agreement.context() else { continue };
        all.extend(agreement.enablements().iter().map(|enablement| Announcement {
            enablement: format!("{}/UserEnablement/{}", enablement.tenant, enablement.name()),
            profile: context.profile.spec.friendly_name.clone(),
            stage: enablement.spec.rollout.stage,
            text: announcement(&context, enablement),
        }));
    }
    all
}

/// Where the identity provider may send people: the ACS URL first, then the others. Unknown as a whole while the ACS URL is: a list
/// without it would be entered as if it were all.
fn callback_urls(plan: &Plan, acs_url: &Value, others: &[Value]) -> Value {
    let acs_url = known(plan, acs_url);
    if acs_url.as_text().is_none() {
        return Value::Null;
    }
    let mut urls = vec![acs_url];
    for url in others.iter().map(|url| known(plan, url)) {
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    Value::List(urls)
}

fn known(plan: &Plan, value: &Value) -> Value {
    value.resolve(&|reference| plan.outputs.get(&reference.from)?.get(&reference.output).cloned())
}

/// Certificates as PEM, because somebody enters them; what is not known yet as null.
fn to_json(values: &BTreeMap<&str, Value>) -> Json {
    values
        .iter()
        .map(|(name, value)| {
            let json = match value {
                Value::List(items) if items.iter().any(|item| matches!(item, Value::Certificate(_))) => items
                    .iter()
                    .map(|item| match item {
                        Value::Certificate(certificate) => certificate.to_pem().into(),
                        other => other.to_json(),
                    })
                    .collect(),
                other => other.to_json(),
            };
            ((*name).to_owned(), json)
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// What a service provider's metadata say besides its addresses: what it wants in assertions.
fn wished(context: &ProfileContext<'_>) -> SpDescriptor {
    let own = &context.profile.spec.signing;
    let defaults = &context.identity_provider.spec.defaults.signing;
    let map = context.attribute_map.map(|map| &map.spec);
    let format = match map.map(|map| map.name_id.format) {
        None | Some(attribute_map::NameIdFormat::EmailAddress) => NameIdFormat::EmailAddress,
        Some(attribute_map::NameIdFormat::Unspecified) => NameIdFormat::Unspecified,
        Some(attribute_map::NameIdFormat::Persistent) => NameIdFormat::Persistent,
        Some(attribute_map::NameIdFormat::Transient) => NameIdFormat::Transient,
    };
    let attributes = map.into_iter().flat_map(|map| &map.attributes);
    let requested_attributes: Vec<RequestedAttribute> = attributes
        .map(|attribute| RequestedAttribute {
            name: attribute.saml_name().to_owned(),
            name_format: None,
            friendly_name: None,
            required: attribute.required,
        })
        .collect();
    SpDescriptor {
        name_id_formats: vec![format.into()],
        want_assertions_signed: own.assertion.or(defaults.assertion).unwrap_or(true),
        service_name: (!requested_attributes.is_empty())
            .then(|| context.profile.spec.product.title().to_owned()),
        requested_attributes,
        ..SpDescriptor::default()
    }
}

fn sp_metadata(
    profiles: &BTreeMap<String, BTreeMap<&str, Value>>,
    mut wishes: BTreeMap<String, SpDescriptor>,
) -> Result<String, CliError> {
    let (Some((name, values)), true) = (profiles.first_key_value(), profiles.len() == 1) else {
        return Err(CliError::usage("metadata describe one profile", "say which with `--profile NAME`"));
    };
    let (Some(entity_id), Some(acs_url)) =
        (values["entityId"].as_text().map(str::to_owned), values["acsUrl"].as_text().map(str::to_owned))
    else {
        return Err(CliError::failure(format!("{name} has no connection yet, so its URLs are not known"))
            .help("`concord runbook` shows how it gets one"));
    };
    Ok(write_sp_metadata(&SpDescriptor {
        entity_id,
        assertion_consumer_services: vec![AssertionConsumerService {
            index: 0,
            binding: Binding::HttpPost.into(),
            location: acs_url,
            is_default: Some(true),
        }],
        ..wishes.remove(name).unwrap_or_default()
    }))
}
