//! Vanity domains: whatever is changed at the DNS, the TLS server or the page is found as exactly that, and nobody writes there.

use serde_json::{Value, json};

use crate::support::{Project, Served, lines, recorded};

impl Served {
    #[track_caller]
    fn record(&self, method: &str, name: &str, kind: &str, data: &str) {
        let body = json!({"name": name, "type": kind, "data": data});
        let (status, answer) = self.send(method, "dns.sandbox.invalid/records", None, Some(body));
        assert!((200..300).contains(&status), "{method} {name}: {status} {answer}");
    }

    #[track_caller]
    fn host(&self, host: &str, what: &str, body: Value) {
        let (status, answer) =
            self.send("PUT", &format!("web.sandbox.invalid/hosts/{host}/{what}"), None, Some(body));
        assert_eq!(status, 200, "{answer}");
    }
}

const NSS: &str = "nss.connie.team";

#[test]
fn what_somebody_changes_by_hand_is_found_as_exactly_that_field() {
    let project = Project::example("vanity-domain");
    project.reconcile();
    let script = |body: &str| json!({"path": "/assets/appConfig.js", "body": body});
    let good = "var appConfig = {sso: {accountSid: 'AC00000000000000000000000000000001'}, oauth: {connection: '${flex.connection}', \
        clientId: '${flex.clientId}', redirectUrl: 'https://nss.connie.team'}}";
    type Edit = Box<dyn Fn(&Served)>;
    let tls = |body: Value| -> Edit { Box::new(move |it| it.host(NSS, "certificate", body.clone())) };
    let page = |body: String| -> Edit { Box::new(move |it| it.host(NSS, "page", script(&body))) };
    let (tls_is_well, page_is_well) = (json!({"names": [NSS], "days": 200}), good.to_owned());
    let cases: Vec<(&str, Edit, Edit)> = vec![
        (
            "web.dns [cname]",
            Box::new(|it| {
                it.record("DELETE", NSS, "CNAME", "d111111abcdef8.cloudfront.net");
                it.record("POST", NSS, "A", "192.0.2.1");
            }),
            Box::new(|it| {
                it.record("DELETE", NSS, "A", "192.0.2.1");
                it.record("POST", NSS, "CNAME", "d111111abcdef8.cloudfront.net");
            }),
        ),
        (
            "web.dns [resolves]",
            Box::new(|it| {
                it.record("DELETE", "d111111abcdef8.cloudfront.net", "A", "192.0.2.1");
                it.record("DELETE", "d111111abcdef8.cloudfront.net", "A", "192.0.2.2");
            }),
            Box::new(|it| it.record("POST", "d111111abcdef8.cloudfront.net", "A", "192.0.2.1")),
        ),
        ("web.tls [valid]", tls(json!({"names": [NSS], "days": 29})), tls(tls_is_well.clone())),
        ("web.tls [handshake]", tls(json!({"names": [NSS], "days": -3})), tls(tls_is_well.clone())),
        (
            "web.tls [handshake]",
            tls(json!({"names": ["x.connie.team"], "days": 99})),
            tls(tls_is_well.clone()),
        ),
        ("web.tls [handshake]", tls(json!({"names": [NSS], "days": 99, "trusted": false})), tls(tls_is_well)),
        (
            "web.app-config [oauth.connection]",
            page(good.replace("${flex.connection}", "JQ00000000000000000000000000000009")),
            page(page_is_well.clone()),
        ),
        (
            "web.app-config [oauth.redirectUrl]",
            page(good.replace("redirectUrl: 'https://nss.", "redirectUrl: 'https://old.")),
            page(page_is_well.clone()),
        ),
        (
            "web.app-config [sso.accountSid, oauth.clientId]",
            page(good.replace("AC0", "AC1").replace("clientId", "client")),
            page(page_is_well),
        ),
    ];
    for (expected, change, mend) in cases {
        change(&project.serve());
        let plan = project.plan();
        assert_eq!(lines(&plan), [format!("drift nss/VanityDomain/nss/{expected}")], "{plan}");
        project.run(&["plan", "--sandbox", "--detailed-exitcode"]).expect(0);
        project.run(&["verify", "--sandbox"]).expect(6);
        mend(&project.serve());
        assert_eq!(lines(&project.plan()), Vec::<String>::new(), "{expected}");
    }
}

#[test]
fn the_record_to_create_is_shown_as_a_zone_file_has_it() {
    let project = Project::example("vanity-domain");
    project.serve().record("DELETE", "care.connie.team", "AAAA", "2001:db8::7");
    let plan = project.run(&["plan", "--sandbox"]).expect(0);
    let text = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("care.connie.team. 300 IN AAAA 2001:db8::7"), "{}", plan.stdout);
}

#[test]
fn what_cannot_be_seen_is_said_and_nothing_is_guessed() {
    let project = Project::example("vanity-domain");
    project.reconcile();
    let page = json!({"path": "/assets/appConfig.js", "body": "<!DOCTYPE html><html>"});
    project.serve().host(NSS, "page", page);
    let html = project.run(&["plan", "--sandbox"]).expect(1);
    assert!(html.stdout.contains("web page (HTML)"), "{}", html.stdout);
    let gone = json!({"path": "/assets/appConfig.js"});
    project.serve().host(NSS, "page", gone);
    let missing = lines(&project.plan());
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].starts_with("drift nss/VanityDomain/nss/web.app-config [sso.accountSid, oauth.conn"));

    // A computed value says nothing, so nothing is said about it.
    let computed = json!({"path": "/assets/appConfig.js", "body": "var appConfig = {sso: {accountSid: env.A}, oauth: {...load()}}"});
    project.serve().host(NSS, "page", computed);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn planning_sends_only_reads() {
    let project = Project::example("vanity-domain");
    project.reconcile();
    let (run, calls) = recorded(&project, &["plan", "--sandbox"]);
    run.expect(0);
    let of_web = calls.iter().filter(|call| !call["host"].as_str().unwrap().ends_with("okta.com"));
    assert!(of_web.clone().all(|call| call["method"] == "GET"), "only reads");
    assert!(of_web.count() > 5);
}
