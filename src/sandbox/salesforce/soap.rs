//! The SOAP calls of the Metadata API that read: `listMetadata` and `readMetadata`.

use super::metadata::{self, TYPES};
use super::organization::{Edition, Settings};
use super::refusal::fault;
use super::token;
use super::tree::{Tree, escape};
use crate::sandbox::message::Answer;
use crate::sandbox::vendor::Call;

const TYPES_PER_LIST: usize = 3;
const NAMES_PER_READ: usize = 10;

/// `POST /services/Soap/m/XX.0`.
pub(super) fn answer(call: &mut Call<'_, '_>, settings: &Settings) -> Answer {
    if settings.edition == Edition::Professional {
        return fault("API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner");
    }
    if !call.request.content_type().contains("xml") {
        return fault("UNKNOWN_EXCEPTION", "content-type of the request should be text/xml");
    }
    let Ok(envelope) = Tree::parse(&String::from_utf8_lossy(&call.request.body)) else {
        return fault("UNKNOWN_EXCEPTION", "the request is no SOAP message");
    };
    let session = envelope.child("Header").and_then(|it| it.child("SessionHeader"));
    let session = session.map(|it| it.text_of("sessionId")).unwrap_or_default();
    if !token::is_valid(call, session) {
        return fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session");
    }
    let Some(operation) = envelope.child("Body").and_then(|it| it.children.first()) else {
        return fault("UNKNOWN_EXCEPTION", "No operation available for request");
    };
    match operation.name.as_str() {
        "listMetadata" => list(call, operation),
        "readMetadata" => read(call, settings, operation),
        other => fault("UNKNOWN_EXCEPTION", &format!("the sandbox does not play the operation {other}")),
    }
}

fn envelope(inner: &str) -> Answer {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns=\"http://soap.sforce.com/2006/04/metadata\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
    );
    Answer::text(200, "text/xml; charset=utf-8", text)
}

fn unknown_type(name: &str) -> Answer {
    fault("INVALID_TYPE", &format!("Unknown type: {name}"))
}

fn list(call: &mut Call<'_, '_>, operation: &Tree) -> Answer {
    let organization = &call.request.host;
    let kinds: Vec<&str> = operation.all("queries").map(|query| query.text_of("type")).collect();
    if kinds.is_empty() || kinds.len() > TYPES_PER_LIST {
        return fault("LIMIT_EXCEEDED", "no more than 3 queries in one listMetadata call");
    }
    let mut results = String::new();
    for name in kinds {
        let Some(kind) = TYPES.iter().find(|it| it.manifest == name && it.name != "IdentityProviderSettings")
        else {
            return unknown_type(name);
        };
        for component in metadata::all(call.documents, organization, kind.name) {
            let (full_name, id) = (escape(&component.full_name), escape(&component.id));
            results.push_str(&format!(
                "<result><createdById>005000000000001AAA</createdById><createdByName>Integration User</createdByName>\
                 <createdDate>{created}</createdDate><fileName>{folder}/{full_name}.{suffix}</fileName><fullName>{full_name}</fullName>\
                 <id>{id}</id><lastModifiedById>005000000000001AAA</lastModifiedById><lastModifiedByName>Integration User</lastModifiedByName>\
                 <lastModifiedDate>{updated}</lastModifiedDate><manageableState>unmanaged</manageableState><type>{name}</type></result>",
                created = component.created_at,
                updated = component.updated_at,
                folder = kind.folder,
                suffix = kind.suffix.trim_end_matches("-meta.xml"),
            ));
        }
    }
    envelope(&format!("<listMetadataResponse>{results}</listMetadataResponse>"))
}

fn read(call: &mut Call<'_, '_>, settings: &Settings, operation: &Tree) -> Answer {
    let organization = &call.request.host;
    let kind = operation.text_of("type");
    if metadata::type_of(kind).is_none() {
        return unknown_type(kind);
    }
    let names: Vec<&str> = operation.all("fullNames").map(|it| it.text.as_str()).collect();
    if names.len() > NAMES_PER_READ {
        let message = "record limit reached. cannot submit more than 10 records in this operation";
        return fault("EXCEEDED_ID_LIMIT", message);
    }
    let records: String = names
        .into_iter()
        .map(|name| match metadata::find(call.documents, organization, kind, name) {
            Some(component) => metadata::record_xml(call.documents, organization, settings, kind, &component),
            // Settings are there from the beginning, switched off.
            None if kind == "IdentityProviderSettings" && name == "IdentityProvider" => {
                "<records xsi:type=\"IdentityProviderSettings\"><fullName>IdentityProvider</fullName>\
                 <enableIdentityProvider>false</enableIdentityProvider></records>"
                    .to_owned()
            }
            None => "<records xsi:nil=\"true\"/>".to_owned(),
        })
        .collect();
    envelope(&format!("<readMetadataResponse><result>{records}</result></readMetadataResponse>"))
}
