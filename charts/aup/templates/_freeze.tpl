{{/* What aup-freeze and aup-freeze-selected have in common. */}}

{{/* CEL: the object below a field, or an empty one where it is absent or malformed; called with (list "X" "field"). */}}
{{- define "aup.celMap" -}}
(type({{ index . 0 }}.?{{ index . 1 }}.orValue(null)) == map ? {{ index . 0 }}.{{ index . 1 }} : {})
{{- end }}

{{/* Every request that could bring something up. What Kubernetes cannot do without is left out by name. */}}
{{- define "aup.freezeRules" -}}
resourceRules:
  - apiGroups: ["*"]
    apiVersions: ["*"]
    resources: ["*"]
    operations: [CREATE, UPDATE]
    scope: Namespaced
  - apiGroups: ["*"]
    apiVersions: ["*"]
    resources: ["*/scale"]
    operations: [UPDATE]
    scope: Namespaced
  - apiGroups: [""]
    apiVersions: ["*"]
    resources: [pods/binding]
    operations: [CREATE]
    scope: Namespaced
  - apiGroups: [""]
    apiVersions: ["*"]
    resources: [pods/ephemeralcontainers, pods/resize, pods/status]
    operations: [UPDATE]
    scope: Namespaced
  - apiGroups: [""]
    apiVersions: ["*"]
    resources: [pods/attach, pods/exec, pods/portforward, pods/proxy, services/proxy]
    operations: [CONNECT]
    scope: Namespaced
  - apiGroups: [networking.k8s.io]
    apiVersions: ["*"]
    resources: [networkpolicies]
    operations: [DELETE]
    scope: Namespaced
excludeResourceRules:
  - apiGroups: [""]
    apiVersions: ["*"]
    resources:
      - configmaps
      - endpoints
      - events
      - limitranges
      - persistentvolumeclaims
      - resourcequotas
      - secrets
      - serviceaccounts
      - services
    operations: ["*"]
    scope: "*"
  - apiGroups:
      - aup.asergo.com
      - authorization.k8s.io
      - coordination.k8s.io
      - discovery.k8s.io
      - events.k8s.io
      - policy
      - rbac.authorization.k8s.io
      - resource.k8s.io
      - storage.k8s.io
    apiVersions: ["*"]
    resources: ["*"]
    operations: ["*"]
    scope: "*"
{{- end }}

{{/*
What a request changes. `dyn` and the checks of types keep every expression from failing, whatever an object holds.
*/}}
{{- define "aup.freezeVariables" -}}
- name: subresource
  expression: request.?subResource.orValue("")
# A request says no name where the API server makes one up, and where all of a kind are deleted.
- name: name
  expression: >-
    (([request.?name.orValue("")] + [object, oldObject].map(each,
      each == null ? "" : string(dyn(each).?metadata.?name.orValue("")))).filter(each, each != "") + [""])[0]
- name: byKubernetes
  expression: >-
    request.userInfo.username.startsWith("system:serviceaccount:kube-system:")
    || request.userInfo.username in ["system:kube-controller-manager", "system:kube-scheduler"]
- name: newSpec
  expression: 'object != null && type(dyn(object).?spec.orValue(null)) == map ? dyn(object).spec : {}'
- name: oldSpec
  expression: 'oldObject != null && type(dyn(oldObject).?spec.orValue(null)) == map ? dyn(oldObject).spec : {}'
- name: newAnnotations
  expression: >-
    object != null && type(dyn(object).?metadata.?annotations.orValue(null)) == map
    ? dyn(object).metadata.annotations : {}
- name: oldAnnotations
  expression: >-
    oldObject != null && type(dyn(oldObject).?metadata.?annotations.orValue(null)) == map
    ? dyn(oldObject).metadata.annotations : {}
# Counts below `spec`, with the number that an absent one stands for; a Scale of nought is written without replicas.
- name: absent
  expression: >-
    {
      "replicas": request.kind.kind == "Scale" ? 0 : 1,
      "parallelism": 1,
      "instances": 1,
      "size": 1,
      "minReplicas": 1,
      "maxReplicas": 0,
      "minReplicaCount": 0,
      "maxReplicaCount": 100,
      "idleReplicaCount": 0
    }
- name: raised
  expression: >-
    variables.absent.filter(field,
      (type(variables.newSpec[?field].orValue(null)) in [dyn(int), dyn(double)]
        ? variables.newSpec[field] : dyn(variables.absent[field]))
      >
      (type(variables.oldSpec[?field].orValue(null)) in [dyn(int), dyn(double)]
        ? variables.oldSpec[field] : dyn(variables.absent[field])))
    .map(field, "spec." + field + " is raised")
# Switches that stop something while they are true, and while they are false.
- name: resumed
  expression: >-
    ["disabled", "halted", "hibernate", "hibernated", "pause", "paused", "shutdown", "stop", "stopped", "suspend",
      "suspended"].filter(field,
        variables.oldSpec[?field].orValue(false) == true && variables.newSpec[?field].orValue(false) != true)
    .map(field, "spec." + field + " is no longer true")
- name: started
  expression: >-
    ["active", "enabled", "running"].filter(field,
      variables.oldSpec[?field].orValue(true) == false && variables.newSpec[?field].orValue(true) != false)
    .map(field, "spec." + field + " is no longer false")
- name: unpaused
  expression: >-
    ["autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas", "cluster.x-k8s.io/paused",
      "cnpg.io/hibernation", "k8s.enterprisedb.io/hibernation", "strimzi.io/pause-reconciliation"].filter(key,
        key in variables.oldAnnotations && !(variables.oldAnnotations[key] in ["false", "off"])
        && variables.newAnnotations[?key] != variables.oldAnnotations[?key])
    .map(key, "the annotation " + key + " is changed or removed")
# Fields of single kinds.
- name: newTemplate
  expression: {{ include "aup.celMap" (list "variables.newSpec" "template") | quote }}
- name: oldTemplate
  expression: {{ include "aup.celMap" (list "variables.oldSpec" "template") | quote }}
- name: newPods
  expression: {{ include "aup.celMap" (list "variables.newTemplate" "spec") | quote }}
- name: oldPods
  expression: {{ include "aup.celMap" (list "variables.oldTemplate" "spec") | quote }}
- name: special
  expression: >-
    (request.kind.kind == "DaemonSet"
      && variables.newPods.?nodeSelector.orValue({}) != variables.oldPods.?nodeSelector.orValue({})
      ? ["spec.template.spec.nodeSelector is changed"] : [])
    + ({{ include "aup.celMap" (list "variables.newSpec" "persistentVolumeClaimRetentionPolicy") }}
      .?whenScaled.orValue("Retain") == "Delete"
      && {{ include "aup.celMap" (list "variables.oldSpec" "persistentVolumeClaimRetentionPolicy") }}
      .?whenScaled.orValue("Retain") != "Delete"
      ? ["spec.persistentVolumeClaimRetentionPolicy.whenScaled is now Delete"] : [])
    + ({{ include "aup.celMap" (list "variables.oldSpec" "runPolicy") }}.?suspend.orValue(false) == true
      && {{ include "aup.celMap" (list "variables.newSpec" "runPolicy") }}.?suspend.orValue(false) != true
      ? ["spec.runPolicy.suspend is no longer true"] : [])
    + (variables.oldSpec.?runStrategy.orValue("") == "Halted" && variables.newSpec.?runStrategy.orValue("") != "Halted"
      ? ["spec.runStrategy is no longer Halted"] : [])
# A Pod's own resources and its containers', each as they are to be and as they were.
- name: resizes
  expression: >-
    variables.subresource != "resize" ? []
    : [[variables.newSpec.?resources.orValue({}), variables.oldSpec.?resources.orValue({})]]
      + (variables.newSpec.?containers.orValue([]) + variables.newSpec.?initContainers.orValue([])).map(container, [
        container.?resources.orValue({}),
        ((variables.oldSpec.?containers.orValue([]) + variables.oldSpec.?initContainers.orValue([]))
          .filter(before, before.name == container.name).map(before, before.?resources.orValue({})) + [{}])[0]])
- name: resized
  expression: >-
    variables.resizes.exists(each,
      each[0].?limits.orValue({}).exists(resource, resource in each[1].?limits.orValue({})
        && quantity(string(each[0].limits[resource])).isGreaterThan(quantity(string(each[1].limits[resource]))))
      || each[1].?limits.orValue({}).exists(resource, !(resource in each[0].?limits.orValue({})))
      || each[0].?requests.orValue({}).exists(resource, !(resource in each[1].?requests.orValue({}))
        || quantity(string(each[0].requests[resource])).isGreaterThan(quantity(string(each[1].requests[resource])))))
# What has ended does not run again by itself; a kubelet that starts anew would believe a status that says so.
- name: revived
  expression: >-
    dyn(oldObject).?status.?phase.orValue("") in ["Succeeded", "Failed"]
    && !(dyn(object).?status.?phase.orValue("") in ["Succeeded", "Failed"])
# The NetworkPolicies of a suspension with `exposure: Deny`; Kubernetes empties a Namespace that is deleted.
- name: networkPolicy
  expression: request.resource.resource == "networkpolicies" && request.resource.group == "networking.k8s.io"
- name: oursTouched
  expression: >-
    variables.networkPolicy && variables.name.startsWith("aup-")
    && !(request.operation == "DELETE" && request.userInfo.username in [
      "system:kube-controller-manager", "system:serviceaccount:kube-system:namespace-controller",
      "system:serviceaccount:kube-system:generic-garbage-collector"])
- name: startsPods
  expression: >-
    "containers" in variables.newPods || request.resource.resource + "." + request.resource.group in [
      "bindings.", "pods.", "podtemplates.", "replicationcontrollers.",
      "daemonsets.apps", "deployments.apps", "replicasets.apps", "statefulsets.apps",
      "cronjobs.batch", "jobs.batch", "horizontalpodautoscalers.autoscaling",
      {{- range .Files.Get "files/kinds.yaml" | fromYaml | keys | sortAlpha }}
      {{ . | quote }},
      {{- end }}
    ]
{{- end }}

{{/* What a request brings up, and how that is told; called with what a CREATE is refused for. */}}
{{- define "aup.freezeFound" -}}
- name: found
  expression: >-
    variables.networkPolicy ? (variables.oursTouched ? ["its name begins with aup-, as the provider's do"] : [])
    : request.operation == "CONNECT" ? ["a connection by " + variables.subresource]
    : request.operation == "CREATE" ? ({{ . }} ? ["a new " + request.kind.kind] : [])
    : variables.subresource == "ephemeralcontainers" ? ["a container added to a running Pod"]
    : variables.subresource == "resize" ? (variables.resized ? ["a running Pod is given more"] : [])
    : variables.subresource == "status" ? (variables.revived ? ["a Pod that has ended is said to run"] : [])
    : variables.raised + variables.resumed + variables.started + variables.unpaused + variables.special
- name: what
  expression: >-
    (request.operation == "CONNECT" ? (request.resource.resource == "services" ? "Service" : "Pod") : request.kind.kind)
    + (variables.name == "" ? "" : " " + variables.name) + ": " + variables.found.join(", ")
{{- end }}

{{/*
The freeze and its binding; called with (list $ "suffix of their names").
The same judgement as rule AUP7301, but for pod templates deep inside a custom resource; their Pods are refused.
*/}}
{{- define "aup.freeze" -}}
{{- $root := index . 0 -}}
{{- $suffix := index . 1 -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: aup-freeze{{ $suffix }}
  labels: {{- include "aup.labels" (list $root "freeze") | nindent 4 }}
spec:
  failurePolicy: Fail
  matchConstraints:
    matchPolicy: Equivalent
    namespaceSelector:
      matchExpressions:
        - key: aup.asergo.com/suspended
          operator: Exists
        {{- include "aup.notTheSystems" $root | nindent 8 }}
    {{- include "aup.freezeRules" $root | nindent 4 }}
  matchConditions:
    - name: not-the-operator
      expression: request.userInfo.username != "{{ include "aup.operatorUser" $root }}"
  variables:
    {{- include "aup.freezeVariables" $root | nindent 4 }}
    {{- include "aup.freezeFound" "variables.startsPods" | nindent 4 }}
    - name: lifting
      expression: dyn(namespaceObject).?metadata.?labels[?"aup.asergo.com/suspended"].orValue("true") == "lifting"
  validations:
    - expression: (variables.lifting && variables.byKubernetes) || variables.found.size() == 0
      reason: Forbidden
      message: >-
        [AUP7301 suspended-tenant] the tenant is suspended; deleting and scaling down stay allowed.
        Read the statement of reasons: kubectl get notices -o yaml
      messageExpression: >-
        "[AUP7301 suspended-tenant] " + variables.what
        + ": tenant " + {{ include "aup.tenantOfNamespace" (list $root "unknown") }}
        + " is suspended; deleting and scaling down stay allowed. Read the statement of reasons: kubectl get notices -n "
        + request.?namespace.orValue("default") + " -o yaml"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: aup-freeze{{ $suffix }}
  labels: {{- include "aup.labels" (list $root "freeze") | nindent 4 }}
spec:
  policyName: aup-freeze{{ $suffix }}
  validationActions: [Deny]
{{- end }}
