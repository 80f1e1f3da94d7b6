//! The system's own name servers, by hickory-resolver. Owns its configuration and the meaning of its errors.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::net::{DnsError as Semantic, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType as Type};

use super::Data;
use super::error::{DnsError, RecordType};

/// How long one name server has for one attempt.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How often each question is sent at most.
const ATTEMPTS: usize = 3;

/// The resolver of a run, made at the first question.
#[derive(Clone, Default)]
pub(super) struct Resolver {
    made: Arc<OnceLock<Result<TokioResolver, String>>>,
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resolver")
    }
}

impl Resolver {
    pub(super) async fn ask(&self, name: &str, record: RecordType) -> Result<Vec<Data>, DnsError> {
        let no_answer = |cause: String| DnsError::NoAnswer { name: name.to_owned(), record, cause };
        let resolver = self.made.get_or_init(make).as_ref().map_err(|cause| no_answer(cause.clone()))?;
        let kind = match record {
            RecordType::A => Type::A,
            RecordType::Aaaa => Type::AAAA,
            RecordType::Cname => Type::CNAME,
            RecordType::Txt => Type::TXT,
        };
        // The final dot keeps the search domains out.
        match resolver.lookup(format!("{name}."), kind).await {
            Ok(lookup) => Ok(lookup.answers().iter().filter_map(|answer| data(&answer.data)).collect()),
            Err(NetError::Dns(Semantic::NoRecordsFound(none))) => Err(match none.response_code {
                ResponseCode::NXDomain => DnsError::NoSuchName { name: name.to_owned() },
                ResponseCode::NoError => DnsError::NoRecord { name: name.to_owned(), record },
                other => no_answer(other.to_string()),
            }),
            Err(other) => Err(no_answer(other.to_string())),
        }
    }
}

fn make() -> Result<TokioResolver, String> {
    let unusable = |error: NetError| format!("the name servers of this machine cannot be found out: {error}");
    let mut builder = TokioResolver::builder_tokio().map_err(unusable)?;
    let options = builder.options_mut();
    options.use_hosts_file = ResolveHosts::Never;
    options.timeout = TIMEOUT;
    options.attempts = ATTEMPTS;
    builder.build().map_err(unusable)
}

fn data(record: &RData) -> Option<Data> {
    match record {
        RData::A(address) => Some(Data::Address(address.0.into())),
        RData::AAAA(address) => Some(Data::Address(address.0.into())),
        RData::CNAME(target) => {
            Some(Data::Alias(target.0.to_ascii().trim_end_matches('.').to_ascii_lowercase()))
        }
        RData::TXT(text) => {
            Some(Data::Text(text.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect()))
        }
        _ => None,
    }
}
