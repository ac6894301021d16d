{{- define "licensing.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{- define "licensing.labels" -}}
app.kubernetes.io/name: koor-licensing
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "licensing.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* What every pod of the license server is not allowed to do. */}}
{{- define "licensing.podSecurity" -}}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "licensing.containerSecurity" -}}
image: {{ include "licensing.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "licensing.environment" -}}
- {name: LICENSING_MODE, value: production}
- {name: LICENSING_DATA_DIR, value: /data}
- {name: LICENSING_BIND, value: "0.0.0.0:8080"}
- {name: LICENSING_KEYS_DIR, value: /keys}
- {name: LICENSING_KEYS_PASSPHRASE_FILE, value: /passphrase/passphrase}
- {name: LICENSING_WORKERS, value: {{ .Values.workers | quote }}}
- {name: LICENSING_PROXIES, value: {{ .Values.proxies | quote }}}
- {name: LICENSING_PUBLIC_URL, value: {{ required "publicUrl must be set" .Values.publicUrl | quote }}}
- {name: LICENSING_MAIL_FROM, value: {{ required "mail.from must be set" .Values.mail.from | quote }}}
- {name: LICENSING_TERMS_URL, value: {{ required "termsUrl must be set" .Values.termsUrl | quote }}}
- {name: LICENSING_PRIVACY_URL, value: {{ required "privacyUrl must be set" .Values.privacyUrl | quote }}}
- name: LICENSING_MAIL_URL
  valueFrom: {secretKeyRef: {name: {{ required "mail.existingSecret must be set" .Values.mail.existingSecret | quote }}, key: url}}
- name: LICENSING_DATABASE_URL
  valueFrom: {secretKeyRef: {name: {{ required "database.existingSecret must be set" .Values.database.existingSecret | quote }}, key: url}}
{{- range $name, $value := .Values.extraEnvironment }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "licensing.mounts" -}}
- {name: data, mountPath: /data}
- {name: tmp, mountPath: /tmp}
- {name: keys, mountPath: /keys, readOnly: true}
- {name: passphrase, mountPath: /passphrase, readOnly: true}
{{- end }}

{{- define "licensing.volumes" -}}
- name: tmp
  emptyDir: {medium: Memory, sizeLimit: 64Mi}
- name: keys
  emptyDir: {medium: Memory, sizeLimit: 8Mi}
- name: secret-keys
  secret: {secretName: {{ required "keys.existingSecret must be set" .Values.keys.existingSecret | quote }}, defaultMode: 0400}
- name: passphrase
  secret: {secretName: {{ required "keys.passphraseSecret must be set" .Values.keys.passphraseSecret | quote }}, defaultMode: 0400}
{{- end }}

{{/*
The kubelet mounts a Secret readable by the pod's group, and the server refuses private keys that others than their
owner can read: they are copied into memory with mode 0400.
*/}}
{{- define "licensing.keysInit" -}}
- name: keys
  {{- include "licensing.containerSecurity" . | nindent 2 }}
  command: [python, -c]
  args:
    - |
      import os, pathlib
      for file in pathlib.Path("/secret-keys").iterdir():
          if file.is_file():
              pathlib.Path("/keys", file.name).unlink(missing_ok=True)
              target = os.open(f"/keys/{file.name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
              os.write(target, file.read_bytes())
              os.close(target)
  volumeMounts:
    - {name: keys, mountPath: /keys}
    - {name: secret-keys, mountPath: /secret-keys, readOnly: true}
{{- end }}
