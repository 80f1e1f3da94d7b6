//! The two calls of the Metadata API that exist as SOAP only: listing and reading. Owns envelope, answer and fault; sending is the client's.

use super::xml::{self, Element, NAMESPACE, escape};
use crate::http::{COMMON_SHAPE, ErrorParts, ErrorShape, StatusCode, header::HeaderMap};

/// Types in one `listMetadata` call (Metadata API, `listMetadata()`).
pub(super) const TYPES_PER_LIST: usize = 3;
/// Components in one `readMetadata` call (Metadata API, `readMetadata()`).
pub(super) const NAMES_PER_READ: usize = 10;

/// What is listed of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// `ExternalClientApplication` and so on.
    pub(super) kind: String,
    pub(super) full_name: String,
}

/// The body of a `listMetadata` call.
pub(super) fn list(kinds: &[&str], version: &str) -> String {
    let queries: String =
        kinds.iter().map(|kind| format!("<queries><type>{}</type></queries>", escape(kind))).collect();
    format!(
        "<listMetadata xmlns=\"{NAMESPACE}\">{queries}<asOfVersion>{}</asOfVersion></listMetadata>",
        escape(version)
    )
}

/// The body of a `readMetadata` call.
pub(super) fn read(kind: &str, names: &[&str]) -> String {
    let names: String = names.iter().map(|name| format!("<fullNames>{}</fullNames>", escape(name))).collect();
    format!("<readMetadata xmlns=\"{NAMESPACE}\"><type>{}</type>{names}</readMetadata>", escape(kind))
}

/// The whole message. SOAP calls carry the access token as a session ID, not as a bearer token.
pub(super) fn envelope(session: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\">\
         <soapenv:Header><SessionHeader xmlns=\"{NAMESPACE}\"><sessionId>{}</sessionId></SessionHeader></soapenv:Header>\
         <soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>",
        escape(session)
    )
}

/// The `result` elements of an answer; `None` where it is no answer to such a call.
fn results(text: &str) -> Option<Vec<Element>> {
    xml::parse(text, |root| {
        let body = root.children().find(|node| node.tag_name().name() == "Body")?;
        let response = body.children().find(|node| node.is_element())?;
        if !response.tag_name().name().ends_with("Response") {
            return None;
        }
        Some(response.children().filter(|node| node.is_element()).filter_map(Element::read).collect())
    })
    .ok()
    .flatten()
}

/// Reads the answer to `listMetadata`. What has no name is left out.
pub(super) fn listed(text: &str) -> Option<Vec<Listed>> {
    let results = results(text)?;
    Some(
        results
            .iter()
            .filter_map(|result| {
                let (kind, full_name) = (result.text_of("type")?, result.text_of("fullName")?);
                Some(Listed { kind: kind.to_owned(), full_name: full_name.to_owned() })
            })
            .collect(),
    )
}

/// Reads the answer to `readMetadata`: the components that exist, each by its `fullName`. What does not exist is answered as nil.
pub(super) fn records(text: &str) -> Option<Vec<Element>> {
    let results = results(text)?;
    let records = results.into_iter().flat_map(|result| result.children);
    Some(records.filter(|record| record.name == "records" && record.text_of("fullName").is_some()).collect())
}

/// Understands SOAP faults beside what everybody understands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape;

impl ErrorShape for Shape {
    fn parse(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ErrorParts {
        let is_xml = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
        let fault = is_xml.then(|| fault(&String::from_utf8_lossy(body))).flatten();
        fault.unwrap_or_else(|| COMMON_SHAPE.parse(status, headers, body))
    }
}

fn fault(text: &str) -> Option<ErrorParts> {
    xml::parse(text, |root| {
        let fault = root.descendants().find(|node| node.tag_name().name() == "Fault")?;
        let fault = Element::read(fault)?;
        let code = fault.text_of("faultcode")?;
        let code = code.rsplit_once(':').map_or(code, |(_, code)| code);
        let message = fault.text_of("faultstring").unwrap_or_default();
        let message = message.strip_prefix(code).map_or(message, |rest| rest.trim_start_matches(':').trim());
        Some(ErrorParts { code: Some(code.to_owned()), message: Some(message.to_owned()), request_id: None })
    })
    .ok()
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(inner: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"{NAMESPACE}\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
        )
    }

    #[test]
    fn records_that_are_nil_do_not_exist() {
        let text = answer(
            "<readMetadataResponse><result><records xsi:nil=\"true\"/><records xsi:type=\"Certificate\"><fullName>A</fullName>\
             <keySize>2048</keySize></records><records/></result></readMetadataResponse>",
        );
        let records = records(&text).unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].text_of("keySize"), Some("2048"));
    }

    #[test]
    fn an_empty_list_is_a_list_and_a_page_is_none() {
        assert_eq!(listed(&answer("<listMetadataResponse/>")), Some(Vec::new()));
        for hostile in ["", "<html/>", "{}", "<!DOCTYPE a><a/>", &answer("<other/>"), &answer("")] {
            assert_eq!(listed(hostile), None, "{hostile}");
            assert_eq!(records(hostile), None, "{hostile}");
        }
    }

    #[test]
    fn a_fault_has_a_code_and_a_message() {
        let text = answer(
            "<soapenv:Fault><faultcode>sf:INVALID_SESSION_ID</faultcode><faultstring>INVALID_SESSION_ID: Invalid Session ID found in \
             SessionHeader</faultstring></soapenv:Fault>",
        );
        let parts = Shape.parse(StatusCode::INTERNAL_SERVER_ERROR, &HeaderMap::new(), text.as_bytes());
        assert_eq!(parts.code.as_deref(), Some("INVALID_SESSION_ID"));
        assert_eq!(parts.message.as_deref(), Some("Invalid Session ID found in SessionHeader"));
        let json = br#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;
        let parts = Shape.parse(StatusCode::UNAUTHORIZED, &HeaderMap::new(), json);
        assert_eq!(parts.code.as_deref(), Some("INVALID_SESSION_ID"));
    }

    #[test]
    fn names_cannot_leave_their_place() {
        let text = envelope("a<b", &read("Certificate", &["</fullNames><x>"]));
        assert!(text.contains("<sessionId>a&lt;b</sessionId>"));
        assert!(text.contains("<fullNames>&lt;/fullNames&gt;&lt;x&gt;</fullNames>"));
    }
}
