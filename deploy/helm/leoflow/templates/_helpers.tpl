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

{{- define "leoflow.tasks.namespace" -}}
{{- .Values.tasks.namespace | default .Release.Namespace -}}
{{- end -}}

{{- define "leoflow.tasks.serviceAccount" -}}
{{- .Values.tasks.serviceAccount.name | default (printf "%s-tasks" (include "leoflow.fullname" .)) -}}
{{- end -}}

{{- /* What every pod of a task bears. */ -}}
{{- define "leoflow.tasks.selector" -}}
app.kubernetes.io/name: leoflow-task
app.kubernetes.io/managed-by: leoflow
{{- end -}}

{{- define "leoflow.adminSecret" -}}
{{- .Values.admin.existingSecret | default (printf "%s-admin" (include "leoflow.fullname" .)) -}}
{{- end -}}
