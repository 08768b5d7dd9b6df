//! Rights of a scene's daemon that a test can take away again, in the whole cluster or in one namespace.

use serde_json::{Value, json};

use super::objects::{Objects, unique};
use super::scene::Scene;

const ROLES: &str = "roles.rbac.authorization.k8s.io";
const CLUSTER_ROLES: &str = "clusterroles.rbac.authorization.k8s.io";

/// Rights that were given, until they are withdrawn.
pub struct Grant {
    objects: Objects,
    name: String,
    /// Empty: the whole cluster.
    namespace: String,
}

impl Grant {
    /// In this namespace; in the whole cluster where it is empty. The server may take a moment to know.
    pub async fn to(scene: &Scene, namespace: &str, rules: &Value) -> Self {
        let (name, objects) = (unique("grant"), scene.objects.clone());
        let (roles, bindings, kind) = Self::kinds(namespace);
        objects.create(roles, namespace, &json!({"metadata": {"name": name}, "rules": rules})).await;
        let binding = json!({
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": "healer", "namespace": scene.namespace}],
        });
        objects.create(&bindings, namespace, &binding).await;
        Self { objects, name, namespace: namespace.to_owned() }
    }

    pub async fn withdraw(self) {
        let (roles, bindings, _) = Self::kinds(&self.namespace);
        self.objects.delete(&bindings, &self.namespace, &self.name).await;
        self.objects.delete(roles, &self.namespace, &self.name).await;
    }

    fn kinds(namespace: &str) -> (&'static str, String, &'static str) {
        let (roles, kind) =
            if namespace.is_empty() { (CLUSTER_ROLES, "ClusterRole") } else { (ROLES, "Role") };
        (roles, roles.replace("roles.", "rolebindings."), kind)
    }
}
