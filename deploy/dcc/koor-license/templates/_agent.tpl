{{/* The sidecar: counts, checks in, and tells its pod at 127.0.0.1:8283 what the license is worth. */}}
{{- define "koor-license.agent" -}}
{{- if .Values.license.agent.enabled }}
- name: license-agent
  image: {{ required "Set license.agent.image." .Values.license.agent.image }}
  args: [agent]
  env:
    {{- include "koor-license.env" . | nindent 4 }}
  volumeMounts:
    {{- include "koor-license.volumeMounts" . | nindent 4 }}
  resources:
    requests: {cpu: 5m, memory: 48Mi}
    limits: {memory: 128Mi}
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    runAsNonRoot: true
    capabilities: {drop: [ALL]}
{{- end }}
{{- end }}
