{{/*
What holds a customer who has the whole cluster off it: in force as files of kube-apiserver alone, because that customer may
delete any policy that is an object. Called with (list $ "suffix of the names").
*/}}

{{/* CEL variables: whether the provider asks, and whether Kubernetes or aup itself does. */}}
{{- define "aup.guardRequesters" -}}
- name: user
  expression: request.userInfo.username
- name: byProvider
  expression: {{ include "aup.byProvider" . | quote }}
- name: bySystem
  expression: >-
    variables.user in ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler",
      "system:cloud-controller-manager", {{ include "aup.operatorUser" . | quote }}, {{ include "aup.webhookUser" . | quote }}]
    || variables.user.startsWith("system:node:")
    || {{ include "aup.apart" . }}.exists(place, variables.user.startsWith("system:serviceaccount:" + place + ":"))
- name: subresource
  expression: request.?subResource.orValue("")
# A request says no name where the API server makes one up, and where all of a kind are deleted.
- name: name
  expression: >-
    (([request.?name.orValue("")] + [object, oldObject].map(each,
      each == null ? "" : string(dyn(each).?metadata.?name.orValue("")))).filter(each, each != "") + [""])[0]
{{- end }}

{{/* The system's namespaces, ours and the provider's: nobody else starts, changes or enters anything there. */}}
{{- define "aup.guardPlaces" -}}
{{- $root := index . 0 -}}
{{- $suffix := index . 1 -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: aup-guard-places{{ $suffix }}
  labels: {{- include "aup.labels" (list $root "guard") | nindent 4 }}
spec:
  failurePolicy: Fail
  matchConstraints:
    matchPolicy: Equivalent
    namespaceSelector:
      matchExpressions:
        - key: kubernetes.io/metadata.name
          operator: In
          values: {{ include "aup.apart" $root }}
    resourceRules:
      - apiGroups: ["*"]
        apiVersions: ["*"]
        resources: ["*/*"]
        operations: [CREATE, UPDATE, DELETE, CONNECT]
        scope: Namespaced
  variables:
    {{- include "aup.guardRequesters" $root | nindent 4 }}
    - name: kubernetesOwn
      expression: request.namespace in {{ $root.Files.Get "files/system-namespaces.yaml" | fromYamlArray | toJson }}
    # What runs nothing and lends nobody's name, such as the DNS server's configuration, a Lease, or a Role.
    - name: harmless
      expression: >-
        variables.subresource == "" && request.operation == "DELETE" || variables.subresource == "eviction"
        || (variables.subresource in ["", "status"] && (
          request.resource.group in ["coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "policy",
            "rbac.authorization.k8s.io", "storage.k8s.io"]
          || (request.resource.group == "" && request.resource.resource in ["configmaps", "endpoints", "events",
            "limitranges", "persistentvolumeclaims", "resourcequotas", "secrets", "serviceaccounts", "services"]
            && ![object, oldObject].exists(each, each != null && dyn(each).?type.orValue("") in [
              "kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"]))))
  validations:
    - expression: (variables.kubernetesOwn && variables.harmless) || variables.bySystem || variables.byProvider
      reason: Forbidden
      message: "[AUP guard] only the provider changes or enters what is in this Namespace. Use one of your own."
      messageExpression: >-
        "[AUP guard] only the provider changes or enters " + request.resource.resource
        + (variables.subresource == "" ? "" : "/" + variables.subresource) + " in Namespace " + request.namespace
        + ". Use a Namespace of your own, or ask your provider."
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: aup-guard-places{{ $suffix }}
  labels: {{- include "aup.labels" (list $root "guard") | nindent 4 }}
spec:
  policyName: aup-guard-places{{ $suffix }}
  validationActions: [Deny]
{{- end }}

{{/* What aup is made of in the whole cluster, and what would get somebody past it. */}}
{{- define "aup.guardCluster" -}}
{{- $root := index . 0 -}}
{{- $suffix := index . 1 -}}
{{- $spared := printf "request.userInfo.username != %s" (include "aup.operatorUser" $root | quote) -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: aup-guard-cluster{{ $suffix }}
  labels: {{- include "aup.labels" (list $root "guard") | nindent 4 }}
spec:
  failurePolicy: Fail
  matchConstraints:
    matchPolicy: Equivalent
    resourceRules:
      - apiGroups: [admissionregistration.k8s.io, apiextensions.k8s.io, apiregistration.k8s.io, flowcontrol.apiserver.k8s.io]
        apiVersions: ["*"]
        resources: ["*/*"]
        operations: [CREATE, UPDATE, DELETE]
        scope: Cluster
      - apiGroups: [rbac.authorization.k8s.io]
        apiVersions: ["*"]
        resources: [clusterroles, clusterrolebindings]
        operations: [CREATE, UPDATE, DELETE]
        scope: Cluster
      - apiGroups: [""]
        apiVersions: ["*"]
        resources: [namespaces]
        operations: [CREATE, DELETE]
        scope: Cluster
      - apiGroups: [certificates.k8s.io]
        apiVersions: ["*"]
        resources: [certificatesigningrequests, certificatesigningrequests/approval]
        operations: [CREATE, UPDATE]
        scope: Cluster
      - apiGroups: [""]
        apiVersions: ["*"]
        resources: [nodes/proxy]
        operations: [CONNECT]
        scope: Cluster
  variables:
    {{- include "aup.guardRequesters" $root | nindent 4 }}
    - name: group
      expression: request.resource.group
    - name: resource
      expression: request.resource.resource
    - name: either
      expression: 'object == null ? dyn(oldObject) : dyn(object)'
    # Webhooks and policies, each as what it is asked about and under which conditions.
    - name: asked
      expression: >-
        variables.group != "admissionregistration.k8s.io" || request.operation == "DELETE" ? []
        : dyn(object).?webhooks.orValue([]).map(hook, [hook.?rules.orValue([]), hook.?matchConditions.orValue([])])
          + [[dyn(object).?spec.?matchConstraints.?resourceRules.orValue([]),
            dyn(object).?spec.?matchConditions.orValue([])]]
    # One that is asked about what the operator writes could refuse it, or change it on the way.
    - name: interferes
      expression: >-
        variables.asked.exists(each,
          !each[1].exists(condition, condition.expression == {{ $spared | squote }})
          && each[0].exists(rule,
            rule.apiGroups.exists(group, group in ["*", "aup.asergo.com"])
            || (rule.operations.exists(operation, operation in ["*", "UPDATE", "DELETE"])
              && rule.resources.exists(resource, !resource.contains("/") || resource.endsWith("/*"))
              && (rule.apiGroups.exists(group, group in ["apps", "batch"])
                || ("" in rule.apiGroups && rule.resources.exists(resource, resource.split("/")[0] in [
                  "*", "namespaces", "pods", "replicationcontrollers", "resourcequotas"]))))))
    - name: found
      expression: >-
        variables.group == "admissionregistration.k8s.io" ? (
          variables.name.startsWith("aup-") ? ["what is named aup-…"]
          : variables.interferes ? [{{ printf "a webhook or policy that is asked about what aup writes; add to each this matchCondition: %s" $spared | squote }}]
          : [])
        : variables.group == "apiextensions.k8s.io" ? (variables.name.endsWith(".aup.asergo.com") ? ["aup's kinds"] : [])
        : variables.group == "apiregistration.k8s.io" ? (
          variables.either.spec.?group.orValue("") == "aup.asergo.com" || !variables.either.spec.?group.orValue("").contains(".")
          || (variables.either.spec.group.endsWith(".k8s.io") && !variables.either.spec.group.endsWith("metrics.k8s.io"))
          ? ["who serves the API " + variables.name] : [])
        : variables.group == "flowcontrol.apiserver.k8s.io" ? ["which requests the API server takes first"]
        : variables.group == "rbac.authorization.k8s.io" ? (variables.name.startsWith("aup-") ? ["what is named aup-…"] : [])
        : variables.group == "certificates.k8s.io" ? (
          variables.either.spec.?signerName.orValue("").startsWith("kubernetes.io/kube-apiserver-client")
          && !(variables.subresource == "" && variables.user.startsWith("system:bootstrap:"))
          ? ["certificates that people and machines log in with"] : [])
        : variables.resource == "nodes" ? ["a connection to a machine"]
        : variables.name in {{ include "aup.apart" $root }} ? ["the Namespace " + variables.name] : []
  validations:
    - expression: variables.found.size() == 0 || variables.bySystem || variables.byProvider
      reason: Forbidden
      message: "[AUP guard] this is the provider's alone. Ask your provider."
      messageExpression: >-
        "[AUP guard] the provider's alone: " + variables.found.join(", ") + ". Ask your provider if you need it."
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: aup-guard-cluster{{ $suffix }}
  labels: {{- include "aup.labels" (list $root "guard") | nindent 4 }}
spec:
  policyName: aup-guard-cluster{{ $suffix }}
  validationActions: [Deny]
{{- end }}

{{/* A refusal of what cannot be meant; the files are for a provider who is named, since RBAC is the customer's there. */}}
{{- define "aup.controlPlaneRendered" -}}
{{- if not (or .Values.provider.users .Values.provider.groups) -}}
{{- fail "\n\nThe files for kube-apiserver need to know who the provider is, by name: RBAC would take the customer's administrators for it.\nSet provider.users or provider.groups.\n" -}}
{{- end -}}
{{- if not .Values.webhook.url -}}
{{- fail "\n\nwebhook.url is not set: kube-apiserver takes no Service from a file.\nSet it to the webhook's URL as the control plane reaches it, such as https://aup-webhook.provider.example/enforce.\n" -}}
{{- end -}}
{{- if lookup "v1" "Namespace" "" "kube-system" -}}
{{- fail "\n\ncontrolPlane.render is for `helm template` alone: it makes files for kube-apiserver, which a cluster refuses as objects.\nLeave it out, and set controlPlane.files=true where these files are in force.\n" -}}
{{- end -}}
{{- end }}
