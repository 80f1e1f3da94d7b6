//! A deploy's body: its two parts, and the files of the zip. Limits are those of the Metadata API.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde_json::Value;

use super::refusal::Refusal;
use crate::sandbox::message::Request;

/// The most bytes of a zip (Metadata API: 39 MB).
const ZIP_LIMIT: usize = 39 * 1024 * 1024;
/// The most files of a zip.
const FILES_LIMIT: usize = 10_000;
/// The most bytes of all files together that the sandbox unpacks.
const UNPACKED_LIMIT: u64 = 40 * 1024 * 1024;

/// The options and the files of a deploy.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) options: Value,
    pub(super) files: BTreeMap<String, String>,
}

pub(super) fn read(request: &Request) -> Result<Upload, Refusal> {
    let malformed = |message: &str| Refusal::new(400, "INVALID_MULTIPART_REQUEST", message);
    if request.content_type() != "multipart/form-data" {
        let message = format!(
            "Content-Type {} is not supported: multipart/form-data is expected",
            request.content_type()
        );
        return Err(Refusal::new(415, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    let header = request.header("content-type").unwrap_or_default();
    let boundary = header.split(';').find_map(|it| it.trim().strip_prefix("boundary="));
    let boundary = boundary.map(|it| it.trim_matches('"')).filter(|it| !it.is_empty());
    let boundary = boundary.ok_or_else(|| malformed("the boundary is missing"))?;
    let parts = parts(&request.body, boundary).ok_or_else(|| malformed("the parts cannot be read"))?;
    let part = |kind: &str| parts.iter().find(|part| part.content_type == kind);
    let json = part("application/json").ok_or_else(|| malformed("the JSON part is missing"))?;
    let body: Value = serde_json::from_slice(json.body)
        .map_err(|_| Refusal::new(400, "JSON_PARSER_ERROR", "the JSON part is no JSON"))?;
    let options = body.get("deployOptions").filter(|it| it.is_object()).cloned();
    let options =
        options.ok_or_else(|| Refusal::new(400, "JSON_PARSER_ERROR", "deployOptions are missing"))?;
    check_options(&options)?;
    let zip = part("application/zip").ok_or_else(|| malformed("the zip file is missing"))?;
    if zip.name != "file" {
        return Err(malformed("the zip's part must be named file"));
    }
    if zip.body.len() > ZIP_LIMIT {
        return Err(Refusal::new(
            400,
            "LIMIT_EXCEEDED",
            "Maximum size of request reached. Maximum size of request is 39 MB",
        ));
    }
    Ok(Upload { options, files: unpack(zip.body)? })
}

fn check_options(options: &Value) -> Result<(), Refusal> {
    const KNOWN: [&str; 10] = [
        "allowMissingFiles",
        "autoUpdatePackage",
        "checkOnly",
        "ignoreWarnings",
        "performRetrieve",
        "purgeOnDelete",
        "rollbackOnError",
        "runTests",
        "singlePackage",
        "testLevel",
    ];
    let unknown = options
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key)
        .find(|key| !KNOWN.contains(&key.as_str()));
    if let Some(key) = unknown {
        return Err(Refusal::new(400, "JSON_PARSER_ERROR", format!("Unrecognized field \"{key}\"")));
    }
    let levels = ["NoTestRun", "RunSpecifiedTests", "RunLocalTests", "RunAllTestsInOrg"];
    match options.get("testLevel").and_then(Value::as_str) {
        Some(level) if !levels.contains(&level) => Err(Refusal::new(
            400,
            "JSON_PARSER_ERROR",
            format!("'{level}' is not a valid value for the enum 'TestLevel'"),
        )),
        _ => Ok(()),
    }
}

struct Part<'a> {
    name: String,
    content_type: String,
    body: &'a [u8],
}

/// The parts of a multipart body (RFC 2046 section 5.1.1).
fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<Part<'a>>> {
    let delimiter = format!("--{boundary}");
    let find = |from: usize, needle: &[u8]| {
        body.get(from..)?.windows(needle.len()).position(|it| it == needle).map(|at| from + at)
    };
    let mut at = find(0, delimiter.as_bytes())? + delimiter.len();
    let mut parts = Vec::new();
    loop {
        if body.get(at..at + 2)? == b"--" {
            return Some(parts);
        }
        let start = at + 2;
        let end = find(start, format!("\r\n{delimiter}").as_bytes())?;
        let head_end = find(start, b"\r\n\r\n").filter(|it| *it < end)?;
        let head = String::from_utf8_lossy(&body[start..head_end]).into_owned();
        let header = |name: &str| {
            head.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_owned())
                .unwrap_or_default()
        };
        let disposition = header("content-disposition");
        let name = disposition.split(';').find_map(|it| it.trim().strip_prefix("name=")).unwrap_or_default();
        parts.push(Part {
            name: name.trim_matches('"').to_owned(),
            content_type: header("content-type")
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase(),
            body: &body[head_end + 4..end],
        });
        at = end + 2 + delimiter.len();
    }
}

fn unpack(zip: &[u8]) -> Result<BTreeMap<String, String>, Refusal> {
    let broken = |why: &str| Refusal::new(400, "INVALID_FILE", format!("the zip file cannot be read: {why}"));
    let mut archive =
        zip::ZipArchive::new(std::io::Cursor::new(zip)).map_err(|error| broken(&error.to_string()))?;
    if archive.len() > FILES_LIMIT {
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", "Maximum number of files is 10000"));
    }
    let mut files = BTreeMap::new();
    let mut left = UNPACKED_LIMIT;
    for at in 0..archive.len() {
        let file = archive.by_index(at).map_err(|error| broken(&error.to_string()))?;
        if file.is_dir() {
            continue;
        }
        let name = file.name().map_err(|error| broken(&error.to_string()))?.into_owned();
        let mut bytes = Vec::new();
        file.take(left + 1).read_to_end(&mut bytes).map_err(|error| broken(&error.to_string()))?;
        left = left.checked_sub(bytes.len() as u64).ok_or_else(|| broken("it unpacks to too much"))?;
        files.insert(name, String::from_utf8_lossy(&bytes).into_owned());
    }
    Ok(files)
}
