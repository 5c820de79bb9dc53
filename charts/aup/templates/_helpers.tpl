{{/* Labels of every object; called with (list $ "component"). */}}
{{- define "aup.labels" -}}
{{- $root := index . 0 -}}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{ include "aup.selectorLabels" . }}
app.kubernetes.io/part-of: aup
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
{{- end }}

{{/* Labels that Pods are selected by; they never change within a release. */}}
{{- define "aup.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: aup
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* An image reference; called with (list $ .Values.webhook.image). */}}
{{- define "aup.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- if $image.digest -}}
{{ printf "%s@%s" $image.repository $image.digest }}
{{- else -}}
{{ printf "%s:%s" $image.repository ($image.tag | default $root.Chart.AppVersion) }}
{{- end -}}
{{- end }}

{{/* The user name that the API server knows the operator by. */}}
{{- define "aup.operatorUser" -}}
{{ .Values.operator.user | default (printf "system:serviceaccount:%s:aup-operator" .Release.Namespace) }}
{{- end }}

{{/* The user name that it knows the webhook by. */}}
{{- define "aup.webhookUser" -}}
{{ .Values.webhook.user | default (printf "system:serviceaccount:%s:aup-webhook" .Release.Namespace) }}
{{- end }}

{{/* Who a role is bound to; called with (list $ "component"): its service account, or the user that it is elsewhere. */}}
{{- define "aup.subject" -}}
{{- with (get (index . 0).Values (index . 1)).user -}}
- apiGroup: rbac.authorization.k8s.io
  kind: User
  name: {{ . | quote }}
{{- else -}}
- kind: ServiceAccount
  name: aup-{{ index . 1 }}
  namespace: {{ (index . 0).Release.Namespace }}
{{- end }}
{{- end }}

{{/* Namespaces that are no tenant's, as JSON: Kubernetes' own, ours, and the provider's. */}}
{{- define "aup.apart" -}}
{{ concat (.Files.Get "files/system-namespaces.yaml" | fromYamlArray) (list .Release.Namespace) .Values.cluster.providerNamespaces | uniq | toJson }}
{{- end }}

{{/* Namespaces that are never touched. They are named, because a name cannot be forged. */}}
{{- define "aup.notTheSystems" -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values: {{ include "aup.apart" . }}
{{- end }}

{{/* Tenants' namespaces: those with the label, or all that may be where one tenant has the whole cluster. */}}
{{- define "aup.tenantNamespaces" -}}
{{- if not .Values.cluster.tenant -}}
- key: aup.asergo.com/tenant
  operator: Exists
{{ end -}}
{{ include "aup.notTheSystems" . }}
{{- end }}

{{/* CEL: the name of the tenant whose namespace it is; called with (list $ "name where there is none"). */}}
{{- define "aup.tenantOfNamespace" -}}
string(dyn(namespaceObject).?metadata.?labels[?"aup.asergo.com/tenant"].orValue({{ (index . 0).Values.cluster.tenant | default (index . 1) | quote }}))
{{- end }}

{{/* CEL: whether one of the named users and groups asks; called with a map of both. */}}
{{- define "aup.byNamed" -}}
(request.userInfo.username in {{ .users | toJson }} || request.userInfo.?groups.orValue([]).exists(group, group in {{ .groups | toJson }}))
{{- end }}

{{/* CEL: whether the provider asks: whom the values name, or where they name nobody whoever may assign tenants. */}}
{{- define "aup.byProvider" -}}
{{- if or .Values.provider.users .Values.provider.groups -}}
{{ include "aup.byNamed" .Values.provider }}
{{- else -}}
authorizer.group("aup.asergo.com").resource("tenants").check("assign").allowed()
{{- end -}}
{{- end }}

{{/* CEL: whether the abuse desk asks, in the same way. */}}
{{- define "aup.byDesk" -}}
{{- if or .Values.provider.users .Values.provider.groups -}}
{{ include "aup.byNamed" .Values.provider.desk }}
{{- else -}}
authorizer.group("aup.asergo.com").resource("suspensions").check("order").allowed()
{{- end -}}
{{- end }}

{{/*
Who makes the webhook's certificate, or a failure where another value is for another mode. Where kube-apiserver has the
webhook's configuration as a file, nobody in the cluster can change whom it trusts, so the user brings the certificate.
*/}}
{{- define "aup.tlsMode" -}}
{{- $tls := .Values.webhook.tls -}}
{{- $mode := $tls.mode -}}
{{- if or .Values.controlPlane.files .Values.controlPlane.render -}}
{{- if eq $mode "certManager" -}}
{{- fail "\n\nwebhook.tls.mode is certManager, and controlPlane.files has the webhook's configuration in files, where cert-manager cannot set whom the API server trusts.\nSet webhook.tls.mode=existingSecret, and webhook.tls.caBundle.\n" -}}
{{- end -}}
{{- $mode = "existingSecret" -}}
{{- end -}}
{{- if and $tls.caBundle (ne $mode "existingSecret") -}}
{{- fail (printf "\n\nwebhook.tls.caBundle is set, and webhook.tls.mode is %s, which makes an authority of its own.\nIf you bring the certificate, set the mode as well:\n  --set webhook.tls.mode=existingSecret\nIf not, leave caBundle out.\n" $mode) -}}
{{- end -}}
{{- if and $tls.issuerRef (ne $mode "certManager") -}}
{{- fail (printf "\n\nwebhook.tls.issuerRef is set, and webhook.tls.mode is %s, which has no use for it.\nIf cert-manager makes the certificate, set the mode as well:\n  --set webhook.tls.mode=certManager\nIf not, leave issuerRef out.\n" $mode) -}}
{{- end -}}
{{ $mode }}
{{- end }}

{{/* The authority of a certificate that the user brings, or a failure that says what to do. */}}
{{- define "aup.caBundle" -}}
{{- $bundle := .Values.webhook.tls.caBundle -}}
{{- if not $bundle -}}
{{- fail (printf "\n\nwebhook.tls.caBundle is not set, so the API server could not trust the webhook and would refuse every change of a tenant.\nSet it to the certificate authority (PEM, in base64) that signed tls.crt in the Secret %s:\n  --set webhook.tls.caBundle=\"$(base64 -w0 < ca.crt)\"\nor let the operator make the certificate: --set webhook.tls.mode=selfSigned\n" .Values.webhook.tls.secretName) -}}
{{- end -}}
{{- if not (hasPrefix "-----BEGIN CERTIFICATE-----" (b64dec $bundle | trim)) -}}
{{- fail "\n\nwebhook.tls.caBundle is not a PEM certificate in base64.\nSet it with:\n  --set webhook.tls.caBundle=\"$(base64 -w0 < ca.crt)\"\n" -}}
{{- end -}}
{{ $bundle }}
{{- end }}

{{/* What every Pod of ours needs; called with (list $ "component" .Values.component). The token is asked for here alone. */}}
{{- define "aup.pod" -}}
{{- $root := index . 0 -}}
serviceAccountName: aup-{{ index . 1 }}
automountServiceAccountToken: true
enableServiceLinks: false # a Service called aup would set AUP_PORT
securityContext: {{- include "aup.podSecurity" $root | nindent 2 }}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with (index . 2).priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with (index . 2).nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with (index . 2).tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What a container may do: nothing that it does not need (the Pod Security Standard "restricted"). */}}
{{- define "aup.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* The same for the Pod. */}}
{{- define "aup.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}
