{{- define "leoflow.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* The name of every object of a release; "leoflow" alone when the release is called so. */ -}}
{{- define "leoflow.fullname" -}}
{{- if contains (include "leoflow.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "leoflow.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "leoflow.selector" -}}
app.kubernetes.io/name: {{ include "leoflow.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end -}}

{{- define "leoflow.labels" -}}
{{ include "leoflow.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "leoflow.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}

{{- define "leoflow.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "leoflow.fullname" .) -}}
{{- end -}}

{{- define "leoflow.pods" -}}
{{- if eq .Values.executor "kubernetes" }}yes{{ end -}}
{{- end -}}

{{- /* What page and API speak: the name of their port, too. */ -}}
{{- define "leoflow.scheme" -}}
{{- if .Values.tls.enabled }}https{{ else }}http{{ end -}}
{{- end -}}

{{- define "leoflow.probed" -}}
port: {{ include "leoflow.scheme" . }}, scheme: {{ include "leoflow.scheme" . | upper }}
{{- end -}}

{{- define "leoflow.port" -}}
{{- .Values.service.port | default (ternary 443 80 .Values.tls.enabled) -}}
{{- end -}}

{{- define "leoflow.tlsSecret" -}}
{{- .Values.tls.existingSecret | default (printf "%s-server-tls" (include "leoflow.fullname" .)) -}}
{{- end -}}

{{- /* A name that no release in another namespace has. */ -}}
{{- define "leoflow.uniqueName" -}}
{{- printf "%s-%s" .Release.Namespace (include "leoflow.fullname" .) -}}
{{- end -}}

{{- define "leoflow.tasks.namespace" -}}
{{- .Values.tasks.namespace | default .Release.Namespace -}}
{{- end -}}

{{- /* Of what this release has in the tasks' namespace, which others may share. */ -}}
{{- define "leoflow.tasks.owner" -}}
{{- if eq (include "leoflow.tasks.namespace" .) .Release.Namespace -}}
{{- include "leoflow.fullname" . -}}
{{- else -}}
{{- include "leoflow.uniqueName" . -}}
{{- end -}}
{{- end -}}

{{- define "leoflow.tasks.serviceAccount" -}}
{{- .Values.tasks.serviceAccount.name | default (printf "%s-tasks" (include "leoflow.tasks.owner" .)) -}}
{{- end -}}

{{- /* Told to the executor for every pod of a task. */ -}}
{{- define "leoflow.tasks.labels" -}}
app.kubernetes.io/instance: {{ include "leoflow.uniqueName" . | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- /* What every pod of a task bears. */ -}}
{{- define "leoflow.tasks.selector" -}}
app.kubernetes.io/name: leoflow-task
app.kubernetes.io/managed-by: leoflow
{{ include "leoflow.tasks.labels" . }}
{{- end -}}

{{- define "leoflow.adminSecret" -}}
{{- .Values.admin.existingSecret | default (printf "%s-admin" (include "leoflow.fullname" .)) -}}
{{- end -}}
