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
{{ printf "system:serviceaccount:%s:aup-operator" .Release.Namespace }}
{{- end }}

{{/* Namespaces that are never touched: the system's and our own. They are named, because a name cannot be forged. */}}
{{- define "aup.notTheSystems" -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values: [kube-system, kube-node-lease, kube-public, {{ .Release.Namespace }}]
{{- end }}

{{/* The webhook's certificate authority, or a failure that says what to do. */}}
{{- define "aup.caBundle" -}}
{{- $bundle := .Values.webhook.tls.caBundle -}}
{{- if not $bundle -}}
{{- fail (printf "\n\nwebhook.tls.caBundle is not set, so the API server could not trust the webhook and would refuse every change of a tenant.\nSet it to the certificate authority (PEM, in base64) that signed tls.crt in the Secret %s:\n  --set webhook.tls.caBundle=\"$(base64 -w0 < ca.crt)\"\n" .Values.webhook.tls.secretName) -}}
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
