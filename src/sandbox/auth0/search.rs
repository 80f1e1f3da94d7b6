//! The delay of the search index. A user that was written is found as it was before for a while; reads by id and by e-mail do not wait.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use super::tenant::SearchLag;

/// What search has not seen yet, by tenant. Forgotten when the sandbox stops, which makes every write visible.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    tenants: HashMap<String, Index>,
    last_created: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Index {
    requests: u64,
    unseen: Vec<Unseen>,
}

#[derive(Debug)]
struct Unseen {
    user_id: String,
    before: Option<Value>,
    request: u64,
    at: Timestamp,
}

impl Memory {
    /// Counts a request to the tenant.
    pub(crate) fn count_request(&mut self, tenant: &str) {
        self.tenants.entry(tenant.to_owned()).or_default().requests += 1;
    }

    /// Remembers what a user was before a write.
    pub(crate) fn written(&mut self, tenant: &str, user_id: &str, before: Option<Value>, at: Timestamp) {
        let index = self.tenants.entry(tenant.to_owned()).or_default();
        let request = index.requests;
        index.unseen.push(Unseen { user_id: user_id.to_owned(), before, request, at });
    }

    /// Users whose current document search does not see: by id, what it sees instead (`None`: nothing).
    pub(crate) fn outdated(
        &mut self,
        tenant: &str,
        lag: SearchLag,
        now: Timestamp,
    ) -> HashMap<String, Option<Value>> {
        let index = self.tenants.entry(tenant.to_owned()).or_default();
        let requests = index.requests;
        index.unseen.retain(|write| {
            let waited = now.as_millisecond().saturating_sub(write.at.as_millisecond());
            requests - write.request <= lag.requests
                && waited < i64::try_from(lag.milliseconds).unwrap_or(i64::MAX)
        });
        let mut outdated = HashMap::new();
        for write in &index.unseen {
            outdated.entry(write.user_id.clone()).or_insert_with(|| write.before.clone());
        }
        outdated
    }

    /// A creation time that is later than every one before it, to the millisecond.
    pub(crate) fn creation_time(&mut self, now: Timestamp) -> Timestamp {
        let next =
            self.last_created.and_then(|last| Timestamp::from_millisecond(last.as_millisecond() + 1).ok());
        let time = next.map_or(now, |next| next.max(now));
        self.last_created = Some(time);
        time
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_write_is_seen_after_requests_or_time() {
        let lag = SearchLag { requests: 2, milliseconds: 300 };
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let mut memory = Memory::default();
        memory.count_request("t");
        memory.written("t", "u", None, at(0));
        memory.written("t", "u", Some(json!(1)), at(0));
        memory.count_request("t");
        assert_eq!(memory.outdated("t", lag, at(1)).get("u"), Some(&None));
        memory.count_request("t");
        assert_eq!(memory.outdated("t", lag, at(1)).len(), 1);
        memory.count_request("t");
        assert!(memory.outdated("t", lag, at(1)).is_empty());
        memory.written("t", "u", None, at(10));
        assert_eq!(memory.outdated("t", lag, at(309)).len(), 1);
        assert!(memory.outdated("t", lag, at(310)).is_empty());
    }

    #[test]
    fn creation_times_grow() {
        let mut memory = Memory::default();
        let now = Timestamp::from_millisecond(5).unwrap();
        let times: Vec<i64> = (0..3).map(|_| memory.creation_time(now).as_millisecond()).collect();
        assert_eq!(times, [5, 6, 7]);
    }
}
