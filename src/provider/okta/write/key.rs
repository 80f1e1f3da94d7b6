//! Making a signing key, and having the application sign with it. Both change the application's note, so they read and replace the
//! whole application; the caller sees to it that nobody else of this run does so at the same time.

use super::{
    super::{
        convert::text_of,
        lower::{SEED_URL, kind},
        observe::Organization,
        signing_key::{KID, YEARS, name_of, observed_key, observed_signing},
        wire::{App, Key, KeyState, NamedKey, Notes},
    },
    Json, WriteError, Written, complete, conflict, refused, sendable, set, set_notes, written,
};
use crate::{
    component::{Component, Marker, Observed, Value},
    manifest::sso_profile::DEFAULT_KEY_YEARS,
};

/// Before anything was made.
const NEVER: &str = "1970-01-01T00:00:00Z";

impl Organization {
    /// Makes the key of a component, once: that it is wanted is noted first, so that a key whose answer was lost is found again.
    pub(super) async fn put_key(&self, component: &Component) -> Result<Written, WriteError> {
        let mut app = self.owner_of(component).await?;
        let keys = self.api.keys(&app.id).await?;
        let name = name_of(&component.address);
        let mut notes = app.notes();
        let known = match notes.key(name).map(|key| &key.state) {
            Some(KeyState::Made(kid)) => keys.iter().find(|key| key.kid == *kid),
            Some(KeyState::Asked(since)) => keys.iter().find(|key| {
                app.kid() != Some(&key.kid)
                    && notes.keys.iter().all(|other| other.kid() != Some(&key.kid))
                    && key.is_made_after(since)
            }),
            None => None,
        };
        let key = match known {
            Some(key) => key.clone(),
            None => {
                if !matches!(notes.key(name), Some(NamedKey { state: KeyState::Asked(_), .. })) {
                    forget_unused(&mut notes, &app);
                    let newest = keys.iter().filter_map(|key| key.created.as_deref()).max().unwrap_or(NEVER);
                    let state = KeyState::Asked(newest.to_owned());
                    notes.set_key(NamedKey { name: name.to_owned(), state });
                    app = self.replace(&app, &notes, None).await?;
                }
                let years = match component.field(YEARS).map(|field| &field.value) {
                    Some(Value::Int(years)) => *years,
                    _ => i64::from(DEFAULT_KEY_YEARS),
                };
                self.api.generate_key(&app.id, years).await?
            }
        };
        notes.set_key(NamedKey { name: name.to_owned(), state: KeyState::Made(key.kid.clone()) });
        // Nobody can sign in through an application that has its seeds yet, so nobody has to trust its first key.
        let is_unused = app.acs_url() == Some(SEED_URL) && notes.signs.is_none();
        if is_unused {
            notes.signs = Some(key.kid.clone());
        }
        let app = self.replace(&app, &notes, is_unused.then_some(&key.kid)).await?;
        let mut keys: Vec<Key> = keys;
        if keys.iter().all(|other| other.kid != key.kid) {
            keys.push(key);
        }
        observed_key(&app, &keys, component).map(written).ok_or_else(|| {
            refused(&component.title, "Okta did not keep the note that names the key", "run apply again")
        })
    }

    /// Has the application sign with the key of a component.
    pub(super) async fn put_signing(
        &self,
        component: &Component,
        planned: Option<&Observed>,
    ) -> Result<Written, WriteError> {
        let app = self.owner_of(component).await?;
        let wanted = text_of(component, KID).ok_or_else(|| conflict(&component.title))?;
        let was = planned.and_then(|planned| planned.fields.get(KID)).and_then(Value::as_text);
        if planned.is_some() && app.kid() != was && app.kid() != Some(wanted) {
            return Err(conflict(&component.title));
        }
        let notes = Notes { signs: Some(wanted.to_owned()), ..app.notes() };
        let app = self.replace(&app, &notes, Some(wanted)).await?;
        Ok(written(observed_signing(&app, component)))
    }

    /// The application that a component belongs to, which has to be ours.
    async fn owner_of(&self, component: &Component) -> Result<App, WriteError> {
        let id = self.app_of(component)?;
        let app = self.api.app(id).await?.ok_or_else(|| conflict(&component.title))?;
        let ours = Marker {
            project: component.marker.project.clone(),
            address: component.address.sibling(kind::APP),
        };
        if app.notes().marker.as_deref() == Some(ours.to_string().as_str()) {
            Ok(app)
        } else {
            Err(conflict(format!("Okta application `{}`", app.label())))
        }
    }

    async fn replace(&self, app: &App, notes: &Notes, kid: Option<&str>) -> Result<App, WriteError> {
        let mut body = sendable(app);
        set_notes(&mut body, &notes.to_text());
        if let Some(kid) = kid {
            set(&mut body, &["credentials", "signing", "kid"], Json::from(kid));
        }
        complete(&mut body);
        Ok(self.api.replace_app(&app.id, &body).await?)
    }
}

/// The note has room for little: of the former keys it keeps the one that signs.
fn forget_unused(notes: &mut Notes, app: &App) {
    let signs = notes.signs.clone();
    notes
        .keys
        .retain(|key| key.kid().is_some_and(|kid| Some(kid) == app.kid() || Some(kid) == signs.as_deref()));
}
