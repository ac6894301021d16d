// Command judge answers cases, so that another implementation can be compared with this one: the first line of its
// standard input is a setting, each line after it a case; it writes the outcome of each as one line.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"koor.tech/licensing/internal/cases"
)

func main() {
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	err := judge(os.Stdin, out)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

func judge(in io.Reader, out io.Writer) error {
	decoder, encoder := json.NewDecoder(bufio.NewReaderSize(in, 1<<20)), json.NewEncoder(out)
	var setting cases.Setting
	if err := decoder.Decode(&setting); err != nil {
		return err
	}
	bench, err := cases.NewBench(setting)
	if err != nil {
		return err
	}
	for {
		var c cases.Case
		if err := decoder.Decode(&c); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		outcome, err := bench.Run(c)
		if err != nil {
			return err
		}
		if err := encoder.Encode(outcome); err != nil {
			return err
		}
	}
}
