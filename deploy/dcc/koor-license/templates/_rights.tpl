{{/*
The rights of the client, and no more: to see the names of the nodes that Rook's pods run on and the Ceph cluster's fsid,
to see the UID of kube-system, and to keep its state in one Secret. Give the service account's name as `account`.
*/}}
{{- define "koor-license.rights" -}}
{{- $ := .root -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ $.Release.Name }}-license-count
  namespace: {{ include "koor-license.rook" $ }}
rules:
  - apiGroups: [""]
    resources: [pods]
    verbs: [list]
  - apiGroups: [ceph.rook.io]
    resources: [cephclusters]
    verbs: [list]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ $.Release.Name }}-license-count
  namespace: {{ include "koor-license.rook" $ }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ $.Release.Name }}-license-count
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ $.Release.Namespace }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ include "koor-license.state" $ }}
rules:
  - apiGroups: [""]
    resources: [secrets]
    resourceNames: [{{ include "koor-license.state" $ }}]
    verbs: [get, update, patch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ include "koor-license.state" $ }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ include "koor-license.state" $ }}
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ $.Release.Namespace }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ include "koor-license.kubeSystem" $ }}
rules:
  - apiGroups: [""]
    resources: [namespaces]
    resourceNames: [kube-system]
    verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ include "koor-license.kubeSystem" $ }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ include "koor-license.kubeSystem" $ }}
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ $.Release.Namespace }}
{{- end }}
