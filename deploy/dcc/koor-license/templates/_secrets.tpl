{{/*
The Secret with the license file, unless there is one made by hand, and the Secret with the client's state: its instance
key, the last lease, the newest keys. The state outlives upgrades and reinstallations: a lost key must wait for a lease's end.
*/}}
{{- define "koor-license.secrets" -}}
{{- if not .Values.license.existingSecret }}
apiVersion: v1
kind: Secret
metadata:
  name: {{ include "koor-license.secret" . }}
type: Opaque
stringData:
  koor-license.json: {{ required "Set license.existingSecret, or license.file to the text of koor-license.json." .Values.license.file | quote }}
---
{{- end }}
{{- if not (lookup "v1" "Secret" .Release.Namespace (include "koor-license.state" .)) }}
apiVersion: v1
kind: Secret
metadata:
  name: {{ include "koor-license.state" . }}
  annotations:
    helm.sh/resource-policy: keep
type: Opaque
{{- end }}
{{- end }}
