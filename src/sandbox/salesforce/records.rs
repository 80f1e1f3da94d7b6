//! sObject Collections: up to 200 records in one call, each for itself or all together. Only assignments of permission sets are made here.

use serde_json::{Value, json};

use super::Outcome;
use super::organization::{record_id, table};
use super::refusal::Refusal;
use crate::sandbox::message::Answer;
use crate::sandbox::vendor::Call;

const LIMIT: usize = 200;

/// `POST .../composite/sobjects`.
pub(super) fn create(call: &mut Call<'_, '_>) -> Outcome {
    let body =
        call.request.json().map_err(|_| Refusal::new(400, "JSON_PARSER_ERROR", "the body is no JSON"))?;
    let records = body["records"].as_array().cloned();
    let records = records.ok_or_else(|| Refusal::new(400, "JSON_PARSER_ERROR", "records are missing"))?;
    if records.len() > LIMIT {
        let message = "record limit reached. cannot submit more than 200 records into this call";
        return Err(Refusal::new(400, "EXCEEDED_ID_LIMIT", message));
    }
    let results: Vec<Result<String, (&str, String)>> =
        records.iter().map(|record| insert(call, record)).collect();
    let rolls_back = body["allOrNone"] == true && results.iter().any(Result::is_err);
    let view = |result: &Result<String, (&str, String)>| match result {
        Ok(id) if !rolls_back => json!({"id": id, "success": true, "errors": []}),
        Ok(_) => error(
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "Record rolled back because not all records were valid",
        ),
        Err((code, message)) => error(code, message),
    };
    let answer: Vec<Value> = results.iter().map(view).collect();
    if rolls_back {
        for id in results.iter().flatten() {
            call.documents.remove(&table(&call.request.host, "PermissionSetAssignment"), id);
        }
    }
    Ok(Answer::json(200, &Value::Array(answer)))
}

fn error(code: &str, message: &str) -> Value {
    json!({"success": false, "errors": [{"statusCode": code, "message": message, "fields": []}]})
}

fn insert(call: &mut Call<'_, '_>, record: &Value) -> Result<String, (&'static str, String)> {
    let organization = &call.request.host;
    let kind = record["attributes"]["type"].as_str().unwrap_or_default();
    if kind != "PermissionSetAssignment" {
        return Err(("INVALID_TYPE", format!("the sandbox makes no records of type {kind:?}")));
    }
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let (user, set) = (text("AssigneeId"), text("PermissionSetId"));
    let user_record = call.documents.get(&table(organization, "User"), &user).cloned();
    let Some(user_record) = user_record else {
        return Err(("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id: AssigneeId".to_owned()));
    };
    if call.documents.get(&table(organization, "PermissionSet"), &set).is_none() {
        return Err((
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id: PermissionSetId".to_owned(),
        ));
    }
    if user_record["IsActive"] != true {
        return Err(("INACTIVE_OWNER_OR_USER", "operation performed with inactive user".to_owned()));
    }
    let assignments = table(organization, "PermissionSetAssignment");
    let is_there = call
        .documents
        .list(&assignments)
        .any(|(_, it)| it["AssigneeId"] == user && it["PermissionSetId"] == set);
    if is_there {
        return Err((
            "DUPLICATE_VALUE",
            "Duplicate PermissionSetAssignment. Assignee, Permission Set".to_owned(),
        ));
    }
    let id = record_id("0Pa");
    call.documents.put(&assignments, &id, json!({"Id": id, "AssigneeId": user, "PermissionSetId": set}));
    Ok(id)
}

/// `DELETE .../sobjects/PermissionSetAssignment/{id}`, as an administrator's tool would.
pub(super) fn delete(call: &mut Call<'_, '_>, id: &str) -> Outcome {
    let removed = call.documents.remove(&table(&call.request.host, "PermissionSetAssignment"), id);
    removed.ok_or_else(|| Refusal::new(404, "ENTITY_IS_DELETED", "entity is deleted"))?;
    Ok(Answer::no_content())
}
