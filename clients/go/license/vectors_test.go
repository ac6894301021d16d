package license_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"koor.tech/licensing/internal/cases"
)

type vectors struct {
	cases.Setting
	Cases []cases.Case `json:"cases"`
}

func TestTheVectorsThatPythonAnswersAreAnsweredTheSame(t *testing.T) {
	files, err := filepath.Glob("../../../tests/vectors/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors found: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { runFile(t, file) })
	}
}

func runFile(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all vectors
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	bench, err := cases.NewBench(all.Setting)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all.Cases {
		t.Run(c.Name, func(t *testing.T) { runCase(t, bench, c) })
	}
}

func runCase(t *testing.T, bench *cases.Bench, c cases.Case) {
	outcome, err := bench.Run(c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(outcome)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(plain(t, got), plain(t, c.Expect)) {
		t.Errorf("got  %s\nwant %s", got, c.Expect)
	}
}

func plain(t *testing.T, text []byte) any {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}
