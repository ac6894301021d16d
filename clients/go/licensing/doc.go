// Package licensing is the license client of a Go program: it checks in, remembers, and says at any time what the license
// is worth.
//
//	manager, err := licensing.New(licensing.Options{File: path, Server: url, Nodes: nodes, Cluster: cluster, Store: store})
//	lifecycle.Append(fx.Hook{OnStart: manager.Start, OnStop: manager.Stop})
//	if !manager.Allows(license.SaveResource) { … }
//
// It fails open: what is not known restricts nobody, and a server that can't be reached changes nothing before the
// license's own end. Nothing here panics, ends the process, or lets a caller wait. The Python client (licensing/client)
// keeps the same rules and the same state; docs/dcc.md says what is done when.
package licensing
