//! Twilio: stub
use super::error::SandboxError;
use super::message::Answer;
use super::store::Transaction;
use super::vendor::{Call, Vendor};
use jiff::Timestamp;
#[derive(Clone, Copy, Debug)]
pub(crate) struct Twilio;
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub(crate) struct Seed {}
impl Seed {
    pub(crate) fn apply(&self, _: &mut Transaction<'_>, _: Timestamp) -> Result<(), SandboxError> {
        Ok(())
    }
}
impl Vendor for Twilio {
    fn serves(&self, host: &str, _: &Transaction<'_>) -> bool {
        host.ends_with(".twilio.com")
    }
    fn answer(&self, _: &mut Call<'_, '_>) -> Answer {
        Answer::no_content()
    }
    fn too_many(&self, _: i64) -> Answer {
        Answer::no_content()
    }
}
