//! Who one is and what one may.

use crate::person::Person;

#[test]
fn whoever_brings_no_credentials_is_the_administrator() {
    let Some(person) = Person::new("admin") else { return };
    let who = person.reads("kubectl auth whoami -o jsonpath='{.status.userInfo.username}'");
    assert_eq!(who, "sandbox-admin");
    assert_eq!(person.reads("kubectl auth can-i '*' '*' -A"), "yes\n");
    assert!(person.reads("kubectl auth can-i --list").contains("*.*"));
}

#[test]
fn an_account_may_what_it_was_granted_and_nothing_more() {
    let Some(person) = Person::new("account") else { return };
    let namespace = &person.namespace;
    person.reads("kubectl create serviceaccount robot");
    person.reads("kubectl create role reader --verb=get,list --resource=pods");
    person
        .reads(&format!("kubectl create rolebinding robot --role=reader --serviceaccount={namespace}:robot"));
    let robot = format!("--as=system:serviceaccount:{namespace}:robot");
    assert_eq!(person.reads(&format!("kubectl auth can-i list pods {robot}")), "yes\n");
    person.reads(&format!("kubectl get pods {robot}"));
    let may_not = person.types(&format!("kubectl auth can-i delete pods {robot}"));
    assert_eq!((may_not.code, may_not.out.as_str()), (Some(1), "no\n"));
    let refused = person.is_refused(&format!("kubectl get secrets {robot}"));
    let words = format!(
        "Error from server (Forbidden): secrets is forbidden: User \
         \"system:serviceaccount:{namespace}:robot\" cannot list resource \"secrets\" in API group \"\" in the \
         namespace \"{namespace}\"\n"
    );
    assert_eq!(refused, words);
    assert!(person.is_refused(&format!("kubectl get pods -A {robot}")).contains("at the cluster scope"));
    let who = person.reads(&format!("kubectl auth whoami {robot}"));
    assert!(who.contains(&format!("system:serviceaccounts:{namespace}")), "{who}");
}

#[test]
fn a_token_is_made_for_an_account_that_there_is() {
    let Some(person) = Person::new("token") else { return };
    // Made with the namespace, by a controller.
    person.waits_to_read("kubectl get serviceaccounts -o name", "serviceaccount/default\n");
    let token = person.reads("kubectl create token default");
    assert!(token.trim().len() > 20 && token.trim().lines().count() == 1);
    assert!(person.is_refused("kubectl create token nobody").contains("\"nobody\" not found"));
    let review = serde_json::json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token.trim()},
    });
    person.file("review.json", &review.to_string());
    let reviewed = person.reads_json("kubectl create -f review.json -o json");
    let account = format!("system:serviceaccount:{}:default", person.namespace);
    assert_eq!(reviewed["status"]["user"]["username"], *account);
}
