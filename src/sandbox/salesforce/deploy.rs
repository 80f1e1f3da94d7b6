//! Deploys: taken at once, carried out a moment later, whoever asks then. A deploy goes through its states by the clock and is carried out
//! by the first request that finds it due, so that it ends although nobody waits for it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use std::collections::BTreeMap;

use super::Outcome;
use super::archive;
use super::metadata::{self, Problem, TYPES, Type};
use super::organization::{self, Settings, table};
use super::refusal::Refusal;
use super::tree::Tree;
use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::vendor::Call;

/// A deploy that was taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deploy {
    id: String,
    options: Value,
    files: BTreeMap<String, String>,
    /// In milliseconds since 1970.
    created: i64,
    created_at: String,
    /// Once it was carried out.
    result: Option<Value>,
}

/// `POST .../metadata/deployRequest`.
pub(super) fn create(call: &mut Call<'_, '_>) -> Outcome {
    let upload = archive::read(call.request)?;
    let id = organization::record_id("0Af");
    let deploy = Deploy {
        id: id.clone(),
        options: upload.options.clone(),
        files: upload.files,
        created: call.now.as_millisecond(),
        created_at: ids::millis(call.now),
        result: None,
    };
    call.documents.write(&table(&call.request.host, "deploys"), &id, &deploy);
    let body = json!({"id": id, "validatedDeployRequestId": null, "deployOptions": upload.options, "deployResult": null});
    Ok(Answer::json(201, &body))
}

/// `GET .../metadata/deployRequest/{id}`.
pub(super) fn read(call: &mut Call<'_, '_>, settings: &Settings, id: &str) -> Outcome {
    let deploy: Deploy =
        call.documents.read(&table(&call.request.host, "deploys"), id).ok_or_else(Refusal::not_found)?;
    let with_details = call.request.parameter("includeDetails") == Some("true");
    let mut result = match &deploy.result {
        Some(result) => result.clone(),
        None => {
            let elapsed = call.now.as_millisecond() - deploy.created;
            let status = if elapsed < settings.deploy_ms / 2 { "Pending" } else { "InProgress" };
            frame(&deploy, status, false, false)
        }
    };
    if !with_details && let Value::Object(fields) = &mut result {
        fields.insert("details".to_owned(), Value::Null);
    }
    Ok(Answer::json(200, &json!({"id": id, "deployOptions": deploy.options, "deployResult": result})))
}

/// Carries out what is due, in the order in which it came.
pub(super) fn carry_out_due(call: &mut Call<'_, '_>, settings: &Settings) {
    let deploys = table(&call.request.host, "deploys");
    let mut due: Vec<Deploy> = call
        .documents
        .read_list::<Deploy>(&deploys)
        .into_iter()
        .filter(|it| it.result.is_none() && call.now.as_millisecond() - it.created >= settings.deploy_ms)
        .collect();
    due.sort_by(|one, other| (one.created, &one.id).cmp(&(other.created, &other.id)));
    for mut deploy in due {
        deploy.result = Some(carry_out(call, settings, &deploy));
        call.documents.write(&deploys, &deploy.id, &deploy);
    }
}

fn frame(deploy: &Deploy, status: &str, done: bool, success: bool) -> Value {
    let is_check = deploy.options["checkOnly"] == true;
    let total = deploy.files.keys().filter(|path| place_of(path).is_some()).count();
    json!({
        "id": deploy.id, "status": status, "done": done, "success": success, "checkOnly": is_check, "ignoreWarnings": true,
        "rollbackOnError": deploy.options["rollbackOnError"], "runTestsEnabled": false, "createdDate": deploy.created_at,
        "createdBy": "005000000000001AAA", "createdByName": "Integration User", "startDate": null, "completedDate": null,
        "numberComponentErrors": 0, "numberComponentsDeployed": if success { total } else { 0 }, "numberComponentsTotal": total,
        "numberTestErrors": 0, "numberTestsCompleted": 0, "numberTestsTotal": 0, "details": null, "errorMessage": null,
        "errorStatusCode": null, "stateDetail": null,
    })
}

/// The type and full name that a path in the zip means.
fn place_of(path: &str) -> Option<(&'static Type, String)> {
    let (folder, file) = path.split_once('/')?;
    let kind = TYPES.iter().find(|it| it.folder == folder)?;
    let file = file.strip_suffix(&format!(".{}", kind.suffix)).or_else(|| {
        // Both forms of a file's name are taken where the type has no content of its own.
        let meta = format!(".{}-meta.xml", kind.suffix);
        file.strip_suffix(&meta)
    })?;
    Some((kind, file.to_owned()))
}

/// One component of a deploy, with what is said of it.
struct Said {
    kind: &'static str,
    full_name: String,
    file: String,
    is_new: bool,
    is_deleted: bool,
    problem: Option<Problem>,
    is_warning: bool,
}

impl Said {
    fn message(&self, created: &str) -> Value {
        let problem = self.problem.as_ref();
        let line = problem.map(|it| it.line).filter(|line| *line > 0);
        json!({
            "changed": problem.is_none(), "columnNumber": line.map(|_| 5), "componentType": self.kind, "created": self.is_new,
            "createdDate": created, "deleted": self.is_deleted, "fileName": self.file, "fullName": self.full_name, "id": null,
            "lineNumber": line, "problem": problem.map(|it| &it.message),
            "problemType": problem.map(|_| if self.is_warning { "Warning" } else { "Error" }),
            "success": problem.is_none() || self.is_warning, "warning": self.is_warning,
        })
    }
}

fn carry_out(call: &mut Call<'_, '_>, settings: &Settings, deploy: &Deploy) -> Value {
    // Everything is tried on the real state and taken back by hand where it must not stay.
    let before = snapshot(call);
    let said = try_out(call, settings, deploy);
    let failed: Vec<&Said> = said.iter().filter(|it| it.problem.is_some() && !it.is_warning).collect();
    let is_check = deploy.options["checkOnly"] == true;
    if is_check || !failed.is_empty() {
        restore(call, before);
    }
    let success = failed.is_empty();
    let mut result = frame(deploy, if success { "Succeeded" } else { "Failed" }, true, success);
    let at = ids::millis(call.now);
    let messages = |is_meant: &dyn Fn(&Said) -> bool| -> Vec<Value> {
        said.iter().filter(|it| is_meant(it)).map(|it| it.message(&at)).collect()
    };
    result["completedDate"] = at.clone().into();
    result["numberComponentErrors"] = failed.len().into();
    result["details"] = json!({
        "componentFailures": messages(&|it| it.problem.is_some() && !it.is_warning),
        "componentSuccesses": messages(&|it| it.problem.is_none() || it.is_warning),
        "runTestResult": {"numFailures": 0, "numTestsRun": 0},
    });
    result
}

type Tables = Vec<(String, Vec<(String, Value)>)>;

fn snapshot(call: &Call<'_, '_>) -> Tables {
    let of = |kind: &Type| {
        let table = table(&call.request.host, &format!("metadata/{}", kind.name));
        let rows = call.documents.list(&table).map(|(key, value)| (key.clone(), value.clone())).collect();
        (table, rows)
    };
    TYPES.iter().map(of).collect()
}

fn restore(call: &mut Call<'_, '_>, tables: Tables) {
    for (table, rows) in tables {
        let keys: Vec<String> = call.documents.list(&table).map(|(key, _)| key.clone()).collect();
        for key in keys {
            call.documents.remove(&table, &key);
        }
        for (key, value) in rows {
            call.documents.put(&table, &key, value);
        }
    }
}

fn failure(file: &str, message: impl Into<String>) -> Said {
    Said {
        kind: "",
        full_name: file.to_owned(),
        file: file.to_owned(),
        is_new: false,
        is_deleted: false,
        problem: Some(Problem { message: message.into(), line: 0 }),
        is_warning: false,
    }
}

fn try_out(call: &mut Call<'_, '_>, settings: &Settings, deploy: &Deploy) -> Vec<Said> {
    if deploy.options["singlePackage"] != true {
        return vec![failure("package.xml", "the sandbox takes single packages only")];
    }
    let members = match manifest(deploy.files.get("package.xml")) {
        Ok(members) => members,
        Err(message) => return vec![failure("package.xml", message)],
    };
    let mut said = Vec::new();
    let mut trees = Vec::new();
    for (path, text) in &deploy.files {
        if path == "package.xml" || path.starts_with("destructiveChanges") || path.ends_with(".crt") {
            continue;
        }
        let Some((kind, full_name)) = place_of(path) else {
            said.push(failure(path, format!("Unknown file or folder: {path}")));
            continue;
        };
        if !members.contains(&(kind.manifest.to_owned(), full_name.clone())) {
            said.push(failure(path, format!("{path} is not in package.xml")));
            continue;
        }
        let checked = Tree::parse(text).map_err(|message| Problem { message, line: 1 }).and_then(|tree| {
            if kind.name == "Certificate" && !deploy.files.contains_key(&path.replace("-meta.xml", "")) {
                return Err(Problem {
                    message: format!("Content of file certs/{full_name}.crt is missing"),
                    line: 0,
                });
            }
            if !metadata::is_available(kind, settings.edition) {
                return Err(Problem {
                    message: "Not available for deploy for this organization".to_owned(),
                    line: 0,
                });
            }
            metadata::check_form(kind, &tree)?;
            Ok(tree)
        });
        match checked {
            Ok(tree) => trees.push((kind, full_name, path.clone(), tree)),
            Err(problem) => said.push(Said {
                kind: kind.name,
                full_name,
                file: path.clone(),
                is_new: false,
                is_deleted: false,
                problem: Some(problem),
                is_warning: false,
            }),
        }
    }
    for (kind, name) in &members {
        let is_there = deploy.files.keys().any(|path| {
            place_of(path).is_some_and(|(found, full_name)| found.manifest == kind && full_name == *name)
        });
        if !TYPES.iter().any(|it| it.manifest == kind) {
            said.push(failure("package.xml", format!("Unknown type name '{kind}' specified in package.xml")));
        } else if !is_there && name != "*" {
            let message = format!(
                "An object '{name}' of type {kind} was named in package.xml, but was not found in zipped directory"
            );
            said.push(failure("package.xml", message));
        }
    }
    // Everything is saved first, so that components of one deploy find each other.
    let organization = call.request.host.clone();
    let mut saved = Vec::new();
    for (kind, full_name, file, tree) in trees {
        let before = metadata::find(call.documents, &organization, kind.name, &full_name);
        let changes_key = before.as_ref().is_some_and(|it| {
            kind.name == "Certificate" && it.tree.text_of("keySize") != tree.text_of("keySize")
        });
        let result = match changes_key {
            true => Err(Problem {
                message: "You can't change the key size of a certificate.".to_owned(),
                line: 0,
            }),
            false => metadata::save(call.documents, &organization, kind, &full_name, &tree, call.now),
        };
        saved.push((kind, full_name, file, tree, result));
    }
    default_policies(call, &organization);
    for (kind, full_name, file, tree, result) in saved {
        let checked = result.and_then(|is_new| {
            metadata::check_place(call.documents, &organization, settings, kind, &full_name, &tree, is_new)?;
            Ok(is_new)
        });
        let is_new = *checked.as_ref().unwrap_or(&false);
        said.push(Said {
            kind: kind.name,
            full_name,
            file,
            is_new,
            is_deleted: false,
            problem: checked.err(),
            is_warning: false,
        });
    }
    said.extend(deletions(call, deploy));
    said
}

/// Every external client app has policies: where none came with it, they are made.
fn default_policies(call: &mut Call<'_, '_>, organization: &str) {
    let Some(kind) = metadata::type_of("ExtlClntAppConfigurablePolicies") else { return };
    let policies = metadata::all(call.documents, organization, kind.name);
    for app in metadata::all(call.documents, organization, "ExternalClientApplication") {
        let has_some =
            policies.iter().any(|it| it.tree.text_of("externalClientApplication") == app.full_name);
        if !has_some {
            let mut tree = Tree::new(kind.name);
            tree.set("externalClientApplication", &app.full_name);
            tree.set("isEnabled", "true");
            tree.set("label", &format!("{}_defaultPolicy", app.full_name));
            let name = format!("{}_defaultPolicy", app.full_name);
            let _ = metadata::save(call.documents, organization, kind, &name, &tree, call.now);
        }
    }
}

fn deletions(call: &mut Call<'_, '_>, deploy: &Deploy) -> Vec<Said> {
    let mut said = Vec::new();
    for file in ["destructiveChanges.xml", "destructiveChangesPre.xml", "destructiveChangesPost.xml"] {
        let Some(text) = deploy.files.get(file) else { continue };
        let members = match manifest(Some(text)) {
            Ok(members) => members,
            Err(message) => {
                said.push(failure(file, message));
                continue;
            }
        };
        for (kind, full_name) in members {
            let Some(found) = TYPES.iter().find(|it| it.manifest == kind) else {
                said.push(failure(file, format!("Unknown type name '{kind}' specified in {file}")));
                continue;
            };
            let is_gone = metadata::remove(call.documents, &call.request.host, found.name, &full_name);
            // What is not there is no failure, only a warning.
            let problem = (!is_gone)
                .then(|| Problem { message: format!("No {kind} named: {full_name} found"), line: 0 });
            said.push(Said {
                kind: found.name,
                full_name,
                file: file.to_owned(),
                is_new: false,
                is_deleted: is_gone,
                is_warning: problem.is_some(),
                problem,
            });
        }
    }
    said
}

/// Types and members of a manifest.
fn manifest(text: Option<&String>) -> Result<Vec<(String, String)>, String> {
    let text = text.ok_or("No package.xml found")?;
    let tree = Tree::parse(text)?;
    if tree.name != "Package" {
        return Err("Error parsing file: package.xml is no Package".to_owned());
    }
    if tree.text_of("version").parse::<f32>().is_err() {
        return Err("Required field is missing: version".to_owned());
    }
    let of = |types: &Tree| -> Vec<(String, String)> {
        let name = types.text_of("name").to_owned();
        types.all("members").map(|member| (name.clone(), member.text.clone())).collect()
    };
    Ok(tree.all("types").flat_map(of).collect())
}
