//go:build !linux

package worker

import "os/exec"

// limitMemory relies on the runtime's own limit here.
func limitMemory() error { return nil }

func apart(*exec.Cmd) {}
