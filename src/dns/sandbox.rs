//! The sandbox's answers. Its form is that of public DNS-over-HTTPS resolvers in JSON (`application/dns-json`): `Status` is the
//! response code (RFC 6895 section 2.3), `Answer` the records, where a text stands without quotes.

use serde::Deserialize;
use url::Url;

use super::error::{DnsError, RecordType};
use super::{Data, normalized};
use crate::http::Http;

/// The logical host that answers questions in the sandbox.
pub const HOST: &str = "dns.sandbox.invalid";

/// Response codes (RFC 1035 section 4.1.1).
const NO_ERROR: u16 = 0;
const NX_DOMAIN: u16 = 3;

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(rename = "Status")]
    status: u16,
    #[serde(rename = "Answer", default)]
    answer: Vec<Record>,
}

#[derive(Debug, Deserialize)]
struct Record {
    #[serde(rename = "type")]
    kind: String,
    data: String,
}

pub(super) async fn ask(http: &Http, name: &str, record: RecordType) -> Result<Vec<Data>, DnsError> {
    let no_answer = |cause: String| DnsError::NoAnswer { name: name.to_owned(), record, cause };
    let mut url = Url::parse(&format!("https://{HOST}/resolve")).expect("a constant host makes a URL");
    url.query_pairs_mut().append_pair("name", name).append_pair("type", record.as_str());
    let response = http.get(&url).await.map_err(|error| no_answer(error.to_string()))?;
    if !response.status().is_success() {
        return Err(no_answer(format!("the sandbox answered {}", response.status())));
    }
    let message: Message = response.json().map_err(|error| no_answer(error.to_string()))?;
    match message.status {
        NO_ERROR => {}
        NX_DOMAIN => return Err(DnsError::NoSuchName { name: name.to_owned() }),
        other => return Err(no_answer(format!("the response code is {other}"))),
    }
    let records: Vec<Data> = message
        .answer
        .iter()
        .filter(|answer| answer.kind == record.as_str())
        .filter_map(|answer| data(record, &answer.data))
        .collect();
    if records.is_empty() {
        return Err(DnsError::NoRecord { name: name.to_owned(), record });
    }
    Ok(records)
}

fn data(record: RecordType, text: &str) -> Option<Data> {
    match record {
        RecordType::A | RecordType::Aaaa => text.parse().ok().map(Data::Address),
        RecordType::Cname => normalized(text).ok().map(Data::Alias),
        RecordType::Txt => Some(Data::Text(text.to_owned())),
    }
}
