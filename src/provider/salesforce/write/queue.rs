//! Where changes that are made at once meet, so that one request carries them all. Knows nothing of what is sent.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::oneshot;

use super::{Deployed, Grant, Share, WriteErrorParts};
use crate::http::HttpError;

/// How long the first waits for others that begin a moment later.
const MOMENT: Duration = Duration::from_millis(40);
/// How long it waits at most for others that are still reading what they are about to change.
const PATIENCE: Duration = Duration::from_secs(10);

/// The two meeting places of an organization.
#[derive(Default)]
pub(in super::super) struct Queue {
    shares: Meeting<Share, Deployed>,
    grants: Meeting<Grant, Result<String, WriteErrorParts>>,
    /// IDs of permission sets that were looked up.
    permission_sets: tokio::sync::Mutex<BTreeMap<String, Option<String>>>,
}

impl Queue {
    /// Says that a change is coming: whoever sends waits for it.
    pub(super) fn announce(&self) -> Announced<'_, Share, Deployed> {
        self.shares.announce()
    }

    pub(super) fn announce_grant(&self) -> Announced<'_, Grant, Result<String, WriteErrorParts>> {
        self.grants.announce()
    }

    /// The ID of a permission set, looked up once for everybody.
    pub(super) async fn permission_set<F>(
        &self,
        name: &str,
        look_up: impl FnOnce() -> F,
    ) -> Result<Option<String>, HttpError>
    where
        F: Future<Output = Result<Option<String>, HttpError>>,
    {
        let mut known = self.permission_sets.lock().await;
        if let Some(id) = known.get(name) {
            return Ok(id.clone());
        }
        let id = look_up().await?;
        known.insert(name.to_owned(), id.clone());
        Ok(id)
    }
}

impl Announced<'_, Share, Deployed> {
    /// Joins the deploy that is being gathered, or gathers one.
    pub(super) async fn deploy<F>(self, share: Share, send: impl FnOnce(Vec<Share>) -> F) -> Deployed
    where
        F: Future<Output = Vec<Deployed>>,
    {
        let lost =
            || Err(WriteErrorParts::Refused { message: "the deploy was given up".to_owned(), help: None });
        self.join(share, send).await.unwrap_or_else(lost)
    }
}

impl Announced<'_, Grant, Result<String, WriteErrorParts>> {
    /// Joins the call that is being gathered, or gathers one.
    pub(super) async fn grant<F>(
        self,
        grant: Grant,
        send: impl FnOnce(Vec<Grant>) -> F,
    ) -> Result<String, WriteErrorParts>
    where
        F: Future<Output = Vec<Result<String, WriteErrorParts>>>,
    {
        let lost =
            || Err(WriteErrorParts::Refused { message: "the call was given up".to_owned(), help: None });
        self.join(grant, send).await.unwrap_or_else(lost)
    }
}

struct Meeting<T, R> {
    /// How many have announced themselves and not come yet.
    coming: AtomicUsize,
    waiting: Mutex<Vec<(T, oneshot::Sender<R>)>>,
    /// Held by who sends; one request at a time.
    turn: tokio::sync::Mutex<()>,
}

impl<T, R> Default for Meeting<T, R> {
    fn default() -> Self {
        Self { coming: AtomicUsize::new(0), waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

/// Somebody who is coming.
pub(super) struct Announced<'a, T, R> {
    meeting: &'a Meeting<T, R>,
    has_come: bool,
}

impl<T, R> Meeting<T, R> {
    fn announce(&self) -> Announced<'_, T, R> {
        self.coming.fetch_add(1, Ordering::SeqCst);
        Announced { meeting: self, has_come: false }
    }

    fn take(&self) -> Vec<(T, oneshot::Sender<R>)> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

impl<T, R> Announced<'_, T, R> {
    fn come(&mut self) {
        if !self.has_come {
            self.has_come = true;
            self.meeting.coming.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Gives one's own, and gets what it came to; `None` where whoever sent it was stopped.
    async fn join<F>(mut self, item: T, send: impl FnOnce(Vec<T>) -> F) -> Option<R>
    where
        F: Future<Output = Vec<R>>,
    {
        let (sender, receiver) = oneshot::channel();
        self.meeting.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((item, sender));
        self.come();
        let turn = self.meeting.turn.lock().await;
        // Whoever had the turn before may have sent this one, too.
        let has_own =
            !self.meeting.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).is_empty();
        if has_own {
            let began = tokio::time::Instant::now();
            loop {
                tokio::time::sleep(MOMENT).await;
                if self.meeting.coming.load(Ordering::SeqCst) == 0 || began.elapsed() > PATIENCE {
                    break;
                }
            }
            let (items, senders): (Vec<T>, Vec<_>) = self.meeting.take().into_iter().unzip();
            let results = send(items).await;
            for (sender, result) in senders.into_iter().zip(results) {
                // Whoever was stopped meanwhile needs no answer.
                let _ = sender.send(result);
            }
        }
        drop(turn);
        receiver.await.ok()
    }
}

/// Who fails before coming is not waited for.
impl<T, R> Drop for Announced<'_, T, R> {
    fn drop(&mut self) {
        self.come();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[tokio::test]
    async fn those_who_come_at_once_are_sent_together() {
        let meeting: Meeting<u32, u32> = Meeting::default();
        let sent = AtomicU32::new(0);
        let one = async |item: u32, delay: u64| {
            let announced = meeting.announce();
            tokio::time::sleep(Duration::from_millis(delay)).await;
            let send = async |items: Vec<u32>| {
                sent.fetch_add(1, Ordering::SeqCst);
                items.into_iter().map(|item| item * 10).collect()
            };
            announced.join(item, send).await
        };
        let failing = async {
            drop(meeting.announce());
        };
        let (a, b, c, ()) = tokio::join!(one(1, 0), one(2, 60), one(3, 5), failing);
        assert_eq!((a, b, c), (Some(10), Some(20), Some(30)));
        assert_eq!(sent.load(Ordering::SeqCst), 1);
        assert_eq!(one(4, 0).await, Some(40));
        assert_eq!(sent.load(Ordering::SeqCst), 2);
    }
}
