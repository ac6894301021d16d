{{- define "koor-license.secret" -}}
{{- .Values.license.existingSecret | default (printf "%s-license" .Release.Name) -}}
{{- end }}

{{- define "koor-license.state" -}}
{{- printf "%s-license-state" .Release.Name -}}
{{- end }}

{{- define "koor-license.rook" -}}
{{- .Values.license.rookNamespace | default .Release.Namespace -}}
{{- end }}

{{- define "koor-license.kubeSystem" -}}
{{- printf "%s-%s-license" .Release.Namespace .Release.Name -}}
{{- end }}
