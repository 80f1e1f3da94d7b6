//! Remote objects as observations: values by field path, and what an object gives to others. Pure.

use std::collections::BTreeMap;

use super::{
    access,
    lower::field,
    wire::{Integration, StoredCertificate, SubuserAccess, Teammate},
};
use crate::component::{Component, Observed, Value};

/// The text of a field, if the component has it and it is known.
pub(super) fn text_of<'a>(component: &'a Component, path: &str) -> Option<&'a str> {
    component.field(path)?.value.as_text()
}

/// An integration without its switch and its certificates, which are components of their own.
pub(super) fn integration(id: &str, integration: &Integration) -> Observed {
    let texts = [
        (field::NAME, &integration.name),
        (field::SIGNIN_URL, &integration.signin_url),
        (field::SIGNOUT_URL, &integration.signout_url),
        (field::ENTITY_ID, &integration.entity_id),
    ];
    let fields =
        texts.into_iter().map(|(path, text)| (path.to_owned(), Value::from(text.as_deref()))).collect();
    let mut outputs = BTreeMap::from([("connection".to_owned(), Value::text(id))]);
    outputs.extend(integration.acs_url().map(|url| ("acsUrl".to_owned(), Value::text(url))));
    outputs.extend(integration.audience().map(|url| ("entityId".to_owned(), Value::text(url))));
    Observed { id: id.to_owned(), fields, outputs, ..Observed::default() }
}

/// The certificates of an integration. One that is switched off is not trusted, so it is as if it were not there.
pub(super) fn certificates(integration: &str, stored: &[StoredCertificate]) -> Observed {
    let trusted = stored.iter().filter(|it| !it.is_disabled()).map(|it| match it.certificate() {
        Some(certificate) => Value::Certificate(certificate),
        None => Value::text(format!("certificate {}, which cannot be read", it.id.as_deref().unwrap_or("?"))),
    });
    let fields = BTreeMap::from([
        (field::INTEGRATION.to_owned(), Value::text(integration)),
        (field::CERTIFICATES.to_owned(), Value::List(trusted.collect())),
    ]);
    Observed { id: format!("{integration}/certificates"), fields, ..Observed::default() }
}

/// The switch of an integration. Whether the integration counts as complete is only answered where it is asked for, so what is not
/// answered counts as it should be.
pub(super) fn switch(id: &str, integration: &Integration) -> Observed {
    let fields = BTreeMap::from([
        (field::INTEGRATION.to_owned(), Value::text(id)),
        (field::ENABLED.to_owned(), integration.enabled.unwrap_or_default().into()),
        (field::COMPLETED.to_owned(), integration.completed_integration.unwrap_or(true).into()),
    ]);
    Observed { id: format!("{id}/switch"), fields, ..Observed::default() }
}

/// A teammate. `component` says what is wanted; an orphan has none.
pub(super) fn teammate(
    teammate: &Teammate,
    subusers: Option<&SubuserAccess>,
    component: Option<&Component>,
) -> Observed {
    let mut fields = BTreeMap::from([
        (field::EMAIL.to_owned(), Value::text(teammate.email())),
        (field::FIRST_NAME.to_owned(), teammate.first_name.as_deref().into()),
        (field::LAST_NAME.to_owned(), teammate.last_name.as_deref().into()),
        (field::IS_ADMIN.to_owned(), teammate.is_administrator().into()),
    ]);
    if let Some(wanted) = component.and_then(|it| it.field(field::SCOPES)) {
        let found = teammate.scopes.as_deref().unwrap_or_default();
        fields.insert(field::SCOPES.to_owned(), access::compared(found, &wanted.value));
    }
    if let Some(subusers) = subusers {
        let list = subusers.subuser_access.iter().map(|it| {
            let is_admin = it.permission_type.as_deref() == Some("admin");
            let scopes = it.scopes.iter().map(String::as_str).filter(|_| !is_admin);
            access::subuser(it.id, scopes)
        });
        fields.insert(field::SUBUSER_ACCESS.to_owned(), Value::List(list.collect()));
    }
    Observed { id: teammate.username.clone(), fields, ..Observed::default() }
}
