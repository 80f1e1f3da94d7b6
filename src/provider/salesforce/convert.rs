//! Remote components as observations, and desired values back into them: which element each field's path means, server defaults, the
//! ownership marker in the description. Pure.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{formulas, lower::field, xml::Element};
use crate::{
    component::{AppliedNote, Capability, Component, Observed, Ownership, Value, WriteChannel},
    provider::pins,
    saml::Certificate,
};

/// The most characters of a description (Metadata API, ExternalClientApplication and ConnectedApp).
pub(super) const DESCRIPTION: usize = 255;

/// An application: one component, or three that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemoteApp {
    pub(super) is_connected: bool,
    pub(super) full_name: String,
    pub(super) app: Element,
    /// With its full name.
    pub(super) policies: Option<(String, Element)>,
    pub(super) saml: Option<(String, Element)>,
}

/// The component that a field is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    App,
    Policies,
    Saml,
}

/// Which component a field is in, and the elements that lead to it there.
pub(super) fn place(path: &str) -> (Part, Vec<&str>) {
    let (part, rest) = if let Some(rest) = path.strip_prefix(field::POLICIES) {
        (Part::Policies, rest)
    } else if let Some(rest) = path.strip_prefix(field::SAML) {
        (Part::Saml, rest)
    } else {
        (Part::App, path)
    };
    (part, rest.split('.').collect())
}

/// The path of the field that elements lead to.
pub(super) fn path_of(part: Part, elements: &[String]) -> String {
    let prefix = match part {
        Part::App => "",
        Part::Policies => field::POLICIES,
        Part::Saml => field::SAML,
    };
    format!("{prefix}{}", elements.join("."))
}

/// Whether a path is a setting in one of the components, and not context of Concord's own.
pub(super) fn is_setting(path: &str) -> bool {
    ![field::API_NAME, field::APP_KIND, field::FINGERPRINTS].contains(&path)
}

/// Reads a value. The last element's name tells its form.
fn read(element: Option<&Element>, elements: &[&str]) -> Value {
    let Some((last, outer)) = elements.split_last() else { return Value::Null };
    let Some(inside) = outer.iter().try_fold(element, |at, name| Some(at?.child(name))).flatten() else {
        return missing(last);
    };
    let texts = |name: &str| -> Vec<String> {
        inside.all(name).map(|it| it.text.clone()).filter(|text| !text.is_empty()).collect()
    };
    match *last {
        "customAttributes" | "attributes" => {
            let of = |it: &Element| {
                formulas::normal(
                    it.text_of("key").unwrap_or_default(),
                    it.text_of("formula").unwrap_or_default(),
                )
            };
            Value::List(inside.all(last).map(of).collect())
        }
        "profileName" | "permissionSetName" => Value::texts(texts(last)),
        "commaSeparatedProfile" | "commaSeparatedPermissionSet" => {
            Value::texts(comma_separated(inside.text_of(last).unwrap_or_default()))
        }
        _ => match inside.text_of(last) {
            None => missing(last),
            Some("true") if is_switch(last) => true.into(),
            Some("false") if is_switch(last) => false.into(),
            Some(text) => Value::text(text),
        },
    }
}

fn is_switch(name: &str) -> bool {
    name.starts_with("is") || name.starts_with("enable")
}

/// What a setting that is not there means (Metadata API: the defaults of its fields).
fn missing(name: &str) -> Value {
    match name {
        "nameIdFormat" | "samlNameIdFormat" => "Unspecified".into(),
        "isEnabled" => true.into(),
        "enableIdentityProvider" => false.into(),
        "customAttributes"
        | "attributes"
        | "profileName"
        | "permissionSetName"
        | "commaSeparatedProfile"
        | "commaSeparatedPermissionSet" => Value::List(Vec::new()),
        _ => Value::Null,
    }
}

fn comma_separated(text: &str) -> Vec<String> {
    text.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
}

/// Writes a value to where [`read`] finds it.
pub(super) fn write(element: &mut Element, elements: &[&str], value: &Value) {
    let Some((last, outer)) = elements.split_last() else { return };
    // Nothing needs no place: an outer element is not made for it.
    if *value == Value::Null && read(Some(element), elements) == missing(last) {
        return;
    }
    let inside = element.at(outer);
    let items = || value.as_list().unwrap_or_default();
    match *last {
        "customAttributes" | "attributes" => {
            let of = |item: &Value| {
                let Value::Map(entries) = item else { return None };
                let mut element = Element::new(*last);
                for key in ["formula", "key"] {
                    element.set(key, entries.get(key).and_then(Value::as_text).unwrap_or_default());
                }
                Some(element)
            };
            inside.replace(last, items().iter().filter_map(of));
        }
        "profileName" | "permissionSetName" => {
            let of = |item: &Value| Some(Element::of_text(*last, item.as_text()?));
            inside.replace(last, items().iter().filter_map(of));
        }
        "commaSeparatedProfile" | "commaSeparatedPermissionSet" => {
            let names: Vec<&str> = items().iter().filter_map(Value::as_text).collect();
            inside.set(last, &names.join(","));
        }
        _ => {
            let text = match value {
                Value::Bool(value) => value.to_string(),
                Value::Int(value) => value.to_string(),
                Value::Text(text) => text.clone(),
                _ => String::new(),
            };
            inside.set(last, &text);
        }
    }
}

impl RemoteApp {
    pub(super) fn part(&self, part: Part) -> Option<&Element> {
        match part {
            Part::App => Some(&self.app),
            Part::Policies => self.policies.as_ref().map(|(_, element)| element),
            Part::Saml => self.saml.as_ref().map(|(_, element)| element),
        }
    }

    pub(super) fn description(&self) -> Description {
        Description::parse(self.app.text_of("description").unwrap_or_default())
    }

    pub(super) fn label(&self) -> &str {
        self.app.text_of("label").unwrap_or(&self.full_name)
    }

    /// Values of a list that are record IDs, which some organizations answer in the place of names.
    pub(super) fn access_ids(&self) -> impl Iterator<Item = String> {
        let saml = self.part(Part::Saml).into_iter();
        saml.flat_map(|saml| {
            ["commaSeparatedProfile", "commaSeparatedPermissionSet"]
                .into_iter()
                .flat_map(|key| comma_separated(saml.text_of(key).unwrap_or_default()))
        })
        .filter(|text| is_record_id(text))
    }
}

/// Whether a text is the ID of a profile (`00e`) or a permission set (`0PS`): 15 or 18 characters.
fn is_record_id(text: &str) -> bool {
    (text.starts_with("00e") || text.starts_with("0PS"))
        && matches!(text.len(), 15 | 18)
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// What is known of the organization beside a component itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    /// The My Domain host.
    pub(super) domain: String,
    /// Names of profiles and permission sets by the first 15 characters of their IDs.
    pub(super) names: BTreeMap<String, String>,
    /// The certificates in the published metadata.
    pub(super) published: Vec<Certificate>,
}

/// An application. `component` says what is wanted of it; an orphan has none.
pub(super) fn app(remote: &RemoteApp, component: Option<&Component>, around: &Surroundings) -> Observed {
    let description = remote.description();
    let mut fields = BTreeMap::new();
    for wanted in component.iter().flat_map(|component| &component.fields).filter(|it| is_setting(&it.path)) {
        let (part, elements) = place(&wanted.path);
        let mut value = read(remote.part(part), &elements);
        if elements.last() == Some(&"issuer") && value == Value::Null {
            value = format!("https://{}", around.domain).into();
        }
        if let Value::List(items) = &mut value {
            for item in items.iter_mut() {
                let name =
                    item.as_text().filter(|it| is_record_id(it)).and_then(|it| around.names.get(&it[..15]));
                if let Some(name) = name {
                    *item = Value::text(name);
                }
            }
        }
        fields.insert(wanted.path.clone(), value);
    }
    let pins = component.and_then(|it| it.field(field::FINGERPRINTS)).map(|it| &it.value);
    let mut outputs = BTreeMap::from([(field::API_NAME.to_owned(), Value::text(&remote.full_name))]);
    if !around.published.is_empty() {
        fields.insert(field::FINGERPRINTS.to_owned(), pins::seen(&around.published, pins));
        let certificates = around.published.iter().cloned().map(Value::Certificate).collect();
        outputs.insert("certificates".to_owned(), Value::List(certificates));
    }
    if let Some(component) = component.filter(|component| is_external(component)) {
        accept_more(&mut fields, component);
    }
    Observed {
        id: remote.full_name.clone(),
        fields,
        outputs,
        ownership: Ownership::Ours,
        applied: description.applied.as_deref().and_then(AppliedNote::parse),
        kept: kept(remote, component, &description),
        ..Observed::default()
    }
}

/// Whether somebody else owns the object, so that it is compared and never written.
pub(super) fn is_external(component: &Component) -> bool {
    component.fields.iter().all(|field| field.capability.write() != WriteChannel::Api)
}

/// Of an application that somebody else owns, Twilio needs that certain attributes and profiles are among others, not that they are alone.
fn accept_more(fields: &mut BTreeMap<String, Value>, component: &Component) {
    for wanted in component.fields.iter().filter(|field| field.capability == Capability::Observed) {
        let Some(seen) = fields.get_mut(&wanted.path) else { continue };
        if let (Value::List(wanted_items), Value::List(items)) = (&wanted.value, &*seen)
            && wanted_items.iter().all(|item| items.contains(item))
        {
            *seen = wanted.value.clone();
        }
    }
}

/// How many settings of the application are not Concord's and stay as they are.
fn kept(remote: &RemoteApp, component: Option<&Component>, description: &Description) -> usize {
    let owned = |path: String| component.is_some_and(|component| component.field(&path).is_some());
    // What says which component it is, and no setting of it.
    let identity = ["fullName", "description", "externalClientApplication", "label", "orgScopedExternalApp"];
    let mut kept = usize::from(!description.others.is_empty());
    for (part, prefix) in [(Part::App, ""), (Part::Policies, field::POLICIES), (Part::Saml, field::SAML)] {
        let names: BTreeSet<&str> =
            remote.part(part).into_iter().flat_map(|it| &it.children).map(|it| it.name.as_str()).collect();
        kept += names
            .into_iter()
            .filter(|name| {
                !identity.contains(name) && *name != "samlConfig" && !owned(format!("{prefix}{name}"))
            })
            .count();
    }
    let saml = remote.app.child("samlConfig").into_iter().flat_map(|it| &it.children);
    kept + saml.filter(|it| !owned(format!("samlConfig.{}", it.name))).count()
}

/// A certificate, by what `readMetadata` answers.
pub(super) fn certificate(element: &Element, component: &Component) -> Observed {
    let name = element.text_of("fullName").unwrap_or_default();
    let mut fields = BTreeMap::from([(field::NAME.to_owned(), Value::text(name))]);
    if let Some(size) = element.text_of(field::KEY_SIZE).and_then(|text| text.parse::<i64>().ok()) {
        fields.insert(field::KEY_SIZE.to_owned(), size.into());
    }
    let mut outputs = BTreeMap::new();
    if let Some(certificate) = content(element) {
        let pins = component.field(field::FINGERPRINTS).map(|it| &it.value);
        fields.insert(field::FINGERPRINTS.to_owned(), pins::seen(std::slice::from_ref(&certificate), pins));
        outputs.insert("certificates".to_owned(), Value::List(vec![Value::Certificate(certificate)]));
    }
    Observed { id: name.to_owned(), fields, outputs, ..Observed::default() }
}

/// The certificate itself. The content of its file comes as Base64, and the file is PEM; of a chain the first one signs.
fn content(element: &Element) -> Option<Certificate> {
    let text: String = element.text_of("content")?.split_whitespace().collect();
    let bytes = STANDARD.decode(text).ok()?;
    let pem = String::from_utf8(bytes.clone()).ok();
    let of_pem = pem.and_then(|pem| Certificate::from_pem_bundle(&pem).ok()?.into_iter().next());
    of_pem.or_else(|| Certificate::from_der(&bytes).ok())
}

/// The settings of the organization as an identity provider.
pub(super) fn settings(element: Option<&Element>) -> Observed {
    let at = |name: &str| read(element, &[name]);
    Observed {
        id: super::package::SETTINGS.to_owned(),
        fields: BTreeMap::from([
            (field::ENABLED.to_owned(), at(field::ENABLED)),
            (field::CERTIFICATE_NAME.to_owned(), at(field::CERTIFICATE_NAME)),
        ]),
        ..Observed::default()
    }
}

/// An application's description: Concord's mark in brackets, and everybody else's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Description {
    /// The ownership marker.
    pub(super) marker: Option<String>,
    /// What was last applied.
    pub(super) applied: Option<String>,
    /// The words before and after it.
    pub(super) others: String,
}

const OPEN: &str = "[concord ";

impl Description {
    /// Reads one; white space may have been changed on the way.
    pub(super) fn parse(text: &str) -> Self {
        let whole = || Self { others: text.trim().to_owned(), ..Self::default() };
        let Some((before, rest)) = text.split_once(OPEN) else { return whole() };
        let Some((mark, after)) = rest.split_once(']') else { return whole() };
        let (marker, applied) = mark.split_once(';').unwrap_or((mark, ""));
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let others = [before.trim(), after.trim()].into_iter().filter(|it| !it.is_empty());
        Self { marker: some(marker), applied: some(applied), others: others.collect::<Vec<_>>().join(" ") }
    }

    pub(super) fn to_text(&self) -> String {
        let Some(marker) = &self.marker else { return self.others.clone() };
        let applied = self.applied.as_ref().map(|applied| format!("; {applied}")).unwrap_or_default();
        let space = if self.others.is_empty() { "" } else { " " };
        format!("{}{space}{OPEN}{marker}{applied}]", self.others)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn other_words_of_a_description_stay(others in "[a-zA-Z.,;: ]{0,60}") {
            let others = others.trim().to_owned();
            let description = Description {
                marker: Some("p/nss/SsoProfile/flex/salesforce.app".to_owned()),
                applied: Some("3fa9c1d2e4b5 forget".to_owned()),
                others,
            };
            prop_assert_eq!(Description::parse(&description.to_text()), description);
        }
    }

    #[test]
    fn a_mark_survives_changed_white_space() {
        let text =
            "Ask Lena.\r\n\r\n[concord  p/nss/SsoProfile/flex/salesforce.app ;  3fa9c1d2e4b5 ] Really.";
        let description = Description::parse(text);
        assert_eq!(description.marker.as_deref(), Some("p/nss/SsoProfile/flex/salesforce.app"));
        assert_eq!(description.applied.as_deref(), Some("3fa9c1d2e4b5"));
        assert_eq!(description.others, "Ask Lena. Really.");
    }

    #[test]
    fn what_is_written_is_read() {
        for (path, value) in [
            ("policies.isEnabled", Value::Bool(false)),
            ("samlPolicies.acsUrl", "https://x".into()),
            ("samlPolicies.commaSeparatedProfile", Value::texts(["A B", "C"])),
            ("samlPolicies.customAttributes", Value::List(vec![formulas::normal("roles", "\"a,b\"")])),
            ("samlConfig.samlNameIdFormat", "EmailAddress".into()),
            ("profileName", Value::texts(["A", "B"])),
            ("attributes", Value::List(vec![formulas::normal("a", "$User.Email")])),
        ] {
            let (_, elements) = place(path);
            let mut element = Element::new("X");
            write(&mut element, &elements, &value);
            assert_eq!(read(Some(&element), &elements), value, "{path}");
            let (last, _) = elements.split_last().unwrap();
            let nothing = match value {
                Value::List(_) => Value::List(Vec::new()),
                _ => Value::Null,
            };
            write(&mut element, &elements, &nothing);
            assert_eq!(read(Some(&element), &elements), missing(last), "{path}");
        }
    }

    #[test]
    fn the_enum_trap_is_the_servers_default_too() {
        assert_eq!(read(Some(&Element::new("X")), &["nameIdFormat"]), "Unspecified".into());
        let mut element = Element::new("X");
        write(&mut element, &["certificate"], &Value::Null);
        write(&mut element, &["samlConfig", "certificate"], &Value::Null);
        assert_eq!(element, Element::new("X"), "nothing makes nothing");
    }
}
