package licensing

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// FileStore keeps the state in a file that only its owner can read. A write replaces it whole.
type FileStore string

// Load returns the file's content.
func (s FileStore) Load(context.Context) ([]byte, error) {
	content, err := os.ReadFile(string(s))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return content, err
}

// Save replaces the file's content; after a crash it is the old one or this one.
func (s FileStore) Save(_ context.Context, state []byte) error {
	folder := filepath.Dir(string(s))
	file, err := os.CreateTemp(folder, "."+filepath.Base(string(s))+"-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // nothing is there any more once it was renamed
	if err := writeWhole(file, state); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), string(s)); err != nil {
		return err
	}
	return syncFolder(folder)
}

func writeWhole(file *os.File, content []byte) error {
	_, err := file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

func syncFolder(folder string) error {
	opened, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer opened.Close()
	return opened.Sync()
}
