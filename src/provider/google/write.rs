//! Changes in a customer. Every change of an object that exists begins by reading it again: what somebody else changed since the plan is a
//! conflict. And every change ends by reading it until Google shows what was written: its answers lag behind its writes.

mod schema;
mod user;

use std::time::Duration;

use async_trait::async_trait;

use super::{lower::kind, observe::Customer};
use crate::{
    component::{Component, Field, Observed, Ownership, Realm, WriteChannel},
    http::HttpError,
    plan::Permit,
    provider::{Mutate, Write, WriteError, Written},
};

/// How often a written object is read until it shows what was written.
const READS: u32 = 8;
/// The first wait between two reads; it doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(4);

#[async_trait]
impl Mutate for Customer {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn write(&self, _permit: &Permit, write: Write<'_>) -> Result<Written, WriteError> {
        let address = match &write {
            Write::Create { component, .. } | Write::Update { component, .. } => &component.address,
            Write::Delete { address, .. } | Write::Forget { address, .. } => address,
        };
        match address.component_type() {
            kind::SCHEMA => self.write_schema(&write).await,
            kind::USER => self.write_user(&write).await,
            other => Err(WriteError::Refused {
                what: address.to_string(),
                message: format!("Concord does not write components of type {other}"),
                help: None,
            }),
        }
    }
}

fn written(observed: Observed) -> Written {
    Written::Present(Box::new(Observed { ownership: Ownership::Ours, ..observed }))
}

/// The fields that are written.
fn owned(component: &Component) -> impl Iterator<Item = &Field> {
    component.fields.iter().filter(|it| it.capability.write() == WriteChannel::Api)
}

/// Whether an observation shows what a component wants.
fn shows(component: &Component, observed: &Observed) -> bool {
    owned(component)
        .all(|it| observed.fields.get(&it.path).is_some_and(|seen| it.rule.is_same(seen, &it.value)))
}

/// Reads until `is_settled`.
///
/// # Errors
/// [`WriteError::NotReady`] after all reads; those of the reads.
async fn until_settled<T, F>(
    what: &str,
    read: impl Fn() -> F,
    is_settled: impl Fn(&T) -> bool,
) -> Result<T, WriteError>
where
    F: Future<Output = Result<T, HttpError>>,
{
    let mut wait = FIRST_WAIT;
    let mut waited = Duration::ZERO;
    for _ in 1..READS {
        let seen = read().await?;
        if is_settled(&seen) {
            return Ok(seen);
        }
        tokio::time::sleep(wait).await;
        waited += wait;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    let seen = read().await?;
    if is_settled(&seen) {
        return Ok(seen);
    }
    Err(WriteError::NotReady { what: what.to_owned(), seconds: waited.as_secs() })
}

#[cfg(test)]
mod tests;
