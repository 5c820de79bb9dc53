{{/* What the provider alone may write, held by the API server itself; each called with (list $ "suffix of the names"). */}}

{{/* Only the provider gives Namespaces to tenants and says how they stand; the operator sets what it is there for. */}}
{{- define "aup.guardNamespaces" -}}
{{- $root := index . 0 -}}
{{- $suffix := index . 1 -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: aup-guard-namespaces{{ $suffix }}
  labels: {{- include "aup.labels" (list $root "guard") | nindent 4 }}
spec:
  failurePolicy: Fail
  matchConstraints:
    matchPolicy: Equivalent
    resourceRules:
      - apiGroups: [""]
        apiVersions: ["*"]
        resources: [namespaces]
        operations: [CREATE, UPDATE]
        scope: Cluster
      - apiGroups: [""]
        apiVersions: ["*"]
        resources: [namespaces/finalize, namespaces/status]
        operations: [UPDATE]
        scope: Cluster
  variables:
    - name: newLabels
      expression: 'object == null ? {} : dyn(object).?metadata.?labels.orValue({})'
    - name: oldLabels
      expression: 'oldObject == null ? {} : dyn(oldObject).?metadata.?labels.orValue({})'
    - name: newAnnotations
      expression: 'object == null ? {} : dyn(object).?metadata.?annotations.orValue({})'
    - name: oldAnnotations
      expression: 'oldObject == null ? {} : dyn(oldObject).?metadata.?annotations.orValue({})'
    - name: labels
      expression: >-
        variables.newLabels.filter(key,
          key.startsWith("aup.asergo.com/") && variables.newLabels[?key] != variables.oldLabels[?key])
        + variables.oldLabels.filter(key, key.startsWith("aup.asergo.com/") && !(key in variables.newLabels))
    - name: tenantsOwn
      expression: '["aup.asergo.com/license", "aup.asergo.com/entitlement"]'
    - name: annotations
      expression: >-
        variables.newAnnotations.filter(key,
          key.startsWith("aup.asergo.com/") && !(key in variables.tenantsOwn)
          && variables.newAnnotations[?key] != variables.oldAnnotations[?key])
        + variables.oldAnnotations.filter(key,
          key.startsWith("aup.asergo.com/") && !(key in variables.tenantsOwn) && !(key in variables.newAnnotations))
    - name: byProvider
      expression: {{ include "aup.byProvider" $root | quote }}
    - name: bySuspension
      expression: >-
        request.userInfo.username == "{{ include "aup.operatorUser" $root }}"
        && request.operation == "UPDATE"
        && variables.annotations.size() == 0 && variables.labels.all(key, key == "aup.asergo.com/suspended"
          {{- with $root.Values.cluster.tenant }}
          || (key == "aup.asergo.com/tenant" && !(key in variables.oldLabels) && variables.newLabels[key] == {{ . | quote }})
          {{- end }})
  validations:
    {{- if not $root.Values.cluster.tenant }}
    - expression: request.operation != "CREATE" || variables.byProvider
      reason: Forbidden
      message: >-
        [AUP guard] only the provider creates Namespaces here. Ask your provider for one.
        Automation of the provider needs the ClusterRole aup-provider.
    {{- end }}
    - expression: >-
        (variables.labels.size() == 0 && variables.annotations.size() == 0)
        || variables.bySuspension || variables.byProvider
      reason: Forbidden
      message: "[AUP guard] only the provider sets, changes or removes aup.asergo.com/ labels and annotations of a Namespace."
      messageExpression: >-
        "[AUP guard] only the provider sets, changes or removes "
        + (variables.labels + variables.annotations).join(", ")
        + " of a Namespace. Leave it as it is, or ask your provider."
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: aup-guard-namespaces{{ $suffix }}
  labels: {{- include "aup.labels" (list $root "guard") | nindent 4 }}
spec:
  policyName: aup-guard-namespaces{{ $suffix }}
  validationActions: [Deny]
{{- end }}

{{/* Only the provider, the abuse desk and the operator write our resources, each its own part. */}}
{{- define "aup.guardResources" -}}
{{- $root := index . 0 -}}
{{- $suffix := index . 1 -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: aup-guard-resources{{ $suffix }}
  labels: {{- include "aup.labels" (list $root "guard") | nindent 4 }}
spec:
  failurePolicy: Fail
  matchConstraints:
    matchPolicy: Equivalent
    resourceRules:
      - apiGroups: [aup.asergo.com]
        apiVersions: ["*"]
        resources: ["*/*"]
        operations: [CREATE, UPDATE, DELETE]
        scope: "*"
  variables:
    - name: resource
      expression: request.resource.resource
    - name: phase
      expression: 'oldObject == null ? "" : string(dyn(oldObject).?status.?phase.orValue(""))'
    - name: byOperator
      expression: request.userInfo.username == "{{ include "aup.operatorUser" $root }}"
    - name: byProvider
      expression: {{ include "aup.byProvider" $root | quote }}
    # The abuse desk orders suspensions and lifts, and writes nothing else.
    - name: byDesk
      expression: >-
        variables.resource == "suspensions"
        && {{ include "aup.byDesk" $root }}
    # Kubernetes empties a Namespace that is deleted.
    - name: byCleaner
      expression: >-
        request.operation == "DELETE" && variables.resource == "notices"
        && (request.userInfo.username == "system:kube-controller-manager"
          || request.userInfo.username == "system:serviceaccount:kube-system:namespace-controller"
          || request.userInfo.username == "system:serviceaccount:kube-system:generic-garbage-collector")
    - name: operatorsOwn
      expression: >-
        request.?subResource.orValue("") == "status"
        || (variables.resource == "suspensionrecords" && request.operation != "DELETE")
    # Of a Suspension: who ordered, confirmed or approved something is whoever sends the request.
    - name: ordering
      expression: >-
        variables.resource == "suspensions" && request.?subResource.orValue("") == "" && request.operation != "DELETE"
        && !variables.byOperator
    - name: user
      expression: request.userInfo.username
    - name: newSpec
      expression: 'variables.ordering && object != null ? dyn(object).spec : {}'
    - name: oldSpec
      expression: 'variables.ordering && oldObject != null ? dyn(oldObject).spec : {}'
    - name: changedSteps
      expression: >-
        ["removal", "termination"].filter(step, variables.newSpec[?step] != variables.oldSpec[?step])
    # Each name that this request writes, by its field. What a step says is its orderer's word, so a step that is
    # changed has to be confirmed again.
    - name: names
      expression: >-
        ["orderedBy", "approvedBy"].filter(field,
          field in variables.newSpec && variables.newSpec[?field] != variables.oldSpec[?field])
          .map(field, ["spec." + field, string(variables.newSpec[field])])
        + variables.changedSteps.filter(step, step in variables.newSpec
          && variables.newSpec[step].exists(field, field != "confirmedBy"
            && variables.newSpec[step][?field] != variables.oldSpec[?step][?field]))
          .map(step, ["spec." + step + ".orderedBy", string(variables.newSpec[step].?orderedBy.orValue(""))])
        + variables.changedSteps.filter(step, step in variables.newSpec && "confirmedBy" in variables.newSpec[step])
          .map(step, ["spec." + step + ".confirmedBy", string(variables.newSpec[step].confirmedBy)])
        + variables.newSpec.?extensions.orValue([])
          .filter(each, !(each in variables.oldSpec.?extensions.orValue([])))
          .map(each, ["spec.extensions[].orderedBy", string(each.?orderedBy.orValue(""))])
        + (variables.newSpec.?appeal.recordedBy != variables.oldSpec.?appeal.recordedBy
          ? [["spec.appeal.recordedBy", string(variables.newSpec.?appeal.recordedBy.orValue(variables.user))]] : [])
        + (variables.newSpec.?appeal.decision != variables.oldSpec.?appeal.decision
          ? [["spec.appeal.decision.decidedBy",
            string(variables.newSpec.?appeal.decision.decidedBy.orValue(variables.user))]] : [])
        + (variables.newSpec.?lift != variables.oldSpec.?lift
          ? [["spec.lift.orderedBy", string(variables.newSpec.?lift.orderedBy.orValue(variables.user))]] : [])
    - name: forged
      expression: variables.names.filter(each, each[1] != variables.user).map(each, each[0])
    # The operator marks by a label which suspensions the API server holds workloads by.
    - name: newLabels
      expression: 'variables.ordering && object != null ? dyn(object).?metadata.?labels.orValue({}) : {}'
    - name: oldLabels
      expression: 'variables.ordering && oldObject != null ? dyn(oldObject).?metadata.?labels.orValue({}) : {}'
    - name: marks
      expression: >-
        (variables.newLabels.map(key, key) + variables.oldLabels.map(key, key)).filter(key,
          key.startsWith("aup.asergo.com/") && variables.newLabels[?key] != variables.oldLabels[?key])
  validations:
    - expression: variables.byOperator || variables.byCleaner || variables.operatorsOwn || variables.byProvider || variables.byDesk
      reason: Forbidden
      messageExpression: >-
        "[AUP guard] only the provider writes " + variables.resource + ".aup.asergo.com."
        + " People and automation of the provider need the ClusterRole aup-provider or aup-abuse-desk."
    - expression: variables.byOperator || !variables.operatorsOwn
      reason: Forbidden
      messageExpression: >-
        "[AUP guard] only aup's operator writes " + variables.resource
        + (request.?subResource.orValue("") == "" ? "" : "/" + request.subResource)
        + ".aup.asergo.com; it follows from the other resources."
    - expression: '!("termination" in variables.changedSteps) || variables.byProvider'
      reason: Forbidden
      message: >-
        [AUP guard] only the provider orders, changes, confirms or takes back a termination, because all data is deleted
        by it. Ask somebody with the ClusterRole aup-provider.
    - expression: variables.marks.size() == 0 || variables.byProvider
      reason: Forbidden
      messageExpression: >-
        "[AUP guard] only the provider and aup's operator set, change or remove " + variables.marks.join(", ")
        + " of a Suspension. Leave it as it is."
    - expression: variables.forged.size() == 0
      reason: Forbidden
      messageExpression: >-
        "[AUP guard] " + variables.forged.join(", ") + " must be " + variables.user
        + ", the user who sends this request: nobody writes another person's name, and what was confirmed and is"
        + " changed has to be confirmed again."
    - expression: >-
        request.operation != "DELETE" || variables.resource != "acceptableusepolicies" || variables.phase != "Effective"
      reason: Forbidden
      message: "[AUP guard] a policy that is in force cannot be deleted; publish a later one, which takes its place."
    - expression: >-
        request.operation != "DELETE" || variables.resource != "suspensionrecords" || variables.phase == "Restored"
      reason: Forbidden
      message: >-
        [AUP guard] this record holds the original values of a suspended tenant; without it nothing could be put back.
        Lift the suspension first: aup lift
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: aup-guard-resources{{ $suffix }}
  labels: {{- include "aup.labels" (list $root "guard") | nindent 4 }}
spec:
  policyName: aup-guard-resources{{ $suffix }}
  validationActions: [Deny]
{{- end }}

{{/* The ResourceQuota that holds a namespace to its tenant's totals. Its `used` is what the webhook counts with. */}}
{{- define "aup.guardQuotas" -}}
{{- $root := index . 0 -}}
{{- $suffix := index . 1 -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: aup-guard-quotas{{ $suffix }}
  labels: {{- include "aup.labels" (list $root "guard") | nindent 4 }}
spec:
  failurePolicy: Fail
  matchConstraints:
    matchPolicy: Equivalent
    namespaceSelector:
      matchExpressions:
        {{- include "aup.tenantNamespaces" $root | nindent 8 }}
    resourceRules:
      - apiGroups: [""]
        apiVersions: ["*"]
        resources: [resourcequotas, resourcequotas/status]
        operations: [CREATE, UPDATE, DELETE]
        scope: Namespaced
  variables:
    - name: ours
      expression: >-
        [object, oldObject].exists(each, each != null && (
          dyn(each).?metadata.?name.orValue("") == "aup"
          || "aup.asergo.com/quota" in dyn(each).?metadata.?labels.orValue({})))
    # The API server counts a request itself; the controller counts anew what was deleted.
    - name: byCounter
      expression: >-
        request.?subResource.orValue("") == "status" && request.userInfo.username in [
          "system:apiserver", "system:kube-controller-manager",
          "system:serviceaccount:kube-system:resourcequota-controller"]
    # Kubernetes empties a Namespace that is deleted.
    - name: byCleaner
      expression: >-
        request.operation == "DELETE" && request.userInfo.username in [
          "system:kube-controller-manager", "system:serviceaccount:kube-system:namespace-controller",
          "system:serviceaccount:kube-system:generic-garbage-collector"]
    - name: byOperator
      expression: request.userInfo.username == "{{ include "aup.operatorUser" $root }}"
  validations:
    - expression: >-
        variables.ours
        ? variables.byCounter || variables.byCleaner || variables.byOperator
          || {{ include "aup.byProvider" $root }}
        : !variables.byOperator
      reason: Forbidden
      message: >-
        [AUP guard] only the provider writes the ResourceQuota aup and the label aup.asergo.com/quota; they hold a tenant
        to its totals. Have your totals raised, or use a ResourceQuota of another name for limits of your own.
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: aup-guard-quotas{{ $suffix }}
  labels: {{- include "aup.labels" (list $root "guard") | nindent 4 }}
spec:
  policyName: aup-guard-quotas{{ $suffix }}
  validationActions: [Deny]
{{- end }}
