// Package license verifies Koor's license tokens and says what they are worth now, offline.
//
// It is pure: no clock, no network, no files, no randomness, and nothing but Go's standard library. Verify and its
// siblings prove who signed and never look at the time; Evaluate judges time and numbers and never looks at signatures:
//
//	file, err := license.OpenFile(data, roots, nil)
//	...
//	verdict := license.Evaluate(file.License, nil, nodes, time.Now().Unix(), file.Circumstances(fsid))
//	status := license.NewStatus(verdict)
//	if !status.Allows(license.SaveResource) { ... }
//
// The rules are those of docs/tokens.md and docs/answers.md; tests/vectors holds what this package and the Python
// verifier must both answer.
package license
