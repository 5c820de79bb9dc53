{{/*
What is judged: one call for a change, which rejects and warns in the same answer. Only in tenants' namespaces; conditions
are written so that no object can make them fail. Called with (list $ "clientConfig as YAML").
*/}}
{{- define "aup.webhooks" -}}
{{- $root := index . 0 -}}
{{- $clientConfig := index . 1 -}}
{{- range $scope := list "builtin" "custom" }}
- name: {{ $scope }}.enforce.aup.asergo.com
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  matchPolicy: Equivalent
  timeoutSeconds: 5
  clientConfig: {{- $clientConfig | nindent 4 }}
  namespaceSelector:
    matchExpressions:
      {{- include "aup.tenantNamespaces" $root | nindent 6 }}
  {{- if eq $scope "builtin" }}
  rules:
    - apiGroups: [""]
      apiVersions: ["*"]
      resources:
        - configmaps
        - endpoints
        - persistentvolumeclaims
        - pods
        - pods/ephemeralcontainers
        - pods/resize
        - podtemplates
        - replicationcontrollers
        - services
      operations: [CREATE, UPDATE]
      scope: Namespaced
    - apiGroups: [""]
      apiVersions: ["*"]
      resources: [services/status]
      operations: [UPDATE]
      scope: Namespaced
    - apiGroups: [discovery.k8s.io]
      apiVersions: ["*"]
      resources: [endpointslices]
      operations: [CREATE, UPDATE]
      scope: Namespaced
    - apiGroups: [networking.k8s.io]
      apiVersions: ["*"]
      resources: [ingresses]
      operations: [CREATE, UPDATE]
      scope: Namespaced
    - apiGroups: [networking.k8s.io]
      apiVersions: ["*"]
      resources: [ingresses/status]
      operations: [UPDATE]
      scope: Namespaced
    - apiGroups: [""]
      apiVersions: ["*"]
      resources: [bindings, pods/binding]
      operations: [CREATE]
      scope: Namespaced
    - apiGroups: [apps]
      apiVersions: ["*"]
      resources: [daemonsets, deployments, replicasets, statefulsets]
      operations: [CREATE, UPDATE]
      scope: Namespaced
    - apiGroups: [batch]
      apiVersions: ["*"]
      resources: [cronjobs, jobs]
      operations: [CREATE, UPDATE]
      scope: Namespaced
    - apiGroups: [autoscaling]
      apiVersions: ["*"]
      resources: [horizontalpodautoscalers]
      operations: [CREATE, UPDATE]
      scope: Namespaced
    - apiGroups: ["*"]
      apiVersions: ["*"]
      resources: ["*/scale"]
      operations: [UPDATE]
      scope: Namespaced
  {{- else }}
  rules:
    - apiGroups: ["*"]
      apiVersions: ["*"]
      resources: ["*"]
      operations: [CREATE, UPDATE]
      scope: Namespaced
  {{- end }}
  # One expression, cheapest question first: the API server asks every condition of both entries at each change, and
  # only inside an expression does it stop at the answer.
  matchConditions:
    - name: to-be-judged
      expression: >-
        {{- if eq $scope "custom" }}
        {{- /* Kubernetes' own groups are judged by the other entry or not at all (leases, events); our own kinds are
        guarded. A pod template may be anywhere, and CEL cannot search an object, so all that hold more than a status
        are sent. */}}
        !(request.resource.group in ["", "apps", "autoscaling", "batch", "extensions", "policy", "aup.asergo.com"])
        && (!request.resource.group.endsWith(".k8s.io")
        || request.resource.group in ["externaldns.k8s.io", "gateway.networking.k8s.io"])
        && object != null && object.exists(key, !(key in ["apiVersion", "kind", "metadata", "status"])) &&
        {{- end }}
        request.userInfo.username != "{{ include "aup.operatorUser" $root }}"
        {{- if eq $scope "builtin" }}
        {{- /* Traffic goes on while no webhook answers: Kubernetes itself keeps the addresses of Pods. */}}
        && !(request.resource.resource in ["endpoints", "endpointslices"]
        && (request.userInfo.username == "system:kube-controller-manager"
        || request.userInfo.username.startsWith("system:serviceaccount:kube-system:")))
        {{- end }}
        && (request.operation != "UPDATE" || object == null || oldObject == null ||
        {{- if eq $scope "builtin" }}
        {{- /* Running less must pass even while no webhook answers. */}}
        (request.?subResource.orValue("") == "scale"
        ? object.?spec.?replicas.orValue(0) > oldObject.?spec.?replicas.orValue(0) :
        {{- end }}
        {{- /* Not an update that leaves all but status, finalizers and bookkeeping as it was. */}}
        object.exists(key, !(key in ["metadata", "status"]) && object[?key] != oldObject[?key])
        || oldObject.exists(key, !(key in ["metadata", "status"]) && !(key in object))
        {{- if eq $scope "builtin" }}
        {{- /* Of a Service and an Ingress the status says which addresses it has. */}}
        || (request.resource.resource in ["services", "ingresses"]
        && request.?subResource.orValue("") == "status" && object.?status != oldObject.?status)
        {{- end }}
        || object.?metadata.?labels != oldObject.?metadata.?labels
        || object.?metadata.?annotations != oldObject.?metadata.?annotations
        {{- if eq $scope "builtin" }})
        {{- end }})
{{- end }}
{{- end }}

{{/* Where the API server finds a webhook that is outside of the cluster, or whose configuration is a file. */}}
{{- define "aup.webhookByURL" -}}
{{- if ne (include "aup.tlsMode" .) "existingSecret" -}}
{{- fail "\n\nwebhook.url is set, and nobody but you makes a certificate for that name.\nBring one: --set webhook.tls.mode=existingSecret,webhook.tls.caBundle=\"$(base64 -w0 < ca.crt)\"\n" -}}
{{- end -}}
caBundle: {{ include "aup.caBundle" . }}
url: {{ .Values.webhook.url }}
{{- end }}
