{{/* For the pod: what to mount and which variables to set. The mount follows the Secret: no restart when it changes. */}}
{{- define "koor-license.volumes" -}}
- name: koor-license
  secret:
    secretName: {{ include "koor-license.secret" . }}
    optional: true
{{- if .Values.license.caConfigMap }}
- name: koor-license-ca
  configMap:
    name: {{ .Values.license.caConfigMap }}
{{- end }}
{{- end }}

{{- define "koor-license.volumeMounts" -}}
- name: koor-license
  mountPath: /etc/koor-license
  readOnly: true
{{- if .Values.license.caConfigMap }}
- name: koor-license-ca
  mountPath: /etc/koor-license-ca
  readOnly: true
{{- end }}
{{- end }}

{{- define "koor-license.env" -}}
- name: KOOR_LICENSE_FILE
  value: /etc/koor-license/koor-license.json
- name: KOOR_LICENSE_SERVER
  value: {{ .Values.license.server | quote }}
- name: KOOR_LICENSE_STATE_SECRET
  value: {{ include "koor-license.state" . }}
- name: KOOR_LICENSE_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: KOOR_LICENSE_ROOK_NAMESPACE
  value: {{ include "koor-license.rook" . }}
- name: KOOR_LICENSE_PRODUCTION
  value: {{ ternary "true" "false" (ne (toString .Values.license.production) "false") | quote }}
- name: KOOR_LICENSE_DCC_VERSION
  value: {{ .Chart.AppVersion | quote }}
{{- if .Values.license.caConfigMap }}
- name: KOOR_LICENSE_CA
  value: /etc/koor-license-ca/ca.crt
{{- end }}
{{- end }}
